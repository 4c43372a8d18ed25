# shellcheck shell=dash
# The in-kernel benchmarks, in the guest: loads each module, waits for the end
# of its test, and prints a table of what it said.
set -e

# table UNIT NANOSECONDS: the lines that sum up, with times in that unit.
table() {
	printf '%-14s %12s %12s %12s %12s %10s\n' "$1" median quartiles "" longest "/ epoch"
	tr -d , | awk -v unit="$2" '
	{ sub(/^\[[^]]*\] /, "") }
	/ writer-duration: / {
		sub(/-scale:$/, "", $1)
		if ($NF > longest[$1])
			longest[$1] = $NF
	}
	/-scale: .*median / {
		sub(/(-ref)?-scale:$/, "", $1)
		for (at = 2; $at != "median"; at++)
			;
		most = $2 == "wait:" || $2 == "expedited:" ? sprintf("%.2f", longest[$1] / unit) : "-"
		printf "%-14s %12.2f %12.2f %12.2f %12s %10s\n", $1, $(at + 1) / unit, \
			$(at + 4) / unit, $(at + 5) / unit, most, at + 6 < NF ? $(at + 6) : "-"
	}'
}

# The same of a flood.
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

# measure NAME TITLE UNIT NANOSECONDS MODULE [PARAMETER...]
measure() {
	name=$1 title=$2 unit=$3 size=$4 module=$5
	shift 5
	dmesg -c >/dev/null
	echo
	echo "== $title ($(nproc) CPUs; $module${*:+ $*})"
	insmod "/modules/$module.ko" "$@"
	until dmesg | grep -q "$module: end of test"; do
		sleep 0.5
	done
	rmmod "$module"
	dmesg >"/out/$name.log"
	case $name in
	flood*) flood_table <"/out/$name.log" ;;
	call)
		grep -v 'call and barrier' "/out/$name.log" | table "$unit" "$size"
		echo "-- until they were called:"
		grep 'call and barrier' "/out/$name.log" | table "$unit" "$size"
		;;
	*) table "$unit" "$size" <"/out/$name.log" ;;
	esac
}

insmod /modules/epoch.ko
measure read "a section" ns 1 epoch_refscale
measure wait "a grace period, idle" us 1000 epoch_rcuscale nwriters=1 nreaders=0
measure wait-readers "a grace period, a reader on each CPU" us 1000 epoch_rcuscale \
	nwriters=1 loops=3
measure expedited "an expedited grace period, idle" us 1000 epoch_rcuscale \
	nwriters=1 nreaders=0 gp_exp=1
measure expedited-readers "an expedited grace period, a reader on each CPU" us 1000 \
	epoch_rcuscale nwriters=1 gp_exp=1 loops=3
for nice in 0 19; do
	measure "preempted-$nice" "a grace period, readers of nice $nice preempted by threads of nice 0" \
		us 1000 epoch_rcuscale nwriters=1 loops=1 nhogs=-1 readdelay=100000 \
		reader_nice=$nice
done
measure call "to give a callback" ns 1 epoch_rcuscale nwriters=1 nreaders=0 gp_async=1
measure flood "a flood of callbacks" - 1 epoch_rcuscale nreaders=0 flood=5 nruns=1
measure flood-unthrottled "the same, without epoch_throttle()" - 1 epoch_rcuscale nreaders=0 flood=5 \
	nruns=1 scale_type=epoch flood_throttle=0
rmmod epoch
