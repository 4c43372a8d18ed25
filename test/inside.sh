# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by the scripts that run inside the build root.

# shellcheck source=test/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

[[ -f /etc/epoch-release ]] ||
	die "${0##*/} runs inside the build root only" "" "use test/enter.sh test/${0##*/}, or make help"

# For the scripts that source this:
# shellcheck disable=SC2034
src=/src
# The Debian kernel that modules are built for: KVER=, or the one that was chosen (default.sh).
kernel=${KVER:-$("$test/kernels/default.sh")}
[[ $kernel =~ ^[0-9]+[.][0-9]+[0-9a-z.~+]*-[a-z0-9-]+$ ]] ||
	die "KVER=$kernel is not the version of a kernel" "" "say, for example, KVER=7.3.4+deb13-amd64"
version=${kernel%%-*}
# shellcheck disable=SC2034
linux=$EPOCH_CACHE/source/$version
# Its files, and the tree that modules are built with.
# shellcheck disable=SC2034
debian=$EPOCH_CACHE/kernels/$kernel
# shellcheck disable=SC2034
case $kernel in
*arm64) arch=arm64 ;;
*) arch=amd64 ;;
esac
# shellcheck disable=SC2034
native=$(dpkg --print-architecture)
release=$(</etc/epoch-release)
# Programs for the kernel's architecture; each build root has a compiler of its own.
# shellcheck disable=SC2034
bin=$EPOCH_CACHE/bin
[[ $release == trixie ]] || bin+=-$release
[[ $arch == "$native" ]] || bin+=-$arch
# shellcheck disable=SC2034
jobs=$(nproc)

# toolchain: print the packages that build kernels and modules, which are rebuilt if these
# change.
toolchain() {
	dpkg-query -W -f '${Package}=${Version}\n' rustc bindgen build-essential gcc pahole
	echo "$version"
}

# key FILE...: print a stamp's text, a hash of the tool chain and of the contents of FILEs.
key() {
	{ toolchain && cat -- "$@"; } | sha256sum | cut -d' ' -f1
}

# contents PATH...: print a hash of the project's files there. make and cargo compare times
# only, and would consider files of another tree, or older ones, as built.
contents() {
	(cd "$src" && find "$@" -name target -prune -o -type f -exec sha256sum {} + | sort | sha256sum | cut -d' ' -f1)
}

# own_kernels: print the names of the kernels that this project builds.
own_kernels() {
	(cd "$test/kernels" && dirname -- */settings)
}

# own_settings NAME: read the settings of a kernel that this project builds.
# shellcheck disable=SC2034 # for the scripts that source this
own_settings() {
	[[ -f $test/kernels/$1/settings ]] ||
		die "there is no kernel $1" "" "take one of these: $(own_kernels | tr '\n' ' ')"
	arguments=() module_arguments=()
	# shellcheck disable=SC1090 # which one depends
	. "$test/kernels/$1/settings"
	configs=("${configs[@]/#/"$test/kernels/"}")
	configs=("${configs[@]/%//config}")
}
