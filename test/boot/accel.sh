#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# accel.sh [ARCH]: choose the guest's accelerator, and print "kvm REASON" or "tcg REASON". A host
# may have /dev/kvm and still be unable to run a guest with it, so a guest is booted to find out,
# once per boot of the host.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/../inside.sh"

verdict=$EPOCH_CACHE/accel
seconds=20

probe() {
	local work qemu=qemu-system-x86_64 console=ttyS0 kind=()
	[[ $native != arm64 ]] || qemu=qemu-system-aarch64 console=ttyAMA0 kind=(-M virt)
	[[ -e /dev/kvm ]] || {
		echo "tcg there is no /dev/kvm"
		return
	}
	[[ -r /dev/kvm && -w /dev/kvm ]] || {
		echo "tcg /dev/kvm may not be opened by this user"
		return
	}
	work=$(mktemp -d)
	mkdir "$work/root"
	cp -- "$(command -v busybox)" "$work/root/busybox"
	printf '#!/busybox sh\necho epoch-probe-alive\n/busybox poweroff -f\n' >"$work/root/init"
	chmod +x "$work/root/init"
	(cd "$work/root" && find . | cpio --quiet -o -H newc -R 0:0) >"$work/initrd"
	# The braces suppress the shell's message about a QEMU that aborts.
	{ timeout --foreground -k 2 "$seconds" "$qemu" "${kind[@]}" -accel kvm -cpu host -smp 8 -m 512 \
		-nodefaults -display none -no-reboot -serial stdio \
		-kernel "$debian/files/vmlinuz" -initrd "$work/initrd" \
		-append "console=$console quiet panic=-1" >"$EPOCH_CACHE/log/kvm-probe.log" 2>&1 </dev/null || :
	} 2>/dev/null
	if grep -q epoch-probe-alive "$EPOCH_CACHE/log/kvm-probe.log"; then
		echo "kvm a guest with 8 CPUs booted with it"
	else
		echo "tcg /dev/kvm is there, but a guest did not boot with it ($(shown "$EPOCH_CACHE/log/kvm-probe.log"))"
	fi
	rm -rf -- "$work"
}

if [[ ${1:-$native} != "$native" ]]; then
	echo "tcg the CPUs are of another architecture"
	exit
fi

# The verdict holds for one boot, one kernel, and one user's access.
now="$(</proc/sys/kernel/random/boot_id) $kernel $(id -u) $(stat -c '%i %g %a' /dev/kvm 2>/dev/null || :)"
if [[ ! -f $verdict || $(head -n 1 "$verdict") != "$now" ]]; then
	{ echo "$now" && probe; } >"$verdict.part.$$"
	mv -- "$verdict.part.$$" "$verdict"
fi
tail -n 1 "$verdict"
