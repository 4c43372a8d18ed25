#!/bin/bash
# The tests that need no kernel of ours: of the scripts and of the tools.
set -euo pipefail
# shellcheck source=tools/vm/inside.sh
. "$(dirname -- "$0")/inside.sh"

status=0
"$vm/check-kdir-test.sh" || status=1

"$vm/cargo-test.sh" --workspace || status=1
"$vm/check-loom-mutants.sh" || status=1
exit "$status"
