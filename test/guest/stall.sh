# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC1091,SC2086 # torture-lib.sh is in the guest; parameters are words
# stall.sh RUN...: stall grace periods on purpose, once for each RUN, which is parameters of
# epoch_torture.ko. The report of epoch.ko must name the task, the CPU and the call site that the
# module logs.
. /tests/torture-lib.sh

number=1
for run; do
	note "begin $number: $run"
	insmod /modules/epoch.ko track_readers=1 || bad "epoch.ko was not loaded"
	insmod /modules/epoch_torture.ko $run seed="$EPOCH_SEED" || bad "epoch_torture.ko was not loaded"
	for _ in $(seq 50); do
		[ ! -e /sys/kernel/epoch/torture ] || break
		sleep 0.1
	done
	for timeout in /sys/kernel/epoch/torture*/stall_timeout_ms; do
		echo 500 >"$timeout"
	done
	for _ in $(seq 60); do
		! dmesg | grep -q 'torture: stall: ended' || break
		sleep 0.5
	done
	rmmod epoch_torture || bad "epoch_torture.ko was not unloaded"
	rmmod epoch || bad "epoch.ko was not unloaded"
	# TASK PID CPU FUNCTION
	stalled=$(dmesg | sed -nE 's/.*: stall: task (.*):(.*) on CPU (.*), in (\w+) .*/\1 \2 \3 \4/p')
	reported=$(dmesg | grep 'section: torture_stall' | sort -u |
		sed -nE 's/.*: (.*), pid (.*), entered on CPU (\w+) .* at (\w+)\+.*/\1 \2 \3 \4/p' | sort -u)
	if [ -z "$stalled" ]; then
		bad "no section has stalled"
	elif [ "$stalled" != "$reported" ]; then
		bad "the stall of \"$stalled\" was reported as \"$reported\""
	fi
	note "grace periods: 0"
	note "end $number"
	number=$((number + 1))
	dmesg -c >/dev/null
done
note "done"
