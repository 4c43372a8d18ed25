#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# cargo-test.sh ARG...: run cargo test. Prints its verdicts as "PASS name", "FAIL name" and
# "SKIP name" lines, and the rest of its output unchanged.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/../inside.sh"

# A first build on a busy machine takes long as well; only a hang reaches this limit.
timeout -k 5 3600 "$test/tools.sh" --cargo test --locked "$@" 2>&1 | awk '
	/^test .* \.\.\. ok$/ { sub(/^test /, "PASS "); sub(/ \.\.\. ok$/, "") }
	/^test .* \.\.\. ignored/ { sub(/^test /, "SKIP "); sub(/ \.\.\. ignored/, "") }
	/^test .* \.\.\. FAILED$/ { sub(/^test /, "FAIL "); sub(/ \.\.\. FAILED$/, "") }
	{ print; fflush() }'
