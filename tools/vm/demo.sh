#!/bin/bash
# The experiment end to end: FreeBSD's mutex against the epoch that replaced it,
# on the unmodified Debian kernel in a guest. TASKS= and SAMPLES= change its size.
set -euo pipefail
# shellcheck source=tools/vm/inside.sh
. "$(dirname -- "$0")/inside.sh"

"$vm/boot.sh" --bench --name demo --seconds 600 \
	"$vm/guest/demo.sh" "${TASKS:-${CPUS:-8}}" "${SAMPLES:-10}"
say
say "The samples and the verdict are in $(shown "$EPOCH_CACHE/results/demo/compare.json"),"
say "the picture in $(shown "$EPOCH_CACHE/results/demo/compare.svg")"
