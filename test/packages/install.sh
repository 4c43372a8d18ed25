#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# install.sh OLD NEW: in a Debian 13 tree, install kernels and the packages of version OLD, a newer
# kernel, and the packages of version NEW, as a user would. guest.sh goes on when it is booted.
set -euo pipefail
# shellcheck source=test/packages/lib.sh
. "$(dirname -- "$0")/lib.sh"

old=$1 new=$2
architecture=$(dpkg --print-architecture)
flavour=cloud-$architecture

# get ARGUMENT...: install as a user would, but without asking.
get() {
	apt-get -q --yes -o Dpkg::Use-Pty=0 -o APT::Sandbox::User=root --no-install-recommends install "$@"
}

offered() { # SERIES
	apt-cache pkgnames "linux-headers-$1." | grep -E -- "-$flavour\$" | sort -V | tail -n 1 | sed 's/^linux-headers-//'
}

signed() {
	modinfo -k "$1" -F signer epoch_bench | grep .
}

log_of() { # VERSION KERNEL
	cat "/var/lib/dkms/epoch/$1/$2"/*/log/make.log
}

debs() { # VERSION
	printf '%s\n' /packages/epoch-{bench,dev,dkms}_"$1"_*.deb
}

apt-get -q update
first=$(offered 7.2) second=$(offered 7.3) plain=$(offered 6)
get -t trixie-backports "linux-image-$first" "linux-headers-$first" "linux-headers-$plain"
mapfile -t files < <(debs "$old")
# The kernel from backports has brought libelf from there.
get "${files[@]}" libelf-dev/trixie-backports
expect "DKMS has built the modules for $first" dkms_has installed "$old" "$first"
expect "its log shows the steps" grep -q 'unpack its source' <(log_of "$old" "$first")
expect "the modules are signed with DKMS's key" signed "$first"
expect "a kernel without Rust is passed over" grep -q "^$plain" <(! dkms status -k "$plain" | grep installed && echo "$plain")
expect "the source of the kernel is removed again" test ! -e /var/cache/epoch-dkms/work

get -t trixie-backports "linux-image-$second" "linux-headers-$second"
expect "with a new kernel, DKMS builds the modules for it" dkms_has installed "$old" "$second"

before=$(stat -c %Y "/var/cache/epoch-dkms/$second/.key")
mapfile -t files < <(debs "$new")
get "${files[@]}"
expect "an upgrade builds the new version" dkms_has installed "$new" "$second"
expect "for both kernels" dkms_has installed "$new" "$first"
expect "an upgrade removes the old version" test ! -e "/var/lib/dkms/epoch/$old"
expect "an upgrade keeps the metadata" test "$before" = "$(stat -c %Y "/var/cache/epoch-dkms/$second/.key")"

cp -r /usr/share/doc/epoch-dev/examples /packages/
expect "the examples build" make -C /packages/examples "KVER=$second"
expect "epoch-dev has manual pages" test -e /usr/share/man/man9/epoch_enter.9.gz
expect "epoch-bench has manual pages" test -e /usr/share/man/man1/epoch-bench-compare.1.gz
expect "epoch-bench completes in bash" bash -c ". /usr/share/bash-completion/completions/epoch-bench"

apt-get clean
echo "$new $second" >/packages/versions
ln -sf "vmlinuz-$second" /boot/vmlinuz-test
ln -sf "initrd.img-$second" /boot/initrd-test
chmod 644 /boot/initrd.img-*
