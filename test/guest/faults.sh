# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC1091,SC2013 # torture-lib.sh is in the guest; words
# faults.sh: make allocations of memory fail: each one while a module is loaded, in turn; each one
# of a system call that uses the modules; and then some at random, while epochs come and go, until
# the guest is $EPOCH_UNTIL seconds old.
. /tests/torture-lib.sh

slab=/sys/kernel/debug/failslab
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

# Allocations that may sleep, too, and no backtrace of each.
echo N >$slab/ignore-gfp-wait
echo 0 >$slab/verbose
# Those only that a module makes: the kernel itself warns if some of its own fail. This is where
# modules are on x86-64.
echo 0xffffffffa0000000 >$slab/require-start
echo 0xffffffffff000000 >$slab/require-end
# Nor those of fprobe, which warns, and leaves the probe half registered.
awk '$3 == "register_fprobe_syms" { print "0x" $1; exit }' /proc/kallsyms >$slab/reject-start
sort /proc/kallsyms | awk 'found { print "0x" $1; exit } $3 == "register_fprobe_syms" { found = 1 }' \
	>$slab/reject-end

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
# As few threads as there can be of each kind: they take time to end.
each load /modules/epoch_torture.ko torture_type=epoch nreaders=1 nwriters=1 nfakewriters=1 \
	n_barrier_cbs=1 read_exit_burst=1 store_buffering=1 stat_interval=1 onoff_interval=1000 \
	preempt_duration=1
unload epoch_torture epoch_sample_rust epoch_sample_c epoch_bench

# At least some, if all that took long.
until=$((EPOCH_UNTIL - 10))
[ $until -gt $(($(age) + 20)) ] || until=$(($(age) + 20))
loads=0 refused=0
echo -1 >$slab/times
echo 10 >$slab/probability
while [ "$(age)" -lt $until ]; do
	use
	echo "allocations fail at random: $((until - $(age))) s left"
done
echo 0 >$slab/probability
note "$loads loads while allocations failed at random, $refused refused"
[ $refused != 0 ] || bad "no allocation failed"
use
unload epoch
leaks
note "done"
