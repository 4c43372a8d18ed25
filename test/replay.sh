#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# replay.sh [--times N] [--gdb] FILE: repeat the execution in FILE, which a scenario that counts
# instructions has left when it failed (scenario.sh), N times up to the line of the kernel log that
# showed the failure. The log must be the same each time. With --gdb, gdb shows that guest, stopped
# before its first instruction.
#
# Runs outside the build root, since FILE may be anywhere.
set -euo pipefail
# shellcheck source=test/lib.sh
. "$(dirname -- "$0")/lib.sh"

times=1 gdb=
while (($#)); do
	case $1 in
	--times) times=$2 && shift ;;
	--gdb) gdb=gdb ;;
	*) break ;;
	esac
	shift
done
[[ $times =~ ^[1-9][0-9]*$ ]] || die "TIMES=$times is not a number" "" "say, for example, TIMES=10"
[[ -f ${1:-} && -r $1 ]] ||
	die "there is no readable file \"${1:-}\"" "" "say FILE=FILE, one that make torture has named"

# The build root sees the cache only.
find_cache
mkdir -p -- "$EPOCH_CACHE/run"
work=$(mktemp -d "$EPOCH_CACHE/run/XXXXXX")
trap 'rm -rf -- "$work"' EXIT
chmod 777 "$work"
cp -- "$1" "$work/file"
chmod 644 "$work/file"
WITH=$gdb "$test/enter.sh" test/execution.sh "/cache/run/${work##*/}" "$times" "$gdb"
