#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kdir-test.sh: test check-kdir.sh with fake kernel trees and a fake compiler. Prints
# "PASS name" or "FAIL name" lines.
set -euo pipefail

here=$(cd -- "$(dirname -- "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
failed=0

# Create a tree that passes; each test breaks one thing in it.
tree() {
	rm -rf -- "$work/k"
	mkdir -p "$work/k/include/config" "$work/k/rust"
	printf '%s\n' CONFIG_RUST=y 'CONFIG_RUSTC_VERSION_TEXT=rustc 1.85.1 (abc)' \
		>"$work/k/include/config/auto.conf"
	touch "$work/k/rust/libkernel.rmeta" "$work/k/rust/libcore.rmeta" "$work/k/rust/libmacros.so"
	tool rustc "rustc 1.85.1 (abc)"
	tool bindgen "bindgen 0.71.1"
	on void 7.3.4
}

on() { # DISTRIBUTION KERNEL
	printf 'ID=%s\n' "$1" >"$work/os-release"
	kernel=$2
}

tool() {
	printf '#!/bin/sh\necho "%s"\n' "$2" >"$work/$1"
	chmod +x "$work/$1"
}

check() {
	OS_RELEASE=$work/os-release KERNEL=$kernel RUSTC=$work/rustc BINDGEN=$work/bindgen \
		"$here/../kernels/check-kdir.sh" "$work/k" 2>&1
}

verdict() { # NAME STATUS OUTPUT
	if (($2 == 0)); then
		echo "PASS check-kdir: $1"
	else
		echo "FAIL check-kdir: $1"
		printf '%s\n' "$3" | sed 's/^/   | /'
		failed=1
	fi
}

refuses() { # NAME TEXT...: fails, and its message holds each TEXT
	local name=$1 output status=0 text
	shift
	if output=$(check); then
		verdict "$name" 1 "it was accepted"
		return
	fi
	for text in "$@"; do
		[[ $output == *"$text"* ]] || status=1
	done
	verdict "$name" "$status" "$output"
}

tree
status=0
output=$(check) || status=$?
verdict "a good tree is accepted" "$status" "$output"

tree
rm -r -- "$work/k"
refuses "no such directory" "no such directory" KDIR=

tree
rm -- "$work/k/include/config/auto.conf"
refuses "a tree that is not configured" "not configured" olddefconfig

tree
sed -i 's/^CONFIG_RUST=y/# &/' "$work/k/include/config/auto.conf"
refuses "no CONFIG_RUST" "without CONFIG_RUST"

tree
tool rustc "rustc 1.90.0 (def)"
refuses "another compiler: both are named" "rustc 1.85.1 (abc)" "rustc 1.90.0 (def)" RUSTC=

tree
rm -- "$work/rustc"
refuses "no compiler" "does not run" "rustc 1.85.1 (abc)"

tree
rm -- "$work/bindgen"
refuses "no bindgen" "bindgen does not run"

for part in libkernel.rmeta libcore.rmeta libmacros.so; do
	tree
	rm -- "$work/k/rust/$part"
	refuses "no rust/$part" "no Rust metadata" "the metadata"
done

# DKMS makes the metadata if the rest is there.
for missing in metadata compiler; do
	tree
	rm -- "$work/k/rust/libkernel.rmeta"
	wanted=3
	[[ $missing == metadata ]] || {
		tool rustc "rustc 1.90.0 (def)"
		wanted=1
	}
	status=0
	output=$(check) || status=$?
	verdict "without the $missing the status is $wanted" "$((status != wanted))" "$output"
done

# Each distribution's own command.
while read -r distribution release command; do
	tree
	on "$distribution" "$release"
	rm -- "$work/k/rust/libkernel.rmeta"
	refuses "no metadata on $distribution with $release" "To do: $command"
done <<-END
	debian 7.3.4+deb13-amd64 run make KVER=\$(uname -r)
	debian 7.3.4-mine make the metadata from the kernel's source
	ubuntu 7.0.0-14-generic run apt-get install linux-lib-rust-\$(uname -r)
	arch 7.3.4-arch1-1 run pacman -S linux-headers
	fedora 7.2.9-300.fc44 make the metadata from the kernel's source
	nixos 7.2.0 run nix-build
	void 7.3.4 make the metadata from the kernel's source
END

exit "$failed"
