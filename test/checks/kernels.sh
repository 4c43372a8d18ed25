#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kernels.sh: build the modules for the tested kernel of each further series in the table, with
# warnings as errors; make matrix also boots them. Prints "PASS name", "FAIL name" and "SKIP name"
# lines.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/../inside.sh"
# shellcheck source=test/kernels/apt.sh
. "$test/kernels/apt.sh"

status=0
while read -r _ tested built_for; do
	other=$tested-${kernel#*-}
	[[ $other != "$kernel" && $built_for == "$release" ]] || continue
	log=$EPOCH_CACHE/log/check-kernel-$other.log
	if [[ ! -s $EPOCH_CACHE/kernels/$other/files/version ]] &&
		! { update_lists 1440 && offered_kernels | grep -Fqx -- "$other"; } >"$log" 2>&1; then
		say "SKIP kernel $other: apt does not offer it"
	elif KVER=$other "$test/kernels/debian.sh" >"$log" 2>&1 &&
		KVER=$other "$test/kernels/modules.sh" stock >>"$log" 2>&1; then
		say "PASS kernel $other: the modules build"
	else
		say "FAIL kernel $other: the modules do not build (log: $(shown "$log"))"
		tail -n 15 "$log" | sed 's/^/   | /'
		status=1
	fi
done < <(fields "$test/kernels/series")
exit "$status"
