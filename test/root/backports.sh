#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# backports.sh ROOT RELEASE: mmdebstrap's setup hook. If its own default mirror is used, add the
# backports of that mirror, which contain the kernel.
set -euo pipefail
# shellcheck source=test/lib.sh
. "$(dirname -- "$0")/../lib.sh"

sources=$1/etc/apt/sources.list
[[ -f $sources ]] || exit 0
awk -v suite="$2" '
	$1 == "deb" {
		for (i = 2; i <= NF; i++)
			if ($i == suite) {
				$i = suite "-backports"
				print
				exit
			}
	}' "$sources" >"$1/etc/apt/sources.list.d/backports.list"
