#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kunit.sh [--kernel NAME] [--mutant NAME] [--only SUITE.TEST]: build the modules for
# a kernel that this project builds (see kernels/own.sh; uml by default), load them there, and
# evaluate their KUnit tests with the kernel's kunit.py. What each module printed is left in
# results/kunit/KERNEL[-MUTANT] of the cache.
#
# Exit status: 0 if all passed; 1 if a test failed; 2 if nothing was tested (no build, no boot,
# no tests); 3 if the run hung; 4 if the kernel crashed; 5 if the tests passed but the kernel
# log contains a warning. --mutant plants a bug of mutants/, and skips the tests of unloading.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/inside.sh"
# shellcheck source=test/boot/qemu.sh
. "$test/boot/qemu.sh"
# shellcheck source=test/boot/uml.sh
. "$test/boot/uml.sh"

variant=uml
mutant=
only=
while (($#)); do
	case $1 in
	--kernel) variant=${2:?which kernel} && shift ;;
	--mutant) mutant=${2:?which mutant} && shift ;;
	--only) only=${2:?which test} && shift ;;
	*) die "kunit.sh does not know $1" "" "see the comment at its top" ;;
	esac
	shift
done

results=$EPOCH_CACHE/results/kunit/$variant${mutant:+-$mutant}
rm -rf -- "$results"
mkdir -p -- "$results"
# Held until the modules are no longer needed: the next mutant overwrites them.
[[ -z $mutant ]] || lock "mutant${LANE:-}-$variant"
"$test/kernels/own.sh" "$variant"
"$test/kernels/modules.sh" "$variant" ${mutant:+"$mutant" "${only%%.*}"} || exit 2
modules=$("$test/kernels/modules.sh" --dir "$variant" "$mutant")

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
log=$EPOCH_CACHE/log/kunit-$variant${mutant:+-$mutant}.log

# In the order of Kbuild's obj-m.
files=()
while read -r object; do
	module=$(basename -- "$object" .o)
	# It has no KUnit tests, and keeps all CPUs busy.
	[[ $module != epoch_torture ]] || continue
	files+=("$modules/${object%.o}.ko=modules/$module.ko")
	echo "$module" >>"$work/order"
done <"$modules/modules.order"
# The test of unloading needs all modules.
[[ -n $mutant ]] || files+=("$test/guest/kunit-unload=modules/unload")
"$test/boot/initrd.sh" "$work/initrd" "$test/guest/kunit-init=init" "$work/order=modules/order" "${files[@]}"

append=(kunit.enable=1 log_buf_len=1M ${only:+"kunit.filter_glob=$only"})
boot_uml() {
	cpus=2 memory=1024 seconds=${TIMEOUT:-120} console=$log
	run_uml "$EPOCH_CACHE/kernels/$variant-$version/linux" "$work/initrd" "${append[*]}" 'epoch-kunit: '
}

boot_qemu() {
	cpus=${CPUS:-4} memory=${MEM:-1024} seconds=${TIMEOUT:-600} console=$log
	run_guest "$EPOCH_CACHE/kernels/$variant-$version/arch/x86/boot/bzImage" "$work/initrd" "${append[*]} EPOCH_END=reboot" 'epoch-kunit: '
	# Lines of the serial console end in carriage returns, which kunit.py does not expect.
	sed -i 's/\r$//' "$log"
}

case $variant in
uml*) boot_uml ;;
*) boot_qemu ;;
esac

# Each module with tests prints a KTAP document of its own; kunit.py reads one. guest/kunit-init
# marks their boundaries.
awk -v dir="$results" '
	/epoch-kunit: tests done/ { part = "" }
	/epoch-kunit: load / { part = dir "/" $NF ".ktap" }
	part { print > part }
	' "$log"
tested=0
failures=0
for part in "$results"/*.ktap; do
	grep -q 'KTAP version' "$part" 2>/dev/null || continue
	# The tests of guest/kunit-unload alone are not enough.
	[[ $part == */unload.ktap ]] || tested=$((tested + 1))
	python3 "$linux/tools/testing/kunit/kunit.py" parse "$part" || failures=$((failures + 1))
done

verdict() { # STATUS WHAT
	say "KUnit: $2."
	[[ $1 == 0 ]] || say "Log: $(shown "$log")"
	exit "$1"
}
# A test module that ran no test is a failure, too.
while read -r module; do
	[[ $module != *_kunit ]] || grep -q 'KTAP version' "$results/$module.ktap" 2>/dev/null || tested=0
done <"$work/order"

splats='WARNING:|BUG[: ]|Oops|INFO: (possible|rcu|task|trying)|suspicious|inconsistent lock|epoch-kunit: failed'
((tested)) || verdict 2 "no test ran"
if ! grep -q 'epoch-kunit: end' "$log"; then
	((status != 124 && status != 137)) || verdict 3 "hung: no end within $seconds s"
	verdict 4 "the kernel crashed"
fi
((failures == 0)) || verdict 1 "failed"
if grep -E "$splats" "$log"; then
	verdict 5 "tests passed, but the kernel log has a warning"
fi
verdict 0 "passed, no warning in the kernel log"
