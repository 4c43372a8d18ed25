#!/bin/bash
# What the compiler must refuse, and the KUnit tests, with a PASS, FAIL or SKIP
# line for each.
set -euo pipefail
# shellcheck source=tools/vm/inside.sh
. "$(dirname -- "$0")/inside.sh"

status=0
"$vm/compile-fail.sh" || status=1

"$vm/kunit.sh" | awk '
	/=+ .* \([0-9]+ subtests?\)/ { suite = $(NF - 3) }
	/^\[[0-9:]+\] \[PASSED\] / { print "PASS kunit " suite "." $NF; next }
	/^\[[0-9:]+\] \[SKIPPED\] / { print "SKIP kunit " suite "." $NF; next }
	/^\[[0-9:]+\] \[(FAILED|CRASHED)\] / { print "FAIL kunit " suite "." $NF; next }
	/^KUnit: passed/ { print "PASS kunit: no warning in the kernel log"; next }
	/^KUnit: / { print "FAIL kunit: " $0; next }
	{ print; fflush() }' || status=1
exit "$status"
