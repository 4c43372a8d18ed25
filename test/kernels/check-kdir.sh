#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# check-kdir.sh KDIR: check that Rust modules can be built with this kernel tree and this
# compiler. A failure says in a line what is missing, and which command brings it on this
# distribution; the exit status is 3 if that is the metadata of the kernel's crates alone, else 1.
# RUSTC= and BINDGEN= name other programs; OS_RELEASE= and KERNEL= stand for /etc/os-release and
# the running kernel in tests.
set -euo pipefail

kdir=$1
rustc=${RUSTC:-rustc}
kernel=${KERNEL:-$(uname -r)}
here=$(cd -- "$(dirname -- "$0")" && pwd)

# advice FIELD: print what the table of distributions has in this field for this machine.
advice() {
	local names
	names=$(
		[[ -n ${OS_RELEASE:-} || ! -e /etc/armbian-release ]] || echo armbian
		# shellcheck disable=SC1090,SC1091 # it is the system's
		. "${OS_RELEASE:-/etc/os-release}" 2>/dev/null && echo "${ID:-} ${ID_LIKE:-}"
		echo '*'
	)
	awk -F ' [|] ' -v field="$1" -v kernel="$kernel" -v names="$names" '
		/^#/ { next }
		{
			if ($2 == "*" || index(kernel, $2))
				if (!($1 in text))
					text[$1] = $field
		}
		END {
			n = split(names, name, /[ \n]+/)
			for (i = 1; i <= n; i++)
				if (name[i] in text) {
					print text[name[i]]
					exit
				}
		}' "$here/../../tools/epoch-bench/src/doctor/distributions"
}

fail() { # WHAT ADVICE [MORE [STATUS]]
	local todo=$2
	case $todo in
	:) todo="make the metadata from the kernel's source: see Documentation/kernels.rst" ;;
	:*) todo=${todo#: } ;;
	*) todo="run $todo" ;;
	esac
	printf 'epoch: cannot build for %s: %s. To do: %s.\n' "$kdir" "$1" "$todo" >&2
	[[ -z ${3:-} ]] || printf '   %s\n' "$3" >&2
	printf '   "make demo" and "make vm" bring a kernel of their own.\n' >&2
	exit "${4:-1}"
}

[[ -d $kdir ]] || fail "there is no such directory" "$(advice 3)" \
	"Or give another kernel with KVER=, or its build directory with KDIR=."

config=$kdir/include/config/auto.conf
[[ -f $config ]] || fail "it is not configured (no include/config/auto.conf)" \
	"make -C $kdir olddefconfig modules_prepare"

grep -qx 'CONFIG_RUST=y' "$config" || fail "this kernel is built without CONFIG_RUST" \
	": use a kernel that has it, such as Debian's from 7.2 on, or your own with CONFIG_RUST=y"

wanted=$(sed -n 's/^CONFIG_RUSTC_VERSION_TEXT=//p' "$config" | tr -d '"')
found=$("$rustc" --version 2>/dev/null) || fail "the Rust compiler \"$rustc\" does not run" \
	"$(advice 5)" "The kernel was built with \"$wanted\"; RUSTC= names another one."
[[ $found == "$wanted" ]] || fail "the kernel was built with \"$wanted\", and $rustc is \"$found\"" \
	"$(advice 5)" "Rust modules load only if both are the same; RUSTC= names another one."

"${BINDGEN:-bindgen}" --version >/dev/null 2>&1 || fail "bindgen does not run" "$(advice 6)" \
	"BINDGEN= names another one."

shopt -s nullglob
macros=("$kdir"/rust/libmacros*.so)
[[ -f $kdir/rust/libkernel.rmeta && -f $kdir/rust/libcore.rmeta && ${#macros[@]} -gt 0 ]] ||
	fail "it has no Rust metadata (rust/libkernel.rmeta and others)" "$(advice 4)" "" 3
