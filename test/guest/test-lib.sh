# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2317,SC2034 # ok and fails call functions; failed is for those who source this
# Functions of the tests in the guest, which source this. They print "PASS name", "FAIL name"
# and "SKIP name" lines.

sys=/sys/class/misc/epoch_bench
failed=0
touch /out/kernel.log

pass() {
	echo "PASS $*"
}

fail() {
	echo "FAIL $*"
	sed 's/^/   | /' /tmp/output
	failed=1
}

# ok NAME COMMAND...: passes if COMMAND succeeds.
ok() {
	name=$1
	shift
	if "$@" >/tmp/output 2>&1; then pass "$name"; else fail "$name (status $?)"; fi
}

# fails NAME STATUS TEXT COMMAND...: passes if COMMAND ends with this status (any but 0 if
# STATUS is "-"), and its output matches TEXT, an extended regular expression.
fails() {
	name=$1 wanted=$2 text=$3
	shift 3
	status=0
	"$@" >/tmp/output 2>&1 || status=$?
	if [ "$status" = 0 ] || { [ "$wanted" != - ] && [ "$status" != "$wanted" ]; }; then
		fail "$name (status $status)"
	elif ! grep -Eqi -- "$text" /tmp/output; then
		fail "$name (does not say: $text)"
	else
		pass "$name"
	fi
}

# prints NAME TEXT COMMAND...: passes if COMMAND succeeds and its output matches TEXT.
prints() {
	name=$1 text=$2
	shift 2
	if ! "$@" >/tmp/output 2>&1; then
		fail "$name"
	elif grep -Eq -- "$text" /tmp/output; then
		pass "$name"
	else
		fail "$name (does not say: $text)"
	fi
}

# Lines of the kernel log since the last call; all of them are saved in /out.
log() {
	dmesg -c | tee -a /out/kernel.log
}

write() {
	echo "$2" >"$1"
}

# soon COMMAND...: waits until COMMAND succeeds, for 30 s at most; an idle host needs almost no
# time.
soon() {
	for _ in $(seq 300); do
		"$@" && return
		sleep 0.1
	done
	false
}

idle() {
	[ "$(cat "$sys/workers")" = 0 ] && ! pidof epoch-bench >/dev/null
}

busy() {
	[ "$(cat "$sys/workers")" != 0 ]
}

as_nobody() {
	su -s /bin/sh nobody -c "$*"
}

# Only a hang reaches the time limit.
bench() {
	timeout -s KILL 300 epoch-bench "$@"
}

# A run that continues until it is stopped.
long_run() {
	epoch-bench run --tasks 4 --samples 1000 --interval-ms 100 >/tmp/long 2>&1 &
	long=$!
	soon busy
}

# A warning of the unmodified kernel that a part cannot avoid: an extended regular expression
# that matches its line. kernel_log prints how often it occurred, and does not fail because of
# it. Empty unless a part sets it.
known=

kernel_log() {
	log >/dev/null
	[ -z "$known" ] || echo "KNOWN $known: in the kernel log $(grep -Ec -- "$known" /out/kernel.log) times"
	if grep -Ev -- "${known:-^\$}" /out/kernel.log |
		grep -E 'WARNING:|BUG:|Oops|Call Trace|INFO: |detected stall|period stalled|refcount|leak' >/tmp/output; then
		fail "no warning in the kernel log"
	else
		pass "no warning in the kernel log"
	fi
}
