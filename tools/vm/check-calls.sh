#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# check-calls.sh [MUTANT]: check the calls of trackers while a block starts or finishes, and
# that none is made while their lock is held, in the module for Debian's kernel, unmodified or
# with a planted bug. Prints "PASS name" and "FAIL name" lines.
set -euo pipefail
# shellcheck source=tools/vm/inside.sh
. "$(dirname -- "$0")/inside.sh"

"$vm/stock.sh"
"$vm/modules.sh" stock "$@"
python3 "$vm/check-calls.py" "$("$vm/modules.sh" --dir stock "$@")/epoch_bench.ko"
