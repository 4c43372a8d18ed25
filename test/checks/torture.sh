#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# torture.sh: torture epochs for a short time, on Debian's kernel and on one with runtime checks, and
# check that each type which is busted on purpose fails. "make torture" does so for longer, and in
# other guests. Prints "PASS torture NAME" and "FAIL torture NAME" lines.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/../inside.sh"

failed=0
while read -r name seconds; do
	log=$EPOCH_CACHE/log/torture-$name.log
	dir=$EPOCH_CACHE/torture/$name
	status=0
	say "torture $name ..."
	{
		"$test/scenario.sh" --build "$name" &&
			"$test/scenario.sh" --run "$name" "$seconds" "$((RANDOM + 1))"
	} >"$log" 2>&1 </dev/null || status=$?
	if ((status == 0)); then
		while read -r type verdict _ periods _ sections; do
			echo "PASS torture $name: $type, $verdict, $periods grace periods, $sections sections"
		done <"$dir/rows"
	elif [[ -s $dir/why ]]; then
		echo "FAIL torture $name: $(head -n 1 "$dir/why") (log: $(shown "$dir/console.log"))"
		failed=1
	else
		echo "FAIL torture $name: status $status (log: $(shown "$log"))"
		failed=1
	fi
done <<'SCENARIOS'
defaults 75
busted 200
debug 60
SCENARIOS
exit "$failed"
