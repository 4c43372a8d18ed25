#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# misuse-boot.sh NAME: misuse an epoch in User-Mode Linux, in a boot of its own, since lockdep gives
# one report only. Prints "PASS name" or "FAIL name".
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/../inside.sh"
# shellcheck source=test/boot/uml.sh
. "$test/boot/uml.sh"

name=$1
report=$(fields "$test/checks/misuses" |
	awk -v name="$name" '$1 == name { sub(/^[^ ]+ */, ""); print }')
log=$EPOCH_CACHE/log/misuse-$name.log
modules=$("$test/kernels/modules.sh" --dir uml)
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

# missing: print the first of the reports, separated by " + ", that is not in the log; nothing if
# all are.
missing() {
	local one
	while IFS= read -r one; do
		grep -q -- "$one" "$log" || {
			printf '%s' "$one"
			return
		}
	done <<<"${report// + /$'\n'}"
}

printf '%s\n' epoch "epoch_misuse misuse=$name" >"$work/order"
"$test/boot/initrd.sh" "$work/initrd" "$test/guest/kunit-init=init" "$work/order=modules/order" \
	"$modules/epoch.ko=modules/epoch.ko" "$modules/epoch_misuse.ko=modules/epoch_misuse.ko"
cpus=2 memory=1024 seconds=30 console=$log
run_uml "$EPOCH_CACHE/kernels/uml-$version/linux" "$work/initrd" kunit.enable=0 'epoch-kunit: '
if ! grep -q "epoch_misuse: misuse: $name" "$log"; then
	verdict="it was not done"
elif [[ -n $report && -n $(missing) ]]; then
	verdict="no report that says \"$(missing)\""
elif [[ -z $report ]] && grep -E 'WARNING:|BUG:|epoch-kunit: failed' "$log"; then
	verdict="reported"
else
	say "PASS misuse $name: ${report:-no report}"
	exit
fi
say "FAIL misuse $name: $verdict (log: $(shown "$log"))"
exit 1
