# The experiment, in the guest: each tracker alone, then both against each
# other. Arguments: TASKS SAMPLES.
set -e
tasks=$1 samples=$2

insmod /modules/epoch.ko
insmod /modules/epoch_bench.ko

for tracker in mutex epoch; do
	echo
	echo "# epoch-bench run --tracker $tracker --tasks $tasks --samples $samples"
	epoch-bench run --tracker "$tracker" --tasks "$tasks" --samples "$samples" \
		--json "/out/run-$tracker.json"
done
echo
echo "# epoch-bench compare mutex epoch --tasks $tasks --samples $samples"
epoch-bench compare mutex epoch --tasks "$tasks" --samples "$samples" \
	--json /out/compare.json --svg /out/compare.svg

rmmod epoch_bench epoch
