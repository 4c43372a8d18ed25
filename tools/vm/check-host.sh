#!/bin/bash
# The tests that need no kernel of ours: of the scripts and of the tools.
set -euo pipefail
# shellcheck source=tools/vm/inside.sh
. "$(dirname -- "$0")/inside.sh"

status=0
"$vm/check-kdir-test.sh" || status=1

# cargo's verdicts in our words; the rest of what it says is shown as it is.
timeout -k 5 900 "$vm/tools.sh" --cargo test --locked --workspace 2>&1 | awk '
	/^test .* \.\.\. ok$/ { sub(/^test /, "PASS "); sub(/ \.\.\. ok$/, "") }
	/^test .* \.\.\. ignored/ { sub(/^test /, "SKIP "); sub(/ \.\.\. ignored/, "") }
	/^test .* \.\.\. FAILED$/ { sub(/^test /, "FAIL "); sub(/ \.\.\. FAILED$/, "") }
	{ print; fflush() }' || status=1
exit "$status"
