# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC1091,SC2154 # lib.sh is in the guest, and sets variables
# test-increments.sh: tasks that preempt each other enter and leave sections of epochs; afterwards,
# as many have been entered as left. Prints "PASS name" and "FAIL name" lines.
. /tests/lib.sh

# The log is that of the kernel when the module has ended.
ended() {
	dmesg | grep -q 'epoch_refscale: end of test'
}

ok "insmod epoch" insmod /modules/epoch.ko
ok "insmod epoch_refscale" insmod /modules/epoch_refscale.ko nreaders=8 nruns=2 loops=50000 \
	scale_type=epoch,epoch-rust
tries=600
until ended || [ $tries = 0 ]; do
	tries=$((tries - 1))
	sleep 1
done
ok "the sections have ended" ended
prints "no increment of the C interface is lost" '^0$' cat /sys/kernel/epoch/scale/readers
prints "no increment of the Rust interface is lost" '^0$' cat /sys/kernel/epoch/scale_rust/readers
kernel_log
exit "$failed"
