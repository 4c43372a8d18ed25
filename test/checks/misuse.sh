#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# misuse.sh [NAME...]: check that the kernel reports misuse of an epoch: each misuse of the list, or
# each named one. Prints "PASS name" and "FAIL name" lines.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/../inside.sh"

"$test/kernels/own.sh" uml
"$test/kernels/modules.sh" uml
names=("$@")
((${#names[@]})) || mapfile -t names < <(fields "$test/checks/misuses" | awk '{ print $1 }')
# Each spends most of its time waiting for seconds.
printf '%s\n' "${names[@]}" | xargs -n 1 -P 4 "$test/checks/misuse-boot.sh"
