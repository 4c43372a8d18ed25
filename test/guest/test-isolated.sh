# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2154,SC2317 # failed is test-lib.sh's, and calls functions
# Tests that grace periods, callbacks and freeing of epochs avoid interrupts to an isolated CPU
# where they can. CPU 3 is isolated, and runs a task in user mode.

# shellcheck source=test/guest/test-lib.sh
. /tests/lib.sh

# The function-call interrupts that CPU 3 has had.
interrupts() {
	awk '$1 == "CAL:" { print $5 }' /proc/interrupts
}

# perform TYPE PARAMETER...: store the interrupts of CPU 3 during a test in $sent, and the
# number of grace periods, batches or structures in $done. Counts between quiet points, since
# loading a module patches code on all CPUs.
perform() {
	type=$1
	shift
	dmesg -c >/dev/null
	insmod /modules/epoch_rcuscale.ko holdoff=3 scale_type="$type" bind=0 nwriters=2 nreaders=0 \
		writer_nice=0 nruns=3 verbose=0 "$@" || return
	sleep 1
	before=$(interrupts)
	soon sh -c 'dmesg | grep -q "epoch_rcuscale: end of test"' || return
	sent=$(($(interrupts) - before))
	dmesg >/tmp/log
	cat /tmp/log >>/out/kernel.log
	done=$(sed -n "s/.*$type-scale: start: .* gps: \([0-9]*\).*/\1/p" /tmp/log)
	rmmod epoch_rcuscale
	echo "$type $*: $done done, $sent interrupts of CPU 3"
	[ "${done:-0}" -gt 0 ]
}

# leaves_alone WHAT TYPE PARAMETER...: the test sends CPU 3 no interrupts, apart from a few of
# the kernel's own.
leaves_alone() {
	what=$1
	shift
	ok "isolated CPU: $what" perform "$@"
	cat /tmp/output
	ok "isolated CPU: $what: it is left alone" [ $((20 * sent)) -lt "$done" ]
}

log >/dev/null
prints "isolated CPU: the kernel has one" '^3$' cat /sys/devices/system/cpu/isolated
prints "isolated CPU: without ticks" '^3$' cat /sys/devices/system/cpu/nohz_full
ok "isolated CPU: insmod" insmod /modules/epoch.ko
taskset 8 sh -c 'while :; do :; done' &
hog=$!

# The test detects interrupts where some are sent.
ok "isolated CPU: grace periods of an epoch" perform epoch loops=20
cat /tmp/output
ok "isolated CPU: grace periods of an epoch: interrupts" [ "${sent:-0}" -ge 20 ]
for type in epoch-rcu epoch-fenced; do
	leaves_alone "grace periods of $type" $type loops=60
	leaves_alone "expedited grace periods of $type" $type loops=20 gp_exp=1
	leaves_alone "callbacks and barriers of $type" $type loops=20 gp_async=1
	leaves_alone "making and freeing $type" $type loops=60 init_free=1
done
kill "$hog"
ok "isolated CPU: rmmod" rmmod epoch
log | grep -E 'WARNING|BUG|Oops' >/tmp/output && fail "isolated CPU: the kernel warned"
exit "$failed"
