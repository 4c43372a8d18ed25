# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Sourced by the scripts here: paths, progress reports of steps, and resumable builds.

test=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)

# fields FILE: print the lines of a table without its comments.
fields() {
	sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$1"
}

# release_of VERSION: print the Debian release whose compilers built a kernel of Debian's, which
# is that of its name (7.3.4+deb13-amd64 was built for Debian 13), or the first supported one.
release_of() {
	case $1 in
	*+deb13*) echo trixie ;;
	*+deb14*) echo forky ;;
	*) fields "$test/kernels/series" | awk 'NR == 1 { print $3 }' ;;
	esac
}

# find_cache: outside the build root, export where the cache is: EPOCH_CACHE=, or in the home
# directory of the user who called make or sudo.
find_cache() {
	local home=$HOME
	[[ -z ${SUDO_USER:-} ]] || home=$(getent passwd "$SUDO_USER" | cut -d: -f6)
	export EPOCH_CACHE=${EPOCH_CACHE:-$home/.cache/epoch-kmod}
	[[ $EPOCH_CACHE == /* ]] || EPOCH_CACHE=$PWD/$EPOCH_CACHE
}

# shown PATH: print a path inside the build root as it is outside.
shown() {
	printf '%s' "${1/#"$EPOCH_CACHE"/"${EPOCH_CACHE_SHOWN:-$EPOCH_CACHE}"}"
}

say() {
	printf '%s\n' "$*"
}

# die WHAT LOG ADVICE: print the last line of a failed command, and exit.
die() {
	printf 'epoch: FAILED: %s.' "$1" >&2
	[[ -z ${2:-} ]] || printf ' Log: %s.' "$(shown "$2")" >&2
	printf ' To do: %s.\n' "${3:-see above}" >&2
	exit 1
}

# reason LOG: print what die said there, without its log and advice.
reason() {
	sed -nE 's/^epoch: FAILED: (.*)\. (Log|To do): .*/\1/p' "$1" | sed 's/[.] Log: .*//' | head -n 1
}

# is_withdrawn REASON: succeed if a kernel cannot be had any more, which is no failure of this project.
is_withdrawn() {
	[[ $1 == *"offers no kernel"* || $1 == *"no longer offers"* ]]
}

# tick NAME LOG: show the progress of a step: the last line of its log on a terminal, else a
# line every 30 s. Ends with the script that started it, even if that is killed.
tick() {
	local name=$1 log=$2 from=$SECONDS width last
	width=$(tput cols 2>/dev/null || echo 80)
	while sleep 1 >/dev/null 2>&1 && kill -0 $$ 2>/dev/null; do
		if [[ -t 1 ]]; then
			last=$(tail -c 400 "$log" 2>/dev/null | tr '\r' '\n' |
				grep . | tail -n 1 | tr -d '[:cntrl:]') || last=
			last="   $name  $((SECONDS - from)) s  $last"
			printf '\r\033[K%s' "${last:0:width-1}"
		elif (((SECONDS - from) % 30 == 0)); then
			say "   $name: $((SECONDS - from)) s ..."
		fi
	done
}

# advice LOG: print what to do about a failure, as far as its log shows it.
advice() {
	if grep -q 'No space left on device' "$1"; then
		echo "free some space for $(shown "$EPOCH_CACHE") (it takes about 15 GB), or set EPOCH_CACHE to another place, and run the same command again"
	elif grep -Eqi 'certificate problem|certificate verif' "$1"; then
		echo "if the network has a certificate of its own, add it to the host's /etc/ssl/certs/ca-certificates.crt (package ca-certificates), and run the same command again"
	elif grep -Eqi 'could not resolve|temporary failure|failed to fetch|unable to connect|connection (timed out|refused)|spurious network error' "$1"; then
		echo "check the network and the proxy settings (http_proxy, https_proxy), and run the same command again"
	else
		echo "read the log; run the same command again to resume from this step"
	fi
}

# refuse WHAT ADVICE: in a step, end it for a reason that needs no log.
refuse() {
	printf 'refused: %s\nto do: %s\n' "$1" "$2"
	exit 1
}

# step NAME COMMAND...: run COMMAND, a program or a function, in a subshell with its output in a
# log. An error ends it, unless step is called in a condition, where bash ignores errexit.
step() {
	# A function would see the names of these instead of its script's.
	local step_name=$1 step_log step_ticker step_from=$SECONDS step_status step_interrupted=
	shift
	step_log=$EPOCH_CACHE/log/${step_name//[^a-zA-Z0-9]/-}.log
	mkdir -p "$EPOCH_CACHE/log"
	[[ -t 1 ]] || say "   $step_name ..."
	tick "$step_name" "$step_log" &
	step_ticker=$!
	trap 'step_interrupted=1' INT
	set +e
	(
		set -e
		"$@"
	) >"$step_log" 2>&1 </dev/null
	step_status=$?
	set -e
	trap - INT
	kill "$step_ticker" 2>/dev/null || :
	wait "$step_ticker" 2>/dev/null || :
	[[ ! -t 1 ]] || printf '\r\033[K'
	if ((step_status == 0)); then
		say "   $step_name: $((SECONDS - step_from)) s"
		return
	fi
	[[ -z $step_interrupted ]] || die "interrupted in \"$step_name\"" "$step_log" \
		"run the same command again to resume from this step"
	if grep -q '^refused: ' "$step_log"; then
		die "$(sed -n 's/^refused: //p' "$step_log")" "" "$(sed -n 's/^to do: //p' "$step_log")"
	fi
	say "   $step_name: failed after $((SECONDS - step_from)) s; the end of its log:"
	tail -n 15 "$step_log" | sed 's/^/   | /'
	die "$step_name (exit status $step_status)" "$step_log" "$(advice "$step_log")"
}

# lock NAME: wait for other processes that build NAME. The lock ends with its holder, however
# that ends.
lock() {
	local fd
	mkdir -p "$EPOCH_CACHE"
	exec {fd}>>"$EPOCH_CACHE/$1.lock"
	flock --nonblock "$fd" || {
		echo "waiting for another make that builds $1"
		flock "$fd"
	}
}

# current FILE KEY: succeed if the stamp FILE says that its target was completed from KEY.
current() {
	[[ -f $1 && $(<"$1") == "$2" ]]
}

# stamp FILE KEY: write the stamp. The target reaches the disk before its stamp.
stamp() {
	sync -f "$(dirname -- "$1")"
	printf '%s\n' "$2" >"$1.part"
	mv -- "$1.part" "$1"
}

# workdir DIR KEY: prepare a build directory. An unfinished one is resumed if it was made from
# the same KEY since this boot; else it is emptied: after a power loss, files may be truncated
# although they look new.
workdir() {
	local mark
	mark="$2 $(</proc/sys/kernel/random/boot_id)"
	if ! current "$1/.stamp" "$2" && ! current "$1/.begun" "$mark"; then
		rm -rf -- "$1"
		mkdir -p -- "$1"
	fi
	printf '%s\n' "$mark" >"$1/.begun"
	rm -f -- "$1/.stamp"
}

# finished DIR KEY: mark the build that workdir began as complete.
finished() {
	stamp "$1/.stamp" "$2"
}
