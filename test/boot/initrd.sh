#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# initrd.sh FILE [--busybox PATH] [--program PATH]... SOURCE=DESTINATION...: pack an initramfs
# with busybox, programs with the libraries that they need, and the given files.
set -euo pipefail

initrd=$1
shift
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

mkdir -p "$work"/{bin,dev,etc,proc,sys,tmp,out,modules}
busybox=$(command -v busybox)
if [[ ${1:-} == --busybox ]]; then
	busybox=$2
	shift 2
fi
cp -- "$busybox" "$work/bin/busybox"
printf "%s\n" root:x:0:0::/:/bin/sh nobody:x:65534:65534::/:/bin/sh >"$work/etc/passwd"
while [[ ${1:-} == --program ]]; do
	# The paths where the program and its loader look for them.
	ldd "$2" | grep -o '/[^ ]*' | xargs cp --parents --dereference -t "$work" -- "$2"
	shift 2
done
for pair in "$@"; do
	mkdir -p "$work/$(dirname -- "${pair#*=}")"
	cp -- "${pair%%=*}" "$work/${pair#*=}"
done
(cd "$work" && find . | cpio --quiet -o -H newc -R 0:0) >"$initrd.part"
mv -- "$initrd.part" "$initrd"
