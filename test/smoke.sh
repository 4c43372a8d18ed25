#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# smoke.sh [KERNEL[,WORD]]: build the modules for KERNEL, the one that KVER= names or one that this
# project builds, and smoke-test them in a guest that boots it, with WORD on its command line. Hooks
# make the kernel patch code.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/inside.sh"

entry=${1:-$kernel}
options=()
[[ ${entry%%,*} == "$kernel" ]] || options+=(--kernel "${entry%%,*}")
[[ $entry != *,* ]] || options+=(--append "${entry#*,}")
exec "$test/boot/boot.sh" "${options[@]}" --bench --patches --name "smoke-$entry" --seconds 900 \
	--file "$test/guest/test-lib.sh=tests/lib.sh" "$test/guest/smoke.sh"
