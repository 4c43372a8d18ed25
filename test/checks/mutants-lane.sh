#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# mutants-lane.sh NAME...: plant these bugs of mutants/table, one after the other: the test that the
# table names must fail. Prints "PASS name" and "FAIL name" lines.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/../inside.sh"

failed=0
found() {
	echo "PASS mutant $name: $1"
}
missed() {
	echo "FAIL mutant $name: $1 (log: $(shown "$log"))"
	failed=1
}

# has_failed: succeeds if the results say that the test failed.
has_failed() {
	python3 "$test/checks/kunit-results.py" "$linux/tools/testing/kunit/kunit.py" \
		"$EPOCH_CACHE/results/kunit/$on-$name" | grep -qx "FAIL $unit"
}

# has_begun: succeeds if the kernel began the test's suite.
has_begun() {
	grep -q "# Subtest: ${unit%%.*}" "$EPOCH_CACHE/log/kunit-$on-$name.log"
}

while read -r name unit how; do
	log=$EPOCH_CACHE/log/mutant-$name.log
	say "plant $name ..."
	if [[ $how == calls ]]; then
		"$test/checks/calls.sh" "$name" >"$log" 2>&1 </dev/null || :
		if grep -qx "FAIL calls: $unit" "$log"; then
			found "found by $unit"
		else
			missed "$unit did not fail"
		fi
		continue
	fi
	on=uml seconds=60
	# A hang takes the whole time limit; without the bug the test takes some 5 s.
	[[ $how != *hang* ]] || seconds=25
	[[ $how != *debug* ]] || on=debug seconds=300
	status=0
	TIMEOUT=$seconds "$test/kunit.sh" --kernel "$on" --mutant "$name" --only "$unit" \
		>"$log" 2>&1 </dev/null || status=$?
	case $status:$how in
	0:*) missed "no test failed" ;;
	1:*)
		if has_failed; then
			found "found by $unit"
		else
			missed "tests failed, but not $unit"
		fi
		;;
	3:*hang*)
		if has_begun; then
			found "found by $unit, which hangs"
		else
			missed "the run hung before $unit"
		fi
		;;
	4:*crash*)
		if has_begun; then
			found "found by $unit, which crashes"
		else
			missed "the kernel crashed before $unit"
		fi
		;;
	3:*) missed "the run hung" ;;
	4:*) missed "the kernel crashed" ;;
	5:*) missed "no test failed, but the kernel warned" ;;
	*)
		why=$(reason "$log")
		missed "it could not be tested: ${why:-no test ran}"
		;;
	esac
done < <(fields "$test/mutants/table" | awk -v wanted=" $* " 'index(wanted, " " $1 " ")')
exit "$failed"
