# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2154,SC2013,SC2086 # sys and failed are test-lib.sh's
# Tests of the modules on a CPU without cmpxchg16b.

# shellcheck source=test/guest/test-lib.sh
. /tests/lib.sh

log >/dev/null
ok "old CPU: insmod" sh -c "insmod /modules/epoch.ko && insmod /modules/epoch_bench.ko"
ok "old CPU: lockless is not offered" sh -c "! grep -w lockless $sys/available_trackers"
log >/dev/null
fails "old CPU: tracker cannot be lockless" - "not supported" write $sys/tracker lockless
log >/tmp/log
prints "old CPU: the log says what it needs" "'lockless' needs an x86-64 CPU with cmpxchg16b" cat /tmp/log
prints "old CPU: the tracker is what it was" '^epoch$' cat $sys/tracker
fails "old CPU: epoch-bench says what there is instead" 2 "none, mutex, spin" bench run --tracker lockless
for tracker in $(cat $sys/available_trackers); do
	prints "old CPU: run --tracker $tracker" '^average:[1-9]' \
		bench run --tracker "$tracker" --tasks 2 --samples 3 --warmup 0 --interval-ms 50
done
ok "old CPU: rmmod epoch_bench" rmmod epoch_bench
fails "old CPU: insmod with lockless" - "" insmod /modules/epoch_bench.ko tracker=lockless
ok "old CPU: rmmod epoch" rmmod epoch
exit "$failed"
