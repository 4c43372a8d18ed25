// SPDX-License-Identifier: GPL-2.0
/*
 * epoch_refscale.ko: the cost of a read-side section, in the epoch and in its
 * peers. Parameters and output are like those of the kernel's refscale; see
 * Documentation/scale.rst.
 *
 * In each run all readers enter and leave sections at the same time, each
 * on a CPU of its own. The types take turns, run by run, so that
 * other load on the machine affects all of them.
 */
#define pr_fmt(fmt) fmt

#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/wait.h>

#include "scale.h"

static char *scale_type = "all";
module_param(scale_type, charp, 0444);
MODULE_PARM_DESC(scale_type, "Types to measure, separated by commas, or all (default)");

static int loops = 10000;
module_param(loops, int, 0444);
MODULE_PARM_DESC(loops, "Sections that a reader goes through in each run (default 10000)");

static int nreaders = -1;
module_param(nreaders, int, 0444);
MODULE_PARM_DESC(nreaders, "Number of readers, -1 for 75% of the CPUs (default)");

static int nruns = 30;
module_param(nruns, int, 0444);
MODULE_PARM_DESC(nruns, "Number of runs of each type (default 30)");

static int readdelay;
module_param(readdelay, int, 0444);
MODULE_PARM_DESC(readdelay, "Delay inside each section (ns, default 0)");

static int holdoff;
module_param(holdoff, int, 0444);
MODULE_PARM_DESC(holdoff, "Time before the first run (s, default 0)");

static bool verbose;
module_param(verbose, bool, 0444);
MODULE_PARM_DESC(verbose, "Print the duration of each reader in each run (default off)");

struct reader {
	struct task_struct *task;
	u64 duration;
};

static const struct scale_type * const all_types[] = {
	&scale_epoch,
	&scale_epoch_rust,
	&scale_epoch_fenced,
	&scale_rcu,
	&scale_srcu,
	&scale_srcu_fast,
	&scale_percpu_rwsem,
	&scale_rwlock,
	&scale_mutex,
	&scale_none,
	NULL
};

static struct scale_choice types;
static struct reader *readers;
static struct task_struct *main_task;
/* For each type, the results of its runs: picoseconds a section. */
static u64 *results;

/* The current run: its number, from 1; its type; readers missing at each step. */
static unsigned int run_number;
static const struct scale_type *type;
static void *structure;
static atomic_t to_warm_up;
static atomic_t to_measure;
static atomic_t to_finish;
static DECLARE_WAIT_QUEUE_HEAD(readers_wq);
static DECLARE_WAIT_QUEUE_HEAD(main_wq);
/* Set before threads are stopped one by one. */
static bool stopping;

static void read_sections(void)
{
	/* In pieces of no more than 10 ms, so that they can be stopped soon. */
	int piece = readdelay ? clamp(10 * NSEC_PER_MSEC / readdelay, 1, 10000) : 10000;
	int left = loops;

	while (left && !READ_ONCE(stopping)) {
		int n = min(left, piece);

		if (readdelay)
			type->read_delayed(structure, n, readdelay);
		else
			type->read(structure, n);
		left -= n;
	}
}

/* Continues to read until the other readers are here, too. */
static void meet(atomic_t *missing)
{
	atomic_dec(missing);
	while (atomic_read(missing) && !READ_ONCE(stopping)) {
		read_sections();
		cond_resched();
	}
}

static int reader_thread(void *data)
{
	struct reader *reader = data;
	unsigned int done = 0;
	u64 start;

	set_user_nice(current, MAX_NICE);
	for (;;) {
		/* Pairs with the release in measure(). */
		wait_event_idle(readers_wq, smp_load_acquire(&run_number) != done ||
				kthread_should_stop());
		if (kthread_should_stop())
			return 0;
		done++;

		read_sections();
		meet(&to_warm_up);
		start = ktime_get_mono_fast_ns();
		read_sections();
		reader->duration = ktime_get_mono_fast_ns() - start;
		meet(&to_measure);
		/* Ordered behind the duration; pairs with that in measure(). */
		if (atomic_dec_and_test(&to_finish))
			wake_up(&main_wq);
	}
}

/* Makes a run. Returns picoseconds a section, the mean of the readers. */
static u64 measure(unsigned int index)
{
	u64 sum = 0;
	int i;

	type = types.subjects[index].type;
	structure = types.subjects[index].structures[0];
	atomic_set(&to_warm_up, nreaders);
	atomic_set(&to_measure, nreaders);
	atomic_set(&to_finish, nreaders);
	/* Pairs with the acquire in reader_thread(). */
	smp_store_release(&run_number, run_number + 1);
	wake_up_all(&readers_wq);
	/* Pairs with the full ordering of atomic_dec_and_test() there. */
	wait_event_idle(main_wq, !atomic_read_acquire(&to_finish) || READ_ONCE(stopping));
	if (READ_ONCE(stopping))
		return 0;

	for (i = 0; i < nreaders; i++) {
		if (verbose)
			pr_info("%s-ref-scale: run %u, reader %d: %llu ns\n",
				type->name, run_number, i, readers[i].duration);
		sum += readers[i].duration;
	}
	return div64_u64(sum * 1000, (u64)nreaders * loops);
}

static void report(unsigned int index, int base, u64 *spare)
{
	const char *name = types.subjects[index].type->name;
	u64 *figures = results + index * nruns;
	struct scale_text text;
	int i;

	pr_info("%s-ref-scale: duration of a section, mean of %d readers\n", name, nreaders);
	pr_info("Runs\tTime(ns)\n");
	for (i = 0; i < nruns; i++) {
		scale_milli(&text, figures[i]);
		pr_info("%d\t%s\n", i + 1, text.text);
	}

	scale_summary(&(struct scale_figures) {
		.type = name,
		.suffix = "ref-scale",
		.unit = " ns",
		.figures = figures,
		.base = base < 0 ? NULL : results + base * nruns,
		.n = nruns,
		.independent = true,
		.spare = spare,
	});
	pr_info("%s-ref-scale: END OF TEST\n", name);
}

static int main_thread(void *unused)
{
	u64 *spare = results + types.n * nruns;
	int base = scale_base(&types);
	unsigned int i;
	int n;

	if (holdoff)
		schedule_timeout_idle(holdoff * HZ);
	for (n = 0; n < nruns; n++) {
		for (i = 0; i < types.n; i++) {
			results[i * nruns + n] = measure(i);
			if (READ_ONCE(stopping))
				goto stop;
		}
	}
	for (i = 0; i < types.n; i++)
		report(i, base, spare);
	pr_info("epoch_refscale: end of test\n");
stop:
	scale_wait_for_stop();
	return 0;
}

static void cleanup(void)
{
	int i;

	WRITE_ONCE(stopping, true);
	wake_up_all(&main_wq);
	scale_stop(main_task);
	for (i = 0; readers && i < nreaders; i++)
		scale_stop(readers[i].task);
	kvfree(readers);
	kvfree(results);
	scale_release(&types);
}

static int __init epoch_refscale_init(void)
{
	int err;
	int i;

	if (nreaders == -1)
		nreaders = max(1, num_online_cpus() * 3 / 4);
	err = scale_check("loops", loops, 1, INT_MAX) ?:
	      scale_check("nreaders", nreaders, 1, 4096) ?:
	      scale_check("nruns", nruns, 1, 10000) ?:
	      scale_check("readdelay", readdelay, 0, NSEC_PER_MSEC) ?:
	      scale_check("holdoff", holdoff, 0, 3600);
	if (err)
		return err;

	err = scale_choose(&types, scale_type, all_types, 1);
	if (err)
		goto fail;
	pr_info("%s-ref-scale: start of test: loops=%d nreaders=%d nruns=%d readdelay=%d holdoff=%d verbose=%d\n",
		scale_type, loops, nreaders, nruns, readdelay, holdoff, verbose);

	err = -ENOMEM;
	/* The space after the last type is for sorting. */
	results = kvcalloc(types.n + 1, array_size(nruns, sizeof(*results)), GFP_KERNEL);
	readers = kvcalloc(nreaders, sizeof(*readers), GFP_KERNEL);
	if (!results || !readers)
		goto fail;
	for (i = 0; i < nreaders; i++) {
		readers[i].task = scale_thread(reader_thread, &readers[i], "epoch_reader", i,
					       true);
		if (!readers[i].task)
			goto fail;
	}
	main_task = scale_thread(main_thread, NULL, "epoch_refscale", nreaders, true);
	if (!main_task)
		goto fail;
	return 0;

fail:
	cleanup();
	return err;
}
module_init(epoch_refscale_init);

static void __exit epoch_refscale_exit(void)
{
	cleanup();
}
module_exit(epoch_refscale_exit);

MODULE_DESCRIPTION("Cost of a read-side section, in the epoch and in its peers");
MODULE_LICENSE("GPL");
