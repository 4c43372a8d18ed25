# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by the scripts that make what Rust modules are built with.

# options FILE: print the options that must equal the kernel's: an option that olddefconfig turns
# off, because a tool is missing or of another version, changes the modules. Excluded are the
# versions of tools, the keys that Debian removes from its configuration, and the vDSO of
# 32-bit programs, which takes a third compiler on arm64.
options() {
	grep '^CONFIG_' "$1" | sort |
		grep -Ev '_VERSION|BUILD_SALT|MODULE_SIG_(ALL|KEY)|SYSTEM_TRUSTED_KEYS|COMPAT_VDSO'
}

# compiler_of CONFIG: print the name of the C compiler that the kernel was built with.
compiler_of() {
	sed -n 's/^CONFIG_CC_VERSION_TEXT="\([^ ]*\) .*/\1/p' "$1"
}

# make_metadata SOURCE CONFIG TREE ARGUMENT...: prepare TREE for building modules, from the source
# and the configuration of a kernel, with these arguments of make.
make_metadata() {
	local source=$1 config=$2 tree=$3
	shift 3
	cp -- "$config" "$tree/.config"
	local make=(make -C "$source" "O=$tree" "CC=$(compiler_of "$config")" "$@")
	"${make[@]}" olddefconfig
	diff <(options "$config") <(options "$tree/.config") || {
		echo "the configuration is not the kernel's any more (see above)"
		return 1
	}
	"${make[@]}" -j"$(nproc)" modules_prepare
}
