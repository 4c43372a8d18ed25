# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by the scripts that run inside the build root.

# shellcheck source=tools/vm/lib.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

[[ -f /etc/epoch-kernel ]] ||
	die "${0##*/} runs inside the build root only" "" "use tools/vm/enter.sh tools/vm/${0##*/}, or make help"

# For the scripts that source this:
# shellcheck disable=SC2034
src=/src
kernel=$(</etc/epoch-kernel)
series=$(cut -d. -f1,2 <<<"$kernel")
# shellcheck disable=SC2034
linux=$EPOCH_CACHE/linux
# shellcheck disable=SC2034
jobs=$(nproc)

# What kernels and modules are made with: where this changes, so do they.
toolchain() {
	dpkg-query -W -f '${Package}=${Version}\n' rustc bindgen gcc-14 pahole \
		"linux-source-$series" "linux-headers-$kernel"
}

# key FILE...: a stamp's text, of the tool chain and what FILEs say.
key() {
	{ toolchain && cat -- "$@"; } | sha256sum | cut -d' ' -f1
}

# contents PATH...: a hash of the project's files there. make and cargo look at
# times only, and would take files of another tree, or older ones, for built.
contents() {
	(cd "$src" && find "$@" -name target -prune -o -type f -exec sha256sum {} + | sort | sha256sum | cut -d' ' -f1)
}

# kernel_flags KERNEL: sets "flags" to what make is told about a kernel of our
# own, and about modules for it.
# shellcheck disable=SC2034 # for the scripts that source this
kernel_flags() {
	case $1 in
	uml) flags=(ARCH=um) ;;
	debug) flags=() ;;
	# Rust code under KASAN needs LLVM on both sides.
	kasan) flags=(LLVM=1) ;;
	*) die "there is no kernel $1" "" "say uml, debug or kasan" ;;
	esac
}
