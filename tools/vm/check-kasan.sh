#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The KUnit tests on the kernel with KASAN, which clang builds, in QEMU.
set -euo pipefail
exec "$(dirname -- "$0")/check-kunit.sh" kasan
