#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cargo-test.sh ARG...: cargo test, its verdicts as "PASS name", "FAIL name" and
# "SKIP name" lines; the rest of what it says is shown as it is.
set -euo pipefail
# shellcheck source=tools/vm/inside.sh
. "$(dirname -- "$0")/inside.sh"

# Only a hang takes so long: a first build does on a busy machine, too.
timeout -k 5 3600 "$vm/tools.sh" --cargo test --locked "$@" 2>&1 | awk '
	/^test .* \.\.\. ok$/ { sub(/^test /, "PASS "); sub(/ \.\.\. ok$/, "") }
	/^test .* \.\.\. ignored/ { sub(/^test /, "SKIP "); sub(/ \.\.\. ignored/, "") }
	/^test .* \.\.\. FAILED$/ { sub(/^test /, "FAIL "); sub(/ \.\.\. FAILED$/, "") }
	{ print; fflush() }'
