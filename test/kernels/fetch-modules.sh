#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fetch-modules.sh: copy the modules for the kernel KVER= from the cache to where make itself
# builds them. Runs outside the build root, in which the project is read-only.
set -euo pipefail
# shellcheck source=test/lib.sh
. "$(dirname -- "$0")/../lib.sh"

find_cache
built=$EPOCH_CACHE/build/stock-$KVER
[[ -e $built/modules.order ]] || die "there are no modules for $KVER yet" "" "run make KVER=$KVER"
say "Modules for $KVER:"
while read -r object; do
	module=${object%.o}.ko
	cp -- "$built/$module" "$test/../$module"
	say "   $module"
done <"$built/modules.order"
