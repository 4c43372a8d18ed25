#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# own.sh NAME: build a kernel of the project's own, from the source of the Debian kernel. NAME/ has
# its settings, and the options that its configuration must have.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/../inside.sh"

name=${1:?which kernel}
own_settings "$name"

tree=$EPOCH_CACHE/kernels/$name-$version
key=$(key "$0" "${configs[@]}" "$test/kernels/$name/settings")

build() {
	local make=(make -C "$linux" "O=$tree" "${arguments[@]}") line
	workdir "$tree" "$key"
	# Only the options that the configurations ask for.
	cat -- "${configs[@]}" >"$tree/wanted.config"
	"${make[@]}" "KCONFIG_ALLCONFIG=$tree/wanted.config" allnoconfig
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
	printf '%s\n' "${arguments[@]}" "${module_arguments[@]}" | { grep . || :; } >"$tree/.arguments"
	finished "$tree" "$key"
}

"$test/kernels/debian.sh" --source
lock "kernel-$name"
current "$tree/.stamp" "$key" || step "build the kernel $name" build
