#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# root.sh RELEASE DIRECTORY ARCH: make a build root in DIRECTORY, a tree of that Debian release with
# the compilers and QEMU, or complete it for kernels of ARCH. Runs as root.
set -euo pipefail
# shellcheck source=test/lib.sh
. "$(dirname -- "$0")/../lib.sh"

if [[ ${1:-} == --build || ${1:-} == --complete ]]; then
	mode=${1#--}
	shift
fi
release=$1
root=$2
arch=$3
native=$(dpkg --print-architecture)

lists=("$test/root/packages" "$test/root/packages.$native")
[[ $release != trixie ]] || lists+=("$test/root/packages.checks")
packages=$(for list in "${lists[@]}"; do fields "$list"; done | sort -u)
key=$({ echo "$release $packages" && cat -- "$test"/root/{root,sources,backports}.sh; } | sha256sum)

# settings: print options of the host's apt-get: it may reach the mirror through a proxy only, or
# use one that is a snapshot, whose release files have expired.
settings() {
	apt-config dump 2>/dev/null |
		{ grep -E '^Acquire::((http|https|ftp)::Proxy(::[^ ]+)?|Check-Valid-Until) "' || :; }
}

build() {
	local sources options=() line
	while read -r line; do
		options+=("--aptopt=$line")
	done < <(settings)

	sources=$("$test/root/sources.sh" "$release")
	if [[ -n $sources ]]; then
		options+=("$release" "$root.part" -)
	else
		echo "the host's apt names no Debian mirror: using mmdebstrap's default"
		options+=("--setup-hook=$test/root/backports.sh \"\$1\" $release" "$release" "$root.part")
	fi

	rm -rf --one-file-system -- "$root.part"
	# Unstable is for kernels only.
	[[ $sources != *sid* ]] || options=("--aptopt=APT::Default-Release \"$release\"" "${options[@]}")
	mmdebstrap --verbose --mode=root --variant=apt --include="$(paste -sd, <<<"$packages")" \
		--aptopt='APT::Install-Recommends "false"' "${options[@]}" <<<"$sources"

	# The mount points of enter.sh.
	mkdir -p "$root.part/src" "$root.part/cache"
	touch "$root.part/etc/resolv.conf" "$root.part/etc/hosts"

	# The stamp is inside: one rename puts the tree and its stamp in place.
	echo "$release" >"$root.part/etc/epoch-release"
	printf '%s\n' "$key" >"$root.part/etc/epoch-root"
	sync -f "$root.part"
	rm -rf --one-file-system -- "$root.old"
	[[ ! -e $root ]] || mv -- "$root" "$root.old"
	mv -- "$root.part" "$root"
	rm -rf --one-file-system -- "$root.old"
}

# foreign: print a stamp's text, of the packages for kernels of ARCH.
foreign() {
	sha256sum <"$test/root/packages.$arch"
}

complete() {
	local wanted
	mapfile -t wanted < <(fields "$test/root/packages.$arch")
	mount -t proc proc "$root/proc"
	for file in /etc/resolv.conf /etc/hosts; do
		[[ ! -e $file ]] || mount --bind "$(readlink -f "$file")" "$root$file"
	done
	local apt=(chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get -o Dpkg::Use-Pty=0)
	"${apt[@]}" update
	"${apt[@]}" install --yes --no-install-recommends "${wanted[@]}"
	stamp "$root/etc/epoch-$arch" "$(foreign)"
}

if [[ -n ${mode:-} ]]; then
	"$mode"
	exit
fi

# In namespaces of its own: nothing stays mounted or running, however it ends.
isolated=(setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --mount-proc)

lock "$(basename -- "$root")"
if ! current "$root/etc/epoch-root" "$key"; then
	say "Making the build root in $root: Debian $release with Rust, gcc and QEMU, 2 GB (once)."
	step "build root" "${isolated[@]}" "$0" --build "$release" "$root" "$arch"
fi
if [[ $arch != "$native" ]] && ! current "$root/etc/epoch-$arch" "$(foreign)"; then
	step "complete the build root for $arch" \
		"${isolated[@]}" "$0" --complete "$release" "$root" "$arch"
fi
