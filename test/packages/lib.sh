# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by the scripts that run in the tree in which packages are installed.

expect() { # NAME COMMAND...
	local name=$1 output
	shift
	if output=$("$@" 2>&1); then
		echo "PASS packages: $name"
	else
		echo "FAIL packages: $name"
		tail -n 20 <<<"$output" | sed 's/^/   | /'
	fi
}

# dkms_has STATE VERSION KERNEL: succeed if DKMS says so of that version.
dkms_has() {
	dkms status "epoch/$2" -k "$3" | grep -q ": $1"
}

# leftovers: print the files of the packages that are still there, and fail if there are any.
leftovers() {
	! find / -xdev \( -path /packages -o -path /proc -o -path /sys -o -path /dev \) -prune \
		-o -name '*epoch*' -not -path '*/linux-headers-*' -not -path '/usr/src/rustc-*' \
		-print | grep .
}
