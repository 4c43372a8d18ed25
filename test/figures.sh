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

# The page of a comparison, as a browser shows its top.
if [[ -s $results/mmap1-three.json ]]; then
	"$EPOCH_CACHE/bin/epoch-bench" report "$results/mmap1-three.json" --output "$results/report.html"
	step "picture the page" chromium --headless=new --no-sandbox --disable-gpu \
		--disable-dev-shm-usage --hide-scrollbars --window-size=1000,1000 \
		--screenshot="$results/report.png" "file://$results/report.html"
fi
say
say "All of it: $(shown "$EPOCH_CACHE/results")/figures/"
