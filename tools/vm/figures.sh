#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# figures.sh: the figures of Documentation/measured.rst, on this machine: 8 CPUs, in
# the guest. Some 20 minutes, with nothing else to do beside.
set -euo pipefail
# shellcheck source=tools/vm/inside.sh
. "$(dirname -- "$0")/inside.sh"

CPUS=8 "$vm/boot.sh" --bench --name figures --seconds 3600 "$vm/guest/figures.sh"
say
say "All of it: $(shown "$EPOCH_CACHE/results")/figures/"
