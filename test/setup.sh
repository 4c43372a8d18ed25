#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# setup.sh: build everything that demo and check need before they can start.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/inside.sh"

"$test/kernels/debian.sh"
"$test/kernels/own.sh" uml
"$test/kernels/own.sh" debug
"$test/kernels/modules.sh" stock
"$test/kernels/modules.sh" uml
"$test/kernels/modules.sh" debug
"$test/tools.sh"
