#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# smoke.sh: build the modules for the kernel KVER=, and smoke-test them in a guest that boots it.
# Hooks make the kernel patch code.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/inside.sh"

exec "$test/boot/boot.sh" --bench --patches --name "smoke-$kernel" --seconds 900 \
	--file "$test/guest/test-lib.sh=tests/lib.sh" "$test/guest/smoke.sh"
