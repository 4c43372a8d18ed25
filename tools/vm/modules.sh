#!/bin/bash
# modules.sh stock|uml [MUTANT]: build the modules for one of our kernels, in
# the cache. MUTANT sets the cfg epoch_mutant for a build that must fail its
# tests. modules.sh --dir stock|uml [MUTANT] prints where they are.
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
variant=${1:?which kernel: stock or uml}
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
	uml)
		# UML's module loader knows no GOT relocations.
		flags=(ARCH=um "RUSTFLAGS_MODULE=--cfg MODULE -Crelocation-model=static -Ccode-model=large")
		;;
	clippy)
		tree=$EPOCH_CACHE/stock
		flags=(CC=x86_64-linux-gnu-gcc-14 "KERNELRELEASE=$kernel" CLIPPY=1)
		;;
	*)
		echo "unknown kernel $variant"
		return 1
		;;
	esac
	[[ -z $mutant ]] || flags+=("EPOCH_MUTANT=$mutant")
	# Never "finished": the next make goes on here, up to the next reboot.
	workdir "$out" "$(key "$tree/.stamp") $(contents Kbuild rust include samples)"
	make -C "$tree" M="$src" MO="$out" -j"$jobs" "${flags[@]}" modules
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
