#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kunit.sh [KERNEL]: run the KUnit tests on a kernel that this project builds (uml by
# default), with a PASS, FAIL or SKIP line for each. Without KERNEL, also run compile-fail.sh.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/../inside.sh"

status=0
(($#)) || "$test/checks/compile-fail.sh" || status=1

"$test/kunit.sh" --kernel "${1:-uml}" | awk -v kunit="kunit${1:+ ($1)}" '
	/=+ .* \([0-9]+ subtests?\)/ { suite = $(NF - 3) }
	/^\[[0-9:]+\] \[PASSED\] / { print "PASS " kunit " " suite "." $NF; next }
	/^\[[0-9:]+\] \[SKIPPED\] / { $1 = $2 = ""; sub(/^ +/, ""); print "SKIP " kunit " " suite "." $0; next }
	/^\[[0-9:]+\] \[(FAILED|CRASHED)\] / { print "FAIL " kunit " " suite "." $NF; next }
	/^KUnit: passed/ { print "PASS " kunit ": no warning in the kernel log"; next }
	/^KUnit: / { print "FAIL " kunit ": " $0; next }
	{ print; fflush() }' || status=1
exit "$status"
