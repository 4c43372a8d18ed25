#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A shell in the guest. "insmod /modules/epoch.ko" and so on load the modules;
# what is left in /out is in results/shell in the cache afterwards.
set -euo pipefail
# shellcheck source=tools/vm/inside.sh
. "$(dirname -- "$0")/inside.sh"

say "The modules are in /modules; leave with exit or Ctrl-D, at worst with Ctrl-A X."
"$vm/boot.sh" --bench --shell
