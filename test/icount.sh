#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# icount.sh [--check]: count the instructions of sections, callbacks, lone waits and DI blocks
# in the kernel. Each instruction of the guest takes one nanosecond of its time, so figures do
# not depend on the machine or on its load. They are compared with icount.table; a larger figure
# is a failure. With --check, nothing else is counted.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/inside.sh"

blocks=$EPOCH_CACHE/bin/blocks
mkdir -p "$EPOCH_CACHE/bin"
gcc -static -O2 -Wall -Wextra -Werror -I "$src/include/uapi" -o "$blocks" "$test/guest/blocks.c"

CPUS=1 "$test/boot/boot.sh" --modules --icount --name icount --seconds 600 --file "$blocks=bin/blocks" \
	"$test/guest/icount.sh"
say
status=0
awk -f "$test/checks/icount.awk" "$test/checks/icount.table" "$EPOCH_CACHE/results/icount/figures" || status=1
[[ ${1:-} != --check ]] || exit "$status"

say
say "Many waiters on 4 CPUs, one of which runs at a time, in nanoseconds of one instruction each"
CPUS=4 "$test/boot/boot.sh" --modules --icount --name icount-4 --seconds 1200 "$test/guest/scale.sh" waiting
say
say "Logs of the kernel: $(shown "$EPOCH_CACHE/results")/icount/ and icount-4/"
exit "$status"
