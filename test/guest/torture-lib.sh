# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# Functions of the scripts that torture in the guest, which source this. What they find is in the
# kernel log, in lines that begin with "torture-run: ", and errors as "torture-run: !!! ...".

leaks=/sys/kernel/debug/kmemleak

note() {
	echo "torture-run: $*" >/dev/kmsg
}

bad() {
	note "!!! $*"
}

# symbols MODULE: note where its sections are, which gdb needs to know.
symbols() {
	at=
	for section in .text .data .bss .rodata; do
		[ ! -e "/sys/module/$1/sections/$section" ] ||
			at="$at -s $section $(cat "/sys/module/$1/sections/$section")"
	done
	note "symbols of $1:$at"
}

# age: print how many seconds ago the guest was started.
age() {
	cut -d. -f1 /proc/uptime
}

# is_found: succeed if a failure is expected, and the kernel log has one.
is_found() {
	[ "$EPOCH_EXPECT" = FAILURE ] && dmesg | grep -q 'torture: !!!'
}

# wait_until AGE NAME: wait, for a second at least, with a line of progress every 5 s.
wait_until() {
	sleep 1
	while [ "$(age)" -lt "$1" ] && ! is_found; do
		echo "$2: $(($1 - $(age))) s left"
		sleep "$(($1 - $(age) < 5 ? 1 : 5))"
	done
}

# forget_leaks: take what is allocated now as no leak.
forget_leaks() {
	[ ! -e $leaks ] || echo clear >$leaks
}

# leaks: report memory that nothing points to, in a kernel that can tell. It must be 5 s old, and be
# found twice.
leaks() {
	[ -e $leaks ] || return 0
	sleep 6
	echo scan >$leaks
	echo scan >$leaks
	grep -q . $leaks || return 0
	bad "memory is leaked"
	while read -r line; do
		note "$line"
	done <$leaks
	forget_leaks
}
