#!/bin/bash
# Do the KUnit tests bite? Plant each bug of the list in turn: the test that the
# list names must fail. Prints "PASS name" and "FAIL name" lines.
set -euo pipefail
# shellcheck source=tools/vm/inside.sh
. "$(dirname -- "$0")/inside.sh"

failed=0
found() {
	echo "PASS mutant $name: $1"
}
missed() {
	echo "FAIL mutant $name: $1 (log: $(shown "$log"))"
	failed=1
}

while read -r name test how; do
	[[ -n $name && $name != \#* ]] || continue
	log=$EPOCH_CACHE/log/mutant-$name.log
	say "plant $name ..."
	on=uml seconds=40
	[[ $how != *debug* ]] || on=debug seconds=300
	status=0
	TIMEOUT=$seconds "$vm/kunit.sh" --kernel "$on" --mutant "$name" --only "$test" \
		>"$log" 2>&1 </dev/null || status=$?
	case $status:$how in
	0:*) missed "no test failed" ;;
	1:*)
		if awk -v suite="${test%%.*}" -v test="${test#*.}" '
			/\([0-9]+ subtests?\)/ { here = index($0, " " suite " (") }
			here && /\[(FAILED|CRASHED)\]/ && $NF == test { hit = 1 }
			END { exit !hit }' "$log"; then
			found "found by $test"
		else
			missed "tests failed, but not $test"
		fi
		;;
	3:*hang*) found "found by $test, which hangs" ;;
	4:*crash*) found "found by $test, which crashes" ;;
	3:*) missed "the run hung" ;;
	4:*) missed "the kernel crashed" ;;
	5:*) missed "no test failed, but the kernel warned" ;;
	*) missed "it could not be tested" ;;
	esac
done <"$vm/mutants"
exit "$failed"
