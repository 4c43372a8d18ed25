#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# host.sh: install the few packages that the host itself needs; everything else is in the build
# root. Runs as root.
set -euo pipefail
# shellcheck source=test/lib.sh
. "$(dirname -- "$0")/../lib.sh"

declare -A reason=()
need() { # PACKAGE FILE WHY
	[[ -e $2 ]] || command -v -- "$2" >/dev/null || reason[$1]=$3
}
need mmdebstrap mmdebstrap "makes the build root, a Debian tree in the cache"
need debian-archive-keyring /usr/share/keyrings/debian-archive-keyring.gpg \
	"the keys that the build root's packages are checked against"
need tar tar "unpacks"
need util-linux unshare "private mounts: nothing stays mounted"
need util-linux setpriv "private mounts: nothing stays mounted"

((${#reason[@]})) || exit 0

command -v apt-get >/dev/null ||
	die "this host lacks ${!reason[*]}, and has no apt-get" "" \
		"use Debian 12 or 13, or install these by hand"

say "This host lacks, and apt-get is about to install:"
for package in "${!reason[@]}"; do
	say "   $package: ${reason[$package]}"
done
export DEBIAN_FRONTEND=noninteractive
install=(apt-get install --yes --no-install-recommends "${!reason[@]}")
if ! "${install[@]}" >/dev/null 2>&1; then
	step "update the host's package lists" apt-get update
	step "install ${!reason[*]}" "${install[@]}"
fi
