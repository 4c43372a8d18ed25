#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# users-module.sh NAME: build the module that module.sh copied to the cache.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/../inside.sh"

name=$1
"$test/kernels/debian.sh"
"$test/kernels/modules.sh" stock
built=$("$test/kernels/modules.sh" --dir stock)
mapfile -t arguments <"$debian/tree/.arguments"
crate="--extern epoch=$built/rust/epoch/libepoch.rmeta"
crate+=" -L$built/rust/epoch -L$built/rust/kernel_ext"
step "build the module $name" make -C "$debian/tree" M="/cache/module/$name" -j"$jobs" \
	"${arguments[@]}" KCFLAGS="-I$src/include" KRUSTFLAGS="$crate" \
	KBUILD_EXTRA_SYMBOLS="$built/Module.symvers" modules
