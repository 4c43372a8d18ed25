# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC1091 # torture-lib.sh is in the guest
# torture.sh RUN...: torture epochs. A RUN is the parameters of epoch_torture.ko; they take turns
# until the guest is $EPOCH_UNTIL seconds old; if $EPOCH_EXPECT is FAILURE, each until it has failed.
# $EPOCH_SEED is the modules' random seed.
#
# The kernel log has all results, between "torture-run: begin N: RUN" and "torture-run: end N".
. /tests/torture-lib.sh

# grace_periods: print how many there were.
grace_periods() {
	cat /sys/kernel/epoch/*/grace_periods 2>/dev/null | awk '{ n += $1 } END { print n + 0 }'
}

# shellcheck disable=SC2086 # parameters are words
run() {
	dmesg -c >/dev/null
	note "begin $number: $1"
	number=$((number + 1))
	left=$#
	insmod /modules/epoch.ko || bad "epoch.ko was not loaded"
	if insmod /modules/epoch_torture.ko $1 seed="$EPOCH_SEED"; then
		symbols epoch
		symbols epoch_torture
		wait_until $(($(age) + (EPOCH_UNTIL - $(age)) / left)) "$1"
		note "grace periods: $(grace_periods)"
		rmmod epoch_torture || bad "epoch_torture.ko was not unloaded"
	else
		bad "epoch_torture.ko was not loaded"
	fi
	rmmod epoch || bad "epoch.ko was not unloaded"
	leaks
	note "end $((number - 1))"
}

# Not with the output of this script, which ends before.
[ ! -x /bin/slices ] || slices "$EPOCH_SEED" >/dev/null 2>&1 &
number=1
while [ $# -gt 0 ]; do
	run "$@"
	shift
done
note "done"
