# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2086 # sizes are words
# figures.sh: run the commands above the tables of Documentation/measured.rst, and leave their
# output and their samples in /out.
set -e

insmod /modules/epoch.ko
insmod /modules/epoch_bench.ko

# figure NAME COMMAND...: run a command of epoch-bench.
figure() {
	name=$1
	shift
	echo
	echo "# epoch-bench $*"
	epoch-bench "$@" --json "/out/$name.json" >"/out/$name.txt" 2>"/out/$name.err" || echo "failed: $?"
	sed -n '/average\|Difference\|times\|proven\|peaks\|tracker/p' "/out/$name.txt" | cut -c1-160
	grep -v '^round' "/out/$name.err" | cut -c1-160
}

half="--interval-ms 500"
figure mmap1 compare all --tasks 8 --samples 30 $half --svg /out/compare-all.svg
figure mmap1-three compare none mutex epoch --tasks 8 --samples 30 $half --svg /out/compare-three.svg
figure mmap1-two compare mutex epoch --tasks 8 --samples 30 $half --svg /out/compare.svg
figure mmap1-threads compare none mutex epoch --tasks 8 --samples 10 $half --threads
figure di compare all --testcase di --tasks 8 --samples 15 $half
figure page-fault compare all --testcase page-fault --tasks 8 --samples 20 $half
figure touch compare all --testcase mmap1-touch --pages 16 --tasks 8 --samples 20 $half
figure waiters compare all --testcase page-fault --tasks 6 --samples 10 $half --waiters 2 --wait-rate 10
figure waiting compare all --testcase page-fault --tasks 6 --samples 10 $half --waiters 2 --wait-rate 0
figure sweep sweep --trackers mutex,epoch --samples 5 $half --svg /out/sweep.svg
figure user compare mutex epoch --where user --tasks 8 --samples 60 $half
figure user-all compare all --where user --tasks 8 --samples 10 $half
for n in 1 2 3 4 5; do
	for mechanism in fprobe kretprobe syscall; do
		figure cost-$mechanism-$n run --where user --tracker none --mechanism $mechanism --tasks 1 --samples 10 \
			--warmup 0 --interval-ms 200
	done
done
figure torture torture --seconds 30 --tasks 8 --waiters 2
rmmod epoch_bench epoch
