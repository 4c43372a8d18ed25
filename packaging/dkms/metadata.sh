#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# metadata.sh KERNEL: make /var/cache/epoch-dkms/KERNEL, a copy of the kernel's headers with the
# metadata of its Rust crates, unless it is there. The metadata is built from Debian's source of
# that very version, which apt downloads, with the kernel's configuration and compilers, so that
# its symbols are the kernel's; the source is removed again.
#
# DKMS runs this as root, before it builds the modules, and adds the output to its log. Takes some
# 4 minutes, 200 MB to download, and 2 GB while it runs; 300 MB stay.
set -euo pipefail

kernel=$1
state=/var/cache/epoch-dkms
headers=/lib/modules/$kernel/build
project=$(cd -- "$(dirname -- "$0")/../.." && pwd)
# shellcheck source=test/kernels/metadata.sh
. "$project/test/kernels/metadata.sh"

doing=
begin() {
	doing=$1
	printf 'epoch: %s: %s ...\n' "$kernel" "$doing"
}

refuse() { # WHY ADVICE
	printf 'epoch: cannot build for %s: %s. To do: %s.\n' "$kernel" "$1" "$2" >&2
	trap - EXIT
	rm -rf -- "$work"
	exit 1
}

retry="dpkg-reconfigure epoch-dkms"
work=
ended() {
	local status=$?
	rm -rf -- "$work" "$state/$kernel.part" || :
	((status == 0)) ||
		printf 'epoch: FAILED: %s, for %s. To do: see the lines above; then %s.\n' \
			"$doing" "$kernel" "$retry" >&2
}

mkdir -p -- "$state"
exec {lock}>>"$state/lock"
flock "$lock"
trap ended EXIT

# Of kernels that are gone. keep.sh makes those that begin with epoch-.
for old in "$state"/*/; do
	old=$(basename -- "$old")
	[[ -e /lib/modules/${old#epoch-}/build ]] || rm -rf -- "${state:?}/$old"
done

begin "check the headers and compilers"
status=0
complaint=$("$project/test/kernels/check-kdir.sh" "$headers" 2>&1) || status=$?
# 3: nothing is missing but the metadata.
((status == 0 || status == 3)) || {
	printf '%s\n' "$complaint" >&2
	release=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	retry="install the compilers of the kernel's release, as by apt-get install rustc/$release \
rust-src/$release bindgen/$release, and then $retry"
	exit 1
}
if ((status == 0)); then
	rm -rf -- "${state:?}/$kernel"
	ln -s -- "$(readlink -f "$headers")" "$state/$kernel"
	exit
fi

package=linux-headers-$kernel
version=$(dpkg-query -W -f '${Version}' "$package" 2>/dev/null) ||
	refuse "its headers are of no package $package, so that its source is not known" \
		"make the metadata in its source: Documentation/kernels.rst"
key="$version $(rustc --version) $(cat -- "$0" "$project/test/kernels/metadata.sh" | sha256sum)"
if [[ -f $state/$kernel/.key && $(<"$state/$kernel/.key") == "$key" ]]; then
	exit
fi

series=$(grep -oE '^[0-9]+[.][0-9]+' <<<"$kernel")
source=linux-source-$series
compiled_elsewhere=('drivers/*.c' 'fs/*.c' 'net/*.c' 'sound/*.c')
work=$state/work
rm -rf -- "$work"
mkdir -p -- "$work/source" "$work/tree"
tarball=/usr/src/$source.tar.xz
if [[ $(dpkg-query -W -f '${Version}' "$source" 2>/dev/null) != "$version" || ! -f $tarball ]]; then
	begin "download its source, $source $version"
	(cd "$work" && apt-get -q -o APT::Sandbox::User=root download "$source=$version") ||
		refuse "apt cannot download $source=$version" \
			"check the network, run apt-get update, and then $retry"
	dpkg-deb -x "$work"/*.deb "$work/package"
	rm -f -- "$work"/*.deb
	tarball=$work/package$tarball
fi

begin "unpack its source"
# What is compiled there is not needed; the configuration and the headers are.
tar -C "$work/source" --strip-components=1 --anchored --wildcards \
	"${compiled_elsewhere[@]/#/--exclude=$source/}" -xf "$tarball"
rm -rf -- "$work/package"

begin "build the metadata"
make_metadata "$work/source" "$(readlink -f "$headers")/.config" "$work/tree" "KERNELRELEASE=$kernel"

begin "add it to a copy of the headers"
part=$state/$kernel.part
rm -rf -- "$part"
cp -a -- "$(readlink -f "$headers")" "$part"
# These are links to what all flavours of this kernel share.
rm -- "$part/scripts" "$part/tools"
mkdir -- "$part/scripts"
ln -s -- "/usr/lib/linux-kbuild-${kernel%%-*}/scripts"/* "$part/scripts/"
ln -s -- "/usr/lib/linux-kbuild-${kernel%%-*}/tools" "$part/tools"
sed -i "s|^KBUILD_OUTPUT=.*|KBUILD_OUTPUT=$state/$kernel|" "$part/Makefile"
(cd "$work/tree" && find rust scripts include/generated \
	\( -path 'rust/*.rmeta' -o -path 'rust/*.so' -o -path 'rust/*/generated_*.rs' \
	-o -path scripts/target.json -o -path include/generated/rustc_cfg \) -print0 |
	xargs -0 cp --parents -t "$part")
printf '%s\n' "$key" >"$part/.key"
sync -f "$part"
rm -rf -- "${state:?}/$kernel"
mv -- "$part" "$state/$kernel"
"$project/test/kernels/check-kdir.sh" "$state/$kernel"
