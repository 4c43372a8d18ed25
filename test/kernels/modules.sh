#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# modules.sh KERNEL [MUTANT [SUITE]]: build the modules in the cache, for Debian's kernel
# (stock) or for one that this project builds. modules.sh --dir KERNEL [MUTANT] prints their
# directory.
#
# With MUTANT, a bug is planted: the modules are built from a copy of the project to which
# mutants/MUTANT.patch, or that of the model or of guest/, was applied. All mutants of a kernel share the copy
# and the build directory, so each takes little time and overwrites the previous one; LANE=, a
# number, selects another copy. With SUITE, only the modules that this suite of KUnit tests needs
# are built, or with "torture" those of the torture test.
#
# Other values of KERNEL:
#   clippy    modules for stock, checked by clippy
#   busted    modules for stock, with a tracker that is faulty on purpose
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/../inside.sh"

where=
if [[ ${1:-} == --dir ]]; then
	where=1
	shift
fi
variant=${1:?which kernel: stock, or one in test/kernels}
mutant=${2:-}
suite=${3:-}

case $variant in
stock | clippy | busted) tree=$debian/tree ;;
*) tree=$EPOCH_CACHE/kernels/$variant-$version ;;
esac
from=$src
out=$EPOCH_CACHE/build/$variant-$kernel
name="build the modules for $variant${mutant:+, mutant $mutant}"
[[ $variant != stock ]] || name="build the modules for $kernel"
if [[ -n $mutant ]]; then
	planted=$EPOCH_CACHE/mutant${LANE:-}/$variant-$kernel
	from=$planted/src
	out=$planted/out
fi
# The sources of the modules.
sources=(Kbuild rust scale torture include samples)

# needed: print the modules that the suite needs, or nothing if they are not known.
needed() {
	local crate modules=
	[[ -n $suite ]] || return 0
	if [[ $suite == torture ]]; then
		echo " epoch.o epoch_torture.o"
		return
	fi
	for crate in epoch epoch_bench; do
		modules+=" $crate.o"
		if grep -rqwF -- "$suite" "$src/rust/$crate/"kunit*; then
			echo "$modules"
			return
		fi
	done
}

# plant: make the copy equal to the project with the bug. Only files that differ are written:
# make rebuilds the files that this mutant or the previous one changes.
plant() {
	local only new=$planted/new patch=$test/mutants/$mutant.patch
	[[ -f $patch ]] || patch=$src/tools/loom/mutants/$mutant.patch
	[[ -f $patch ]] || patch=$test/guest/$mutant.patch
	[[ -f $patch ]] || die "there is no mutant $mutant" "" \
		"see $test/mutants/table and $test/mutants/torture"
	workdir "$planted" "$(key "$tree/.stamp") $(contents Kbuild)"
	rm -rf -- "$new"
	mkdir -p -- "$new" "$from" "$out"
	(cd "$src" && cp -r -- "${sources[@]}" "$new")
	(cd "$new" && git apply -) <"$patch" ||
		die "the mutant $mutant does not apply: the code that it breaks has changed" "" \
			"change ${patch#"$src/"} as well"
	only=$(needed)
	[[ -z $only ]] || echo "obj-m := \$(filter$only,\$(obj-m))" >>"$new/Kbuild"
	# Without --times, written files are new for make.
	rsync --recursive --links --checksum --delete "$new/" "$from/"
}

build() {
	local flags=()
	mapfile -t flags <"$tree/.arguments"
	case $variant in
	clippy) flags+=(CLIPPY=1) ;;
	busted) flags+=(EPOCH_BENCH_BUSTED=1) ;;
	esac
	# Neither directory is ever "finished": the next make resumes there, up to the
	# next reboot.
	if [[ -n $mutant ]]; then
		# A mutant may leave code unused, so warnings are not errors.
		plant
	else
		# In addition to those of the kernel.
		flags+=("KCFLAGS=$(sed -n 's/^KCFLAGS=//p' "$tree/.arguments" | tail -n 1) -Werror" KRUSTFLAGS=-Dwarnings)
		workdir "$out" "$(key "$tree/.stamp") $(contents "${sources[@]}")"
	fi
	make -C "$tree" M="$from" MO="$out" -j"$jobs" "${flags[@]}" modules
}

if [[ -n $where ]]; then
	echo "$out"
	exit
fi
lock "build-${mutant:+mutant${LANE:-}-}$variant-$kernel"
step "$name" build
