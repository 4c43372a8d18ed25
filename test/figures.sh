#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# figures.sh [FIGURE...]: measure the figures of Documentation/measured.rst and profile.rst, or
# those that guest/figures.sh has under these names, on this machine in a guest with 8 CPUs, and
# make the pictures of Documentation/images. All takes some 20 minutes on an idle machine.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/inside.sh"

results=$EPOCH_CACHE/results/figures
CPUS=8 "$test/boot/boot.sh" --bench --perf --name figures --seconds 3600 "$test/guest/figures.sh" "$@"

# picture NAME HEIGHT: a picture of the top of that page.
picture() {
	step "picture $1" chromium --headless=new --no-sandbox --disable-gpu \
		--disable-dev-shm-usage --hide-scrollbars --window-size=1000,"$2" \
		--screenshot="$results/$1.png" "file://$results/$1.html"
}

# terminal LINES COMMAND: a page that looks as a terminal does in which the command has printed
# the lines that are read, or the last of them.
terminal() {
	cat <<-END
		<!doctype html><meta charset="utf-8">
		<style>
		body { margin: 0; background: #1e1e1e }
		pre { margin: 12px 16px; font: 14px/18px "DejaVu Sans Mono", monospace; color: #e4e4e4 }
		</style>
		<pre>
	END
	{
		echo "# $2 | tail -n $1"
		tail -n "$1"
	} | sed 's/&/\&amp;/g; s/</\&lt;/g'
}

# A comparison as a browser shows its page, and as a terminal shows the end of its output.
if [[ -s $results/mmap1-three.json ]]; then
	"$EPOCH_CACHE/bin/epoch-bench" report "$results/mmap1-three.json" --output "$results/report.html"
	picture report 1000
fi
if [[ -s $results/mmap1-two.txt ]]; then
	lines=32
	terminal $lines "epoch-bench compare mutex epoch --tasks 8 --samples 30 --interval-ms 500" \
		<"$results/mmap1-two.txt" >"$results/terminal.html"
	picture terminal $(((lines + 1) * 18 + 24))
fi
say
say "All of it: $(shown "$EPOCH_CACHE/results")/figures/"
