#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# docs.sh: build the pages of Documentation/ with Sphinx, and rustdoc's, private items included, in
# the cache: of the kernel crates, with the commands by which Kbuild compiles them for Debian's
# kernel, and of the tools. Warnings are errors. --show prints the paths of the pages.
set -euo pipefail
# shellcheck source=test/inside.sh
. "$(dirname -- "$0")/inside.sh"

docs=$EPOCH_CACHE/docs

document() { # CRATE
	local command
	command=$(sed -n 's/^savedcmd_.* := //p' "rust/$1/.$1.o.cmd" |
		sed -E 's/ rustc / rustdoc /; s/ --emit=[^ ]*//g; s/ --out-dir [^ ]*//; s/ ;.*//')
	sh -c "$command \"\$@\"" sh --output "$docs/kernel" --crate-name "$1" --color never \
		--document-private-items -Arustdoc::private-intra-doc-links -Dwarnings
}

build() {
	rm -rf -- "$docs"
	mkdir -p -- "$docs"
	# The pages need no configuration.
	sphinx-build -q -W -C -D project=epoch -d "$docs/.doctrees" "$src/Documentation" "$docs/pages"

	"$test/tools.sh" --cargo doc --locked --workspace --no-deps --document-private-items
	cp -r -- "$EPOCH_CACHE/target/doc/." "$docs"

	cd "$("$test/kernels/modules.sh" --dir stock)"
	# The environment that Kbuild sets.
	export RUSTC_BOOTSTRAP=1 KERNEL_EXT_HELPERS=$PWD/rust/kernel_ext/helpers_generated.rs \
		EPOCH_HELPERS=$PWD/rust/epoch/helpers_generated.rs \
		EPOCH_BENCH_UAPI=$PWD/rust/epoch_bench/uapi_generated.rs
	local crate
	for crate in kernel_ext epoch epoch_bench; do
		document "$crate"
	done
	# As in the kernel's own pages.
	grep -Erl 'href="srctree/' "$docs/kernel" |
		xargs -r sed -Ei "s:href=\"srctree/([^\"]+)\":href=\"$(shown "$linux")/\1\":g"
}

"$test/kernels/debian.sh"
"$test/kernels/modules.sh" stock
export RUSTDOCFLAGS="-D warnings"
step "build the documentation" build
[[ ${1:-} != --show ]] || for page in pages/index.html kernel/epoch/index.html epoch_bench/index.html; do
	shown "$docs/$page"$'\n'
done
