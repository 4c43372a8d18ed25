#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# module.sh DIRECTORY: build the out-of-tree module in DIRECTORY, which has a Kbuild file of its
# own, for the guest's kernel (KVER=, or the default one). epoch.h is on the include path, and the
# symbols of epoch.ko are known; a Rust module may use the crate epoch. The paths of its .ko files
# are printed last, one a line.
#
# Runs outside the build root, since the directory may be anywhere.
set -euo pipefail

# shellcheck source=test/lib.sh
. "$(dirname -- "$0")/lib.sh"

directory=${1:-}
[[ -n $directory ]] || die "there is no directory of a module" "" "say DIR=DIRECTORY"
[[ -d $directory ]] || die "there is no directory $directory" "" "say DIR=DIRECTORY"
[[ -f $directory/Kbuild || -f $directory/Makefile ]] ||
	die "$directory has no Kbuild file" "" \
		"write one, for example: echo 'obj-m := my_module.o' >$directory/Kbuild"

# The build root sees the cache only.
find_cache
name=$(basename -- "$(cd -- "$directory" && pwd)")
[[ $name =~ ^[A-Za-z0-9._-]+$ ]] ||
	die "make cannot build in a directory of that name: $name" "" "rename it"
copy=$EPOCH_CACHE/module/$name
rm -rf -- "$copy"
mkdir -p -- "$copy"
cp -r -- "$directory/." "$copy"
"$test/enter.sh" test/kernels/users-module.sh "$name" </dev/null
find "$copy" -name '*.ko' | sort | grep . ||
	die "$directory has built no module" "" "its Kbuild file must have a line like: obj-m := my_module.o"
