#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# matrix.sh [KERNEL[,WORD]...]: build for, boot and smoke-test each of Debian's kernels in the file
# kernels/matrix and each kernel of this project whose settings say smoke=yes, or the named ones;
# WORD is added to the kernel's command line. Prints a line for each: "PASS kernel V", "FAIL kernel
# V (why)" or "SKIP kernel V (why)", and ends with "N passed, N failed, N skipped".
#
# Runs outside the build root, and enters that of each kernel's release.
set -euo pipefail
# shellcheck source=test/lib.sh
. "$(dirname -- "$0")/lib.sh"

kernels=("$@")
((${#kernels[@]})) || mapfile -t kernels < <(
	fields "$test/kernels/matrix"
	cd "$test/kernels" && grep -lx smoke=yes -- */settings | xargs -r dirname --
)
find_cache
mkdir -p -- "$EPOCH_CACHE/log"

declare -A count=([PASS]=0 [FAIL]=0 [SKIP]=0)
verdict() { # PASS|FAIL|SKIP WHAT
	count[$1]=$((count[$1] + 1))
	say "$1 kernel $2"
}

number=0
from=$SECONDS
for kernel in "${kernels[@]}"; do
	number=$((number + 1))
	log=$EPOCH_CACHE/log/matrix-$kernel.log
	say "kernel $kernel ($number of ${#kernels[@]}, $((SECONDS - from)) s so far) ..."
	status=0
	settings=(CPUS="${CPUS:-4}")
	# Kernels of this project are built from the source of the default one.
	[[ -e $test/kernels/${kernel%%,*}/settings ]] || settings+=(KVER="${kernel%%,*}")
	env "${settings[@]}" "$test/enter.sh" test/smoke.sh "$kernel" >"$log" 2>&1 </dev/null || status=$?
	failures=$(grep -c '^FAIL ' "$log" || :)
	first=$(grep -m 1 '^FAIL ' "$log" | cut -c6-) || :
	why=$(reason "$log")
	if ((status == 0)); then
		verdict PASS "$kernel"
	elif ((failures)); then
		verdict FAIL "$kernel ($failures tests failed, the first: $first; log: $log)"
	elif is_withdrawn "$why"; then
		verdict SKIP "$kernel ($why)"
	else
		verdict FAIL "$kernel (${why:-status $status}; log: $log)"
	fi
done
say "${count[PASS]} passed, ${count[FAIL]} failed, ${count[SKIP]} skipped"
((count[FAIL] == 0))
