#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# check.sh [PART...]: run all tests, or the named parts of checks/list, and end with the line "N
# passed, N failed, N skipped". A part is a script checks/PART.sh that prints "PASS name", "FAIL
# name" and "SKIP name" lines, which are counted here.
#
# Two parts run at a time (AT_ONCE=1: one): much of a part waits, for one compiler or for a guest.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/inside.sh"

parts=("$@")
((${#parts[@]})) ||
	mapfile -t parts < <(fields "$test/checks/list" | awk '$2 == "check" { print $1 }')
at_once=${AT_ONCE:-2}

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

# run PART: run it, and store what it prints and how long it took.
# A part that cannot even be built is a failed test as well.
run() {
	local part=$1 out=$results/$1.out status=0 TIMEFORMAT='%0R %0U %0S'
	say "== $part"
	{ time "$test/checks/$part.sh" 2>&1 </dev/null | tee "$out"; } 2>"$results/$part.time" || status=$?
	if ((status)) && ! grep -q '^FAIL ' "$out"; then
		say "FAIL $part ended with status $status" | tee -a "$out"
	fi
	if ! grep -Eq '^(PASS|FAIL|SKIP) ' "$out"; then
		say "FAIL $part tested nothing" | tee -a "$out"
	fi
}

# Parts that run at the same time have their names before what they print.
width=$(printf '%s\n' "${parts[@]}" | wc -L)
for part in "${parts[@]}"; do
	if ((${#parts[@]} == 1)); then
		run "$part"
	else
		while (($(jobs -pr | wc -l) >= at_once)); do
			wait -n
		done
		run "$part" | sed -u "s/^/$(printf '%-*s' "$width" "$part") | /" &
	fi
done
wait

say
for part in "${parts[@]}"; do
	read -r wall user system < <(tail -n 1 "$results/$part.time")
	say "== $part: $wall s, $((user + system)) s of CPU"
done
say "== all: $((SECONDS - from)) s"
grep -hE '^(FAIL|SKIP) ' "$results"/*.out || :
summary
(($(count FAIL) == 0))
