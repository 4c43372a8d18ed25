# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash disable=SC2154,SC2317 # test-lib.sh sets variables, and calls functions
# test-fuzz.sh [OPTION...]: good and bad parameters of the modules, then fuzz with these options;
# afterwards the modules can be unloaded, and the kernel has reported nothing. Prints "PASS name"
# and "FAIL name" lines.

# shellcheck source=test/guest/test-lib.sh
. /tests/lib.sh

# Lines of the modules about what they refuse, and about stalls, which a short timeout makes of any
# section. A violation that the verifier finds is not among them.
ordinary='\] epoch(_bench)?: ([^v]|v[^e])'

# Saves new lines of the kernel log; there are too many for its buffer.
keep_log() {
	dmesg -c | grep -Ev "$ordinary" >>/out/kernel.log
}

parameters() {
	for parameters in track_readers=1 track_readers=Y track_readers=n track_readers; do
		ok "insmod epoch $parameters" insmod /modules/epoch.ko "$parameters"
		ok "rmmod epoch $parameters" rmmod epoch
	done
	for parameters in track_readers=2 track_readers=maybe track_readers= track_readers="$long"; do
		fails "insmod epoch $(echo "$parameters" | cut -c1-40)" - "" insmod /modules/epoch.ko "$parameters"
	done
	insmod /modules/epoch.ko
	for parameters in "" tracker=none tracker=srcu-expedited "tracker=mutex verify=1" verify=0 \
		"no_such_parameter=1"; do
		# shellcheck disable=SC2086 # words
		ok "insmod epoch_bench $parameters" insmod /modules/epoch_bench.ko $parameters
		ok "rmmod epoch_bench $parameters" rmmod epoch_bench
	done
	for parameters in tracker tracker= tracker=bogus tracker=epoc tracker=epochs tracker=EPOCH \
		tracker="$long" tracker="$(printf '\377\001%%s%%n')" "tracker=epoch tracker=mutex" \
		verify verify= verify=2 verify=-1 verify=on verify="$long" "verify=1 verify=0"; do
		# shellcheck disable=SC2086
		fails "insmod epoch_bench $(echo "$parameters" | cut -c1-40)" - "" \
			insmod /modules/epoch_bench.ko $parameters
	done
	ok "rmmod epoch" rmmod epoch
}
long=$(head -c 900 /dev/zero | tr "\0" x)

# Printing those on the console takes long.
dmesg -n 3
parameters
ok "insmod epoch" insmod /modules/epoch.ko
ok "insmod epoch_bench" insmod /modules/epoch_bench.ko
fuzz "$@" >/out/fuzz 2>&1 &
fuzz=$!
while kill -0 $fuzz 2>/dev/null; do
	sleep 2
	keep_log
done
status=0
wait $fuzz || status=$?
cat /out/fuzz
cp /out/fuzz /tmp/output
if [ $status = 0 ]; then pass "$(tail -n 1 /out/fuzz)"; else fail "fuzz (status $status)"; fi
prints "no worker is left" '^0$' cat "$sys/workers"
prints "the hook left no block" '^0$' cat "$sys/hook/blocks"
prints "no violation was found" '^0$' cat "$sys/violations"
ok "rmmod epoch_bench" rmmod epoch_bench
ok "rmmod epoch" rmmod epoch
# It switches itself off when it has reported something.
[ ! -e /proc/lockdep_stats ] || prints "lockdep is still on" 'debug_locks: *1$' cat /proc/lockdep_stats
keep_log
kernel_log
exit "$failed"
