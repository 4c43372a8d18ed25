#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# mutants.sh [NAME...]: check that the KUnit tests and calls.sh find planted bugs: each bug of
# mutants/table, or the named ones. Prints "PASS name" and "FAIL name" lines.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/../inside.sh"

failed=0
listed=$(fields "$test/mutants/table")
# A patch that is not on the list would never be planted.
for patch in "$test"/mutants/*.patch; do
	name=$(basename -- "$patch" .patch)
	grep -q "^$name " <(fields "$test/mutants/torture") - <<<"$listed" || {
		echo "FAIL mutant $name: neither test/mutants/table nor test/mutants/torture lists it"
		failed=1
	}
done

# In three lanes, each with copies of its own: a mutant that hangs keeps no CPU busy, and a build
# keeps one busy most of the time. Mutants of the larger kernels share one copy.
awk -v wanted=" $* " '
	wanted !~ /^ +$/ && !index(wanted, " " $1 " ") { next }
	/ debug/ { debug = debug " " $1; next }
	/ calls/ { calls = calls " " $1; next }
	{ uml[++n] = $1 }
	END {
		if (debug) print debug
		if (calls) print calls
		for (i = 1; i <= n; i++) print uml[i]
	}' <<<"$listed" |
	xargs -r -L 1 -P 3 --process-slot-var=LANE "$test/checks/mutants-lane.sh" || failed=1
exit "$failed"
