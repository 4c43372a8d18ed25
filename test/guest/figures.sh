# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2086 # sizes are words
# figures.sh [FIGURE...]: run the commands above the tables of Documentation/measured.rst and
# profile.rst, or those named, and leave their output and their samples in /out.
set -e
wanted=" $* "

insmod /modules/epoch.ko
insmod /modules/epoch_bench.ko

is_wanted() {
	case $wanted in *" $1 "* | "  ") ;; *) return 1 ;; esac
}

# figure NAME COMMAND...: run a command of epoch-bench.
figure() {
	is_wanted "$1" || return 0
	name=$1
	shift
	echo
	echo "# epoch-bench $*"
	epoch-bench "$@" --json "/out/$name.json" >"/out/$name.txt" 2>"/out/$name.err" || echo "failed: $?"
	sed -n '/average\|Difference\|times\|proven\|peaks\|tracker/p' "/out/$name.txt" | cut -c1-160
	grep -v '^round' "/out/$name.err" | cut -c1-160
}

half="--interval-ms 500"
eight="--tasks 8 $half"
figure mmap1 compare all --samples 30 $eight --svg /out/compare-all.svg
figure mmap1-three compare none mutex epoch --samples 30 $eight --svg /out/compare-three.svg
figure mmap1-two compare mutex epoch --samples 30 $eight --svg /out/compare.svg
figure mmap1-threads compare none mutex epoch --samples 10 $eight --threads
figure di compare all --testcase di --samples 15 $eight
figure page-fault compare all --testcase page-fault --samples 20 $eight
figure touch compare all --testcase mmap1-touch --pages 16 --samples 20 $eight
figure waiters compare all --testcase page-fault --tasks 6 --samples 10 $half --waiters 2 --wait-rate 10
figure waiting compare all --testcase page-fault --tasks 6 --samples 10 $half --waiters 2 --wait-rate 0
figure sweep sweep --trackers mutex,epoch --samples 5 $half --svg /out/sweep.svg
figure user compare mutex epoch --where user --samples 60 $eight
figure user-all compare all --where user --samples 10 $eight
for n in 1 2 3 4 5; do
	for mechanism in fprobe kretprobe syscall; do
		figure cost-$mechanism-$n run --where user --tracker none --mechanism $mechanism --tasks 1 --samples 10 \
			--warmup 0 --interval-ms 200
	done
done
figure torture torture --seconds 30 --tasks 8 --waiters 2
if is_wanted profile; then
	echo
	echo "# epoch-bench profile mutex epoch"
	epoch-bench profile mutex epoch --tasks 8 --seconds 10 --event UNHALTED_CORE_CYCLES --out /out/profile \
		2>&1 | tee /out/profile.txt
fi
rmmod epoch_bench epoch
