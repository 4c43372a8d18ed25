#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# setup.sh: build everything that demo and check need before they can start.
set -euo pipefail
# shellcheck source=tools/vm/inside.sh
. "$(dirname -- "$0")/inside.sh"

"$vm/stock.sh"
"$vm/kernel.sh" uml
"$vm/kernel.sh" debug
"$vm/modules.sh" stock
"$vm/modules.sh" uml
"$vm/modules.sh" debug
"$vm/tools.sh"
