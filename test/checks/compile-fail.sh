#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# compile-fail.sh: check that the compiler rejects unsound uses. Compiles each file of
# rust/epoch/compile_fail for User-Mode Linux twice, with the command by which Kbuild compiles
# the Rust sample: as it is, which must succeed, and with the cfg "refused", which must fail
# with the error that the file names and no other. Prints "PASS name" and "FAIL name" lines.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/../inside.sh"

"$test/kernels/own.sh" uml
"$test/kernels/modules.sh" uml
cd "$("$test/kernels/modules.sh" --dir uml)"
# As in the kernel's build, which uses unstable features.
export RUSTC_BOOTSTRAP=1

# The command without its outputs, its source, and -Dwarnings: rejected code must be an error,
# not a warning.
command=$(sed -n 's/^savedcmd_.* := //p' samples/.epoch_sample_rust.o.cmd |
	sed -E 's/ -Dwarnings//; s/ --emit=[^ ]*//g; s/ --out-dir [^ ]*//; s| [^ ]*/epoch_sample_rust\.rs.*||')
output=$(mktemp -d)
trap 'rm -rf -- "$output"' EXIT

compile() { # FILE FLAG...
	sh -c "$command \"\$@\"" sh --out-dir "$output" --emit=metadata --error-format=human --color=never \
		--check-cfg='cfg(refused)' -Amissing_docs -Adead_code -Aunused_variables -Aunused_mut "${@:2}" \
		"$1" 2>&1
}

failed=0
for file in "$src"/rust/epoch/compile_fail/*.rs; do
	name=$(basename -- "$file" .rs)
	error=$(sed -n 's,^//! Refused: ,,p' "$file")
	if ! said=$(compile "$file"); then
		verdict="does not compile without it"
	elif said=$(compile "$file" --cfg refused); then
		verdict="is not refused"
	elif codes=$(grep '^error' <<<"$said" | grep -v '^error: aborting due to ' |
		sed -E 's/^error\[([^]]*)\].*/\1/' | sort -u) && [[ $codes == "$error" ]]; then
		say "PASS refused: $name ($error)"
		continue
	else
		verdict="is refused with ${codes//$'\n'/, } instead of $error"
	fi
	printf '%s\n' "$said" | sed 's/^/   | /'
	say "FAIL refused: $name $verdict"
	failed=1
done
exit "$failed"
