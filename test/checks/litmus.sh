#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# litmus.sh [NAME...]: run the litmus tests of test/litmus, or the named ones, with herd7: those in C
# with the kernel's memory model, of the kernel source that the build has unpacked, the others with
# arm64's. Each must have the result that it names; and each line "Broken: SCRIPT" is a script for
# sed, with which the forbidden outcome must be possible. Prints "PASS name", "FAIL name" and "SKIP
# name" lines.
#
# Debian has no package of herd7, so "make check" leaves them out. Runs outside the build root.
set -euo pipefail
# shellcheck source=test/lib.sh
. "$(dirname -- "$0")/../lib.sh"
find_cache

names=("$@")
((${#names[@]})) || mapfile -t names < <(cd "$test/litmus" && printf '%s\n' *.litmus | sed 's/[.]litmus$//')
command -v herd7 >/dev/null || {
	say "SKIP litmus: herd7 is not installed (build it from github.com/herd/herdtools7)"
	exit
}
model=$(printf '%s\n' "$EPOCH_CACHE"/source/*/tools/memory-model | sort -V | tail -n 1)
[[ -d $model ]] || die "there is no kernel source with its memory model in $EPOCH_CACHE" "" "run make setup"
cd "$model"
broken=$(mktemp --suffix=.litmus)
trap 'rm -f -- "$broken"' EXIT

# result FILE: print how often the outcome was observed (Never, Sometimes, Always), or "nothing" if
# no execution passed the test's filter.
result() {
	local options=()
	[[ $(head -n 1 "$1") != "C "* ]] || options=(-conf linux-kernel.cfg)
	timeout 600 herd7 "${options[@]}" "$1" 2>&1 |
		awk '/^Observation / && $4 + $5 { result = $3 } /^Flag data-race/ { result = $2 }
			END { print result ? result : "nothing" }'
}

failed=0
for name in "${names[@]}"; do
	file=$test/litmus/$name.litmus
	wanted=$(sed -n 's/^ \* Result: //p' "$file")
	mapfile -t scripts < <(sed -n 's/^ \* Broken: //p' "$file")
	found=$(result "$file")
	missed=
	for script in "${scripts[@]}"; do
		sed -E "1,/^ \*\)\$/!{$script}" "$file" >"$broken"
		[[ $(result "$broken") == Sometimes ]] || missed+=" $script"
	done
	if [[ $found == "$wanted" && ${#scripts[@]} -gt 0 && -z $missed ]]; then
		say "PASS litmus $name: $found (Sometimes in broken variants: ${#scripts[@]})"
	else
		say "FAIL litmus $name: $found, wanted $wanted; broken variants that are not Sometimes:${missed:- none}"
		failed=1
	fi
done
exit "$failed"
