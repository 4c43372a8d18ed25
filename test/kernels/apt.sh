# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by the scripts that ask apt for Debian's kernels. The lists and the cache are this
# project's, so that no privileges are needed, and kernels of another architecture can be had.

lists=$EPOCH_CACHE/apt/$(</etc/epoch-release)
apt_options=(-q -o "Dir::State::lists=$lists/lists" -o "Dir::Cache=$lists"
	-o APT::Architectures::=amd64 -o APT::Architectures::=arm64
	-o "APT::Sandbox::User=$(id -un)")

# update_lists MINUTES: update the lists if they are older than that.
update_lists() {
	mkdir -p -- "$lists/lists/partial" "$lists/archives/partial"
	[[ -z $(find "$lists/.updated" -mmin "-$1" 2>/dev/null) ]] || return 0
	# An unreachable mirror is only a warning for apt-get.
	apt-get "${apt_options[@]}" -o APT::Update::Error-Mode=any update &&
		touch "$lists/.updated"
}

# package_version PACKAGE [VERSION-PREFIX]: print the newest version that apt offers, or the newest
# that begins with the prefix; nothing if there is none.
package_version() {
	apt-cache "${apt_options[@]}" madison "$1" |
		awk -F ' *[|] *' -v prefix="${2:-}" 'index($2, prefix) == 1 { print $2 }' | sort -rV | head -n 1
}

# offered_kernels: print Debian's kernels that apt offers, newest first.
offered_kernels() {
	apt-cache "${apt_options[@]}" pkgnames linux-headers- |
		sed -nE 's/^linux-headers-([0-9]+[.][0-9]+[^-]*-[a-z0-9-]*(amd64|arm64))$/\1/p' | sort -rV
}

# unpack_packages DIRECTORY PACKAGE[:ARCH]=VERSION...: download packages, and unpack them there.
unpack_packages() {
	local into=$1 work
	shift
	work=$(mktemp -d "$lists/download-XXXXXX")
	(cd "$work" && apt-get "${apt_options[@]}" download "$@") || {
		rm -rf -- "$work"
		return 1
	}
	local package
	for package in "$work"/*.deb; do
		dpkg-deb -x "$package" "$into"
	done
	rm -rf -- "$work"
}
