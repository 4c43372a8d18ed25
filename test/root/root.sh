#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# root.sh RELEASE DIRECTORY ARCH [LIST]: make a build root in DIRECTORY, a tree of that Debian
# release with the compilers and QEMU, and complete it for kernels of ARCH, and with the packages of
# the file packages.LIST. Runs as root.
set -euo pipefail
# shellcheck source=test/lib.sh
. "$(dirname -- "$0")/../lib.sh"

release=$1
root=$2
arch=$3
native=$(dpkg --print-architecture)

# In namespaces of its own: nothing stays mounted or running, however it ends.
isolated=(setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --mount-proc)

lock "$(basename -- "$root")"

lists=("$test/root/packages" "$test/root/packages.$native")
[[ $release != trixie ]] || lists+=("$test/root/packages.checks")
mapfile -t packages < <(for list in "${lists[@]}"; do fields "$list"; done | sort -u)
key=$({ echo "$release ${packages[*]}" && cat -- "$test"/root/{make,sources,backports}.sh; } |
	sha256sum)
if ! current "$root/etc/epoch-root" "$key"; then
	say "Making the build root in $root: Debian $release with Rust, gcc and QEMU, 2 GB (once)."
	step "build root" "${isolated[@]}" "$test/root/make.sh" "$release" "$root" "$key" "${packages[@]}"
fi

for list in $([[ $arch == "$native" ]] || echo "$arch") ${4:-}; do
	mapfile -t packages < <(fields "$test/root/packages.$list")
	key=$(sha256sum <"$test/root/packages.$list")
	if ! current "$root/etc/epoch-$list" "$key"; then
		step "complete the build root for $list" \
			"${isolated[@]}" "$test/root/complete.sh" "$root" "${packages[@]}"
		stamp "$root/etc/epoch-$list" "$key"
	fi
done
