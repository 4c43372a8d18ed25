#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# stock.sh: prepare a tree that builds modules for the unmodified Debian kernel. Debian's
# headers lack the Rust metadata, so make it from Debian's source, with Debian's configuration
# and compilers, which gives the same symbols.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/../inside.sh"

tree=$EPOCH_CACHE/stock
config=/boot/config-$kernel

# options FILE: print the options that must equal Debian's: an option that olddefconfig turns
# off, because a tool is missing or of another version, changes the modules. Excluded are the
# versions of tools, and the keys that Debian removes from its configuration.
options() {
	grep '^CONFIG_' "$1" | sort |
		grep -Ev '_VERSION|BUILD_SALT|MODULE_SIG_(ALL|KEY)|SYSTEM_TRUSTED_KEYS'
}

build() {
	local compiler
	compiler=$(sed -n 's/^CONFIG_RUSTC_VERSION_TEXT="\(.*\)"$/\1/p' "$config")
	if [[ $(rustc --version) != "$compiler" ]]; then
		echo "rustc is \"$(rustc --version)\", the kernel was built with \"$compiler\""
		return 1
	fi
	workdir "$tree" "$(key "$0")"
	cp -- "$config" "$tree/.config"
	local make=(make -C "$linux" "O=$tree" CC=x86_64-linux-gnu-gcc-14 "KERNELRELEASE=$kernel")
	"${make[@]}" olddefconfig
	diff <(options "$config") <(options "$tree/.config") || {
		echo "the configuration is not Debian's any more (see above)"
		return 1
	}
	"${make[@]}" -j"$jobs" modules_prepare
	cp -- "/usr/src/linux-headers-$kernel/Module.symvers" "$tree/"
	finished "$tree" "$(key "$0")"
}

if [[ ${1:-} == --build ]]; then
	build
	exit
fi

"$test/kernels/linux.sh"
lock stock
current "$tree/.stamp" "$(key "$0")" ||
	step "prepare the tree for the kernel $kernel" "$0" --build
