#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kernel.sh uml|debug|kasan: build a kernel for the KUnit tests.
#
#   uml     User-Mode Linux: fast to build, to boot and to run
#   debug   a small x86-64 kernel with the runtime checks that a distribution leaves out
#   kasan   the options of debug and KASAN, built by clang
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/../inside.sh"

mode=step
if [[ ${1:-} == --build ]]; then
	mode=build
	shift
fi
variant=${1:?which kernel: uml, debug or kasan}
kernel_flags "$variant"

tree=$EPOCH_CACHE/$variant
case $variant in
uml) configs=("$test/kernels/uml/config") ;;
debug) configs=("$test/kernels/debug/config") ;;
kasan) configs=("$test/kernels/debug/config" "$test/kernels/kasan/config") ;;
esac
key=$(key "$0" "${configs[@]}")

build() {
	local make=(make -C "$linux" "O=$tree" "${flags[@]}") line
	workdir "$tree" "$key"
	if [[ $variant == uml ]]; then
		"${make[@]}" defconfig
		(cd "$tree" && "$linux/scripts/kconfig/merge_config.sh" -m .config "${configs[@]}")
		"${make[@]}" olddefconfig
	else
		# Only the options that the configurations ask for.
		cat -- "${configs[@]}" >"$tree/wanted.config"
		"${make[@]}" "KCONFIG_ALLCONFIG=$tree/wanted.config" allnoconfig
	fi
	while read -r line; do
		# "=n" is a comment in .config, or absent.
		if [[ $line == *=n ]]; then
			! grep -q "^${line%=n}=" "$tree/.config"
		else
			grep -qx -- "$line" "$tree/.config"
		fi || {
			echo "the configuration did not take $line"
			return 1
		}
	done < <(cat -- "${configs[@]}" | grep '^CONFIG_')
	"${make[@]}" -j"$jobs"
	"${make[@]}" -j"$jobs" modules_prepare
	finished "$tree" "$key"
}

if [[ $mode == build ]]; then
	build
	exit
fi

"$test/kernels/linux.sh"
lock "$variant"
current "$tree/.stamp" "$key" || step "build the kernel $variant" "$0" --build "$variant"
