#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# tools.sh [--show]: build epoch-bench in the cache, as a static program, so that it runs in the
# guest and on any other Linux of that architecture; --show prints its path. tools.sh --cargo ARG...
# runs cargo in the workspace with the same settings.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/inside.sh"

export CARGO_HOME=$EPOCH_CACHE/cargo CARGO_TARGET_DIR=$EPOCH_CACHE/target CARGO_TERM_COLOR=never
# Each build root has a compiler of its own.
[[ $release == trixie ]] || CARGO_TARGET_DIR+=-$release

cargo_() {
	# As for the modules: resumable.
	local sources compilers
	compilers=$(dpkg-query -W -f '${Package}=${Version} ' rustc cargo gcc)
	workdir "$CARGO_TARGET_DIR" "$compilers"
	sources=$(contents tools rust include)
	if ! current "$CARGO_TARGET_DIR/.sources" "$sources"; then
		# Make cargo forget this project's crates; the others need not be rebuilt.
		rm -rf -- "$CARGO_TARGET_DIR"/{,*/}{debug,release,peers}/.fingerprint/{epoch,host,ministat}-*
		stamp "$CARGO_TARGET_DIR/.sources" "$sources"
	fi
	(cd "$src/tools" && cargo "$@")
}

foreign=
[[ $arch == "$native" ]] || foreign=1

# The Rust standard library of another architecture, of this very compiler.
sysroot=$EPOCH_CACHE/sysroot-$arch
standard_library() {
	local package
	package=$(dpkg-query -W -f '${Version}' rustc)
	if ! current "$sysroot/.stamp" "$package"; then
		# shellcheck source=test/kernels/apt.sh
		. "$test/kernels/apt.sh"
		update_lists 1440
		rm -rf -- "$sysroot"
		mkdir -p -- "$sysroot"
		unpack_packages "$sysroot" "libstd-rust-dev:$arch=$package"
		stamp "$sysroot/.stamp" "$package"
	fi
}

build() {
	local triple=x86_64-unknown-linux-gnu flags="-C target-feature=+crt-static" variable
	[[ $arch != arm64 ]] || triple=aarch64-unknown-linux-gnu
	if [[ $arch != "$native" ]]; then
		standard_library
		flags+=" --sysroot $sysroot/usr -C linker=${triple/-unknown/}-gcc"
	fi
	# With --target, the flags do not apply to procedural macros.
	variable=CARGO_TARGET_${triple//-/_}_RUSTFLAGS
	export "${variable^^}=$flags"
	cargo_ build --release --locked --target "$triple" --bin epoch-bench
	mkdir -p "$bin"
	cp -- "$CARGO_TARGET_DIR/$triple/release/epoch-bench" "$bin/epoch-bench.part"
	mv -- "$bin/epoch-bench.part" "$bin/epoch-bench"
}

lock tools
if [[ ${1:-} == --cargo ]]; then
	cargo_ "${@:2}"
	exit
fi
step "build epoch-bench${foreign:+ for $arch}" build
[[ ${1:-} != --show ]] || shown "$bin/epoch-bench"$'\n'
