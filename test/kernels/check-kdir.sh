#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# check-kdir.sh KDIR: check that Rust modules can be built with this kernel tree and this
# compiler. Each failure suggests a fix. RUSTC= names another compiler.
set -euo pipefail

kdir=$1
rustc=${RUSTC:-rustc}

fail() {
	printf 'epoch: cannot build for %s: %s\n' "$kdir" "$1" >&2
	shift
	printf '  %s\n' "$@" >&2
	exit 1
}

guest='"make demo" and "make vm" need none of this: they bring a kernel of their own.'

[[ -d $kdir ]] || fail "there is no such directory" \
	"Install the kernel's headers, or give another kernel with KVER= or its build directory with KDIR=." \
	"$guest"

config=$kdir/include/config/auto.conf
[[ -f $config ]] || fail "it is not configured (no include/config/auto.conf)" \
	"Run \"make olddefconfig modules_prepare\" there."

grep -qx 'CONFIG_RUST=y' "$config" || fail "this kernel is built without CONFIG_RUST" \
	"Use a kernel that has it: Debian's from 7.2 on, or your own with CONFIG_RUST=y." \
	"$guest"

wanted=$(sed -n 's/^CONFIG_RUSTC_VERSION_TEXT=//p' "$config" | tr -d '"')
found=$("$rustc" --version 2>/dev/null) || fail "the Rust compiler \"$rustc\" does not run" \
	"Install the one that built this kernel, \"$wanted\", or name it with RUSTC=."
[[ $found == "$wanted" ]] || fail "the compilers differ" \
	"the kernel was built with: $wanted" \
	"$rustc is:               $found" \
	"Rust modules load only if both are the same: install that one, or name it with RUSTC=."

"${BINDGEN:-bindgen}" --version >/dev/null 2>&1 || fail "bindgen does not run" \
	"Install it (Debian: apt-get install bindgen), or name it with BINDGEN=."

shopt -s nullglob
macros=("$kdir"/rust/libmacros*.so)
[[ -f $kdir/rust/libkernel.rmeta && -f $kdir/rust/libcore.rmeta && ${#macros[@]} -gt 0 ]] ||
	fail "it has no Rust metadata (rust/libkernel.rmeta and others)" \
		"Distributions' headers lack it. Prepare it from the kernel's own source, as test/kernels/stock.sh does:" \
		"unpack the source, copy /boot/config-VERSION to .config, run" \
		"\"make KERNELRELEASE=VERSION olddefconfig modules_prepare\", copy Module.symvers from the headers," \
		"and give that directory with KDIR=." \
		"$guest"
