#!/bin/bash
# What the epoch costs in the kernel, next to its peers there: epoch_refscale.ko
# and epoch_rcuscale.ko on the unmodified Debian kernel, on 2 CPUs and on 8. A
# benchmark, no test: figures do not fail it. CPUS= names other numbers of CPUs.
# The tables are shown; what the kernel said is kept, and all figures as JSON.
set -euo pipefail
# shellcheck source=tools/vm/inside.sh
. "$(dirname -- "$0")/inside.sh"

read -ra sizes <<<"${CPUS:-2 8}"
for cpus in "${sizes[@]}"; do
	say
	CPUS=$cpus "$vm/boot.sh" --bench --name "scale-$cpus" --seconds 1800 "$vm/guest/scale.sh"
done

results=$EPOCH_CACHE/results/scale.json
for cpus in "${sizes[@]}"; do
	for log in "$EPOCH_CACHE/results/scale-$cpus"/*.log; do
		sed "s/^/$cpus $(basename -- "$log" .log) /" "$log"
	done
done | sed 's/\[[^]]*\] //' | awk '
	function value(word, i) {
		for (i = 1; i < NF; i++)
			if ($i == word)
				return $(i + 1) + 0
		return "null"
	}
	function begin(type) {
		sub(/(-ref)?-scale:$/, "", type)
		printf "%s\n  {\"cpus\": %d, \"measured\": \"%s\", \"type\": \"%s\"", comma, $1, $2, type
		comma = ","
	}
	/-scale: .*median / {
		begin($3)
		printf ", \"with_barrier\": %s", / call and barrier: / ? "true" : "false"
		printf ", \"median_ns\": %s, \"lower_quartile_ns\": %s", value("median"), value("quartiles")
		upper = / times epoch/ ? NF - 3 : NF
		printf ", \"upper_quartile_ns\": %s, \"times_epoch\": %s}", \
			$upper + 0, upper < NF ? $(upper + 1) : "null"
	}
	/ flood: / {
		begin($3)
		printf ", \"callbacks_per_second\": %d, \"peak_pending\": %d", $10, value("peak")
		printf ", \"pauses\": %d, \"drained_ms\": %d}", $(NF - 5), $(NF - 1)
	}
	BEGIN { printf "[" }
	END { print "\n]" }' >"$results.part"
mv -- "$results.part" "$results"
say
say "Figures: $(shown "$results")"
say "The kernel's words: $(shown "$EPOCH_CACHE/results")/scale-N/, of N CPUs"
