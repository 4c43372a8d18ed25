#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# torture-mutants.sh [NAME...]: check that epoch_torture.ko finds planted bugs: each bug of
# mutants/torture, or the named ones. Prints "PASS name" and "FAIL name" lines.
#
# Each bug is tortured RUNS times (1 if unset), for 60 s at most. It must be found in 19 of 20:
# when it has been missed more often, the rest is left out.
# The time is that from the start of the test to the first line of the kernel log that says so.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/../inside.sh"

wanted=${RUNS:-1}
failed=0

# seconds_of LOG: print the time to detection of each run, or "-" if the bug was not found in it.
# A branch that a short run has not taken is no bug.
seconds_of() {
	tr -d '\r' <"$1" | awk '
		/never taken/ { next }
		match($0, /\[ *[0-9]+[.][0-9]+\]/) { now = substr($0, RSTART + 1, RLENGTH - 2) + 0 }
		/torture-mutant: run/ { if (running) print "-" }
		/-torture:--- Start of test/ { begun = now; running = 1 }
		/torture-mutant: (end|stuck)/ { if (running) print "-"; running = 0 }
		running && /!!!|WARNING:|BUG|Oops|general protection|Kernel panic/ {
			printf now - begun <= 60 ? "%.1f\n" : "- %.1f\n", now - begun
			running = 0
		}
		END { if (running) print "-" }'
}

# torture NAME RUNS WORD...: boot a guest that tortures, and print the results of its runs.
torture() {
	local name=$1 runs=$2 cpus=${CPUS:-4} options=() parameters=() modules word
	shift 2
	for word; do
		case $word in
		each-instruction) options+=(--each-instruction) ;;
		cpus=*) cpus=${word#cpus=} ;;
		*) parameters+=("$word") ;;
		esac
	done
	modules=$("$test/kernels/modules.sh" --dir stock "$name")
	# A guest that crashes or hangs is no error of this script.
	CPUS=$cpus "$test/boot/boot.sh" --name "mutant-$name" --seconds $((runs * 150 + 120)) \
		"${options[@]}" --file "$modules/epoch.ko=modules/epoch.ko" \
		--file "$modules/epoch_torture.ko=modules/epoch_torture.ko" \
		"$test/guest/torture-mutant.sh" "$runs" "${parameters[@]}" >>"$log" 2>&1 </dev/null || :
	seconds_of "$(find "$EPOCH_CACHE/log" -name "console-mutant-$name-????????-??????.log" |
		sort | tail -n 1)"
}

while read -r name words; do
	log=$EPOCH_CACHE/log/torture-mutant-$name.log
	say "plant $name ..."
	# Held until the modules are no longer needed: the next mutant overwrites them.
	(
		lock "mutant${LANE:-}-stock"
		"$test/kernels/modules.sh" stock "$name" torture >"$log" 2>&1 </dev/null || exit 1
		: >"$log.runs"
		# A guest ends with a run that hangs or crashes, and then the next one goes on; unless
		# the bug has been missed too often.
		while left=$((wanted - $(wc -l <"$log.runs"))) && ((left > 0)); do
			(($(grep -c '^-' "$log.runs") * 20 <= wanted)) || break
			# shellcheck disable=SC2086 # words of the table
			results=$(torture "$name" "$left" $words)
			[[ -n $results ]] || break
			printf '%s\n' "$results" >>"$log.runs"
		done
	) || {
		say "FAIL mutant $name: it could not be tested (log: $(shown "$log"))"
		failed=1
		continue
	}
	runs=$(wc -l <"$log.runs")
	count=$(grep -vc '^-' "$log.runs") || :
	times=$(sort -n "$log.runs" | awk '
		!/^-/ { time[++n] = $1 }
		END { if (n) printf ", median %s s, most %s s", time[int((n + 1) / 2)], time[n] }')
	if ((runs > 0 && count * 20 >= runs * 19)); then
		say "PASS mutant $name: torture found it in $count of $runs runs$times"
	else
		say "FAIL mutant $name: torture found it in $count of $runs runs$times (log: $(shown "$log"))"
		failed=1
	fi
done < <(fields "$test/mutants/torture" | awk -v wanted=" $* " '
	$2 != "-" && (wanted ~ /^ +$/ || index(wanted, " " $1 " "))')
exit "$failed"
