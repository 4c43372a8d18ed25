#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fuzz.sh [KERNEL [OPTION...]]: fuzz the device, the files and the parameters of the modules on a
# kernel that this project builds: debug, for a minute, unless KERNEL and OPTIONs of test/fuzz/fuzz.c
# say otherwise (fuzz.sh uml-kasan --seconds 36000 --calls 10000000; TIMEOUT= is the guest's time in
# seconds). Prints "PASS name" and "FAIL name" lines.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/../inside.sh"

kernel_name=${1:-debug}
shift || :

work=$EPOCH_CACHE/build/fuzz
mkdir -p "$work"
awk -f "$test/fuzz/calls.awk" "$src/include/uapi/linux/epoch_bench.h" >"$work/calls_generated.h"
gcc -static -O2 -Wall -Wextra -Werror -D_GNU_SOURCE -I "$src/include/uapi" -I "$work" \
	-o "$work/fuzz" "$test/fuzz/fuzz.c" -pthread

# Hooks and track_readers patch code. Each refused write leaves a line in the log, which the console
# gets only in a panic.
CPUS=${CPUS:-4} exec "$test/boot/boot.sh" --kernel "$kernel_name" --modules --patches \
	--name "fuzz-$kernel_name" --seconds 1200 \
	--append "kunit.enable=0 log_buf_len=16M panic_print=32" \
	--file "$work/fuzz=bin/fuzz" --file "$test/guest/test-lib.sh=tests/lib.sh" \
	"$test/guest/test-fuzz.sh" "$@"
