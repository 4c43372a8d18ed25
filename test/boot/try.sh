# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by parts of the check whose tests are commands.

failed=0
output=$(mktemp)
trap 'rm -f -- "$output"' EXIT

# try NAME COMMAND...: run a test, which passes if COMMAND (a program or a function that needs
# no errexit) succeeds.
try() {
	local name=$1
	shift
	if "$@" >"$output" 2>&1 </dev/null; then
		say "PASS $name"
	else
		say "FAIL $name"
		tail -n 40 "$output" | sed 's/^/   | /'
		# shellcheck disable=SC2034 # the exit status of who sources this
		failed=1
	fi
}
