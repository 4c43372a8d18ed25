#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# debian.sh: prepare a tree that builds modules for one of Debian's kernels, the default one or
# KVER=, installed or not. Debian's headers lack the Rust metadata: it is made from Debian's
# source, with Debian's configuration and compilers, which gives the same symbols.
# debian.sh --source unpacks the source only, which other kernels are built from as well.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/../inside.sh"
# shellcheck source=test/kernels/apt.sh
. "$test/kernels/apt.sh"
# shellcheck source=test/kernels/metadata.sh
. "$test/kernels/metadata.sh"

tree=$debian/tree
files=$debian/files
config=$files/usr/src/linux-headers-$kernel/.config
key=$(key "$0" "$test/kernels/metadata.sh")

# others: print kernels that could be taken instead, of that flavour if there are any.
others() {
	local same
	same=$(offered_kernels | grep -- "-${kernel#*-}\$" || :)
	[[ -n $same ]] || same=$(offered_kernels)
	head -n 6 <<<"$same" | paste -sd' '
}

# check_compilers CONFIG: refuse a kernel that modules cannot be built for.
check_compilers() {
	local compiler cc
	grep -qx CONFIG_RUST=y "$1" ||
		refuse "$kernel was built without CONFIG_RUST" "take a kernel that has it, with KVER=: $(others)"
	compiler=$(sed -n 's/^CONFIG_RUSTC_VERSION_TEXT="\(.*\)"$/\1/p' "$1")
	[[ $(rustc --version) == "$compiler" ]] ||
		refuse "$kernel was built with \"$compiler\", and Debian $release has \"$(rustc --version)\"" \
			"take another kernel with KVER=: $(others)"
	cc=$(compiler_of "$1")
	command -v -- "$cc" >/dev/null ||
		refuse "the compiler $cc of $kernel is not in the build root" "take another kernel with KVER=: $(others)"
}

fetch() {
	local offered
	update_lists 1440
	offered=$(package_version "linux-headers-$kernel")
	if [[ -z $offered ]]; then
		update_lists 10
		offered=$(package_version "linux-headers-$kernel")
	fi
	[[ -n $offered ]] ||
		refuse "Debian $release offers no kernel $kernel (any more)" \
			"take one that it offers, with KVER=: $(others)"
	rm -rf -- "$files" "$files.part"
	mkdir -p -- "$files.part"
	unpack_packages "$files.part" "linux-headers-$kernel:$arch=$offered"
	check_compilers "$files.part/${config#"$files"/}"
	# Newer kernels have the image in linux-binary; older ones in linux-image.
	local image=linux-binary-$kernel
	[[ -n $(package_version "$image") ]] || image=linux-image-$kernel
	unpack_packages "$files.part" "$image:$arch=$offered"
	# The guest's programs.
	[[ $arch == "$native" ]] ||
		unpack_packages "$files.part" "busybox-static:$arch"
	find "$files.part" -name 'vmlinuz*' -type f -exec mv -- {} "$files.part/vmlinuz" ';'
	[[ -s $files.part/vmlinuz ]]
	printf '%s\n' "$offered" >"$files.part/version"
	sync -f "$files.part"
	mv -- "$files.part" "$files"
}

# unpack: unpack the source of that version. It is not modified: kernels are built elsewhere.
unpack() {
	local series package
	series=$(grep -oE '^[0-9]+[.][0-9]+' <<<"$version")
	package=linux-source-$series
	[[ -n $(package_version "$package" "$(<"$files/version")") ]] ||
		refuse "apt no longer offers the source of $kernel ($package $(<"$files/version"))" \
			"take a newer kernel with KVER=: $(others)"
	rm -rf -- "$linux" "$linux.part" "$linux.deb"
	mkdir -p -- "$linux.part" "$linux.deb"
	unpack_packages "$linux.deb" "$package=$(<"$files/version")"
	tar -C "$linux.part" --strip-components=1 -xf "$linux.deb/usr/src/$package.tar.xz"
	rm -rf -- "$linux.deb"
	# Not of the package: what changes the tree is a new version, which has another directory.
	echo "$version" >"$linux.part/.epoch-stamp"
	sync -f "$linux.part"
	mv -- "$linux.part" "$linux"
}

prepare() {
	local cc
	check_compilers "$config"
	cc=$(compiler_of "$config")
	workdir "$tree" "$key"
	local arguments=("KERNELRELEASE=$kernel")
	[[ $arch == "$native" ]] || case $arch in
	arm64) arguments+=(ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-) ;;
	*) arguments+=(ARCH=x86_64 CROSS_COMPILE=x86_64-linux-gnu-) ;;
	esac
	printf '%s\n' "CC=$cc" "${arguments[@]}" >"$tree/.arguments"
	make_metadata "$linux" "$config" "$tree" "${arguments[@]}"
	cp -- "$(dirname -- "$config")/Module.symvers" "$tree/"
	# It has the kernel's types only, from which those of modules are made (BTF).
	[[ ! -e $(dirname -- "$config")/vmlinux ]] || cp -- "$(dirname -- "$config")/vmlinux" "$tree/"
	finished "$tree" "$key"
}

mkdir -p -- "$EPOCH_CACHE/kernels" "$EPOCH_CACHE/source"
lock "kernel-$kernel"
[[ -s $files/version ]] || step "fetch the kernel $kernel" fetch
lock "source-$version"
current "$linux/.epoch-stamp" "$version" || step "unpack the source of $version" unpack
[[ ${1:-} != --source ]] || exit 0
current "$tree/.stamp" "$key" ||
	step "prepare the tree for the kernel $kernel" prepare
