#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# packages.sh: build Debian's packages, which fails if lintian finds an error in them; and check that
# epoch-dkms has all that it is built from. Prints "PASS name" and "FAIL name" lines.
# test/packages/check.sh installs them.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/../inside.sh"
# shellcheck source=test/boot/try.sh
. "$test/boot/try.sh"

# The modules are built from what is in the package alone, with the kernel's tree.
# shellcheck disable=SC2317 # try calls it
build_unpacked() {
	local work=$EPOCH_CACHE/packages/unpacked flags
	rm -rf -- "$work"
	dpkg-deb -x "$EPOCH_CACHE"/packages/"$version"/epoch-dkms_*.deb "$work"
	mapfile -t flags <"$debian/tree/.arguments"
	make -C "$debian/tree" M="$work/usr/src/epoch-$version" -j"$jobs" "${flags[@]}" modules &&
		sed -n 's/^BUILT_MODULE_NAME.*="\(.*\)"/\1.ko/p' "$work/usr/src/epoch-$version/dkms.conf" |
		(cd "$work/usr/src/epoch-$version" && xargs ls --)
}

version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$src/tools/Cargo.toml")
"$test/kernels/debian.sh"
try "the packages build, without an error of lintian" "$src/packaging/deb.sh"
try "modules build from epoch-dkms" build_unpacked
exit "$failed"
