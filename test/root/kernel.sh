#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kernel.sh: mmdebstrap's customize hook. Install the kernel, its headers and its source.
# Once backports no longer offer the pinned kernel, take the newest one with all three, and
# leave a notice.
set -euo pipefail
# shellcheck source=test/lib.sh
. "$(dirname -- "$0")/../lib.sh"
root=$1

packages() { # KERNEL: what it takes
	echo "linux-image-$1" "linux-headers-$1" "linux-source-$(cut -d. -f1,2 <<<"$1")"
}

offered() { # KERNEL: is all of it there?
	local package
	for package in $(packages "$1"); do
		chroot "$root" apt-cache show "$package" >/dev/null 2>&1 || return
	done
}

newest() {
	local kernel
	chroot "$root" apt-cache pkgnames linux-image- | sed 's/^linux-image-//' |
		grep -E '^[0-9]+\.[0-9]+\.[0-9]+[^-]*-cloud-amd64$' | sort -rV |
		while read -r kernel; do
			offered "$kernel" || continue
			echo "$kernel"
			break
		done
}

kernel=$KERNEL
if ! offered "$kernel"; then
	kernel=$(newest)
	[[ -n $kernel ]] || {
		echo "no cloud-amd64 kernel is offered with headers and source"
		exit 1
	}
	echo "NOTE: Debian no longer offers the kernel $KERNEL that this project is tested with; using $kernel." \
		>"$root/etc/epoch-notice"
fi

# No initramfs: the guest boots from that of initrd.sh.
# shellcheck disable=SC2046 # words
chroot "$root" env INITRD=No DEBIAN_FRONTEND=noninteractive apt-get install \
	--yes --no-install-recommends --target-release "$SUITE-backports" \
	$(packages "$kernel")
echo "$kernel" >"$root/etc/epoch-kernel"
