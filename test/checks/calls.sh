#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# calls.sh [MUTANT]: check the calls of trackers while a block starts or finishes, and
# that none is made while their lock is held, in the module for Debian's kernel, unmodified or
# with a planted bug. Prints "PASS name" and "FAIL name" lines.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/../inside.sh"

"$test/kernels/debian.sh"
"$test/kernels/modules.sh" stock "$@"
python3 "$test/checks/calls.py" "$("$test/kernels/modules.sh" --dir stock "$@")/epoch_bench.ko"
