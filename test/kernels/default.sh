#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# default.sh: choose the Debian kernel that demo and check run on, once for a cache, and print its
# name: the newest that apt offers of the first series in the table, in its cloud variant.
set -euo pipefail
# shellcheck source=test/lib.sh
. "$(dirname -- "$0")/../lib.sh"
# shellcheck source=test/kernels/apt.sh
. "$test/kernels/apt.sh"

chosen=$EPOCH_CACHE/kernels/default
key=$(sha256sum <"$test/kernels/series" | cut -d' ' -f1)

choose() {
	local series tested release kernel
	mkdir -p -- "$EPOCH_CACHE/kernels"
	rm -f -- "$chosen.part"
	update_lists 1440
	while read -r series tested release; do
		[[ $release == "$(</etc/epoch-release)" ]] || continue
		kernel=$(offered_kernels | grep -E "^${series//./[.]}[.][0-9]+[^-]*-$flavour\$" | head -n 1) || :
		if [[ $kernel == "$tested-$flavour" ]]; then
			echo "$kernel" >"$chosen.part"
			break
		elif [[ -n $kernel ]]; then
			echo "NOTE: taking Debian's kernel $kernel, which this project was not tested with;" \
				"$tested-$flavour was. If it fails, take one that was: KVER=$(tested_kernel)."
			echo "$kernel" >"$chosen.part"
			break
		fi
	done < <(fields "$test/kernels/series")
	if [[ ! -s $chosen.part ]]; then
		kernel=$(offered_kernels | grep -E -- "-$flavour\$" | head -n 1) || :
		[[ -n $kernel ]] || {
			echo "apt offers no kernel $flavour"
			return 1
		}
		echo "NOTE: apt offers no kernel of the series that this project was tested with" \
			"($(fields "$test/kernels/series" | awk '{ printf "%s%s", sep, $1; sep = ", " }')); taking $kernel."
		echo "$kernel" >"$chosen.part"
	fi
	stamp "$chosen.key" "$key"
	mv -- "$chosen.part" "$chosen"
}

# tested_kernel: print the first tested kernel that apt still offers, or that there is none.
tested_kernel() {
	local kernel tested
	while read -r _ tested _; do
		kernel=$tested-$flavour
		if offered_kernels | grep -Fqx -- "$kernel"; then
			echo "$kernel"
			return
		fi
	done < <(fields "$test/kernels/series")
	echo "none is offered any more"
}

case $(dpkg --print-architecture) in
arm64) flavour=cloud-arm64 ;;
*) flavour=cloud-amd64 ;;
esac

if ! current "$chosen.key" "$key" || [[ ! -s $chosen ]]; then
	{
		lock default
		if ! current "$chosen.key" "$key" || [[ ! -s $chosen ]]; then
			step "choose the kernel" choose
			grep '^NOTE' "$EPOCH_CACHE/log/choose-the-kernel.log" || :
			say "   the kernel is Debian's $(<"$chosen")"
		fi
	} >&2
fi
cat -- "$chosen"
