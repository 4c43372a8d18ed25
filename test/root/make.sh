#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# make.sh RELEASE DIRECTORY KEY PACKAGE...: make a build root in DIRECTORY, with these packages. Its
# stamp says KEY. Runs as root, in namespaces of its own (root.sh).
set -euo pipefail
# shellcheck source=test/lib.sh
. "$(dirname -- "$0")/../lib.sh"

release=$1 root=$2 key=$3
shift 3

# settings: print options of the host's apt-get: it may reach the mirror through a proxy only, or
# use one that is a snapshot, whose release files have expired.
settings() {
	apt-config dump 2>/dev/null |
		{ grep -E '^Acquire::((http|https|ftp)::Proxy(::[^ ]+)?|Check-Valid-Until) "' || :; }
}

options=()
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
# All of it is synchronised below, so dpkg need not do so for each package.
mmdebstrap --verbose --mode=root --variant=apt --include="$(printf '%s\n' "$@" | paste -sd,)" \
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
