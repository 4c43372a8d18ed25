#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# scale.sh: measure the cost of the epoch and of its peers in the kernel, with epoch_refscale.ko
# and epoch_rcuscale.ko on the unmodified Debian kernel. This is a benchmark, not a test: no
# figure fails it. Many waiters are measured on 2 CPUs and on 4, sections and lone waits on 2
# and on 8, callbacks on all three; CPUS= names other numbers of CPUs, each of which runs
# everything. Prints tables, and saves the kernel's logs, and all figures as JSON.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/inside.sh"

every="basic callbacks making waiting low"
declare -A sets=([2]=$every [4]="callbacks making waiting low" [8]="basic callbacks")
read -ra sizes <<<"${CPUS:-2 4 8}"
for cpus in "${sizes[@]}"; do
	words=$every
	[[ -n ${CPUS:-} ]] || words=${sets[$cpus]}
	read -ra words <<<"$words"
	say
	CPUS=$cpus "$test/boot/boot.sh" --modules --name "scale-$cpus" --seconds 1800 "$test/guest/scale.sh" \
		"${words[@]}"
done

results=$EPOCH_CACHE/results/scale.json
for cpus in "${sizes[@]}"; do
	for log in "$EPOCH_CACHE/results/scale-$cpus"/*.log; do
		sed "s/^/$cpus $(basename -- "$log" .log) /" "$log"
	done
done | sed 's/\[[^]]*\] //' | awk '
	function begin(type) {
		sub(/(-ref)?-scale:$/, "", type)
		printf "%s\n  {\"cpus\": %d, \"measured\": \"%s\", \"type\": \"%s\"", comma, $1, $2, type
		comma = ","
	}
	# The number after a word, or the one "more" words further.
	function value(word, more, i) {
		for (i = 4; i + more < NF; i++)
			if ($i == word)
				return $(i + 1 + more) + 0
		return "null"
	}
	/-scale: .*median / {
		gsub(/[,()]/, "")
		begin($3)
		figure = unit = ""
		for (at = 4; $at != "median"; at++)
			figure = figure (at > 4 ? " " : "") $at
		sub(/:$/, "", figure)
		for (i = at + 2; $i != "quartiles"; i++)
			unit = unit (i > at + 2 ? " " : "") $i
		ratio = "null"
		for (i = at; i <= NF; i++)
			if ($i == "times")
				ratio = $(i - 1) + 0
		printf ", \"figure\": \"%s\", \"unit\": \"%s\"", figure == "" ? "section" : figure, unit
		printf ", \"median\": %s, \"lower_quartile\": %s, \"upper_quartile\": %s", \
			value("median", 0), value("quartiles", 0), value("quartiles", 1)
		printf ", \"p99\": %s, \"max\": %s, \"mean\": %s, \"times_epoch\": %s", \
			value("99%", 0), value("most", 0), value("mean", 0), ratio
		printf ", \"times_epoch_95\": [%s, %s]}", value("95%:", 0), value("95%:", 1)
	}
	/ flood: / {
		begin($3)
		printf ", \"callbacks_per_second\": %d, \"peak_pending\": %d", $10, value("peak", 0)
		printf ", \"pauses\": %d, \"drained_ms\": %d}", $(NF - 5), $(NF - 1)
	}
	/ alive: / {
		begin($3)
		printf ", \"alive\": %d, \"made_ns\": %d, \"freed_ns\": %d", $5, $8, $13
		printf ", \"bytes\": %d, \"bytes_in_slabs\": %d}", $16, $19
	}
	BEGIN { printf "[" }
	END { print "\n]" }' >"$results.part"
mv -- "$results.part" "$results"
say
say "Figures: $(shown "$results")"
say "Logs of the kernel: $(shown "$EPOCH_CACHE/results")/scale-N/, of N CPUs"
