#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# check-kasan.sh: run the KUnit tests on the kernel with KASAN, built by clang, in QEMU.
set -euo pipefail
exec "$(dirname -- "$0")/check-kunit.sh" kasan
