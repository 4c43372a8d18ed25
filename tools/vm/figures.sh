#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# figures.sh: measure the figures of Documentation/measured.rst on this machine, in a guest with
# 8 CPUs. It takes some 20 minutes on an otherwise idle machine.
set -euo pipefail
# shellcheck source=tools/vm/inside.sh
. "$(dirname -- "$0")/inside.sh"

CPUS=8 "$vm/boot.sh" --bench --name figures --seconds 3600 "$vm/guest/figures.sh"
say
say "All of it: $(shown "$EPOCH_CACHE/results")/figures/"
