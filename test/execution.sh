#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# execution.sh DIRECTORY TIMES [gdb]: repeat the execution of DIRECTORY/file (replay.sh). Exit
# status: 0 if the kernel log was the same each time, up to the line that showed the failure.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/inside.sh"

dir=$1 times=$2 gdb=${3:-}
name="" execution=()
tar -C "$dir" --zstd -xf "$dir/file" ||
	die "the file is not one of make torture" "" "say FILE=FILE, a file that it has named"
# shellcheck disable=SC1091 # scenario.sh has written it
. "$dir/execution"

# The first line that shows a failure, or the last one if the guest hung.
badness=$linux/tools/testing/selftests/rcutorture/bin/console-badness.sh
line=$("$badness" <"$dir/console.log" | head -n 1) || :
if [[ -n $line ]]; then
	number=$(grep -nFx -m 1 -- "$line" "$dir/console.log" | cut -d: -f1)
else
	number=$(wc -l <"$dir/console.log")
	line=$(tail -n 1 "$dir/console.log")
fi
say "scenario $name, ${execution[*]}"
say "line $number of its kernel log: $line"
head -n "$number" "$dir/console.log" >"$dir/recorded"

# repeat OPTION...: repeat the execution up to that line.
repeat() {
	"$test/boot/boot.sh" --packed "$dir" --name replay --console "$dir/again.log" \
		--lines "$number" "${execution[@]}" "$@" >"$dir/boot.log" 2>&1
}

# modules: print the commands for gdb to load the symbols of modules, which will be where they were.
modules() {
	sed -n 's/.*torture-run: symbols of \(.*\): -s .text \([^ ]*\)/\1 \2/p' "$dir/console.log" |
		sort -u -k 1,1 | while read -r module text sections; do
		echo "add-symbol-file $dir/modules/$module.ko $text $sections"
	done
}

debug() {
	local tree=$EPOCH_CACHE/kernels/$kernel-$version guest status=0
	cmp -s "$dir/image" "$tree/arch/x86/boot/bzImage" ||
		say "NOTE: the kernel $kernel was built again since then: there are no symbols of it."
	(cd "$dir" && cpio --quiet -id 'modules/*' <initrd)
	repeat --gdb "$dir/gdb" &
	guest=$!
	while [[ ! -S $dir/gdb ]]; do
		sleep 0.1
	done
	modules >"$dir/modules.gdb"
	local commands=(-ex "target remote $dir/gdb" -ex "source $dir/modules.gdb")
	! cmp -s "$dir/image" "$tree/arch/x86/boot/bzImage" ||
		commands=(-iex "add-auto-load-safe-path $tree:$linux" "${commands[@]}" "$tree/vmlinux")
	gdb -q "${commands[@]}" || status=$?
	kill -- "$guest" 2>/dev/null || :
	return "$status"
}

if [[ -n $gdb ]]; then
	debug
	exit
fi
same=0
for ((i = 1; i <= times; i++)); do
	repeat || :
	tr -d '\r' <"$dir/again.log" | head -n "$number" >"$dir/repeated"
	if cmp -s "$dir/recorded" "$dir/repeated"; then
		same=$((same + 1))
		say "$i of $times: the same up to that line"
	else
		say "$i of $times: DIFFERENT: $(diff "$dir/recorded" "$dir/repeated" | sed -n 2p)"
	fi
done
say "the same line was reached $same times of $times"
((same == times))
