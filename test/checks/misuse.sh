#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# misuse.sh [NAME...]: check that the kernel reports misuse of an epoch. Each misuse of
# the list, or each named one, takes a boot of User-Mode Linux, since lockdep gives one report
# only. Prints "PASS name" and "FAIL name" lines.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/../inside.sh"

"$test/kernels/own.sh" uml
"$test/kernels/modules.sh" uml
if (($# == 0)); then
	# Each spends most of its time waiting for seconds.
	awk 'NF && !/^#/ { print $1 }' "$test/checks/misuses" | xargs -n 1 -P 4 "$0"
	exit
fi
modules=$("$test/kernels/modules.sh" --dir uml)
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

# missing REPORTS LOG: print the first of the reports, separated by " + ", that is not in the
# log; nothing if all are.
missing() {
	local report
	while IFS= read -r report; do
		grep -q -- "$report" "$2" || {
			printf '%s' "$report"
			return
		}
	done <<<"${1// + /$'\n'}"
}

failed=0
while read -r name report; do
	log=$EPOCH_CACHE/log/misuse-$name.log
	printf '%s\n' epoch "epoch_misuse misuse=$name" >"$work/order"
	"$test/boot/initrd.sh" "$work/initrd" "$test/guest/kunit-init=init" "$work/order=modules/order" \
		"$modules/epoch.ko=modules/epoch.ko" "$modules/epoch_misuse.ko=modules/epoch_misuse.ko"
	TMPDIR=/tmp timeout -k 5 30 "$EPOCH_CACHE/kernels/uml-$version/linux" mem=1G ncpus=2 seccomp=on \
		initrd="$work/initrd" con=null con0=fd:0,fd:1 kunit.enable=0 >"$log" 2>&1 </dev/null || :
	if ! grep -q "epoch_misuse: misuse: $name" "$log"; then
		verdict="it was not done"
	elif [[ -n $report && -n $(missing "$report" "$log") ]]; then
		verdict="no report that says \"$(missing "$report" "$log")\""
	elif [[ -z $report ]] && grep -E 'WARNING:|BUG:|epoch-kunit: failed' "$log"; then
		verdict="reported"
	else
		say "PASS misuse $name: ${report:-no report}"
		continue
	fi
	say "FAIL misuse $name: $verdict (log: $(shown "$log"))"
	failed=1
done < <(awk -v wanted=" $* " 'NF && !/^#/ && index(wanted, " " $1 " ")' "$test/checks/misuses")
exit "$failed"
