#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# debug.sh: run the KUnit tests on the x86-64 kernel with runtime checks, in QEMU.
set -euo pipefail
exec "$(dirname -- "$0")/kunit.sh" debug
