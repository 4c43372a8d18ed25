# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2317,SC2154,SC2034 # ok and fails call the functions; some names are of the other files
# Tests on the unmodified Debian kernel, run in the guest by busybox's shell.
# Prints "PASS name", "FAIL name" and "SKIP name" lines.

# shellcheck source=test/guest/test-lib.sh
. /tests/lib.sh

without_modules() {
	fails "no module: run says what to load" 1 "epoch_bench.*(insmod|modprobe|load)" bench run
	fails "no module: compare says what to load" 1 "epoch_bench" bench compare mutex epoch
	fails "epoch_bench needs epoch first" - "unknown symbol" insmod /modules/epoch_bench.ko
	log >/dev/null
}

loading() {
	ok "insmod epoch" insmod /modules/epoch.ko
	fails "insmod with an unknown tracker" - "invalid|argument" \
		insmod /modules/epoch_bench.ko tracker=bogus
	log >/tmp/log
	prints "the log names the unknown tracker" "bogus" cat /tmp/log
	prints "the log names the known ones" "mutex.*epoch" cat /tmp/log
	ok "insmod epoch_bench tracker=epoch" insmod /modules/epoch_bench.ko tracker=epoch
	prints "the tracker is the one of insmod" '^epoch$' cat $sys/tracker
	ok "rmmod epoch_bench" rmmod epoch_bench
	ok "insmod epoch_bench" insmod /modules/epoch_bench.ko
	prints "there is a tracker by default" '^[a-z]' cat $sys/tracker
}

knobs() {
	for tracker in none mutex spin spin-percpu lockless srcu srcu-expedited epoch-keyed epoch; do
		prints "available_trackers has $tracker" "(^| )$tracker( |\$)" cat $sys/available_trackers
		ok "tracker can be $tracker" write $sys/tracker "$tracker"
		prints "tracker is $tracker" "^$tracker\$" cat $sys/tracker
	done
	for bad in bogus "" epoc epochs MUTEX "mutex epoch"; do
		log >/dev/null
		fails "tracker cannot be '$bad'" - "invalid argument" write $sys/tracker "$bad"
		log >/tmp/log
		prints "the log says what is accepted instead of '$bad'" "mutex" cat /tmp/log
	done
	prints "a refused tracker changes nothing" '^epoch$' cat $sys/tracker
	fails "available_trackers is read-only" - "permission|denied|error" write $sys/available_trackers none
	prints "no worker runs" '^0$' cat "$sys/workers"
}

permissions() {
	prints "the device is for root only" '^600 0 0 character' stat -c '%a %u %g %F' /dev/epoch_bench
	fails "another user may not open it" - "permission denied" as_nobody cat /dev/epoch_bench
	fails "another user may not choose the tracker" - "permission denied" as_nobody "echo none >$sys/tracker"
	fails "epoch-bench tells another user why" 1 "permission|root" as_nobody epoch-bench run
}

# as_runtest ARG...: run epoch-bench, and check that will-it-scale's runtest.py can read its
# output: each line with "testcase:" or "average:" has one colon, and the average is a number.
as_runtest() {
	bench "$@" >/tmp/lines || return
	cat /tmp/lines
	awk -F: '
		/testcase:/ { bad += NF != 2; title = $2 }
		/average:/ { bad += NF != 2 || $2 !~ /^[1-9][0-9]*$/; averages++ }
		END { exit bad || title == "" || averages != 1 }' /tmp/lines
}

measuring() {
	small="--samples 3 --warmup 1 --interval-ms 50"
	for tracker in none mutex spin spin-percpu lockless srcu srcu-expedited epoch-keyed epoch; do
		for testcase in mmap1 di; do
			# shellcheck disable=SC2086 # words
			ok "run --tracker $tracker --testcase $testcase" \
				as_runtest run --tracker $tracker --testcase $testcase --tasks 4 $small
		done
	done
	# shellcheck disable=SC2086
	ok "run --threads" as_runtest run --threads --tasks 4 $small
	# shellcheck disable=SC2086
	ok "run --where user" as_runtest run --where user --tasks 2 $small
	# shellcheck disable=SC2086
	ok "run --json" bench run --tasks 2 $small --json /out/run.json
	for testcase in mmap1 di; do
		# shellcheck disable=SC2086
		prints "compare mutex epoch --testcase $testcase" 'confidence .paired t' \
			bench compare mutex epoch --testcase $testcase --tasks 4 $small --json /out/compare.json
	done
	# shellcheck disable=SC2086
	prints "compare of three" 'Holm over 2' bench compare none mutex epoch --tasks 2 $small
	carriers
	ok "nothing is left running" soon idle
}

# The activity of the machine is printed with the figures; emulated CPUs have no PMU.
carriers() {
	# shellcheck disable=SC2086
	prints "compare says what the machine did" '^epoch( +[<0-9.]+){4}( +[0-9.]+%){2}' \
		bench compare mutex epoch --tasks 4 $small --json /out/processes.json
	# shellcheck disable=SC2086
	prints "compare counts instructions or says why not" ' instructions$|^not counted: instructions: ' \
		bench compare mutex epoch --threads --tasks 4 $small --json /out/threads.json
	ok "processes and threads are reported" \
		bench report /out/processes.json /out/threads.json --output /out/carriers.html
	prints "the page has them in a section" 'Processes and threads' cat /out/carriers.html
}

bad_usage() {
	fails "run with an unknown tracker" - "bogus" bench run --tracker bogus --samples 1
	fails "run with an unknown testcase" 2 "testcase" bench run --testcase bogus
	fails "run with no task" 2 "tasks" bench run --tasks 0
	fails "run with a negative number of tasks" 2 "tasks" bench run --tasks=-1
	fails "run with too many tasks" - "tasks|4096|workers" bench run --tasks 100000
	fails "run with no sample" 2 "samples" bench run --samples 0
	fails "run with an unknown option" 2 "bogus" bench run --bogus
	fails "compare of one" 2 "tracker" bench compare mutex
	fails "compare with an unknown tracker" - "bogus" bench compare mutex bogus --samples 3
	fails "no command" 2 "usage" bench
	fails "JSON where it cannot be written" 1 "/nowhere" \
		bench run --samples 1 --warmup 0 --interval-ms 10 --json /nowhere/x.json
	ok "nothing is left running after bad usage" soon idle
}

# Operations that are refused while workers run, and the ends of a run.
while_it_runs() {
	blocks 4 &
	ok "workers start that follow the tracker of sysfs" soon busy
	n=0
	switches=50
	while [ $n -lt "$switches" ]; do
		for tracker in $trackers; do
			write $sys/tracker "$tracker" || break 2
		done
		n=$((n + 1))
	done
	ok "the tracker changes $switches times through all while they run" [ $n = "$switches" ]
	prints "all of them go on" '^4$' cat $sys/workers
	killall -KILL blocks
	ok "they end" soon idle
	write $sys/tracker epoch
	ok "a long run starts" long_run
	fails "epoch_bench cannot be unloaded while it runs" - "unavailable|busy|in use" rmmod epoch_bench
	fails "epoch cannot be unloaded while it is used" - "unavailable|busy|in use" rmmod epoch
	kill -TERM "$long"
	ok "SIGTERM leaves no process" soon idle
	wait "$long" 2>/dev/null

	fails "SIGINT ends a run" - "" timeout -s INT 2 epoch-bench run --tasks 4 --samples 1000 --interval-ms 100
	ok "SIGINT leaves no process" soon idle

	fails "SIGKILL ends a run" - "" timeout -s KILL 2 epoch-bench run --tasks 4 --samples 1000 --interval-ms 100
	ok "SIGKILL leaves no process" soon idle
}

samples() {
	for sample in c rust; do
		ok "insmod epoch_sample_$sample" insmod /modules/epoch_sample_$sample.ko
		fails "epoch cannot be unloaded under epoch_sample_$sample" - "unavailable|busy|in use" rmmod epoch
		sleep 1
		ok "grace periods of epoch_sample_$sample pass" passes sample_$sample
		log >/dev/null
		ok "rmmod epoch_sample_$sample" rmmod epoch_sample_$sample
		log >/tmp/log
		prints "epoch_sample_$sample worked without an error" '[1-9][0-9]* (walks|lookups).* 0 errors' cat /tmp/log
	done
}

passes() { # EPOCH: succeeds if grace periods still pass
	before=$(cat "/sys/kernel/epoch/$1/grace_periods")
	soon sh -c "[ \$(cat /sys/kernel/epoch/$1/grace_periods) -gt $before ]"
}

# /sys/kernel/epoch, with an epoch of epoch_bench in it.
watching() {
	epochs=/sys/kernel/epoch
	log >/dev/null
	ok "insmod both samples" sh -c 'insmod /modules/epoch_sample_c.ko && insmod /modules/epoch_sample_rust.ko'
	prints "each epoch has a folder" '^bench bench_hook bench_keyed sample_c sample_rust $' sh -c "ls $epochs | tr '\n' ' '"
	ok "each file is one number" sh -c "! ls $epochs/*/* | grep -v _histogram | xargs grep -Evh '^[0-9]+\$'"
	ok "or a histogram of 32" sh -c "! grep -Evh '^([0-9]+ ){31}[0-9]+\$' $epochs/*/*_histogram"
	ok "grace periods pass" passes sample_c
	ok "stall_timeout_ms can be set" write $epochs/bench/stall_timeout_ms 5000
	for bad in abc "" -1 4294967296; do
		fails "stall_timeout_ms cannot be '$bad'" - "invalid argument" write $epochs/bench/stall_timeout_ms "$bad"
	done
	prints "a refused timeout changes nothing" '^5000$' cat $epochs/bench/stall_timeout_ms
	log >/tmp/log
	prints "the log says what a timeout is" "stall_timeout_ms takes milliseconds" cat /tmp/log
	fails "callbacks_limit cannot be 'many'" - "invalid argument" write $epochs/bench/callbacks_limit many
	log >/tmp/log
	prints "the log says what a limit is" "callbacks_limit takes a number" cat /tmp/log
	fails "stalls is read-only" - "permission|denied|error" write $epochs/bench/stalls 0

	# Files are read and written while their epochs come and go.
	(while [ ! -e /tmp/enough ]; do
		cat $epochs/*/* >/dev/null
		for file in "$epochs"/*/stall_timeout_ms; do echo 20000 >"$file"; done
	done) 2>/dev/null &
	for _ in 1 2 3 4 5; do
		for sample in c rust; do
			rmmod epoch_sample_$sample
			insmod /modules/epoch_sample_$sample.ko
		done
	done
	touch /tmp/enough
	wait $!
	exec 5<$epochs/sample_c/readers
	ok "rmmod both samples" rmmod epoch_sample_c epoch_sample_rust
	fails "an open file of an epoch that is gone says so" - "no such device" sh -c 'cat <&5'
	exec 5<&-
	prints "their folders are gone" '^bench bench_hook bench_keyed $' sh -c "ls $epochs | tr '\n' ' '"
	prints "they worked without an error" '^12$' sh -c 'dmesg | grep -c " 0 errors"'
}

# traced EVENT...: trace these events while a sample module runs. Static keys are not switched
# during that: an emulated CPU that executes one has been seen to stop at its breakpoint after
# that was removed.
traced() {
	for event; do
		ok "epoch_$event is switched on" write "$tracing/events/epoch/epoch_$event/enable" 1
	done
	: >$tracing/trace
	ok "insmod epoch_sample_c, tracing $*" insmod /modules/epoch_sample_c.ko
	sleep 1
	for event; do
		# A stall is not certain.
		[ "$event" = stall ] || soon grep -q "epoch_$event:" $tracing/trace
	done
	# Read while the module is loaded, which gives names to addresses.
	head -n 5000 $tracing/trace >/out/trace
	ok "rmmod epoch_sample_c, tracing $*" rmmod epoch_sample_c
	ok "all events are switched off" write $tracing/events/epoch/enable 0
}

tracing() {
	tracing=/sys/kernel/tracing
	number='[1-9][0-9]*'
	traced gp_start gp_end stall callbacks
	prints "the trace has the beginning of a grace period" \
		"epoch_gp_start: name=sample_c seq=$number expedited=0" cat /out/trace
	prints "the trace has the end of a grace period" \
		"epoch_gp_end: name=sample_c seq=$number expedited=0 duration_ns=$number" cat /out/trace
	prints "the trace has callbacks" "epoch_callbacks: name=sample_c count=$number" cat /out/trace
	# shellcheck disable=SC2016 # awk's
	ok "each that has ended has begun" awk '
		/ epoch_gp_(start|end): / { split($0, f, /seq=| expedited/) }
		/ epoch_gp_start: / { begun[f[2]] = 1 }
		/ epoch_gp_end: / && !begun[f[2]] { print; bad = 1 }
		END { exit bad }' /out/trace
	# These events are many.
	echo 64 >$tracing/buffer_size_kb
	for event in enter exit; do
		traced $event
		prints "the trace has epoch_$event" \
			"epoch_$event: name=sample_c at=walk[+]0x.* \[epoch_sample_c\]" cat /out/trace
	done
	traced
	prints "switched off, nothing is traced" '^0$' sh -c "grep -c epoch_ /out/trace || :"
}

# eventually COMMAND...: waits until COMMAND succeeds, for ten minutes at most, which only a
# hang reaches.
eventually() {
	for _ in $(seq 20); do
		soon "$@" && return
	done
	false
}

# said TEXT: succeeds if the log contains TEXT since it was cleared.
said() {
	dmesg | grep -Eq -- "$1"
}

# scaled MODULE [PARAMETER...]: run a small test of the module to its end.
scaled() {
	module=$1
	shift
	log >/dev/null
	ok "insmod $module $*" insmod "/modules/$module.ko" "$@"
	ok "$module comes to its end" eventually said "$module: end of test"
	ok "$module ends as LKP expects it" said "[a-z]-(ref-scale: END OF TEST|scale: Test complete)\$"
	ok "rmmod $module" rmmod "$module"
	log >/tmp/log
}

# stops MODULE [PARAMETER...]: unload the module during a long test.
stops() {
	module=$1
	shift
	log >/dev/null
	ok "insmod $module $*" insmod "/modules/$module.ko" "$@"
	sleep 0.5
	ok "rmmod $module in the middle" timeout -s KILL 60 rmmod "$module"
	log >/tmp/log
	ok "it was the middle" sh -c '! grep "end of test" /tmp/log'
}

scale() {
	positive='(0\.0*[1-9]|[1-9])'
	scaled epoch_refscale loops=1000 nruns=3
	for type in epoch epoch-rust epoch-fenced rcu srcu srcu-fast percpu_rwsem rwlock mutex none; do
		prints "a section of $type takes time" "^[^ ]* +[0-9.]+\\] $type-ref-scale: median $positive" cat /tmp/log
	done
	prints "a section of the epoch takes more than none" 'none-ref-scale: .*, 0\.[0-9]+ times epoch' cat /tmp/log
	prints "each run is printed" '^30$' sh -c "grep -Ec '\] [123]	[0-9]+\.[0-9]{3}\$' /tmp/log"
	scaled epoch_refscale loops=100 nruns=3 nreaders=9 readdelay=2000 scale_type=mutex,epoch
	# Delays of an emulated CPU are only approximate.
	prints "a section takes its delay" ' epoch-ref-scale: median [1-9][0-9]{3,}\.' cat /tmp/log

	small="loops=2 nruns=2 nwriters=2"
	for mode in nreaders=0 "nreaders=1 nhogs=1 reader_nice=0" "gp_exp=1" "gp_async=1 gp_async_max=10"; do
		# shellcheck disable=SC2086 # words
		scaled epoch_rcuscale $small $mode
		for type in epoch epoch-rcu epoch-fenced rcu srcu srcu-fast; do
			prints "$mode: $type takes time" "\] $type-scale: (wait|expedited|call): median $positive" cat /tmp/log
			prints "$mode: each duration of $type is printed" '^8$' \
				sh -c "grep -Ec '\] $type-scale: +[01] writer-duration: +[0-3] [1-9]' /tmp/log"
			prints "$mode: $type counts grace periods" "$type-scale: .* gps: 8 batches: [1-9][0-9]?\$" cat /tmp/log
		done
	done
	scaled epoch_rcuscale flood=1 nreaders=0 scale_type=epoch,srcu flood_limit_mb=1
	for type in epoch srcu; do
		prints "a flood of $type" "$type-scale: flood: [1-9][0-9]* callbacks .* peak [1-9]" cat /tmp/log
	done
	prints "a flood stops at its limit" 'srcu-scale: .* limit 102[0-9] KiB, [1-9][0-9]* pauses' cat /tmp/log

	all="epoch epoch-rcu epoch-fenced rcu srcu srcu-fast"
	small="nreaders=0 nruns=2 loops=2 bind=0 verbose=0"
	for mode in "nwriters=9" "nwriters=9 nstructs=4 gp_exp=1" "nwriters=3 nlow=1 nhogs=1" \
		"nwriters=3 nlow=2 low_idle=1"; do
		# shellcheck disable=SC2086 # words
		scaled epoch_rcuscale $small $mode
		for type in $all; do
			prints "$mode: $type is timed as a whole" "\] $type-scale: all waits: median $positive" cat /tmp/log
			prints "$mode: $type counts grace periods" \
				"\] $type-scale: grace periods a run: median $positive" cat /tmp/log
			prints "$mode: $type counts IPIs" "\] $type-scale: IPIs a wait: median [0-9]" cat /tmp/log
		done
		case $mode in
		*nlow*) prints "$mode: both kinds of runs are told" \
			"\] epoch-scale: wait, low: median $positive" cat /tmp/log ;;
		esac
	done
	prints "an epoch interrupts CPUs" "\] epoch-scale: IPIs a wait: median $positive" cat /tmp/log
	scaled epoch_rcuscale churn_ms=100 nreaders=0 nruns=6
	for type in $all; do
		prints "$type invokes callbacks in circulation" "\] $type-scale: invoked: median $positive.* a second" cat /tmp/log
		prints "$type has a confidence interval" "\] $type-scale: invoked: .*times epoch \(95%: [0-9.]+ [0-9.]+\)" cat /tmp/log
	done
	scaled epoch_rcuscale gp_async=1 gp_async_max=3 gp_async_barrier=0 nwriters=1 nreaders=0 \
		writer_holdoff=1000
	prints "a lone callback is invoked" "\] epoch-scale: call until invoked: median [1-9][0-9]{3}" cat /tmp/log
	scaled epoch_rcuscale scale_type=epoch-rcu reader_holdoff=100 nruns=2 nreaders=1 nwriters=1
	prints "RCU's grace periods are counted" "\] epoch-rcu-scale: RCU grace periods for each: median $positive" \
		cat /tmp/log
	scaled epoch_rcuscale init_free=1 nwriters=2 nruns=2
	prints "making an epoch takes time" "\] epoch-scale: make and free: median $positive" cat /tmp/log
	prints "making an SRCU structure takes time" "\] srcu-scale: make and free: median $positive" cat /tmp/log
	scaled epoch_rcuscale nalive=100 nruns=1 nwriters=1
	for type in epoch epoch-rcu epoch-fenced srcu srcu-fast; do
		prints "many structures of $type" "$type-scale: alive: 100 made in [1-9][0-9]* ns each" cat /tmp/log
	done

	stops epoch_refscale nruns=10000 loops=1000000000
	stops epoch_refscale nruns=10000 loops=1000000000 readdelay=1000000
	stops epoch_rcuscale nruns=10 loops=10000
	stops epoch_rcuscale nruns=10 loops=10000 gp_async=1
	stops epoch_rcuscale flood=3600
	stops epoch_rcuscale churn_ms=3600000
	stops epoch_rcuscale nruns=10 loops=10000 nwriters=64 bind=0 nstructs=8 verbose=0
	stops epoch_rcuscale nruns=10 loops=10000 nwriters=2 bind=0 nlow=2 low_idle=1 nhogs=2 verbose=0
	stops epoch_rcuscale nruns=10 loops=10000 init_free=1
	stops epoch_rcuscale nalive=1000000
	prints "their epochs are gone" '^bench bench_hook bench_keyed $' sh -c "ls /sys/kernel/epoch | tr '\n' ' '"
	ok "their threads are gone" sh -c '! ps | grep "\[epoch_[hlrw]"'

	for bad in scale_type=bogus scale_type= scale_type=epoch,epoch scale_type=all,rcu loops=0 loops=abc \
		nreaders=-2 nruns=0 holdoff=-1; do
		for module in epoch_refscale epoch_rcuscale; do
			log >/dev/null
			fails "insmod $module $bad" - "invalid" insmod /modules/$module.ko "$bad"
			log >/tmp/log
			prints "the log names ${bad%%=*}" "${bad%%=*}" cat /tmp/log
		done
	done
	fails "insmod epoch_refscale nreaders=0" - "invalid" insmod /modules/epoch_refscale.ko nreaders=0
	for bad in nwriters=0 nhogs=-2 reader_nice=20 gp_async_max=0 flood=-1 flood_size=0 writer_holdoff=-1 \
		nstructs=0 nlow=-1 low_nice=20 writer_nice=-21 reader_holdoff=-1 churn_ms=-1 nalive=-1 bind=2 \
		"gp_exp=1 gp_async=1" "init_free=1 churn_ms=1" "nalive=1 flood=1" "nlow=1 gp_async=1" \
		"nalive=1 scale_type=rcu"; do
		# shellcheck disable=SC2086 # words
		fails "insmod epoch_rcuscale $bad" - "invalid" insmod /modules/epoch_rcuscale.ko $bad
	done
	log >/dev/null
}

# Reports are expected here, so they bypass the checked log.
says() {
	dmesg -c >>/tmp/reports
	grep -Eq -- "$1" /tmp/reports
}

# The reports name the task that blocks a grace period of the samples.
tracking() {
	parameter=/sys/module/epoch/parameters/track_readers
	prints "readers are not tracked by default" '^N$' cat $parameter
	for bad in perhaps "" 2; do
		fails "track_readers cannot be '$bad'" - "invalid argument" write $parameter "$bad"
	done
	log >/tmp/log
	prints "the log says what track_readers can be" "track_readers takes 0 or 1, not 'perhaps" cat /tmp/log
	ok "readers can be tracked" write $parameter 1
	prints "readers are tracked" '^Y$' cat $parameter
	for sample in c rust; do
		ok "insmod epoch_sample_$sample, tracked" insmod /modules/epoch_sample_$sample.ko linger_ms=50
	done
	log >/dev/null
	: >/tmp/reports
	for epoch in sample_c sample_rust; do write /sys/kernel/epoch/$epoch/stall_timeout_ms 20; done
	reader='pid [1-9][0-9]*, entered on CPU [0-9]+ [0-9]+ ms ago at'
	ok "a report names the C sample's reader" \
		soon says "epoch: sample_c: section: epoch_walk, $reader walk[+]0x.* \[epoch_sample_c\]"
	ok "a report names the Rust sample's reader" \
		soon says "epoch: sample_rust: section: rust_closure, $reader .*[+]0x.* \[epoch_sample_rust\]"
	for epoch in sample_c sample_rust; do write /sys/kernel/epoch/$epoch/stall_timeout_ms 0; done
	dmesg -c >>/tmp/reports
	cp /tmp/reports /out/reports
	prints "no record is doubted where sections stay with their tasks" '^0$' \
		sh -c 'grep -c "may be over" /tmp/reports || :'
	ok "rmmod both samples, tracked" rmmod epoch_sample_c epoch_sample_rust
	ok "tracking ends" write $parameter 0
}

each_cpu() { # 0 to take all CPUs but the first offline one by one, 1 to bring them back
	for cpu in /sys/devices/system/cpu/cpu[1-9]*/online; do
		echo "$1" >"$cpu" || return
	done
}

online() { # RANGE
	cat /sys/devices/system/cpu/online
	[ "$(cat /sys/devices/system/cpu/online)" = "$1" ]
}

# CPUs go offline and online while sections, grace periods and callbacks continue.
hotplug() {
	if [ ! -e /sys/devices/system/cpu/cpu1/online ]; then
		echo "SKIP CPUs that go offline: there is one only"
		return
	fi
	cpus=$(cat /sys/devices/system/cpu/online)
	log >/dev/null
	# epoch-bench would end when the online CPUs change.
	blocks 4 &
	ok "load for CPUs that go offline" soon busy
	ok "insmod both samples" sh -c 'insmod /modules/epoch_sample_c.ko && insmod /modules/epoch_sample_rust.ko'
	ok "all CPUs but one go offline" each_cpu 0
	ok "one CPU is online" online 0
	ok "grace periods pass on one CPU" passes sample_c
	prints "all workers go on on one CPU" '^4$' cat $sys/workers
	ok "all CPUs come back" each_cpu 1
	ok "all CPUs are online" online "$cpus"
	ok "grace periods pass on all CPUs" passes sample_rust
	prints "all workers go on on all CPUs" '^4$' cat $sys/workers
	killall -TERM blocks
	ok "they end after the CPUs came back" soon idle
	prints "no section of theirs is left" '^0$' cat /sys/kernel/epoch/bench/readers
	ok "rmmod both samples" rmmod epoch_sample_c epoch_sample_rust
	log >/tmp/log
	prints "no sample has seen an error while CPUs went" '^2$' grep -Ec '[1-9][0-9]* (walks|lookups).* 0 errors' /tmp/log
}

unloading() {
	ok "rmmod epoch_bench at the end" rmmod epoch_bench
	fails "the device is gone" - "no such file" ls /dev/epoch_bench
	fails "without the device, run says what to load" 1 "epoch_bench" bench run
	ok "rmmod epoch" rmmod epoch
	fails "/sys/kernel/epoch is gone" - "no such file" ls /sys/kernel/epoch
	prints "no module is left" '^0$' sh -c 'grep -c ^epoch /proc/modules || :'
}

again() {
	fails "insmod epoch track_readers=perhaps" - "invalid" insmod /modules/epoch.ko track_readers=perhaps
	ok "and again: insmod epoch" insmod /modules/epoch.ko track_readers=1
	ok "and again: insmod epoch_bench" insmod /modules/epoch_bench.ko tracker=mutex
	prints "and again: run" '^average:[1-9]' \
		bench run --tasks 8 --samples 3 --warmup 0 --interval-ms 100
	ok "and again: rmmod epoch_bench" rmmod epoch_bench
	ok "and again: rmmod epoch" rmmod epoch
}

# Structures of the interface have grown; tools of both ages work with it.
newer_module() {
	ok "insmod a newer module" sh -c "insmod /modules/newer/epoch.ko && insmod /modules/newer/epoch_bench.ko"
	ages newer || failed=1
	ages-newer newer || failed=1
	prints "epoch-bench runs with a newer module" '^average:[1-9]' \
		bench run --tasks 2 --samples 3 --warmup 0 --interval-ms 100
	ok "rmmod the newer module" rmmod epoch_bench epoch
}

# shellcheck source=test/guest/test-load.sh
. /tests/load.sh

log >/dev/null
without_modules
loading
trackers=$(cat $sys/available_trackers)
knobs
permissions
badinput || failed=1
ages || failed=1
ages-newer || failed=1
ok "after bad input nothing runs" soon idle
measuring
bad_usage
while_it_runs
doctor
verify_knob
torture
mixes
itself
saved_runs
watched
side_by_side
samples
watching
hotplug
tracing
tracking
scale
unloading
again
newer_module
busted
kernel_log
exit "$failed"
