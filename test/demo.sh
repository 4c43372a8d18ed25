#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# demo.sh: run the whole experiment, FreeBSD's mutex against the epoch that replaced it, on the
# unmodified Debian kernel in a guest, and make a page of the results. TASKS= and SAMPLES=
# change its size.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/inside.sh"

"$test/boot/boot.sh" --bench --perf --name demo --seconds 900 \
	"$test/guest/demo.sh" "${TASKS:-${CPUS:-8}}" "${SAMPLES:-10}"

results=$EPOCH_CACHE/results/demo
bench=$EPOCH_CACHE/bin/epoch-bench
"$bench" report "$results"/{compare,processes,threads,sweep,profile/profile,doctor}.json \
	--output "$results/report.html"
say
say "Samples, curves and flame graphs, each as a file of its own, are in $(shown "$results")"
say "The report, for a browser: $(shown "$results/report.html")"
