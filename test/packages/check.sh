#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# check.sh: build the packages, install them in a Debian 13 tree with backports' kernels, upgrade
# them, boot that tree, use the modules there, and remove and purge the packages. Prints "PASS
# name" and "FAIL name" lines, and ends with "N passed, N failed".
#
# Runs outside the build root, as root: the packages are installed by root in a tree of their own.
set -euo pipefail
# shellcheck source=test/lib.sh
. "$(dirname -- "$0")/../lib.sh"

((EUID == 0)) || die "the packages are installed in a chroot, that is by root" "" "run as root"
find_cache
packages=$EPOCH_CACHE/packages
tree=$packages/tree
output=$packages/output
old=1.0~test1 new=1.0~test2

make_tree() {
	rm -rf --one-file-system -- "$tree"
	mmdebstrap --mode=root --variant=important --include=initramfs-tools \
		trixie "$tree" - < <("$test/root/sources.sh" trixie)
	mkdir -p -- "$tree/packages"
	# A power loss does not matter here, and the time does.
	echo force-unsafe-io >"$tree/etc/dpkg/dpkg.cfg.d/fast"
}

install_packages() {
	local file
	cp -- "$packages/$old"/*.deb "$packages/$new"/*.deb "$tree/packages/"
	cp -- "$test/packages"/{install,guest,lib}.sh "$tree/packages/"
	for file in /etc/resolv.conf /etc/hosts; do
		[[ ! -e $file ]] || cp -L -- "$file" "$tree$file"
	done
	# In namespaces of its own: nothing stays mounted.
	# shellcheck disable=SC2016 # sh expands them
	setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child -- \
		sh -c 'mount -t proc proc "$1/proc" && shift && exec "$@"' sh "$tree" \
		chroot "$tree" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive /packages/install.sh "$old" "$new"
}

make_image() {
	rm -f -- "$packages/disk"
	truncate -s 8G "$packages/disk"
	mke2fs -q -t ext4 -d "$tree" "$packages/disk"
	chmod 666 "$packages/disk"
}

"$test/enter.sh" packaging/deb.sh "$old"
"$test/enter.sh" packaging/deb.sh "$new"
lock packages-check
step "make a Debian tree" make_tree
step "install and upgrade the packages" install_packages
step "make a disk of the tree" make_image
"$test/enter.sh" test/packages/boot.sh
cat -- "$EPOCH_CACHE/log/install-and-upgrade-the-packages.log" "$packages/console" |
	tr -d '\r' | grep -aE '^(PASS|FAIL) ' >"$output" || :
# guest.sh's last line: a guest may also end by a crash.
grep -q ': nothing is left$' "$output" ||
	say "FAIL packages: the guest did not reach its end; log: $packages/console" >>"$output"
cat -- "$output"
failed=$(grep -c '^FAIL ' "$output" || :)
passed=$(grep -c '^PASS ' "$output" || :)
say "$passed passed, $failed failed"
((failed == 0))
