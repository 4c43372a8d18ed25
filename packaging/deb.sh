#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# deb.sh [VERSION]: build Debian's packages epoch-dkms, epoch-dev and epoch-bench in the cache, check
# them with lintian, and print their paths. They are for the architecture of this machine. VERSION
# replaces that of epoch-bench, to try an upgrade.
#
# Runs inside the build root.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/../test/inside.sh"

work=$EPOCH_CACHE/packages/work
version=${1:-$(sed -n 's/^version = "\(.*\)"/\1/p' "$src/tools/Cargo.toml")}
packages=$EPOCH_CACHE/packages/$version

# put: copy files of the project, with their directories.
put() { # DIRECTORY FILE...
	local into=$1
	shift
	mkdir -p -- "$into"
	(cd "$src" && cp -r --parents -t "$into" -- "$@")
}

# man9: make a manual page of each function and type of epoch.h.
man9() {
	mkdir -p stage/man9
	"$linux/scripts/kernel-doc" -man include/epoch.h |
		awk -F '"' '/^\.TH/ { name = $2; sub(/.* /, "", name) } { print >"stage/man9/" name ".9" }'
}

build() {
	rm -rf -- "$work"
	mkdir -p -- "$work/epoch"
	cd "$work/epoch"
	put "$PWD" include samples packaging LICENSES
	mv packaging/debian debian
	put "$PWD/stage/dkms" Kbuild rust scale torture include samples packaging/dkms \
		test/kernels/{check-kdir,metadata}.sh tools/epoch-bench/src/doctor/distributions
	rm stage/dkms/packaging/dkms/dkms.conf
	mkdir -p stage/bin stage/completions
	cp -- "$bin/epoch-bench" stage/bin/
	stage/bin/epoch-bench man stage/man1
	stage/bin/epoch-bench completions bash >stage/completions/epoch-bench
	stage/bin/epoch-bench completions zsh >stage/completions/_epoch-bench
	stage/bin/epoch-bench completions fish >stage/completions/epoch-bench.fish
	man9
	sed -i "1s/(.*)/($version)/" debian/changelog
	dpkg-buildpackage --build=binary --no-sign
	lintian --fail-on error --no-tag-display-limit "$work"/epoch_*.changes
	rm -rf -- "$packages"
	mkdir -p -- "$packages"
	mv -- "$work"/*.deb "$packages/"
}

[[ $arch == "$native" ]] ||
	die "packages are built for the architecture of this machine, $native" "" "run make deb on $arch"
"$test/tools.sh"
"$test/kernels/debian.sh" --source
lock packages
step "build the packages, version $version" build
for package in "$packages"/*.deb; do
	shown "$package"$'\n'
done
