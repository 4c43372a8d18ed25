#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# scenario.sh --build NAME: build the guest of the scenario NAME (test/scenarios/NAME), and leave it
# in torture/NAME in the cache.
# scenario.sh --run NAME SECONDS SEED: boot it for that many seconds, and judge its console log.
# Exit status: 0 if it passed. A scenario that counts instructions is booted again and again in that
# time, each time with the next seed, until it fails: then it leaves torture/NAME-SEED.tar.zst, which
# replay.sh repeats.
#
# torture/NAME then has console.log, a file for each run that the log has, "why" with the reasons of
# a failure, and "rows": TYPE, VERDICT, SECONDS, GRACE PERIODS, UPDATES and SECTIONS of each run.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/inside.sh"

what=$1 name=$2
dir=$EPOCH_CACHE/torture/$name
kernel_scripts=$linux/tools/testing/selftests/rcutorture/bin

# The defaults of a scenario.
cpus=4 memory=1024 append="" expect=SUCCESS script=torture.sh runs=() options=() seconds=""
# shellcheck disable=SC1090 # which one depends
. "$test/scenarios/$name"

# compile PROGRAM: print a program for the guest.
compile() {
	local cc=gcc
	[[ $arch == "$native" ]] || cc=${arch/arm64/aarch64}-linux-gnu-gcc
	mkdir -p -- "$bin"
	"$cc" -static -O2 -Wall -Wextra -Werror -o "$bin/$1" "$test/guest/$1.c" && echo "$bin/$1"
}

build() {
	local files=(--file "$test/guest/torture-lib.sh=tests/torture-lib.sh")
	[[ ! -e $test/kernels/$kernel/settings ]] || options+=(--kernel "$kernel")
	[[ $script != faults.sh ]] || files+=(--file "$(compile failnth)=bin/failnth")
	[[ -z $seconds ]] || files+=(--file "$(compile slices)=bin/slices")
	rm -rf -- "$dir"
	CPUS=$cpus MEM=$memory "$test/boot/boot.sh" --pack "$dir" --modules "${options[@]}" \
		--append "$append" "${files[@]}" "$test/guest/$script" "${runs[@]}"
}

# fail REASON: have the scenario fail.
fail() {
	echo "$*" >>"$dir/why"
}

# boot UNTIL SEED OPTION...: boot the guest once, and keep its console log.
boot() {
	local until=$1 seed=$2 status=0
	shift 2
	rm -f -- "$dir"/{console.log,run-*}
	"$test/boot/boot.sh" --packed "$dir" --name "torture-$name" --console "$dir/console.log" \
		--own-status "$@" --append "EPOCH_UNTIL=$until EPOCH_SEED=$seed EPOCH_EXPECT=$expect" || status=$?
	# The serial console's line ends.
	sed -i 's/\r//g' "$dir/console.log"
	((status == 0)) || fail "the guest ended with status $status"
}

# explore SECONDS SEED: boot the guest with one seed after the other, in which the time that an
# instruction takes differs, too.
explore() {
	local end=$((SECONDS + $1)) seed=$2 execution
	while ((SECONDS < end)) && [[ ! -s $dir/why ]]; do
		execution=(--seconds 3600 --seed "$seed" --shift $((2 + seed % 4)))
		boot "$seconds" "$seed" "${execution[@]}"
		judge
		seed=$((seed + 1))
	done
	[[ -s $dir/why ]] || return 0
	execution+=(--append "EPOCH_UNTIL=$seconds EPOCH_SEED=$((seed - 1)) EPOCH_EXPECT=$expect")
	declare -p name kernel execution >"$dir/execution"
	tar -C "$dir" --zstd -cf "$dir-$((seed - 1)).tar.zst" execution guest image initrd console.log why
	shown "$dir-$((seed - 1)).tar.zst" >"$dir/replay"
}

# judge: judge the console log.
judge() {
	local number=0 file verdict splat
	# Each run's part of it.
	awk -v file="$dir/run-" '
		match($0, /torture-run: begin [0-9]+/) { number = substr($0, RSTART + 19, RLENGTH - 19) }
		number { print >(file number) }
		/torture-run: end / { number = "" }' "$dir/console.log"
	grep -qa 'torture-run: done' "$dir/console.log" || fail "it did not come to its end"
	for ((number = 1; number <= ${#runs[@]}; number++)); do
		file=$dir/run-$number
		[[ -s $file ]] || {
			fail "run $number did not begin"
			continue
		}
		verdict=$(sed -n 's/.*-torture:--- End of test: \([A-Z]*\).*/\1/p' "$file" | tail -n 1)
		row "$file" "${verdict:-none}" >>"$dir/rows"
		[[ $verdict == "$expect" ]] || fail "run $number: ${verdict:-no verdict}"
		# A run that was too short for some branches fails as well.
		[[ $expect == SUCCESS ]] || grep -a '!!!' "$file" | grep -qv 'was never taken' ||
			fail "run $number: nothing was found"
		agreed "$file" "${verdict:-none}" || fail "run $number: $verdict, but $(head -n 1 "$file.kernel")"
	done
	[[ $expect == SUCCESS ]] || return 0
	# The verdict has told of branches, if there is one: faults.sh ends runs as soon as they begin.
	splat=$("$kernel_scripts/console-badness.sh" <"$dir/console.log" |
		grep -v 'was never taken' | head -n 1) || :
	[[ -z $splat ]] || fail "$splat"
}

# agreed FILE VERDICT: succeed if the kernel's own script comes to that verdict about a run.
agreed() {
	(cd "$kernel_scripts" && PATH=$PATH:. TMPDIR=/tmp sh ./parse-console.sh "$1" run) \
		>"$1.kernel" 2>&1 || :
	if [[ $2 == SUCCESS ]]; then
		[[ ! -s $1.diags ]]
	else
		[[ -s $1.diags ]]
	fi
}

# row FILE VERDICT: print the run's row of the summary.
row() {
	awk -v verdict="$2" '
		match($0, /^\[ *[0-9.]+\]/) { now = substr($0, 2, RLENGTH - 2) + 0 }
		/-torture:--- Start of test/ { start = now }
		/torture-run: grace periods: / { periods = $NF }
		match($0, / [a-z-]+-torture: /) { type = substr($0, RSTART + 1, RLENGTH - 11) }
		match($0, / ver: [0-9]+/) { updates = substr($0, RSTART + 6, RLENGTH - 6) }
		/ Reader Pipe: / {
			sections = 0
			sub(/.*Reader Pipe: */, "")
			for (i = 1; i <= NF; i++)
				sections += $i
		}
		END {
			printf "%s %s %.0f %d %d %.0f\n", type, verdict, now - start, periods, updates,
				sections
		}' "$1"
}

case $what in
--build) build ;;
--run)
	rm -f -- "$dir"/{rows,why,replay}
	if [[ -n $seconds ]]; then
		explore "$3" "$4"
	else
		boot "$3" "$4" --seconds $(($3 + 120))
		judge
	fi
	[[ ! -s $dir/why ]]
	;;
esac
