#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# check.sh [PART...]: run all tests, or the named parts of checks/list, and end with the line "N
# passed, N failed, N skipped". A part is a script checks/PART.sh that prints "PASS name", "FAIL
# name" and "SKIP name" lines, which are counted here.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/inside.sh"

parts=("$@")
((${#parts[@]})) ||
	mapfile -t parts < <(fields "$test/checks/list" | awk '$2 == "check" { print $1 }')

results=$EPOCH_CACHE/results/check
rm -rf -- "$results"
mkdir -p "$results"
from=$SECONDS

count() { # WORD
	cat -- "$results"/*.out 2>/dev/null | grep -c "^$1 " || :
}

summary() {
	printf '%d passed, %d failed, %d skipped\n' "$(count PASS)" "$(count FAIL)" "$(count SKIP)" |
		tee "$results/summary"
}

# A part that cannot even be built is a failed test as well.
for part in "${parts[@]}"; do
	say
	say "== $part"
	status=0
	"$test/checks/$part.sh" 2>&1 </dev/null | tee "$results/$part.out" || status=$?
	if ((status)) && ! grep -q '^FAIL ' "$results/$part.out"; then
		say "FAIL $part ended with status $status" | tee -a "$results/$part.out"
	fi
	if ! grep -Eq '^(PASS|FAIL|SKIP) ' "$results/$part.out"; then
		say "FAIL $part tested nothing" | tee -a "$results/$part.out"
	fi
done

say
say "== $((SECONDS - from)) s"
grep -hE '^(FAIL|SKIP) ' "$results"/*.out || :
summary
(($(count FAIL) == 0))
