# shellcheck shell=dash disable=SC2154,SC2086 # sys and the others are test.sh's, without blanks
# The hook, sourced by test.sh: what it counts, what it refuses, and what it
# survives. munmaps is a static program that knows nothing of it.

hook=$sys/hook

hooked() { # WANTED: so many hits, none missed
	echo "hits $(cat "$hook/hits") missed $(cat "$hook/missed") blocks $(cat "$hook/blocks")"
	[ "$(cat "$hook/hits")" = "$1" ] && [ "$(cat "$hook/missed")" = 0 ]
}

# A shell that has itself hooked, and becomes the program.
as_tgid() {
	sh -c 'echo $$ >'"$hook"'/tgid && exec "$@"' sh "$@"
}

hook_knobs() {
	prints "the hook is disabled at first" '^0$' cat "$hook/enable"
	prints "what is hooked serves munmap(2)" '^(__vm_munmap|do_vmi_munmap|__x64_sys_munmap)$' cat "$hook/symbol"
	prints "it can be hooked" "$(cat "$hook/symbol")" cat "$hook/available_symbols"
	ok "nothing to be hooked serves exit(2) or mprotect(2)" \
		sh -c "! grep -Ew 'tlb_gather_mmu|tlb_finish_mmu|unmap_vmas|free_pgtables' $hook/available_symbols"
	for bad in enable:2 enable: enable:yes enable:01 symbol:no_such_function symbol: symbol:do_exit symbol:jiffies \
		symbol:exc_int3 "symbol:__vm_munmap " symbol:__vm_munmap+1 mechanism:uprobe mechanism: mechanism:FPROBE \
		tgid:-1 tgid:x tgid:4294967296 tgid:2147483648 tgid: comm:sixteen-bytes-ok; do
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
	for mechanism in kretprobe fprobe; do
		ok "the mechanism can be $mechanism" write "$hook/mechanism" $mechanism
		for tracker in $trackers; do
			[ "$tracker" != mutex ] || continue
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

hook_refuses() {
	write $sys/tracker mutex
	log >/dev/null
	fails "a tracker that sleeps cannot be hooked" - "invalid argument" write "$hook/enable" 1
	log >/tmp/log
	prints "the log says that it sleeps" "'mutex' sleeps" cat /tmp/log
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
	fails "a tracker that sleeps cannot be chosen meanwhile" - "invalid argument" write $sys/tracker mutex
	prints "the tracker is what it was" '^epoch$' cat $sys/tracker
	fails "epoch_bench cannot be unloaded while the hook is enabled" - "unavailable|busy|in use" rmmod epoch_bench
	ok "disable the hook" write "$hook/enable" 0
	ok "disable it twice" write "$hook/enable" 0
}

# Not "soon", which sleeps: its own calls would be hooked, and counted.
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
	# Until it is told: nothing below depends on how long anything takes.
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

hook() {
	hook_knobs
	hook_counts
	hook_refuses
	hook_waits
}
