#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What a reader of the epoch pays, next to what those of its peers do; in user
# space, on the host's own CPUs. A benchmark, no test: figures do not fail it.
# The table is shown; it is kept as JSON and as a picture.
set -euo pipefail
# shellcheck source=tools/vm/inside.sh
. "$(dirname -- "$0")/inside.sh"

# With link-time optimisation, which the profile of that name asks for.
step "build epoch-peers" "$vm/tools.sh" --cargo build --locked --profile peers --bin epoch-peers

results=$EPOCH_CACHE/results/bench
mkdir -p "$results"
"$EPOCH_CACHE/target/peers/epoch-peers" --json "$results/peers.json" --svg "$results/peers.svg"
say
say "Figures: $(shown "$results/peers.json")"
say "Picture: $(shown "$results/peers.svg")"
