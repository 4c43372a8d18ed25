#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# boot.sh: boot the tree in which install.sh has installed the packages, with guest.sh as its first
# process. Its output is in the file "console" beside the tree.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/../inside.sh"
# shellcheck source=test/boot/qemu.sh
. "$test/boot/qemu.sh"

packages=$EPOCH_CACHE/packages
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
# shellcheck disable=SC2034 # run_guest reads them
cpus=${CPUS:-2} memory=${MEM:-2048} seconds=${TIMEOUT:-900} console=$packages/console tcg_thread=single \
	machine_arch=$native image_name="the tree with the packages"
run_guest "$packages/tree/boot/vmlinuz-test" "$packages/tree/boot/initrd-test" \
	"root=/dev/vda rw init=/packages/guest.sh" "epoch-guest: up" \
	-drive "file=$packages/disk,format=raw,if=virtio,cache=unsafe"
[[ -n $up ]] || die "the guest did not come up" "$console" "read the console log"
((status == 0)) || die "the guest did not end" "$console" "read the console log"
