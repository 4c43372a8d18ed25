#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# words.sh [--count]: counts the patterns of words.table in all sources and pages. More
# than the table's number per 1,000 lines is a failure, and shows where they are. --count
# prints the numbers only. Prints "PASS name" and "FAIL name" lines.
#
# Works outside the build root, too.
set -euo pipefail

here=$(cd -- "$(dirname -- "$0")" && pwd)
cd -- "$here/../.."

# Patches, generated files and syzlang follow others; the table has all patterns in it.
mapfile -t files < <(find rust scale torture include samples tools test Documentation .ci README.md \
	Makefile Kbuild -type d '(' -name target -o -name images -o -name mutants ')' -prune -o \
	-type f ! -name '*.patch' ! -name Cargo.lock ! -name '*.script' ! -name words.table \
	! -name distributions ! -name epoch_bench.txt ! -name '*.ko' -print | sort)
mapfile -t sources < <(printf '%s\n' "${files[@]}" | grep -E '[.](rs|c|h|sh|py|awk)$')
lines=$(cat -- "${files[@]}" | wc -l)

failed=0
# verdict NAME CEILING COUNT HITS: CEILING is a number per 1,000 lines.
verdict() {
	local per
	per=$(awk -v count="$3" -v lines="$lines" 'BEGIN { printf "%.3f", 1000 * count / lines }')
	if [[ ${show:-} == count ]]; then
		printf '%-12s %6d  %s\n' "$1" "$3" "$per"
	elif awk -v per="$per" -v most="$2" 'BEGIN { exit !(per > most) }'; then
		printf 'FAIL words: %s: %s per 1,000 lines, more than %s\n' "$1" "$per" "$2"
		printf '%s\n' "$4" | tail -n 40 | cut -c1-160 | sed 's/^/   | /'
		failed=1
	else
		printf 'PASS words: %s: %s per 1,000 lines, at most %s\n' "$1" "$per" "$2"
	fi
}

[[ ${1:-} != --count ]] || show=count
while read -r name most pattern; do
	[[ -n $name && $name != \#* ]] || continue
	hits=$(grep -nHP -- "$pattern" "${files[@]}" || :)
	verdict "$name" "$most" "$(grep -c . <<<"$hits" || :)" "$hits"
done <"$here/words.table"
hits=$(grep -L SPDX-License-Identifier -- "${sources[@]}" || :)
verdict spdx 0 "$(grep -c . <<<"$hits" || :)" "$hits"
exit "$failed"
