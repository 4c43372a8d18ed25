# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC1091,SC2013 # torture-lib.sh is in the guest; words
# faults.sh: make allocations of memory fail: each one while a module is loaded, in turn; each one
# of a system call that uses the modules; and then some of epoch.ko's at random, while epochs come
# and go, until the guest is $EPOCH_UNTIL seconds old.
. /tests/torture-lib.sh

faults=/sys/kernel/debug
bench=/sys/class/misc/epoch_bench

# each WHAT...: run failnth, which must find the call in order.
each() {
	if failnth "$@" >/tmp/output 2>&1; then
		note "$(cat /tmp/output)"
	else
		bad "$(cat /tmp/output)"
	fi
	cat /tmp/output
}

# load MODULE [PARAMETER...]: load it, with each allocation failing first.
load() {
	module=$1
	shift
	each load "/modules/$module.ko" "$@"
	grep -q "^$module " /proc/modules || bad "$module is not loaded after all"
}

unload() {
	rmmod "$@" || bad "$* was not unloaded"
}

# at_random PERCENT: let that many of the allocations fail that epoch.ko makes.
at_random() {
	if [ "$1" != 0 ]; then
		start=$(cat /sys/module/epoch/sections/.text)
		size=$(awk '$1 == "epoch" { print $2 }' /proc/modules)
		echo "$start" >$faults/failslab/require-start
		printf '0x%x\n' $((start + size)) >$faults/failslab/require-end
		echo -1 >$faults/failslab/times
	fi
	echo "$1" >$faults/failslab/probability
}

# use: load and unload modules that make and use epochs, which may fail.
use() {
	loads=$((loads + 1))
	for module in epoch_bench epoch_sample_c epoch_sample_rust; do
		insmod /modules/$module.ko 2>/dev/null || refused=$((refused + 1))
	done
	if [ -e $bench/tracker ]; then
		for tracker in $(cat $bench/available_trackers); do
			echo "$tracker" >$bench/tracker || refused=$((refused + 1))
		done 2>/dev/null
	fi
	sleep 0.1
	for module in epoch_sample_rust epoch_sample_c epoch_bench; do
		! grep -q "^$module " /proc/modules || unload $module
	done
}

for kind in failslab fail_page_alloc; do
	# Allocations that may sleep, too; and no backtrace of each.
	echo N >$faults/$kind/ignore-gfp-wait
	echo 0 >$faults/$kind/verbose
done
echo N >$faults/fail_page_alloc/ignore-gfp-highmem
echo 0 >$faults/fail_page_alloc/min-order

forget_leaks
load epoch
load epoch_bench
for tracker in $(cat $bench/available_trackers); do
	each write $bench/tracker "$tracker"
done
for file in tracker available_trackers workers counters/waits; do
	each read $bench/$file
done
each load /modules/epoch_sample_c.ko
each load /modules/epoch_sample_rust.ko
each load /modules/epoch_torture.ko torture_type=epoch stat_interval=0
each unload epoch_torture
each unload epoch_sample_rust
each unload epoch_sample_c
each unload epoch_bench

loads=0 refused=0
at_random 10
while [ "$(age)" -lt "$((EPOCH_UNTIL - 10))" ]; do
	use
	echo "allocations fail at random: $((EPOCH_UNTIL - $(age))) s left"
done
at_random 0
note "$loads loads while allocations failed at random, $refused refused"
[ $refused != 0 ] || bad "no allocation failed"
use
each unload epoch
leaks
note "done"
