#!/bin/bash
# initrd.sh FILE SOURCE=DESTINATION...: pack an initramfs with busybox and the
# given files.
set -euo pipefail

initrd=$1
shift
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

mkdir -p "$work"/{bin,dev,etc,proc,sys,tmp,out,modules}
cp -- "$(command -v busybox)" "$work/bin/busybox"
printf "%s\n" root:x:0:0::/:/bin/sh nobody:x:65534:65534::/:/bin/sh >"$work/etc/passwd"
for pair in "$@"; do
	mkdir -p "$work/$(dirname -- "${pair#*=}")"
	cp -- "${pair%%=*}" "$work/${pair#*=}"
done
(cd "$work" && find . | cpio --quiet -o -H newc -R 0:0) >"$initrd.part"
mv -- "$initrd.part" "$initrd"
