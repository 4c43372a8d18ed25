#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# bench.sh: measure the cost of a section of an epoch and of its peers in user space, on the
# host's own CPUs. This is a benchmark, not a test: no figure fails it. Prints a table, and
# saves it as JSON and as a plot.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/inside.sh"

# The profile "peers" enables link-time optimisation.
step "build epoch-peers" "$test/tools.sh" --cargo build --locked --profile peers --bin epoch-peers

results=$EPOCH_CACHE/results/bench
mkdir -p "$results"
"$EPOCH_CACHE/target/peers/epoch-peers" --json "$results/peers.json" --svg "$results/peers.svg"
say
say "Figures: $(shown "$results/peers.json")"
say "Picture: $(shown "$results/peers.svg")"
