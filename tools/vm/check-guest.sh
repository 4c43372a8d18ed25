#!/bin/bash
# The tests on the unmodified Debian kernel.
set -euo pipefail
# shellcheck source=tools/vm/inside.sh
. "$(dirname -- "$0")/inside.sh"

badinput=$EPOCH_CACHE/bin/badinput
mkdir -p "$EPOCH_CACHE/bin"
gcc -static -O2 -Wall -Wextra -Werror -I "$src/include/uapi" -o "$badinput" "$vm/guest/badinput.c" -pthread

munmaps=$EPOCH_CACHE/bin/munmaps
gcc -static -O2 -Wall -Wextra -Werror -o "$munmaps" "$vm/guest/munmaps.c"

blocks=$EPOCH_CACHE/bin/blocks
gcc -static -O2 -Wall -Wextra -Werror -I "$src/include/uapi" -o "$blocks" "$vm/guest/blocks.c"

oddcalls=$EPOCH_CACHE/bin/oddcalls
gcc -static -O2 -Wall -Wextra -Werror -o "$oddcalls" "$vm/guest/oddcalls.c" -pthread

# A build with a tracker that is wrong, for the verifier to find.
"$vm/stock.sh"
"$vm/modules.sh" busted
busted=$("$vm/modules.sh" --dir busted)

# Only a hang reaches the limits of time.
status=0
"$vm/boot.sh" --bench --name test --seconds 3600 \
	--file "$badinput=bin/badinput" --file "$munmaps=bin/munmaps" \
	--file "$blocks=bin/blocks" --file "$vm/guest/test-lib.sh=tests/lib.sh" \
	--file "$vm/guest/test-load.sh=tests/load.sh" \
	--file "$busted/epoch.ko=modules/busted/epoch.ko" \
	--file "$busted/epoch_bench.ko=modules/busted/epoch_bench.ko" \
	"$vm/guest/test.sh" || status=1
CPUS=4 "$vm/boot.sh" --bench --name hook-load --seconds 1800 --patches \
	--file "$munmaps=bin/munmaps" --file "$oddcalls=bin/oddcalls" --file "$vm/guest/test-lib.sh=tests/lib.sh" \
	--file "$vm/guest/test-hook.sh=tests/hook.sh" --file "$vm/guest/test-load.sh=tests/load.sh" \
	"$vm/guest/test-hook-load.sh" || status=1
CPUS=2 "$vm/boot.sh" --bench --name old-cpu --seconds 900 --cpu -cx16 \
	--file "$vm/guest/test-lib.sh=tests/lib.sh" "$vm/guest/test-old-cpu.sh" || status=1
CPUS=4 "$vm/boot.sh" --modules --name isolated --seconds 900 --append 'isolcpus=domain,3 nohz_full=3' \
	--file "$vm/guest/test-lib.sh=tests/lib.sh" "$vm/guest/test-isolated.sh" || status=1
"$vm/boot.sh" --bench --perf --name profile --seconds 1800 --patches \
	--file "$vm/guest/test-lib.sh=tests/lib.sh" "$vm/guest/test-profile.sh" || status=1
# What the commands saved there is what their schemas say.
EPOCH_SAVED=$EPOCH_CACHE/results/test:$EPOCH_CACHE/results/hook-load:$EPOCH_CACHE/results/profile "$vm/cargo-test.sh" -p epoch-bench --test saved || status=1
exit "$status"
