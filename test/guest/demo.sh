# SPDX-License-Identifier: GPL-2.0
# demo.sh TASKS SAMPLES: run the experiment in the guest: each tracker alone, both against each
# other, both with one task, two, four, ..., a comparison with processes and with threads, and a
# profile of the kernel.
set -e
tasks=$1 samples=$2

insmod /modules/epoch.ko
insmod /modules/epoch_bench.ko

# bench ARG...: run epoch-bench, with its command line above its output.
bench() {
	echo
	echo "# epoch-bench $*"
	epoch-bench "$@"
}

for tracker in mutex epoch; do
	bench run --tracker "$tracker" --tasks "$tasks" --samples "$samples" \
		--json "/out/run-$tracker.json"
done
bench compare mutex epoch --tasks "$tasks" --samples "$samples" \
	--json /out/compare.json --svg /out/compare.svg
bench sweep --trackers mutex,epoch --samples 5 --interval-ms 500 \
	--json /out/sweep.json --csv /out/sweep.csv --svg /out/sweep.svg
# The bound of munmap on Linux itself: "none" has no tracker.
for carrier in processes threads; do
	option=
	[ "$carrier" = processes ] || option=--threads
	# shellcheck disable=SC2086 # an option or nothing
	bench compare none mutex epoch $option --tasks "$tasks" --samples 6 --interval-ms 500 \
		--json "/out/$carrier.json"
done
bench profile mutex epoch --tasks "$tasks" --seconds 5 --frequency 99 --out /out/profile
# For the report; features that an emulated machine lacks are no failure here.
epoch-bench doctor --json /out/doctor.json >/dev/null || :

rmmod epoch_bench epoch
