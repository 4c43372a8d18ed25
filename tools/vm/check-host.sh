#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# check-host.sh: run the tests of the scripts and of the tools, which need no kernel of this
# project.
set -euo pipefail
# shellcheck source=tools/vm/inside.sh
. "$(dirname -- "$0")/inside.sh"

status=0
"$vm/check-kdir-test.sh" || status=1

# These mutants are planted only on request (make check-guest-mutants).
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
