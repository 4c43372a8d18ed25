# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# scale.sh SET...: run the in-kernel benchmarks in the guest: load each module, wait for the end
# of its test, and print tables of its summaries. A SET is basic (sections, lone waits, floods),
# callbacks, making, waiting (many waiters) or low (a waiter of low priority among others).
set -e

# figures COLUMN...: print a table of the summaries, one row per type. A COLUMN is
# TITLE|FIGURE|VALUE|UNIT: FIGURE precedes "median" in the log, VALUE is one of median, lower,
# upper, 99%, most, mean, ratio, from and to, and UNIT divides it.
figures() {
	sed 's/^\[[^]]*\] //; s/[,()]//g; s/95%:/95%/' | awk -v columns="$(printf '%s;' "$@")" '
	BEGIN {
		n = split(columns, column, ";") - 1
		printf "%-14s", ""
		for (i = 1; i <= n; i++) {
			split(column[i], part, "|")
			printf " %12s", part[1]
		}
		print ""
	}
	/-scale: .*median / {
		type = $1
		sub(/(-ref)?-scale:$/, "", type)
		figure = ""
		for (at = 2; $at != "median"; at++)
			figure = figure (at > 2 ? " " : "") $at
		sub(/:$/, "", figure)
		if (!(type in known))
			order[++types] = type
		known[type] = 1
		for (i = at; i <= NF; i++) {
			if ($i == "median" || $i == "99%" || $i == "most" || $i == "mean")
				value[type, figure, $i] = $(i + 1)
			else if ($i == "times")
				value[type, figure, "ratio"] = $(i - 1)
			else if ($i == "quartiles" || $i == "95%") {
				value[type, figure, $i == "95%" ? "from" : "lower"] = $(i + 1)
				value[type, figure, $i == "95%" ? "to" : "upper"] = $(i + 2)
			}
		}
	}
	END {
		for (t = 1; t <= types; t++) {
			printf "%-14s", order[t]
			for (i = 1; i <= n; i++) {
				split(column[i], part, "|")
				at = order[t] SUBSEP part[2] SUBSEP part[3]
				if (!(at in value))
					printf " %12s", "-"
				else if (part[3] ~ /^(ratio|from|to)$/)
					printf " %12.3f", value[at]
				else
					printf " %12.2f", value[at] / part[4]
			}
			print ""
		}
	}'
}

# table UNIT NANOSECONDS FIGURE: print all values of a figure, with times in that unit.
table() {
	figures "$1|$3|median|$2" "quartiles|$3|lower|$2" "|$3|upper|$2" "99 %|$3|99%|$2" \
		"most|$3|most|$2" "/ epoch|$3|ratio|1" "95 %|$3|from|1" "|$3|to|1"
}

# The table of many waiters.
waits_table() {
	figures "total (ms)|all waits|median|1000000" "quartiles|all waits|lower|1000000" \
		"|all waits|upper|1000000" "/ epoch|all waits|ratio|1" "95 %|all waits|from|1" \
		"|all waits|to|1" "a wait (ms)|$1|median|1000000" \
		"mean|$1|mean|1000000" "99 %|$1|99%|1000000" "grace periods|grace periods a run|median|1" \
		"IPIs a wait|IPIs a wait|median|1"
}

# The table of waiters with one of low priority.
low_table() {
	figures "p50 (ms)|wait|median|1000000" "p99|wait|99%|1000000" \
		"with: p50|wait low|median|1000000" "p99|wait low|99%|1000000" \
		"most|wait low|most|1000000"
}

churn_table() {
	figures "invoked / s|invoked|median|1" "quartiles|invoked|lower|1" "|invoked|upper|1" \
		"/ epoch|invoked|ratio|1" "95 %|invoked|from|1" "|invoked|to|1" \
		"% where queued|invoked where queued|median|1" \
		"grace periods|grace periods a run|median|1" "IPIs each|IPIs a callback|median|1"
}

traffic_table() {
	figures "a wait (us)|wait|median|1000" "quartiles|wait|lower|1000" "|wait|upper|1000" \
		"RCU's each|RCU grace periods for each|median|1" \
		"quartiles|RCU grace periods for each|lower|1" \
		"|RCU grace periods for each|upper|1" "IPIs a wait|IPIs a wait|median|1"
}

alive_table() {
	printf '%-14s %12s %12s %12s %12s\n' "" "made (us)" "freed (us)" bytes "in slabs"
	tr -d ',;' | awk '/-scale: alive: / {
		sub(/^\[[^]]*\] /, "")
		sub(/-scale:$/, "", $1)
		printf "%-14s %12.2f %12.2f %12d %12d\n", $1, $6 / 1000, $11 / 1000, $14, $17
	}'
}

flood_table() {
	printf '%-14s %12s %12s %12s %10s %12s\n' "" callbacks/s "peak pending" "KiB at peak" "at limit" "drained (ms)"
	tr -d ',;' | awk '/-scale: flood: / {
		sub(/^\[[^]]*\] /, "")
		sub(/-scale:$/, "", $1)
		for (i = 2; i < NF; i++)
			at[$i] = i
		printf "%-14s %12d %12d %12d %10d %12d\n", $1, $(at["a"] - 1), $(at["peak"] + 1),
			$(at["pending"] + 1), $(at["pauses"] - 1), $(NF - 1)
	}'
}

# perform NAME TITLE MODULE [PARAMETER...]: run a test, and save its log in /out/NAME.log.
perform() {
	name=$1 title=$2 module=$3
	shift 3
	dmesg -c >/dev/null
	echo
	echo "== $title ($(nproc) CPUs; $module${*:+ $*})"
	insmod "/modules/$module.ko" "$@"
	until dmesg | grep -q "$module: end of test"; do
		sleep 0.5
	done
	rmmod "$module"
	dmesg >"/out/$name.log"
}

# show TABLE [ARG...]: print a table of the last test.
show() {
	"$@" <"/out/$name.log"
}

basic() {
	perform read "a section" epoch_refscale
	show table ns 1 ""
	perform wait "a grace period, idle" epoch_rcuscale nwriters=1 nreaders=0
	show table us 1000 wait
	perform wait-readers "a grace period, a reader on each CPU" epoch_rcuscale nwriters=1 loops=3
	show table us 1000 wait
	perform expedited "an expedited grace period, idle" epoch_rcuscale nwriters=1 nreaders=0 gp_exp=1
	show table us 1000 expedited
	perform expedited-readers "an expedited grace period, a reader on each CPU" \
		epoch_rcuscale nwriters=1 gp_exp=1 loops=3
	show table us 1000 expedited
	for nice in 0 19; do
		perform "preempted-$nice" "a grace period, readers of nice $nice preempted by threads of nice 0" \
			epoch_rcuscale nwriters=1 loops=1 nhogs=-1 readdelay=100000 reader_nice=$nice
		show table us 1000 wait
	done
	perform call "queueing a callback" epoch_rcuscale nwriters=1 nreaders=0 gp_async=1
	show table ns 1 call
	echo "-- until they were invoked:"
	show table ns 1 "call and barrier"
	perform flood "a flood of callbacks" epoch_rcuscale nreaders=0 flood=5 nruns=1
	show flood_table
	perform flood-unthrottled "a flood of callbacks without epoch_throttle()" epoch_rcuscale nreaders=0 \
		flood=5 nruns=1 scale_type=epoch flood_throttle=0
	show flood_table
}

callbacks() {
	perform churn "callbacks in circulation, queued on all CPUs" epoch_rcuscale churn_ms=500 nreaders=0 \
		writer_nice=0 nruns=8 gp_async_max=10000 verbose=0
	show churn_table
	perform lone "a lone callback, idle" epoch_rcuscale gp_async=1 gp_async_max=1 gp_async_barrier=0 \
		writer_holdoff=20000 nwriters=1 nreaders=0 loops=20 verbose=0
	show table ms 1000000 "call until invoked"
}

making() {
	perform make "making and freeing a structure" epoch_rcuscale init_free=1 nwriters=1 nreaders=0 \
		loops=20 verbose=0
	show table us 1000 "make and free"
	perform alive "1000 structures at a time" epoch_rcuscale nalive=1000 nwriters=1 nreaders=0 nruns=1
	show alive_table
}

tasks="bind=0 writer_nice=0 nreaders=0 verbose=0"

waiting() {
	perform traffic "a grace period, readers every 100 us" epoch_rcuscale nwriters=1 reader_holdoff=100 \
		reader_nice=0 loops=10 verbose=0
	show traffic_table
	# shellcheck disable=SC2086 # words
	{
		perform waiters "64 waiters" epoch_rcuscale nwriters=64 $tasks loops=20 nruns=6
		show waits_table wait
		perform waiters-expedited "64 expedited waiters" epoch_rcuscale nwriters=64 $tasks \
			loops=20 nruns=6 gp_exp=1
		show waits_table expedited
		perform structures "4 waiters on each of 64 structures" epoch_rcuscale nwriters=256 \
			nstructs=64 $tasks loops=20 nruns=6
		show waits_table wait
	}
}

low() {
	# shellcheck disable=SC2086 # words
	{
		perform low-nice "8 waiters, beside a hog and a waiter of nice 19 on its CPU" \
			epoch_rcuscale nwriters=8 $tasks nlow=1 nhogs=1 loops=5 nruns=4 writer_holdoff=1000
		show low_table
		perform low-idle "8 waiters, beside a hog and a SCHED_IDLE waiter on its CPU" \
			epoch_rcuscale nwriters=8 $tasks nlow=1 low_idle=1 nhogs=1 loops=2 nruns=2 \
			writer_holdoff=1000
		show low_table
	}
}

insmod /modules/epoch.ko
for set in "$@"; do
	"$set"
done
rmmod epoch
