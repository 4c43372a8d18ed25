#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# kasan.sh: run the KUnit tests on the kernel with KASAN, built by clang, in QEMU.
set -euo pipefail
exec "$(dirname -- "$0")/kunit.sh" kasan
