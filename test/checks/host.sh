#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# host.sh: run the tests of the scripts and of the tools, which need no kernel of this
# project.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/../inside.sh"

status=0
"$test/checks/step-test.sh" || status=1
"$test/checks/kdir-test.sh" || status=1

# These mutants are planted only on request (make check-guest-mutants, check-torture-mutants).
for patch in "$test"/mutants/*.patch "$test"/mutants/guest/*.patch; do
	name=$(basename -- "$patch" .patch)
	if (cd "$src" && GIT_CEILING_DIRECTORIES=/ git apply --check "$patch"); then
		echo "PASS mutant $name applies"
	else
		echo "FAIL mutant $name: the code that it breaks has changed"
		status=1
	fi
done

"$test/checks/cargo-test.sh" --workspace || status=1
"$test/checks/loom-mutants.sh" || status=1
exit "$status"
