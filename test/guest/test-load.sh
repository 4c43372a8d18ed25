# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2016,SC2154,SC2086 # sys and the others are test.sh's, without blanks
# Tests of loads that wait, the verifier, curves, and programs that epoch-bench hooks; sourced
# by test.sh.

verify_knob() {
	prints "the verifier is off at first" '^0$' cat $sys/verify
	for bad in "" 2 on -1 00; do
		log >/dev/null
		fails "verify cannot be '$bad'" - "invalid argument" write $sys/verify "$bad"
		log >/tmp/log
		prints "the log says what verify can be, not '$bad'" "neither 0 nor 1" cat /tmp/log
	done
	ok "the verifier can be turned on" write $sys/verify 1
	prints "it is on" '^1$' cat $sys/verify
	ok "the verifier can be turned off" write $sys/verify 0
	fails "violations is read-only" - "permission|denied|error" write $sys/violations 0
	for counter in waits blocked_waits longest_queue restarts contended; do
		prints "counters/$counter is a number" '^[0-9]+$' cat "$sys/counters/$counter"
		fails "counters/$counter is read-only" - "permission|denied|error" write "$sys/counters/$counter" 0
	done
}

torture() {
	for tracker in $trackers; do
		prints "torture of $tracker" "^ *$tracker +[1-9]" \
			bench torture --trackers "$tracker" --seconds 3 --tasks 8 --waiters 2 --json /out/torture.json
	done
	prints "torture while the tracker changes" '^srcu .* 0$' \
		bench torture --trackers all --seconds 3 --tasks 8 --waiters 2 --switch-ms 1
	prints "there were no violations" '^0$' cat $sys/violations
	prints "the verifier is off again" '^0$' cat $sys/verify
}

mixes() {
	small="--samples 3 --warmup 1 --interval-ms 50"
	for testcase in mmap1-touch page-fault; do
		prints "$testcase with waiters" 'p99' \
			bench compare all --testcase $testcase --tasks 4 --waiters 2 --wait-rate 200 $small
	done
	prints "mmap1-touch with many pages" '^average:[1-9]' \
		bench run --testcase mmap1-touch --pages 64 --tasks 2 $small
	for testcase in mmap1-touch page-fault; do
		prints "$testcase in user space" '^average:[1-9]' \
			bench run --where user --testcase $testcase --tasks 2 $small
	done
	fails "pages with a testcase that has none" 2 "pages" bench run --testcase di --pages 3
	prints "sweep" '^ *4 ' bench sweep --trackers mutex,epoch --tasks 1,2,4 $small --json /out/sweep.json
	prints "sweep says what the machine did" '^mutex, 4 tasks( +[<0-9.]+){4}( +[0-9.]+%){2}' \
		bench sweep --trackers mutex --tasks 2,4 $small
	interrupted_sweep
	ok "nothing is left running after the mixes" soon idle
}

itself() {
	prints "a tracker is compared with itself" '^paired t: [0-5] of 5 comparisons of epoch with itself' \
		bench compare epoch epoch --repeats 5 --tasks 2 --samples 6 --interval-ms 20 --json /out/itself.json
	if grep -q "workers of others" /tmp/output; then
		fail "its own workers are taken for those of others"
	else
		pass "its own workers are not taken for those of others"
	fi
	prints "all of these comparisons are in its JSON" '"comparisons": 5' cat /out/itself.json
	ok "and can be drawn" bench draw /out/itself.json --svg /out/itself.svg
	prints "a comparison says what other tests say" "Welch p.*paired p.*Hedges' g" \
		bench compare none mutex --tasks 2 --samples 6 --interval-ms 20
	fails "two trackers are compared once" 2 "with itself" bench compare mutex epoch --repeats 5
}

watched() {
	epoch-bench run --tracker epoch --testcase di --waiters 2 --tasks 2 --samples 1000 \
		--interval-ms 100 >/tmp/long 2>&1 &
	long=$!
	soon busy
	prints "the epochs of the machine are shown while they work" '^ +[0-9].* [1-9][0-9]* .*  bench' \
		epoch-bench top --interval-ms 500 --count 2
	prints "with the durations of grace periods" '[.][.].* grace periods +bench$' \
		epoch-bench top --interval-ms 2000 --count 1
	prints "and recorded as a timeline" '[1-9][0-9]* sections, [1-9][0-9]* grace periods' \
		epoch-bench timeline --ms 300 --output /out/timeline.json
	prints "with the sections of a task" '"dur":[0-9.]+.*"name":"bench' cat /out/timeline.json
	ok "no instance of tracing is left" sh -c '[ -z "$(ls /sys/kernel/tracing/instances)" ]'
	kill $long
	wait $long
	soon idle
	prints "and their rates when they do not" '^ +0 .* 0 +0 +0  bench' \
		epoch-bench top --interval-ms 100 --count 1
}

saved_runs() {
	bench compare none epoch --tasks 2 --samples 6 --interval-ms 20 --json /out/before.json >/dev/null 2>&1
	prints "a comparison is measured until it is precise" 'sequential paired t, N=[1-4][0-9] each' \
		bench compare none epoch --tasks 2 --samples 40 --interval-ms 20 --until 20%
	prints "equivalence is tested" 'epoch is within 90% of none: ' \
		bench compare none epoch --tasks 2 --samples 6 --interval-ms 20 --within 90% \
		--json /out/after.json
	prints "saved runs are compared" '^epoch/none, 2 processes .*no verdict' \
		epoch-bench diff /out/before.json /out/after.json
	fails "but not with those of other trackers" 2 "other trackers" \
		epoch-bench diff /out/before.json /out/itself.json
	prints "and are exported" '^BenchmarkMmap1/tracker=epoch/processes-2 [0-9]+ ' \
		epoch-bench export /out/after.json --format benchfmt
}

interrupted_sweep() {
	rm -f /out/resumed.json
	epoch-bench sweep --trackers mutex,epoch --tasks 1,2,4,8 --samples 3 --interval-ms 200 \
		--json /out/resumed.json >/tmp/sweep 2>&1 &
	pid=$!
	ok "a sweep saves what is finished" soon test -s /out/resumed.json
	kill -TERM $pid
	wait $pid 2>/dev/null
	prints "an interrupted sweep says how to go on" 'sweep --resume /out/resumed.json' cat /tmp/sweep
	fails "other settings are refused" 2 "begun with --samples 3, not 5" \
		bench sweep --resume /out/resumed.json --samples 5
	prints "a sweep goes on" '^model .USL.: epoch: ' \
		bench sweep --resume /out/resumed.json --svg /out/resumed.svg
	prints "its curves are drawn" 'Universal Scalability Law' cat /out/resumed.svg
}

# Its findings depend on the kernel, and so does its exit code.
doctor() {
	status=0
	epoch-bench doctor --json /out/doctor.json >/out/doctor 2>&1 || status=$?
	ok "doctor ends with 0 or 1" [ "$status" -le 1 ]
	prints "doctor finds the module" '^OK +epoch_bench ' cat /out/doctor
	prints "doctor knows what can be hooked" '^OK +functions .*__vm_munmap' cat /out/doctor
	prints "doctor says that the CPUs are emulated" '^WARN +[a-z]+.* TCG' cat /out/doctor
}

unhooked() {
	[ "$(cat $sys/hook/enable $sys/hook/tgid $sys/hook/ancestor $sys/hook/comm $sys/hook/blocks | tr -d '\n')" = 0000 ] &&
		[ "$(cat $sys/tracker) $(cat $sys/hook/mechanism)" = "epoch fprobe" ]
}

# The default mechanism of each tracker.
left_to_tracker() {
	write $sys/tracker mutex
	was=$(cat $sys/hook/mechanism)
	write $sys/tracker epoch
	[ "$was $(cat $sys/hook/mechanism)" = "syscall fprobe" ]
}

hook_command() {
	write $sys/hook/mechanism auto
	write $sys/tracker epoch
	for mechanism in fprobe kretprobe syscall; do
		ok "hook --mechanism $mechanism" sh -c \
			"epoch-bench hook --mechanism $mechanism --tracker epoch --json /out/hook.json -- munmaps 1000 2>/tmp/hook"
		prints "hook --mechanism $mechanism counts each call of a program nobody changed" \
			'^epoch +1000 +0 ' cat /tmp/hook
		ok "everything is put back after hook --mechanism $mechanism" unhooked
	done
	ok "hook --tracker mutex" sh -c "epoch-bench hook --tracker mutex --json /out/hook-mutex.json -- munmaps 1000 4 2>/tmp/hook"
	prints "hook says that the mutex is hooked by syscall, and why" '^hook: syscall.*mutex sleeps' cat /tmp/hook
	prints "hook counts each call of four processes under the mutex" '^mutex +([0-9]+ +)+4000 +0 ' cat /tmp/hook
	prints "hook prints what it costs" 'hook itself' cat /tmp/hook
	ok "everything is put back after the mutex" unhooked
	ok "the mechanism is left to the tracker again" left_to_tracker
	prints "hook follows children, and orphans" '^spin +[0-9]+ +3000 +0 ' \
		bench hook --tracker spin -- sh -c 'sh -c "munmaps 1000 & munmaps 1000"; (munmaps 1000 &); sleep 2'
	fails "hook hands on the exit status" 3 "" bench hook -- sh -c 'exit 3'
	fails "hook hands on what killed a command" 137 "" bench hook -- sh -c 'kill -KILL $$'
	fails "hook of a command that is not there" 127 "no-such-command" bench hook -- no-such-command
	fails "hook of a command that cannot be executed" 126 "permission" bench hook -- /out
	fails "hook with a tracker that sleeps, by fprobe" 2 "mutex sleeps" bench hook --mechanism fprobe --tracker mutex -- true
	fails "hook by a mechanism that there is not" 2 "uprobe" bench hook --mechanism uprobe -- true
	fails "hook of a symbol by syscall" 2 "symbol" bench hook --mechanism syscall --symbol __vm_munmap -- true
	fails "hook of a symbol that is not there" - "no_such_function" bench hook --symbol no_such_function -- true
	fails "hook without a command" 2 "usage|COMMAND" bench hook
	ok "everything is put back after failures" unhooked
	epoch-bench hook -- munmaps 2000000000 >/dev/null 2>&1 &
	pid=$!
	ok "a long command is hooked" soon grep -q 1 $sys/hook/enable
	fails "a second hook beside it" 1 "another epoch-bench uses the hook" bench hook -- true
	ok "the first one goes on" soon grep -q 1 $sys/hook/enable
	kill -TERM $pid
	wait $pid 2>/dev/null
	killall -KILL munmaps 2>/dev/null
	ok "everything is put back after SIGTERM" soon unhooked
	fails "hook of a command that forks without end, until it is killed" - "^spin +[0-9]+ +[1-9]" \
		bench hook --tracker spin -- timeout 3 sh -c 'while :; do (munmaps 1 &); done'
	ok "everything is put back after it" soon unhooked

	small="--samples 3 --warmup 1 --interval-ms 50"
	ok "run --where user with a tracker" sh -c \
		"epoch-bench run --where user --tracker spin --tasks 4 $small 2>/tmp/hook >/tmp/run"
	prints "it prints will-it-scale's lines" '^average:[1-9]' cat /tmp/run
	prints "it tells of the hook" 'missed' cat /tmp/hook
	prints "compare --where user" 'confidence .paired t' bench compare none spin epoch --where user --tasks 4 $small
	ok "everything is put back after user space" unhooked
	for how in "" --threads; do
		ok "compare mutex epoch --where user $how" sh -c \
			"epoch-bench compare mutex epoch --where user $how --tasks 4 $small >/tmp/compare 2>/tmp/hook"
		prints "it has a verdict $how" 'confidence .paired t' cat /tmp/compare
		prints "it was by syscall for both $how" 'hooked: munmap\(2\) by syscall' cat /tmp/compare /tmp/hook
	done
	prints "compare all --where user has the mutex" '^mutex ' bench compare all --where user --tasks 2 $small
	ok "everything is put back after the mutex in user space" unhooked
	ok "the mechanism is still left to the tracker" left_to_tracker
}

# ended PROCESS FILE: wait for the process, whose output is in FILE.
ended() {
	wait "$1" || {
		cat "$2"
		return 1
	}
}

# Shares of the rate of none, concurrently: mutex less than a fifth, epoch more than a quarter.
beside() {
	for tracker in mutex epoch; do
		grep -o '"total": *[0-9]*' "/out/beside-$tracker.json" | grep -o '[0-9]*$' |
			awk '{ t[NR] = $1 } END { half = NR / 2; for (i = 1; i <= NR; i++) s[i > half] += t[i]; printf "%d\n", 100 * s[1] / s[0] }'
	done >/tmp/percent
	cat /tmp/percent
	[ "$(sed -n 1p /tmp/percent)" -lt 20 ] && [ "$(sed -n 2p /tmp/percent)" -gt 25 ]
}

# While other commands run, results are correct, or there is no verdict.
side_by_side() {
	write $sys/tracker epoch
	small="--samples 10 --warmup 1 --interval-ms 50 --tasks 2 --testcase di"
	epoch-bench compare none epoch $small --json /out/beside-epoch.json >/tmp/beside-epoch 2>&1 &
	first=$!
	ok "compare beside another one" sh -c \
		"epoch-bench compare none mutex $small --json /out/beside-mutex.json"
	ok "the other one, too" ended $first /tmp/beside-epoch
	# Alone, the mutex reaches a tenth of the blocks of none, and an epoch as many as none.
	ok "each has measured its own trackers" beside
	prints "the tracker of sysfs is what it was" '^epoch$' cat $sys/tracker

	epoch-bench run --tracker none --samples 20 --warmup 1 --interval-ms 50 --tasks 2 --testcase di >/tmp/run 2>&1 &
	first=$!
	soon busy
	for tracker in mutex spin mutex epoch; do write $sys/tracker $tracker; sleep 0.2; done
	ok "run with its own tracker, while sysfs says others" ended $first /tmp/run
	# The mutex would reach a tenth.
	ok "no sample is of another tracker" awk -F'[: ]' '/^min/ { t = $6; if (!n++ || t < least) least = t; if (t > most) most = t }
		END { print least, most; exit !(n > 20 && least * 6 > most) }' /tmp/run

	epoch-bench run --samples 50 --warmup 0 --interval-ms 100 --tasks 2 >/tmp/run 2>&1 &
	first=$!
	soon grep -q '^min' /tmp/run
	write $sys/tracker spin
	status=0
	wait $first || status=$?
	ok "run with the tracker that sysfs says, which changes" [ $status = 1 ]
	prints "it says what has changed" 'warning: .*tracker: epoch, now spin.*retaken' cat /tmp/run
	prints "and that there is no verdict" 'tracker: epoch, now spin.*no verdict' cat /tmp/run
	write $sys/tracker epoch

	epoch-bench compare none epoch --samples 50 --interval-ms 100 --tasks 2 >/tmp/compare 2>&1 &
	first=$!
	soon grep -q '^round 2 ' /tmp/compare
	write /sys/devices/system/cpu/cpu1/online 0
	status=0
	wait $first || status=$?
	ok "compare, and a CPU goes offline" [ $status = 1 ]
	write /sys/devices/system/cpu/cpu1/online 1
	prints "it says which CPUs are left" 'CPUs online: .*, now .*no verdict' cat /tmp/compare

	epoch-bench compare none epoch --samples 20 --interval-ms 100 --tasks 2 >/tmp/compare 2>&1 &
	first=$!
	soon grep -q '^round 2 ' /tmp/compare
	bench run --samples 1 --warmup 0 --interval-ms 10 --tasks 1 >/tmp/run 2>&1
	ok "compare, and others have workers for a moment" ended $first /tmp/compare
	prints "it says that it has left out a round" 'workers of others: 0,.* (1|came and went).*retaken' cat /tmp/compare
}

# The verifier must find a faulty tracker.
busted() {
	ok "insmod with a tracker that is wrong" sh -c \
		"insmod /modules/busted/epoch.ko && insmod /modules/busted/epoch_bench.ko tracker=busted"
	log >/dev/null
	fails "it fails within 5 s" 1 "busted" \
		epoch-bench torture --trackers busted --seconds 5 --tasks 8 --waiters 2
	log >/tmp/log
	prints "the log names both parties" \
		"verify: busted: wait for page [0-9]+ returned to .* \(pid .* while a block was open: .* \(pid " cat /tmp/log
	prints "a tracker that is right passes beside it" '^epoch .* 0$' \
		bench torture --trackers epoch --seconds 2 --tasks 8 --waiters 2
	ok "rmmod both" rmmod epoch_bench epoch
}
