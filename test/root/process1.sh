#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# process1.sh ROOT SOURCE CACHE COMMAND...: the first process of the namespaces that enter.sh
# creates: mount the directories, then run COMMAND (a chroot). The mounts are private, and end
# with the last process.
set -euo pipefail

root=$1 src=$2 cache=$3
shift 3

mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
# Both QEMU and UML keep the guest's memory in one of these.
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
[[ ! -d $root/dev/shm ]] || mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount --bind "$src" "$root/src"
mount -o remount,bind,ro "$root/src"
mount --bind "$cache" "$root/cache"
for file in /etc/resolv.conf /etc/hosts /etc/ssl/certs/ca-certificates.crt; do
	[[ ! -e $file || ! -e $root$file ]] || mount --bind "$(readlink -f "$file")" "$root$file"
done

# Not exec: process 1 gets no signal that it has no trap for.
trap 'exit 130' INT
trap 'exit 143' TERM HUP
"$@"
