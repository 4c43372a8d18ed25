#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# enter.sh COMMAND...: run COMMAND inside the build root, which is made first if it is missing.
# There, the project is /src (read-only, so that no build can write to it) and the cache is
# /cache.
#
# Mounts and processes live in namespaces, and end with this command, even if it is killed.
# COMMAND runs as the user who called make or sudo. WITH=gdb adds the packages of root/packages.gdb.
set -euo pipefail

# End when the parent ends.
if [[ -z ${EPOCH_TIED:-} ]] && command -v setpriv >/dev/null; then
	EPOCH_TIED=1 exec setpriv --pdeathsig TERM "$0" "$@"
fi

# Settings that are passed through sudo and into the root.
settings=()
for name in AT_ONCE WITH KVER CPUS LANE MEM RUNS SAMPLES TASKS TIMEOUT V TERM \
	http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
	[[ -z ${!name+set} ]] || settings+=("$name=${!name}")
done

# shellcheck source=test/lib.sh
. "$(dirname -- "$0")/lib.sh"
find_cache

if ((EUID != 0)); then
	command -v sudo >/dev/null ||
		die "the build root needs chroot and mount, that is root" "" \
			"run as root, or install sudo and allow it to $(id -un)"
	say "The build root needs chroot and mount: using sudo (builds run as $(id -un))."
	exec sudo -- env EPOCH_CACHE="$EPOCH_CACHE" "${settings[@]}" "$test/enter.sh" "$@"
fi

user=${SUDO_UID:-0}
group=${SUDO_GID:-0}
src=$(cd -- "$test/.." && pwd)

# Created by the user where permitted, as in a home directory; else by root, who changes the
# owner.
if ! setpriv --reuid="$user" --regid="$group" --clear-groups \
	mkdir -p -- "$EPOCH_CACHE"/{log,home} 2>/dev/null; then
	mkdir -p -- "$EPOCH_CACHE"/{log,home} ||
		die "cannot make the cache $EPOCH_CACHE" "" "set EPOCH_CACHE to a place that can be written"
	chown "$user:$group" "$EPOCH_CACHE"/{,log,home}
fi

# Files that root writes there become the user's; only the root tree stays root's.
trap 'chown --no-dereference "$user:$group" "$EPOCH_CACHE"/{root*.lock,log/*} 2>/dev/null || :' EXIT

"$test/root/host.sh"
# Each Debian release has its own compilers, and so a root of its own.
release=$(release_of "${KVER:-}")
root=$EPOCH_CACHE/root
[[ $release == trixie ]] || root+=-$release
case ${KVER:-} in
*arm64) arch=arm64 ;;
*amd64) arch=amd64 ;;
*) arch=$(dpkg --print-architecture) ;;
esac
setpriv --pdeathsig KILL "$test/root/root.sh" "$release" "$root" "$arch" "${WITH:-}"

# KVM's device is accessible to its group.
groups=$group
[[ ! -e /dev/kvm ]] || groups+=,$(stat -c %g /dev/kvm)

terminal=$(stty -g 2>/dev/null) || terminal=
# In the background, because bash answers signals only while it waits; with
# the terminal's signals and input as they would be in the foreground.
setpriv --pdeathsig KILL env --default-signal=INT,QUIT \
	unshare --mount --propagation private --pid --fork --kill-child -- \
	"$test/root/process1.sh" "$root" "$src" "$EPOCH_CACHE" \
	chroot --userspec="+$user:+$group" --groups="$groups" "$root" \
	env --ignore-environment --chdir=/src PATH=/usr/sbin:/usr/bin:/sbin:/bin \
	HOME=/cache/home LC_ALL=C.UTF-8 EPOCH_CACHE=/cache \
	EPOCH_CACHE_SHOWN="$EPOCH_CACHE" "${settings[@]}" "$@" <&0 &
child=$!
trap 'kill -KILL "$child" 2>/dev/null' TERM HUP
trap : INT
status=0
while :; do
	# Hide bash's message about a killed child.
	wait "$child" 2>/dev/null && status=0 || status=$?
	kill -0 "$child" 2>/dev/null || break
done
[[ -z $terminal ]] || stty "$terminal"
exit "$status"
