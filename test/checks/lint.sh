#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# lint.sh: check the formatting, and run static checks.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/../inside.sh"
# shellcheck source=test/boot/try.sh
. "$test/boot/try.sh"

cd "$src"
mapfile -t rust < <(find rust scale torture samples -name '*.rs' 2>/dev/null | sort)
mapfile -t c < <(find rust scale torture include samples test -name '*.[ch]' 2>/dev/null | sort)
mapfile -t bash < <(find .ci packaging test tools -type f -not -path '*/target/*' -exec grep -lE '^#!/bin/bash|^# shellcheck shell=bash' {} + | sort)
mapfile -t busybox < <(grep -lE '^#!/bin/busybox sh|^# shellcheck shell=dash' -r test/guest packaging | sort)

# Kernel code follows the kernel's settings, and is built with its lints. Up-to-date objects
# print no warnings again, so start from an empty directory.
# shellcheck disable=SC2317 # try calls it
kernel_clippy() {
	rm -rf -- "$("$test/kernels/modules.sh" --dir clippy)" && "$test/kernels/modules.sh" clippy
}

"$test/kernels/debian.sh"
try "rustfmt (kernel)" rustfmt --check --edition 2021 --color never \
	--config-path "$linux/.rustfmt.toml" "${rust[@]}"
try "clippy (kernel)" kernel_clippy
for file in "${c[@]}"; do
	ignore=()
	# Tracepoint definitions have a layout of their own.
	[[ $file != */events.h ]] || ignore=(--ignore "OPEN_ENDED_LINE,PARENTHESIS_ALIGNMENT")
	# Programs of user space have no strscpy().
	[[ $file != test/* ]] || ignore=(--ignore STRCPY)
	try "checkpatch $file" "$linux/scripts/checkpatch.pl" --no-tree --strict --terse --show-types \
		"${ignore[@]}" --file "$file"
done
try "kernel-doc" "$linux/scripts/kernel-doc" -none -Wall -Werror include/epoch.h include/uapi/linux/*.h
try "rustfmt (tools)" "$test/tools.sh" --cargo fmt --check -- --color never
try "clippy (tools)" "$test/tools.sh" --cargo clippy --locked --workspace --all-targets -- -D warnings
try "Sphinx and rustdoc" "$test/docs.sh"
"$test/checks/words.sh" || failed=1
try "shellcheck (bash)" shellcheck --external-sources "${bash[@]}"
try "shellcheck (busybox)" shellcheck --shell dash "${busybox[@]}"
exit "$failed"
