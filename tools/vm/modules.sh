#!/bin/bash
# modules.sh KERNEL [MUTANT]: build the modules for Debian's kernel (stock) or
# one of our own (uml, debug, kasan), in the cache. MUTANT sets the cfg
# epoch_mutant for a build that must fail its tests. modules.sh --dir KERNEL
# [MUTANT] prints where they are.
set -euo pipefail
# shellcheck source=tools/vm/inside.sh
. "$(dirname -- "$0")/inside.sh"

mode=step
case ${1:-} in
--dir | --build)
	mode=${1#--}
	shift
	;;
esac
variant=${1:?which kernel: stock, uml, debug or kasan}
mutant=${2:-}

tree=$EPOCH_CACHE/$variant
out=$EPOCH_CACHE/build/$variant${mutant:+-$mutant}
name="build the modules for $variant${mutant:+, mutant $mutant}"

build() {
	local flags=()
	case $variant in
	stock)
		flags=(CC=x86_64-linux-gnu-gcc-14 "KERNELRELEASE=$kernel")
		;;
	clippy)
		tree=$EPOCH_CACHE/stock
		flags=(CC=x86_64-linux-gnu-gcc-14 "KERNELRELEASE=$kernel" CLIPPY=1)
		;;
	*)
		kernel_flags "$variant"
		# UML's module loader knows no GOT relocations.
		[[ $variant != uml ]] ||
			flags+=("RUSTFLAGS_MODULE=--cfg MODULE -Crelocation-model=static -Ccode-model=large")
		;;
	esac
	[[ -z $mutant ]] || flags+=("EPOCH_MUTANT=$mutant")
	# Never "finished": the next make goes on here, up to the next reboot.
	workdir "$out" "$(key "$tree/.stamp") $(contents Kbuild rust scale include samples)"
	make -C "$tree" M="$src" MO="$out" -j"$jobs" KCFLAGS=-Werror KRUSTFLAGS=-Dwarnings \
		"${flags[@]}" modules
}

case $mode in
dir)
	echo "$out"
	;;
build)
	build
	;;
step)
	lock "build-${out##*/}"
	step "$name" "$0" --build "$variant" "$mutant"
	;;
esac
