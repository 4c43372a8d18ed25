#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# sources.sh RELEASE: print apt sources for the build root, with the mirror that the host uses;
# nothing if the host's apt has no Debian mirror.
set -euo pipefail
# shellcheck source=test/lib.sh
. "$(dirname -- "$0")/../lib.sh"

# shellcheck disable=SC2016 # the dollars are apt's
targets() {
	apt-get indextargets --format '$(REPO_URI) $(LABEL) $(RELEASE)' \
		'Created-By: Packages' 2>/dev/null || :
}

# With package lists, the label tells Debian's archive from others; before the first apt-get
# update it is empty, and the release's name serves instead.
host=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
mirror=$(targets | awk -v host="$host" '
	$1 !~ /^https?:/ { next }
	$2 == "Debian" { print $1; exit }
	NF == 2 && $2 == host && $1 ~ /\/debian\/?$/ { guess = guess ? guess : $1 }
	END { if (guess) print guess }' | head -n 1)
[[ -n $mirror ]] || exit 0

case $1 in
# Kernels for the next release reach unstable first.
forky) suites="forky sid" ;;
*) suites="$1 $1-updates $1-backports" ;;
esac
cat <<-END
	Types: deb
	URIs: $mirror
	Suites: $suites
	Components: main
	Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
END
