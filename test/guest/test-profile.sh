# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2154,SC2086,SC2317 # sys and failed are test-lib.sh's; ok calls the functions
# Tests of profiles, in a guest with perf and without a PMU.

# shellcheck source=test/guest/test-lib.sh
. /tests/lib.sh

dir=/out/profile
small="--tasks 8 --seconds 2 --interval-ms 500"

profile() {
	epoch-bench profile "$@" --out $dir
}

# named FILE: succeeds if most of its samples have a function.
named() {
	awk '{ all += $NF } /;\[[^;]*\] [0-9]+$/ { unnamed += $NF }
		END { print unnamed + 0, "of", all, "have none"; exit !(all > 0 && unnamed * 2 < all) }' "$1"
}

idle_perf() {
	! pidof perf >/dev/null
}

fails "profile: no module" 1 "epoch_bench.*(insmod|modprobe|load)" profile
ok "profile: insmod" sh -c "insmod /modules/epoch.ko && insmod /modules/epoch_bench.ko"
write $sys/tracker srcu

ok "profile mutex epoch" profile mutex epoch $small --event UNHALTED_CORE_CYCLES
cp /tmp/output /tmp/profile
cat /tmp/profile
prints "profile: the event is explained" "^event: +UNHALTED_CORE_CYCLES \(perf's cycles\): " cat /tmp/profile
prints "profile: the timer is named" "cpu-clock \(no PMU for UNHALTED_CORE_CYCLES\), 997 times" cat /tmp/profile
prints "profile: there are samples of both" '^2$' grep -cE '^(mutex|epoch): [1-9][0-9]* samples in 2 s' /tmp/profile
for picture in mutex epoch mutex-epoch epoch-mutex; do
	svg=$dir/flame-$picture.svg
	prints "profile: flame-$picture.svg is a picture" '</svg>' tail -n 1 $svg
	ok "profile: flame-$picture.svg can be searched" grep -q 'function search' $svg
	ok "profile: flame-$picture.svg names the timer" grep -q 'no PMU for UNHALTED_CORE_CYCLES' $svg
	ok "profile: flame-$picture.svg has readable Rust" grep -q 'epoch_bench::trackers::Visitor&gt;::visit' $svg
	ok "profile: flame-$picture.svg has no mangled name" sh -c "! grep -Eo '_R(I?N|M|X)[A-Za-z0-9_]+' $svg"
done
for tracker in mutex epoch; do
	ok "profile: functions of $tracker have names" named $dir/folded/$tracker.folded
done
ok "profile: mutex takes a mutex" grep -Eq 'Generations<.*;(__)?mutex_lock' $dir/folded/mutex.folded
ok "profile: epoch takes none" sh -c "! grep -E 'epoch_bench::.*;(__)?mutex_lock' $dir/folded/epoch.folded"
prints "profile: profile.json" '"epoch-bench/profile/1"' cat $dir/profile.json
ok "profile: the tracker is put back" [ "$(cat $sys/tracker)" = srcu ]

prints "profile of the tracker that is selected" 'flame-srcu.svg' profile $small --testcase di
prints "profile of a tracker next to itself" 'flame-none-none-2.svg' profile none none $small
prints "profile of user space" 'flame-user.svg' profile --where user $small
prints "profile of hooked calls" 'flame-spin.svg' profile spin --where user $small
cp /tmp/output /tmp/profile
prints "profile: the mechanism is chosen, and named" '^hook: kretprobe for this profile' cat /tmp/profile
prints "profile: the report has it" '^hooked: [^ ]* by kretprobe$' cat /tmp/profile
ok "profile: the mechanism is put back" [ "$(cat $sys/hook/mechanism)" = fprobe ]
# The kernel warns only once, so this precedes profiling an fprobe.
log >/dev/null
ok "profile: a kretprobe has the kernel warn of no stack" sh -c '! grep "wrong direction" /out/kernel.log'
prints "profile of calls that are hooked as asked" '^hooked: [^ ]* by fprobe$' \
	profile spin --where user --mechanism fprobe $small
cp /tmp/output /tmp/profile
prints "profile: the kernel's warning is foretold" '^warning: .*return_to_handler' cat /tmp/profile
prints "profile of calls under the mutex" '^hooked: munmap\(2\) by syscall$' profile mutex --where user $small
fails "profile: a mechanism without the hook" 2 "where user" profile spin --mechanism fprobe $small
ok "profile: threads and a timer by its name" profile epoch $small --threads --event cpu-clock --keep-data
prints "profile: perf reads what was kept" 'epoch-bench' perf report -i $dir/perf-epoch.data --stdio --sort comm

fails "profile: three trackers" 2 "TRACKER" profile none mutex epoch
fails "profile: all trackers" 2 "name one or two" profile all
fails "profile: an unknown tracker" 2 "bogus" profile bogus
fails "profile: an unknown event" 1 "cannot record bogus" profile epoch $small --event bogus
fails "profile: an event that only a PMU has" 1 "cannot record cache-misses" \
	profile epoch $small --event cache-misses
fails "profile: too many samples a second" 1 "max_sample_rate|maximum frequency|cannot record" \
	sh -c "echo 500 >/proc/sys/kernel/perf_event_max_sample_rate
		epoch-bench profile epoch $small --out $dir"
echo 100000 >/proc/sys/kernel/perf_event_max_sample_rate
echo 2 >/proc/sys/kernel/kptr_restrict
fails "profile: hidden functions" 1 "kernel.kptr_restrict=0" profile epoch $small
echo 0 >/proc/sys/kernel/kptr_restrict
fails "profile: another user" 1 "permission|root" as_nobody epoch-bench profile --out /tmp/nobody
fails "profile: no perf" 1 "no perf.*linux-perf" env PATH=/bin epoch-bench profile epoch --out $dir
fails "profile: a folder that cannot be made" 1 "--out /proc/x" epoch-bench profile --out /proc/x

fails "profile: SIGINT ends it" - "interrupted" timeout -s INT 8 epoch-bench profile mutex epoch \
	--tasks 4 --seconds 100 --out $dir
ok "profile: SIGINT leaves no worker" soon idle
ok "profile: SIGINT leaves no perf" soon idle_perf
ok "profile: SIGINT puts the tracker back" [ "$(cat $sys/tracker)" = srcu ]
prints "profile: SIGINT leaves no data" '^0$' sh -c "ls -A $dir | grep -c '^\.' || :"
fails "profile: SIGKILL ends it" - "" timeout -s KILL 8 epoch-bench profile mutex epoch \
	--tasks 4 --seconds 100 --out /tmp/killed
ok "profile: SIGKILL leaves no worker" soon idle
ok "profile: SIGKILL leaves no perf" soon idle_perf

# Occurs with an fprobe's stacks only: see Documentation/profile.rst.
known='WARNING: stack going in the wrong direction\? at return_to_handler\+0x'
ok "profile: rmmod" sh -c "rmmod epoch_bench && rmmod epoch"
kernel_log
exit "$failed"
