#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# complete.sh DIRECTORY PACKAGE...: install packages in a build root. Runs as root, in namespaces of
# its own (root.sh).
set -euo pipefail

root=$1
shift

mount -t proc proc "$root/proc"
for file in /etc/resolv.conf /etc/hosts; do
	[[ ! -e $file ]] || mount --bind "$(readlink -f "$file")" "$root$file"
done
apt=(chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get -o Dpkg::Use-Pty=0)
"${apt[@]}" update
"${apt[@]}" install --yes --no-install-recommends "$@"
