#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# step-test.sh: test the function step of lib.sh. Prints "PASS name" and "FAIL name" lines.
# shellcheck disable=SC2016,SC2317 # try calls the functions, and scripts expand their own variables
set -euo pipefail
# shellcheck source=test/lib.sh
. "$(dirname -- "$0")/../lib.sh"
# shellcheck source=test/boot/try.sh
. "$test/boot/try.sh"

work=$(mktemp -d)
trap 'rm -rf -- "$work" "$output"' EXIT

# ends STATUS COMMANDS TEXT...: succeed if a script of these commands ends so, and says each text.
ends() {
	local status=0 said text
	said=$(EPOCH_CACHE=$work bash -euo pipefail -c '. "$1/lib.sh"; eval "$2"' \
		script "$test" "$2" 2>&1) || status=$?
	printf '%s\nexit status %d\n' "$said" "$status"
	((status == $1)) || return 1
	for text in "${@:3}"; do
		[[ $said == *"$text"* ]] || return 1
	done
}

middle='work() { echo begun; false; echo continued; }'
stops_in_the_middle() {
	ends 1 "$middle; step name work" "epoch: FAILED: name (exit status 1)" begun &&
		[[ $(<"$work/log/name.log") == begun ]]
}
interrupted() {
	# A terminal sends the signal to the whole group.
	ends 1 'set -m; (work() { kill -INT 0; sleep 60; }; step name work) & wait $!' \
		'epoch: FAILED: interrupted in "name"'
}

try "step: an error in the middle of a function ends it" stops_in_the_middle
try "step: so does one after || that is not a condition" \
	ends 1 "$middle; false || step name work" FAILED
try "step: a function can succeed, and the script continues" \
	ends 0 "work() { false || :; }; step name work; ! false; echo next" next
try "step: errexit holds after it" ends 1 "step name true; false; exit 0"
try "step: a program can fail" ends 1 "step name sh -c 'exit 7'" "name (exit status 7)"
try "step: a reason that needs no log is shown" \
	ends 1 "work() { refuse 'no wood' 'buy some'; }; step name work" \
	"FAILED: no wood. To do: buy some."
try "step: a function sees the variables of its script" ends 0 \
	'name=a log=b from=c status=d; work() { [[ $name$log$from$status == abcd ]]; }; step name work'
try "step: what a function changes does not last" \
	ends 0 'x=1; work() { x=2; }; step name work; ((x == 1))'
try "step: an interrupt is said" interrupted
exit "$failed"
