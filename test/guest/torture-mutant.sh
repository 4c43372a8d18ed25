# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# torture-mutant.sh RUNS TYPE [PARAMETER=VALUE...]: torture an epoch with a planted bug RUNS times,
# until the kernel log says that the bug was found, or for 50 s, which leaves 10 s for the checks at
# the end. checks/torture-mutants.sh reads the log. Ends early after a run that does not end, and if
# more than one of 20 found nothing.
runs=$1 type=$2
shift 2

# unload MODULE SECONDS: unload a module; fails if that takes longer.
unload() {
	local left=$2
	# Not to hold the output open, for whose end the guest waits.
	rmmod "$1" >/dev/null 2>&1 &
	while kill -0 $! 2>/dev/null; do
		left=$((left - 1))
		[ $left -gt 0 ] || return 1
		sleep 1
	done
}

# now: print the seconds since the guest booted. Each sleep takes longer on a busy machine.
now() {
	cut -d. -f1 /proc/uptime
}

missed=0
for run in $(seq "$runs"); do
	[ $((missed * 20)) -le "$runs" ] || break
	dmesg -c >/dev/null
	echo "torture-mutant: run $run" >/dev/kmsg
	insmod /modules/epoch.ko || exit 1
	insmod /modules/epoch_torture.ko torture_type="$type" "$@" || exit 1
	end=$(($(now) + 50))
	# A bug that was found may never let go of the module.
	patience=8
	until dmesg | grep -Eq '!!!|WARNING:|BUG|Oops|general protection'; do
		[ "$(now)" -lt $end ] || {
			missed=$((missed + 1))
			patience=40
			break
		}
		sleep 1
	done
	if ! { unload epoch_torture $patience && unload epoch $patience; }; then
		echo "torture-mutant: stuck" >/dev/kmsg
		break
	fi
	echo "torture-mutant: end" >/dev/kmsg
done
