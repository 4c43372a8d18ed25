#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kunit.sh [KERNEL]: run the KUnit tests on a kernel that this project builds (uml by
# default), with a PASS, FAIL or SKIP line for each. Without KERNEL, also run compile-fail.sh.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/../inside.sh"

status=0
(($#)) || "$test/checks/compile-fail.sh" || status=1

variant=${1:-uml}
name="kunit${1:+ ($1)}"
"$test/kunit.sh" --kernel "$variant" | sed -u -e "s/^KUnit: passed, \(.*\)\.$/PASS $name: \1/" \
	-e "s/^KUnit: /FAIL $name: &/" || status=1
python3 "$test/checks/kunit-results.py" "$linux/tools/testing/kunit/kunit.py" \
	"$EPOCH_CACHE/results/kunit/$variant" | sed "s/ / $name /" || status=1
exit "$status"
