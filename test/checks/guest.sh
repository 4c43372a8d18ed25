#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# guest.sh [GUEST...]: run the tests on the unmodified Debian kernel, in all guests or in
# the named ones: test, isolated, hook-load, profile, old-cpu; with
# KVER= of arm64, also increments.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/../inside.sh"

wanted=("$@")

badinput=$EPOCH_CACHE/bin/badinput
mkdir -p "$EPOCH_CACHE/bin"
gcc -static -O2 -Wall -Wextra -Werror -I "$src/include/uapi" -o "$badinput" "$test/guest/badinput.c" -pthread

munmaps=$EPOCH_CACHE/bin/munmaps
gcc -static -O2 -Wall -Wextra -Werror -o "$munmaps" "$test/guest/munmaps.c"

blocks=$EPOCH_CACHE/bin/blocks
gcc -static -O2 -Wall -Wextra -Werror -I "$src/include/uapi" -o "$blocks" "$test/guest/blocks.c"

oddcalls=$EPOCH_CACHE/bin/oddcalls
gcc -static -O2 -Wall -Wextra -Werror -o "$oddcalls" "$test/guest/oddcalls.c" -pthread

"$test/kernels/debian.sh"
"$test/kernels/modules.sh" stock
# Linking it takes one CPU.
"$test/tools.sh" &
built=$!
# A build with a faulty tracker, which the verifier must find.
"$test/kernels/modules.sh" busted
busted=$("$test/kernels/modules.sh" --dir busted)
# A module of the future, whose structures have grown, and the header that its tools have.
"$test/kernels/modules.sh" stock newer_interface
newer=$("$test/kernels/modules.sh" --dir stock newer_interface)
wait "$built"

# ages PROGRAM INCLUDE: build that program with the header below INCLUDE.
ages() {
	gcc -static -O2 -Wall -Wextra -Werror -I "$2/uapi" -o "$EPOCH_CACHE/bin/$1" "$test/guest/ages.c"
}
ages ages "$src/include"
ages ages-newer "$newer/../src/include"

# boot GUEST ARG...: run boot.sh with these arguments, if that guest is wanted.
boot() {
	local name=$1
	shift
	[[ ${#wanted[@]} == 0 || " ${wanted[*]} " == *" $name "* ]] || return 0
	"$test/boot/boot.sh" --name "$name" --file "$test/guest/test-lib.sh=tests/lib.sh" "$@" || status=1
}

# Only a hang reaches the time limits. The small guests run concurrently with the large ones:
# one thread emulates most of them.
large_guests() {
	boot test --bench --seconds 3600 \
		--file "$badinput=bin/badinput" --file "$munmaps=bin/munmaps" --file "$blocks=bin/blocks" \
		--file "$EPOCH_CACHE/bin/ages=bin/ages" --file "$EPOCH_CACHE/bin/ages-newer=bin/ages-newer" \
		--file "$newer/epoch.ko=modules/newer/epoch.ko" \
		--file "$newer/epoch_bench.ko=modules/newer/epoch_bench.ko" \
		--file "$test/guest/test-load.sh=tests/load.sh" \
		--file "$busted/epoch.ko=modules/busted/epoch.ko" \
		--file "$busted/epoch_bench.ko=modules/busted/epoch_bench.ko" \
		"$test/guest/test.sh"
	CPUS=4 boot isolated --modules --seconds 900 --append 'isolcpus=domain,3 nohz_full=3' \
		"$test/guest/test-isolated.sh"
}

small_guests() {
	CPUS=4 boot hook-load --bench --seconds 1800 --patches \
		--file "$munmaps=bin/munmaps" --file "$oddcalls=bin/oddcalls" \
		--file "$test/guest/test-hook.sh=tests/hook.sh" --file "$test/guest/test-load.sh=tests/load.sh" \
		"$test/guest/test-hook-load.sh"
	boot profile --bench --perf --seconds 1800 --patches "$test/guest/test-profile.sh"
	CPUS=2 boot old-cpu --bench --seconds 900 --cpu -cx16 "$test/guest/test-old-cpu.sh"
	# Elsewhere an increment is one instruction.
	[[ $arch != arm64 ]] || CPUS=2 boot increments --modules --seconds 900 --each-instruction \
		"$test/guest/test-increments.sh"
}

status=0
(small_guests; exit "$status") >"$EPOCH_CACHE/log/guests-2.log" 2>&1 </dev/null &
other=$!
large_guests
wait "$other" || status=1
cat "$EPOCH_CACHE/log/guests-2.log"
((${#wanted[@]} == 0)) || exit "$status"
# The files that the commands saved there must match their schemas.
results=$EPOCH_CACHE/results
EPOCH_SAVED=$results/test:$results/hook-load:$results/profile \
	"$test/checks/cargo-test.sh" -p epoch-bench --test saved || status=1
exit "$status"
