# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# icount.sh: count instructions, in a guest that takes one nanosecond for each: run the
# in-kernel benchmarks, and print tables of their medians. /out/figures has the medians for
# icount.awk: "COLUMN TYPE INSTRUCTIONS", one per line.
set -e

clock=$(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)
if [ "$clock" != tsc ]; then
	echo "the clocksource is $clock, not tsc: instructions cannot be counted" >&2
	exit 1
fi

# count COLUMN FIGURE MODULE [PARAMETER...]: run a test, and keep the medians.
count() {
	column=$1 figure=$2 module=$3
	shift 3
	dmesg -c >/dev/null
	insmod "/modules/$module.ko" "$@"
	until dmesg | grep -q "$module: end of test"; do
		sleep 0.1
	done
	rmmod "$module"
	dmesg >"/out/$column.log"
	sed 's/^\[[^]]*\] //' "/out/$column.log" | awk -v column="$column" -v figure="$figure" '
	$0 ~ "^[^ ]*-scale: " figure "median " {
		type = $1
		sub(/(-ref)?-scale:$/, "", type)
		for (i = 2; $i != "median"; i++)
			;
		print type, column, $(i + 1)
	}' >>/tmp/medians
}

insmod /modules/epoch.ko
alone="nwriters=1 nreaders=0 verbose=0"
count section "" epoch_refscale nreaders=1 nruns=10
# shellcheck disable=SC2086 # words
{
	count call "call: " epoch_rcuscale $alone gp_async=1
	count wait "wait: " epoch_rcuscale $alone
	count expedited "expedited: " epoch_rcuscale $alone gp_exp=1
	count make "make and free: " epoch_rcuscale $alone init_free=1
}

echo
echo "Instructions of a DI block without the loop around it; medians of 5 runs of 640000"
insmod /modules/epoch_bench.ko
sys=/sys/class/misc/epoch_bench
# shellcheck disable=SC2013 # words
for tracker in $(cat $sys/available_trackers); do
	echo "$tracker" >$sys/tracker
	for _ in 1 2 3 4 5; do
		blocks
	done | sort -n | sed -n 3p | sed "s/^/$tracker /"
done >/tmp/blocks
awk '
$1 == "none" { loop = $2 }
{
	printf "%-14s %12.1f\n", $1, $2 - loop
	if ($1 != "none")
		printf "block %s %.3f\n", $1, $2 - loop >"/out/figures"
}' /tmp/blocks
rmmod epoch_bench
rmmod epoch

echo
echo "Instructions, medians; a section without the loop around it"
awk '
function figure(column, type, value) {
	printf "%s %s %.3f\n", column, type, value >>"/out/figures"
	return value
}
{
	if (!($1 in known))
		order[++types] = $1
	known[$1] = 1
	value[$1, $2] = $3
}
END {
	n = split("section call wait expedited make", column, " ")
	printf "%-14s", ""
	for (i = 1; i <= n; i++)
		printf " %12s", column[i]
	print ""
	for (t = 1; t <= types; t++) {
		if (order[t] == "none")
			continue
		printf "%-14s", order[t]
		for (i = 1; i <= n; i++) {
			at = order[t] SUBSEP column[i]
			if (!(at in value))
				printf " %12s", "-"
			else if (column[i] == "section")
				printf " %12.1f", figure(column[i], order[t], value[at] - value["none", "section"])
			else
				printf " %12.0f", figure(column[i], order[t], value[at])
		}
		print ""
	}
}' /tmp/medians
echo "A wait for a timer (srcu, srcu-fast, not expedited) is the time it took, not instructions."
