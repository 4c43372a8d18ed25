# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC1091,SC2154,SC2086,SC2317 # lib.sh is in the guest, sets variables and calls functions; sizes are words
# smoke.sh: the shortest test of the modules on a kernel: load, knobs, hook, each tracker, samples,
# unload, and a clean log. Prints "PASS name" and "FAIL name" lines.
. /tests/lib.sh

small="--tasks 2 --samples 3 --interval-ms 100"

# A small kernel boots sooner than it replaces its first clock, which a run would notice.
clock_is_final() {
	[ "$(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)" != tsc-early ]
}
soon clock_is_final

uname -r
epochs=/sys/kernel/epoch
ok "insmod epoch" insmod /modules/epoch.ko
ok "insmod epoch_bench" insmod /modules/epoch_bench.ko tracker=epoch verify=1
prints "the knob shows the tracker" '^epoch$' cat $sys/tracker
prints "each tracker is offered" 'none.*mutex.*spin.*epoch.*srcu' cat $sys/available_trackers
fails "a bad tracker is refused" - "invalid" write $sys/tracker bogus
ok "stall_timeout_ms can be set" write $epochs/bench/stall_timeout_ms 10000
log >/dev/null

trackers=$(cat $sys/available_trackers)
for tracker in $trackers; do
	prints "run with $tracker" '^average:[1-9]' bench run --tracker "$tracker" $small
	[ "$tracker" != none ] || continue
	prints "torture of $tracker finds nothing" "^ *$tracker +[1-9].* 0\$" \
		bench torture --trackers "$tracker" --seconds 2 --tasks 4 --waiters 2
done
for mechanism in fprobe kretprobe syscall; do
	prints "hook by $mechanism" '^average:[1-9]' \
		bench run --where user --mechanism $mechanism --tracker epoch $small
done
prints "the mutex is hooked" '^average:[1-9]' \
	bench run --where user --tracker mutex $small
prints "the hook left no block" '^0$' cat $sys/hook/blocks
ok "doctor runs" sh -c 'epoch-bench doctor >/out/doctor; [ $? -le 1 ]'

for sample in epoch_sample_c epoch_sample_rust; do
	ok "insmod $sample" insmod /modules/$sample.ko
done
sleep 1
prints "the samples' epochs have grace periods" '^[1-9]' cat $epochs/sample_rust/grace_periods
ok "rmmod the samples" rmmod epoch_sample_c epoch_sample_rust
log >/tmp/log
prints "no sample has seen an error" '^2$' grep -Ec '[1-9][0-9]* (walks|lookups).* 0 errors' /tmp/log

insmod /modules/epoch_refscale.ko nreaders=1 nruns=3 loops=20000 \
	scale_type=epoch,epoch-rust,epoch-fenced
sleep 1
log | sed -n 's/.*\(epoch[a-z-]*-ref-scale: .*\)/\1/p'
ok "rmmod epoch_refscale" rmmod epoch_refscale
ok "rmmod epoch_bench" rmmod epoch_bench
ok "rmmod epoch" rmmod epoch
kernel_log
exit "$failed"
