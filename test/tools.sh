#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# tools.sh [--show]: build epoch-bench in the cache, as a static program, so that it runs in the
# guest and on any other x86-64 Linux; --show prints its path. tools.sh --cargo ARG... runs
# cargo in the workspace with the same settings.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/inside.sh"

export CARGO_HOME=$EPOCH_CACHE/cargo CARGO_TARGET_DIR=$EPOCH_CACHE/target CARGO_TERM_COLOR=never

cargo_() {
	# As for the modules: resumable.
	workdir "$CARGO_TARGET_DIR" "$(key /dev/null)"
	local sources
	sources=$(contents tools rust include)
	if ! current "$CARGO_TARGET_DIR/.sources" "$sources"; then
		# Make cargo forget this project's crates; the others need not be rebuilt.
		rm -rf -- "$CARGO_TARGET_DIR"/{,*/}{debug,release,peers}/.fingerprint/{epoch,ministat}-*
		stamp "$CARGO_TARGET_DIR/.sources" "$sources"
	fi
	(cd "$src/tools" && cargo "$@")
}

case ${1:-} in
--cargo)
	shift
	lock tools
	cargo_ "$@"
	;;
--build)
	# With --target, the flags do not apply to procedural macros.
	CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS="-C target-feature=+crt-static" \
		cargo_ build --release --locked --target x86_64-unknown-linux-gnu --bin epoch-bench
	mkdir -p "$EPOCH_CACHE/bin"
	cp -- "$CARGO_TARGET_DIR/x86_64-unknown-linux-gnu/release/epoch-bench" "$EPOCH_CACHE/bin/epoch-bench.part"
	mv -- "$EPOCH_CACHE/bin/epoch-bench.part" "$EPOCH_CACHE/bin/epoch-bench"
	;;
*)
	lock tools
	step "build epoch-bench" "$0" --build
	[[ ${1:-} != --show ]] || shown "$EPOCH_CACHE/bin/epoch-bench"$'\n'
	;;
esac
