#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# guest.sh: the first process of the guest that boots the tree of install.sh: use the modules, and
# remove the packages.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
mount -t proc proc /proc 2>/dev/null
mount -t sysfs sysfs /sys 2>/dev/null
mount -t devtmpfs devtmpfs /dev 2>/dev/null
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing
mount -t securityfs securityfs /sys/kernel/security
echo "epoch-guest: up" >/dev/kmsg
# shellcheck source=test/packages/lib.sh
. /packages/lib.sh
read -r version kernel </packages/versions

content() {
	epoch-bench doctor
	local status=$?
	epoch-bench doctor | grep -E '^ *(MISSING|WARN) +(kernel tree|CONFIG_RUST|Rust metadata|rustc|C compiler|bindgen|epoch_bench)' && return 1
	return "$status"
}

expect "the guest runs $kernel" test "$(uname -r)" = "$kernel"
expect "modprobe finds epoch_bench" modprobe epoch_bench
expect "and loads epoch with it" test -d /sys/kernel/epoch
expect "epoch-bench doctor is content" content
expect "epoch-bench runs" epoch-bench run --tracker epoch --tasks 2 --samples 3 --interval-ms 100
for module in epoch_refscale epoch_rcuscale epoch_torture; do
	expect "modprobe finds $module" modprobe -n "$module"
done
expect "the example in C loads" insmod /packages/examples/epoch_sample_c.ko
expect "the example in Rust loads" insmod /packages/examples/epoch_sample_rust.ko
sleep 1
rmmod epoch_sample_c epoch_sample_rust
expect "modprobe -r unloads" modprobe -r epoch_bench
expect "the kernel log has no warning" sh -c '! dmesg | grep -E "WARNING:|BUG|Oops"'

expect "epoch-dkms is removed" dpkg --remove epoch-dkms
expect "and its modules with it" sh -c "! find /lib/modules -name 'epoch*.ko*' | grep ."
expect "and DKMS knows no epoch $version" sh -c "! dkms status | grep epoch"
expect "all is purged" dpkg --purge epoch-dkms epoch-bench epoch-dev
expect "nothing is left" leftovers
sync
echo o >/proc/sysrq-trigger
sleep 60
