#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# browser.sh: test the page of epoch-bench report, made from invented results, in a
# browser. Prints "PASS name" and "FAIL name" lines.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/../inside.sh"

work=$EPOCH_CACHE/results/browser
rm -rf -- "$work"
mkdir -p -- "$work"

"$test/tools.sh" --cargo run --locked --package epoch-bench --example results -- "$work"
report() { # PAGE FILE...
	"$test/tools.sh" --cargo run --locked --package epoch-bench -- report "${@:2}" --output "$1"
}
report "$work/report.html" "$work"/{compare,processes,threads,sweep,run,profile,doctor}.json
report "$work/evil.html" "$work/evil.json"

timeout -k 5 600 python3 "$test/checks/browser.py" "$work"
