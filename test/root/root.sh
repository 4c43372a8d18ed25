#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# root.sh: make the build root, a Debian tree with the compilers, QEMU and the kernel's
# packages. Runs as root.
set -euo pipefail
# shellcheck source=test/lib.sh
. "$(dirname -- "$0")/../lib.sh"

root=$EPOCH_CACHE/root
key=$(sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$test/kernels/versions" "$test/root/packages" |
	cat - "$test"/root/*.sh | sha256sum)

build() {
	local include sources options=() line
	include=$(sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$test/root/packages" |
		paste -sd,)
	# The host's apt may reach the mirror through a proxy only.
	while read -r line; do
		[[ -z $line ]] || options+=("--aptopt=$line")
	done < <(apt-config dump 2>/dev/null |
		grep -E '^Acquire::(http|https|ftp)::Proxy(::[^ ]+)? "' || :)

	sources=$("$test/root/sources.sh")
	if [[ -n $sources ]]; then
		options+=("$SUITE" "$root.part" -)
	else
		echo "the host's apt names no Debian mirror: using mmdebstrap's default"
		options+=("--setup-hook=$test/root/backports.sh \"\$1\"" "$SUITE" "$root.part")
	fi

	rm -rf --one-file-system -- "$root.part"
	mmdebstrap --verbose --mode=root --variant=apt --include="$include" \
		--aptopt='APT::Install-Recommends "false"' \
		--customize-hook="$test/root/kernel.sh \"\$1\"" \
		"${options[@]}" <<<"$sources"

	# The mount points of enter.sh.
	mkdir -p "$root.part/src" "$root.part/cache"
	touch "$root.part/etc/resolv.conf" "$root.part/etc/hosts"

	# The stamp is inside: one rename puts the tree and its stamp in place.
	printf '%s\n' "$key" >"$root.part/etc/epoch-root"
	sync -f "$root.part"
	rm -rf --one-file-system -- "$root.old"
	[[ ! -e $root ]] || mv -- "$root" "$root.old"
	mv -- "$root.part" "$root"
	rm -rf --one-file-system -- "$root.old"
}

if [[ ${1:-} == --build ]]; then
	build
	exit
fi

lock root
current "$root/etc/epoch-root" "$key" && exit
say "Making the build root in $root: Debian $SUITE with Rust, gcc, QEMU and the kernel's source, 2 GB (once)."
# In namespaces of its own: nothing stays mounted or running, however it ends.
step "build root" setpriv --pdeathsig KILL \
	unshare --mount --pid --fork --kill-child --mount-proc "$0" --build
