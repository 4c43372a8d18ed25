#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The tests that need no kernel of ours: of the scripts and of the tools.
set -euo pipefail
# shellcheck source=tools/vm/inside.sh
. "$(dirname -- "$0")/inside.sh"

status=0
"$vm/check-kdir-test.sh" || status=1

# They are planted by hand only.
for patch in "$vm"/guest/mutants.d/*.patch; do
	name=$(basename -- "$patch" .patch)
	if (cd "$src" && GIT_CEILING_DIRECTORIES=/ git apply --check "$patch"); then
		echo "PASS guest mutant $name applies"
	else
		echo "FAIL guest mutant $name: the code that it breaks has changed"
		status=1
	fi
done

"$vm/cargo-test.sh" --workspace || status=1
"$vm/check-loom-mutants.sh" || status=1
exit "$status"
