#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shell.sh: run a shell in the guest. "insmod /modules/epoch.ko" and so on load the modules;
# files left in /out are copied to results/shell in the cache.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/../inside.sh"

say "The modules are in /modules; leave with exit or Ctrl-D, at worst with Ctrl-A X."
"$test/boot/boot.sh" --bench --shell
