#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# loom-mutants.sh [NAME...]: check that the tests of the model checker find planted bugs.
# Applies each patch of tools/loom/mutants, or the named ones, to a copy of the sources:
# the tests that the patch names must fail, with a sign that it names. Prints "PASS name" and
# "FAIL name" lines.
#
# It needs cargo, and also works outside the build root.
set -euo pipefail
# shellcheck source=test/lib.sh
. "$(dirname -- "$0")/../lib.sh"

tree=$(cd -- "$test/.." && pwd)
mutants=$tree/tools/loom/mutants
if [[ -f /etc/epoch-release ]]; then
	# As in tools.sh.
	export CARGO_HOME=$EPOCH_CACHE/cargo CARGO_TARGET_DIR=$EPOCH_CACHE/target
	lock tools
fi
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$tree/tools/target} CARGO_TERM_COLOR=never

# Always at this path, so that cargo recognises it. Rewritten files count as changed for cargo,
# which compares times only.
copy=$CARGO_TARGET_DIR/mutants
log=$copy/log
rm -rf -- "$copy"
mkdir -p -- "$copy"/{tools,rust}
tar -C "$tree/tools" --exclude=./target -cf - . | tar -C "$copy/tools" -xmf -
tar -C "$tree/rust" -cf - epoch/domain epoch_bench/trackers/lockless | tar -C "$copy/rust" -xmf -
# The copy may be below a repository.
export GIT_CEILING_DIRECTORIES=$CARGO_TARGET_DIR

failed=0
found() {
	echo "PASS mutant $name: $1"
}
missed() {
	echo "FAIL mutant $name: $1; the end of its log:"
	tail -n 15 "$log" | sed 's/^/   | /'
	failed=1
}

# field KEY: print the values of "KEY: value" lines in the mutant's description.
field() {
	sed -n "/^---\$/q; s/^$1: //p" "$mutants/$name.patch"
}

# plant [-R]: apply the mutant, or remove it.
plant() {
	(cd "$copy" && git apply "$@" -) <"$mutants/$name.patch" >"$log" 2>&1
}

# A bug is found quickly, so build time dominates.
export CARGO_INCREMENTAL=0
quick=(--config profile.dev.package.epoch-loom.opt-level=0
	--config profile.dev.package.epoch-loom.debug=false)

cargo_test() {
	(cd "$copy/tools" && timeout -k 5 "${TIMEOUT:-300}" cargo test --locked "${quick[@]}" -p epoch-loom "$@") >"$log" 2>&1 </dev/null
}

if (($#)); then
	names=("$@")
else
	names=("$mutants"/*.patch)
	names=("${names[@]##*/}")
	names=("${names[@]%.patch}")
fi
for name in "${names[@]}"; do
	if ! plant; then
		missed "the patch does not apply"
		continue
	fi
	field Test >"$copy/tests"
	while read -r target unit; do
		if ! cargo_test --test "$target" --no-run; then
			missed "it does not build"
		elif cargo_test --test "$target" -- --exact "$unit"; then
			missed "$target $unit did not fail"
		elif ! grep -q '^running 1 test$' "$log"; then
			missed "there is no test $unit in $target"
		elif grep -Eq -- "$(field Sign)" "$log"; then
			found "found by $target $unit"
		else
			missed "$target $unit failed, but not as expected"
		fi
	done <"$copy/tests"
	plant -R || die "cannot take back the mutant $name" "$log" "run it again"
done
rm -rf -- "$copy"
exit "$failed"
