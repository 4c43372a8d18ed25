#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# linux.sh: unpack the kernel's source. It is not modified: kernels are built in other
# directories.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/../inside.sh"

if [[ ${1:-} == --build ]]; then
	rm -rf -- "$linux" "$linux.part"
	mkdir -- "$linux.part"
	tar -C "$linux.part" --strip-components=1 -xf "/usr/src/linux-source-$series.tar.xz"
	key "$0" >"$linux.part/.epoch-stamp"
	sync -f "$linux.part"
	mv -- "$linux.part" "$linux"
	exit
fi

lock linux
current "$linux/.epoch-stamp" "$(key "$0")" || step "unpack the kernel's source" "$0" --build
