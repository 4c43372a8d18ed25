#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# run.sh SCRIPT [SOURCE=DESTINATION...]: boot the guest of the kernel KVER= (or the default one)
# with the modules in /modules, epoch-bench in PATH, and the files; run SCRIPT in it, and show what
# it prints. The exit status is SCRIPT's; what it leaves in /out is copied out.
#
# Runs outside the build root, since the files may be anywhere.
set -euo pipefail
# shellcheck source=test/lib.sh
. "$(dirname -- "$0")/lib.sh"

[[ -n ${1:-} ]] || die "there is no script to run" "" "say SCRIPT=FILE"
[[ -f $1 && -r $1 ]] || die "there is no readable file $1" "" "say SCRIPT=FILE"
script=$1
shift

# The build root sees the cache only.
find_cache
mkdir -p -- "$EPOCH_CACHE/run"
work=$(mktemp -d "$EPOCH_CACHE/run/XXXXXX")
trap 'rm -rf -- "$work"' EXIT
chmod 755 "$work"
cp -- "$script" "$work/script"
files=() number=0
for pair in "$@"; do
	[[ $pair == ?*=?* ]] ||
		die "\"$pair\" is not SOURCE=DESTINATION" "" "say, for example, FILES=\"my.ko=modules/my.ko\""
	[[ -f ${pair%%=*} ]] || die "there is no file ${pair%%=*}" "" "mend FILES="
	[[ /${pair#*=}/ != */../* ]] ||
		die "the destination ${pair#*=} leaves the guest's root" "" "mend FILES="
	cp -- "${pair%%=*}" "$work/file$number"
	files+=(--file "/cache/run/${work##*/}/file$number=${pair#*=}")
	number=$((number + 1))
done
status=0
"$test/enter.sh" test/boot/boot.sh --bench --name run --own-status --seconds 3600 "${files[@]}" \
	"/cache/run/${work##*/}/script" </dev/null || status=$?
[[ ! -d $EPOCH_CACHE/results/run ]] || say "What it left in /out: $EPOCH_CACHE/results/run/"
exit "$status"
