#!/bin/bash
# The tests on the unmodified Debian kernel.
set -euo pipefail
# shellcheck source=tools/vm/inside.sh
. "$(dirname -- "$0")/inside.sh"

badinput=$EPOCH_CACHE/bin/badinput
mkdir -p "$EPOCH_CACHE/bin"
gcc -static -O2 -Wall -Wextra -Werror -I "$src/include/uapi" -o "$badinput" "$vm/guest/badinput.c" -pthread

"$vm/boot.sh" --bench --name test --seconds 600 \
	--file "$badinput=bin/badinput" \
	"$vm/guest/test.sh"
