# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by the scripts that run inside the build root.

# shellcheck source=test/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

[[ -f /etc/epoch-kernel ]] ||
	die "${0##*/} runs inside the build root only" "" "use test/enter.sh test/${0##*/}, or make help"

# For the scripts that source this:
# shellcheck disable=SC2034
src=/src
kernel=$(</etc/epoch-kernel)
series=$(cut -d. -f1,2 <<<"$kernel")
# shellcheck disable=SC2034
linux=$EPOCH_CACHE/linux
# shellcheck disable=SC2034
jobs=$(nproc)

# toolchain: print the packages that build kernels and modules, which are rebuilt if these
# change.
toolchain() {
	dpkg-query -W -f '${Package}=${Version}\n' rustc bindgen gcc-14 pahole \
		"linux-source-$series" "linux-headers-$kernel"
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

# kernel_flags KERNEL: set "flags" to make's arguments for a kernel that this project builds,
# and for its modules.
# shellcheck disable=SC2034 # for the scripts that source this
kernel_flags() {
	case $1 in
	uml) flags=(ARCH=um) ;;
	debug) flags=() ;;
	# Rust code under KASAN needs LLVM on both sides.
	kasan) flags=(LLVM=1) ;;
	*) die "there is no kernel $1" "" "use uml, debug or kasan" ;;
	esac
}
