#!/bin/bash
# Instructions of sections, callbacks and lone waits in the kernel, counted: each
# instruction of the guest takes one nanosecond of its time, so that figures do not
# depend on the machine or on what else it does.
set -euo pipefail
# shellcheck source=tools/vm/inside.sh
. "$(dirname -- "$0")/inside.sh"

"$vm/boot.sh" --modules --icount --name icount --seconds 600 "$vm/guest/icount.sh"
say
say "Logs of the kernel: $(shown "$EPOCH_CACHE/results")/icount/"
