#!/bin/bash
# Build the User-Mode Linux kernel that the KUnit tests run in.
set -euo pipefail
# shellcheck source=tools/vm/inside.sh
. "$(dirname -- "$0")/inside.sh"

tree=$EPOCH_CACHE/uml
config=$vm/uml.config

build() {
	local make=(make -C "$linux" "O=$tree" ARCH=um) line
	workdir "$tree" "$(key "$0" "$config")"
	"${make[@]}" defconfig
	(cd "$tree" && "$linux/scripts/kconfig/merge_config.sh" -m .config "$config")
	"${make[@]}" olddefconfig
	while read -r line; do
		# "=n" stands in .config as a comment, or not at all.
		if [[ $line == *=n ]]; then
			! grep -q "^${line%=n}=" "$tree/.config"
		else
			grep -qx -- "$line" "$tree/.config"
		fi || {
			echo "the configuration did not take $line"
			return 1
		}
	done < <(grep '^CONFIG_' "$config")
	"${make[@]}" -j"$jobs"
	"${make[@]}" -j"$jobs" modules_prepare
	finished "$tree" "$(key "$0" "$config")"
}

if [[ ${1:-} == --build ]]; then
	build
	exit
fi

"$vm/linux.sh"
lock uml
current "$tree/.stamp" "$(key "$0" "$config")" ||
	step "build the User-Mode Linux kernel" "$0" --build
