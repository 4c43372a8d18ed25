# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2154,SC2086,SC2317 # sys and failed are test-lib.sh's, without blanks; shells are words
# Tests of the hook, also under load: it is enabled and disabled, and the tracker changes, while
# processes call the function and die in it. Arguments: how many times each of three shells
# enables and disables it, and how often the tracker changes, with each mechanism.

# shellcheck source=test/guest/test-lib.sh
. /tests/lib.sh
# shellcheck source=test/guest/test-hook.sh
. /tests/hook.sh
# shellcheck source=test/guest/test-load.sh
. /tests/load.sh

cycles=${1:-20} switches=${2:-10}

# A load that runs until it is killed.
munmaps_for_ever() {
	munmaps 2000000000 4 &
	load=$!
	sleep 0.2
}

munmaps_end() {
	kill -KILL "$load" 2>/dev/null
	killall -KILL munmaps 2>/dev/null
	wait "$load" 2>/dev/null
	true
}

# Several shells enable and disable the hook concurrently.
come_and_go() {
	rm -f /tmp/came-*
	for shell in 1 2 3; do
		(
			n=0
			while [ $n -lt "$cycles" ] && echo 1 >"$hook/enable" && echo 0 >"$hook/enable"; do n=$((n + 1)); done
			echo $n >/tmp/came-$shell
		) &
		shells="$shells $!"
	done
	wait $shells
	shells=
	cat /tmp/came-*
	[ "$(cat /tmp/came-* | sort -u)" = "$cycles" ] && [ "$(cat "$hook/enable") $(cat "$hook/blocks")" = "0 0" ]
}

hits_grow() {
	before=$(cat "$hook/hits")
	soon sh -c "[ \$(cat $hook/hits) -gt $before ]"
}

# The hook is enabled and disabled, and the tracker changes, under load.
hook_under_load() {
	munmaps_for_ever
	for mechanism in kretprobe fprobe syscall; do
		write $sys/tracker epoch
		write "$hook/mechanism" $mechanism
		[ $mechanism != syscall ] || write $sys/tracker mutex
		ok "$mechanism comes and goes $cycles times in each of three shells under load, and leaves no block" come_and_go
		ok "enable $mechanism under load" write "$hook/enable" 1
		ok "hits grow" hits_grow
		n=0
		while [ $n -lt "$switches" ]; do
			for tracker in $trackers; do
				if [ "$tracker" = mutex ] && [ $mechanism != syscall ]; then continue; fi
				write $sys/tracker "$tracker" || break 2
			done
			n=$((n + 1))
		done
		ok "the hooked tracker changes $switches times through all under load" [ $n = "$switches" ]
		ok "hits still grow" hits_grow
		# Processes die inside the hooked function, or elsewhere.
		n=0
		while [ $n -lt 10 ]; do
			munmaps_end
			munmaps_for_ever
			n=$((n + 1))
		done
		ok "hits grow after processes were killed" hits_grow
		ok "disable $mechanism under load" write "$hook/enable" 0
		prints "$mechanism leaves no block under load" '^0$' cat "$hook/blocks"
	done
	munmaps_end
	prints "no section of the hook's epoch is left" '^0$' cat /sys/kernel/epoch/bench_hook/readers

	# All attributes concurrently.
	munmaps_for_ever
	rm -f /tmp/enough
	for knob in enable:0:1 enable:1:0 mechanism:fprobe:kretprobe mechanism:syscall:auto symbol:__vm_munmap:do_vmi_munmap comm:munmaps: tgid:0:1 ancestor:0:1; do
		(
			IFS=:
			set -- $knob ""
			while [ ! -e /tmp/enough ]; do
				echo "$2" >"$hook/$1"
				echo "$3" >"$hook/$1"
			done
		) 2>/dev/null &
	done
	(while [ ! -e /tmp/enough ]; do for t in $trackers; do echo "$t" >$sys/tracker; done; done) 2>/dev/null &
	(while [ ! -e /tmp/enough ]; do cat $sys/* "$hook"/* $sys/counters/* >/dev/null; done) 2>/dev/null &
	sleep 3
	touch /tmp/enough
	munmaps_end
	# shellcheck disable=SC2046 # words
	wait $(jobs -p) 2>/dev/null
	log >/dev/null
	ok "disable after all knobs were written at the same time" write "$hook/enable" 0
	prints "no block is left after that" '^0$' cat "$hook/blocks"
	ok "the knobs still work" sh -c "echo 0 >$hook/tgid && echo 0 >$hook/ancestor && echo >$hook/comm &&
		echo fprobe >$hook/mechanism && echo __vm_munmap >$hook/symbol && echo epoch >$sys/tracker"
}

log >/dev/null
ok "hook: insmod" sh -c "insmod /modules/epoch.ko && insmod /modules/epoch_bench.ko"
trackers=$(cat $sys/available_trackers)
hook
hook_command
hook_under_load
ok "hook: rmmod" rmmod epoch_bench epoch
kernel_log
exit "$failed"
