# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2154,SC2086 # sys and the others are test-lib.sh's and test-hook-load.sh's, without blanks
# Tests of the hook, sourced by test-hook-load.sh: its counts, errors, and robustness. munmaps
# and oddcalls are static programs that do not use it.

hook=$sys/hook

hooked() { # WANTED: that many hits, none missed
	echo "hits $(cat "$hook/hits") missed $(cat "$hook/missed") blocks $(cat "$hook/blocks")"
	[ "$(cat "$hook/hits")" = "$1" ] && [ "$(cat "$hook/missed")" = 0 ]
}

# A shell that hooks itself, and becomes the program.
as_tgid() {
	sh -c 'echo $$ >'"$hook"'/tgid && exec "$@"' sh "$@"
}

hook_knobs() {
	prints "the hook is disabled at first" '^0$' cat "$hook/enable"
	prints "what is hooked serves munmap(2)" '^(__vm_munmap|do_vmi_munmap|__x64_sys_munmap)$' cat "$hook/symbol"
	prints "it can be hooked" "$(cat "$hook/symbol")" cat "$hook/available_symbols"
	prints "a tracker that does not sleep is hooked by fprobe" '^fprobe$' cat "$hook/mechanism"
	ok "nothing to be hooked serves exit(2) or mprotect(2)" \
		sh -c "! grep -Ew 'tlb_gather_mmu|tlb_finish_mmu|unmap_vmas|free_pgtables' $hook/available_symbols"
	for bad in enable:2 enable: enable:yes enable:01 symbol:no_such_function symbol: symbol:do_exit symbol:jiffies \
		symbol:exc_int3 "symbol:__vm_munmap " symbol:__vm_munmap+1 mechanism:uprobe mechanism: mechanism:FPROBE \
		tgid:-1 tgid:x tgid:4294967296 tgid:2147483648 tgid: ancestor:-1 ancestor: ancestor:2147483648 \
		comm:sixteen-bytes-ok; do
		knob=${bad%%:*} value=${bad#*:}
		before=$(cat "$hook/$knob")
		log >/dev/null
		fails "hook/$knob cannot be '$value'" - "invalid argument" write "$hook/$knob" "$value"
		log >/tmp/log
		prints "the log says why not '$value'" "epoch_bench: " cat /tmp/log
		ok "hook/$knob is what it was" [ "$(cat "$hook/$knob")" = "$before" ]
	done
	for knob in hits missed blocks available_symbols; do
		fails "hook/$knob is read-only" - "permission|denied|error" write "$hook/$knob" 0
	done
	ok "hook/tgid can be a process" write "$hook/tgid" 1
	ok "hook/tgid can be any" write "$hook/tgid" 0
	ok "hook/comm can be a name" write "$hook/comm" fifteen-bytes-k
	prints "it is that name" '^fifteen-bytes-k$' cat "$hook/comm"
	ok "hook/comm can be any" write "$hook/comm" ""
	fails "another user may not enable the hook" - "permission denied" as_nobody "echo 1 >$hook/enable"
}

# Each call is counted, once.
hook_counts() {
	for mechanism in kretprobe fprobe syscall; do
		ok "the mechanism can be $mechanism" write "$hook/mechanism" $mechanism
		for tracker in $trackers; do
			[ "$tracker" != mutex ] || [ $mechanism = syscall ] || continue
			ok "tracker $tracker can be hooked" write $sys/tracker "$tracker"
			ok "enable with $mechanism, $tracker" write "$hook/enable" 1
			ok "a program is hooked" as_tgid munmaps 1000
			ok "$mechanism, $tracker: each call is a hit" hooked 1000
			ok "disable with $mechanism, $tracker" write "$hook/enable" 0
			prints "$mechanism, $tracker: no block is left" '^0$' cat "$hook/blocks"
			ok "$mechanism, $tracker: the hits are still there" hooked 1000
			write "$hook/tgid" 0
			write "$hook/comm" munmaps
			ok "enable again with $mechanism, $tracker" write "$hook/enable" 1
			prints "hits begin anew" '^0$' cat "$hook/hits"
			ok "several processes are hooked by name" munmaps 1000 8
			ok "$mechanism, $tracker: each call of each is a hit" hooked 8000
			ok "disable again with $mechanism, $tracker" write "$hook/enable" 0
			write "$hook/comm" ""
		done
	done
}

# By default, syscall for a tracker that sleeps, and fprobe for the others.
hook_chooses() {
	write "$hook/comm" munmaps
	ok "the mechanism can be left to the tracker" write "$hook/mechanism" auto
	ok "a tracker that sleeps" write $sys/tracker mutex
	prints "it is hooked by syscall" '^syscall$' cat "$hook/mechanism"
	ok "it can be hooked" write "$hook/enable" 1
	ok "processes are hooked with it" munmaps 500 4
	ok "each of their calls is a hit" hooked 2000
	ok "a tracker that does not sleep can be chosen meanwhile" write $sys/tracker epoch
	prints "the mechanism is what it was" '^syscall$' cat "$hook/mechanism"
	ok "and back" write $sys/tracker mutex
	ok "processes are hooked once more" munmaps 500 4
	ok "each of their calls is a hit, too" hooked 4000
	ok "disable it" write "$hook/enable" 0
	write $sys/tracker epoch
	prints "the mechanism is that of the tracker" '^fprobe$' cat "$hook/mechanism"
	write "$hook/comm" ""
}

hook_refuses() {
	write "$hook/mechanism" fprobe
	write $sys/tracker mutex
	log >/dev/null
	fails "a tracker that sleeps cannot be hooked by fprobe" - "invalid argument" write "$hook/enable" 1
	log >/tmp/log
	prints "the log says that it sleeps" "'mutex' sleeps.* write 'syscall' to mechanism" cat /tmp/log
	prints "the hook is still disabled" '^0$' cat "$hook/enable"
	write $sys/tracker epoch
	ok "a long run starts before the hook" long_run
	fails "the hook cannot be enabled while workers run" - "busy" write "$hook/enable" 1
	kill -TERM "$long"
	wait "$long" 2>/dev/null
	ok "the long run has ended" soon idle
	ok "enable the hook" write "$hook/enable" 1
	ok "enable it twice" write "$hook/enable" 1
	fails "no worker runs while the hook is enabled" 1 "hook" bench run --samples 1 --warmup 0 --interval-ms 10
	fails "the symbol cannot be changed meanwhile" - "busy" write "$hook/symbol" do_vmi_munmap
	fails "the mechanism cannot be changed meanwhile" - "busy" write "$hook/mechanism" kretprobe
	fails "nor be left to the tracker" - "busy" write "$hook/mechanism" auto
	fails "a tracker that sleeps cannot be chosen meanwhile" - "invalid argument" write $sys/tracker mutex
	prints "the tracker is what it was" '^epoch$' cat $sys/tracker
	fails "epoch_bench cannot be unloaded while the hook is enabled" - "unavailable|busy|in use" rmmod epoch_bench
	ok "disable the hook" write "$hook/enable" 0
	ok "disable it twice" write "$hook/enable" 0
}

# "soon" would sleep: its own calls would be hooked, and counted.
under_way() {
	for _ in $(seq 2000); do
		grep -q 1 "$hook/blocks" && return
	done
	false
}

# A call that takes long: disabling waits for it, unless a signal comes.
hook_waits() {
	write "$hook/symbol" hrtimer_nanosleep
	write "$hook/comm" sleep
	ok "a function that sleeps is hooked" write "$hook/enable" 1
	# The call lasts until it is ended, so nothing below depends on timing.
	sleep 1000 &
	sleeper=$!
	ok "a call of it is under way" under_way
	fails "a signal interrupts who waits for its end" 143 "" timeout -s TERM 1 sh -c "echo 0 >$hook/enable"
	prints "the hook is disabled then" '^0$' cat "$hook/enable"
	prints "the block is still open" '^1$' cat "$hook/blocks"
	fails "the module stays" - "unavailable|busy|in use" rmmod epoch_bench
	fails "the symbol stays" - "busy" write "$hook/symbol" __vm_munmap
	sh -c 'exec sleep 0.1'
	prints "no block is opened meanwhile" '^1$' cat "$hook/hits"
	write "$hook/enable" 0 &
	disabler=$!
	sh -c 'exec sleep 0.5'
	prints "disabling again waits for the call" '^1$' cat "$hook/blocks"
	kill -TERM $sleeper
	ok "it is disabled when the call has returned" wait $disabler
	prints "no block is left of it" '^0$' cat "$hook/blocks"
	status=0
	wait $sleeper || status=$?
	ok "the call has returned" [ $status = 143 ]
	ok "the symbol can be changed" write "$hook/symbol" __vm_munmap
	write "$hook/comm" ""
}

# Calls of all descendants of a process are hooked; its own are not.
hook_descendants() {
	write "$hook/comm" munmaps
	ok "enable for the descendants of a process" write "$hook/enable" 1
	ok "its children and theirs unmap" sh -c "echo \$\$ >$hook/ancestor; munmaps 100 3; sh -c 'munmaps 10; :'; exec munmaps 1000"
	ok "their calls are hits, its own are not" hooked 310
	ok "others unmap" munmaps 100
	ok "theirs are no hits" hooked 310
	write "$hook/ancestor" 1
	ok "orphans are the first process's" sh -c '(munmaps 5 &); sleep 1'
	ok "everybody descends from the first process" hooked 315
	ok "disable for descendants" write "$hook/enable" 0
	ok "hook/ancestor can be any" write "$hook/ancestor" 0
	write "$hook/comm" ""
}

# Calls that begin, continue or end unusually, and calls during which the hook is enabled or
# disabled.
hook_odd_calls() {
	for mechanism in fprobe syscall; do
		write "$hook/mechanism" $mechanism
		write "$hook/comm" oddcalls
		tracker=epoch
		[ $mechanism = fprobe ] || tracker=mutex
		write $sys/tracker $tracker
		for how in seccomp fork exec exit ptrace-skips ptrace-from ptrace-to int80 x32; do
			# Not supported by all kernels.
			oddcalls $how >/tmp/calls 2>/tmp/output || { echo "SKIP $how: $(cat /tmp/output)"; continue; }
			ok "enable by $mechanism for $how" write "$hook/enable" 1
			oddcalls $how >/tmp/calls
			ok "$mechanism: calls by $how that begin are hits" hooked "$(cat /tmp/calls)"
			prints "$mechanism: $how leaves no block" '^0$' cat "$hook/blocks"
			ok "disable by $mechanism after $how" write "$hook/enable" 0
		done

		rm -f /tmp/calls
		oddcalls hold >/tmp/calls &
		holder=$!
		ok "$mechanism: a call is under way" soon test -s /tmp/calls
		ok "$mechanism: enable in the middle of it" write "$hook/enable" 1
		kill -USR1 $holder
		ok "$mechanism: it ends" wait $holder
		prints "$mechanism: it was no hit" '^hits 0 missed 0 blocks 0$' hooked 0

		rm -f /tmp/calls
		oddcalls hold >/tmp/calls &
		holder=$!
		ok "$mechanism: another call is under way" soon grep -q 1 "$hook/blocks"
		fails "$mechanism: a signal interrupts disabling" 143 "" timeout -s TERM 1 sh -c "echo 0 >$hook/enable"
		prints "$mechanism: the block is still open" '^1$' cat "$hook/blocks"
		fails "$mechanism: the module stays" - "unavailable|busy|in use" rmmod epoch_bench
		write "$hook/enable" 0 &
		disabler=$!
		kill -USR1 $holder
		ok "$mechanism: it is disabled when the call has ended" wait $disabler
		ok "$mechanism: the call has ended" wait $holder
		prints "$mechanism: no block is left of it" '^0$' cat "$hook/blocks"

		ok "$mechanism: enable for one that is killed" write "$hook/enable" 1
		oddcalls hold >/tmp/calls &
		holder=$!
		ok "$mechanism: its call is under way" soon grep -q 1 "$hook/blocks"
		kill -KILL $holder
		wait $holder
		ok "$mechanism: no block is left of it" soon grep -q 0 "$hook/blocks"
		prints "$mechanism: it was a hit" '^hits 1 missed 0' hooked 1
		ok "$mechanism: disable at the end" write "$hook/enable" 0
		write "$hook/comm" ""
	done
	write "$hook/mechanism" auto
	write $sys/tracker epoch
}

hook() {
	hook_knobs
	hook_counts
	hook_chooses
	hook_refuses
	hook_waits
	hook_descendants
	hook_odd_calls
}
