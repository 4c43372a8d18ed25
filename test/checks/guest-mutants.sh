#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# guest-mutants.sh [NAME...]: check that the tests in the guests find planted bugs. Plants
# each bug of mutants/guest, or the named ones, in a copy of the project: a test that the
# patch names must fail in the guest that it names, of the kernel that it names, if any. Prints "PASS name" and "FAIL name" lines.
# Each bug takes some minutes, so "make check" leaves them out.
#
# Runs outside the build root, and enters that of the copy, which uses the same cache.
set -euo pipefail
# shellcheck source=test/lib.sh
. "$(dirname -- "$0")/../lib.sh"

mutants=$test/mutants/guest
names=("$@")
((${#names[@]})) || mapfile -t names < <(cd "$mutants" && printf '%s\n' *.patch | sed 's/[.]patch$//')
copy=$(mktemp -d)
trap 'rm -rf -- "$copy"' EXIT

# field KEY: print the value of KEY in the mutant's description.
field() {
	sed -n "/^---\$/q; s/^$1: //p" "$mutants/$name.patch"
}

failed=0
for name in "${names[@]}"; do
	say "plant $name ..."
	rm -rf -- "$copy/tree"
	mkdir -- "$copy/tree"
	tar -C "$test/.." --exclude=./.git --exclude=./tools/target -cf - . | tar -C "$copy/tree" -xf -
	# The copy may be below a repository.
	(cd "$copy/tree" && GIT_CEILING_DIRECTORIES=$copy git apply - <"$mutants/$name.patch") ||
		die "the mutant $name does not apply: the code that it breaks has changed" "" \
			"change $mutants/$name.patch as well"
	log=$copy/$name.log
	kernel=$(field Kernel)
	env ${kernel:+"KVER=$kernel"} "$copy/tree/test/enter.sh" test/checks/guest.sh "$(field Guest)" >"$log" 2>&1 </dev/null || :
	if grep -Eq "^FAIL ($(field Test))" "$log"; then
		say "PASS mutant $name: found by \"$(grep -Eo -m 1 "^FAIL ($(field Test))" "$log" | cut -c6-)\""
	else
		say "FAIL mutant $name: no test of these failed: $(field Test); the end of its log:"
		tail -n 15 "$log" | sed 's/^/   | /'
		failed=1
	fi
done
exit "$failed"
