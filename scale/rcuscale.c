// SPDX-License-Identifier: GPL-2.0
/*
 * epoch_rcuscale.ko: how long grace periods take, what it costs to give a
 * callback, and how many callbacks pile up in a flood; of the epoch and of its
 * peers. Parameters and output are like those of the kernel's rcuscale; see
 * Documentation/scale.rst.
 *
 * The types take turns, run by run, so that whatever else the machine does hits
 * all of them.
 */
#define pr_fmt(fmt) fmt

#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/wait.h>

#include "flood.h"
#include "scale.h"

static char *scale_type = "all";
module_param(scale_type, charp, 0444);
MODULE_PARM_DESC(scale_type, "Types to measure, with commas, or all (default)");

static bool gp_async;
module_param(gp_async, bool, 0444);
MODULE_PARM_DESC(gp_async, "Give callbacks instead of waiting");

static int gp_async_max = 1000;
module_param(gp_async_max, int, 0444);
MODULE_PARM_DESC(gp_async_max, "Callbacks that a writer gives before it waits for them");

static bool gp_exp;
module_param(gp_exp, bool, 0444);
MODULE_PARM_DESC(gp_exp, "Wait for expedited grace periods");

static int flood;
module_param(flood, int, 0444);
MODULE_PARM_DESC(flood, "Give callbacks without waiting, for so long (s)");

static int flood_limit_mb;
module_param(flood_limit_mb, int, 0444);
MODULE_PARM_DESC(flood_limit_mb, "Objects that may be pending then (MiB), 0 for a quarter of what is free");

static int flood_size = 256;
module_param(flood_size, int, 0444);
MODULE_PARM_DESC(flood_size, "Size of the objects that are freed then (bytes)");

static bool flood_throttle = true;
module_param(flood_throttle, bool, 0444);
MODULE_PARM_DESC(flood_throttle, "Have writers wait then, if the type can tell when (default)");

static int holdoff;
module_param(holdoff, int, 0444);
MODULE_PARM_DESC(holdoff, "Time before the first run (s)");

static int loops = 10;
module_param(loops, int, 0444);
MODULE_PARM_DESC(loops, "Grace periods or batches of callbacks of each writer in a run");

static int nhogs;
module_param(nhogs, int, 0444);
MODULE_PARM_DESC(nhogs, "Number of threads that only keep CPUs busy, -1 for one on each CPU");

static int nreaders = -1;
module_param(nreaders, int, 0444);
MODULE_PARM_DESC(nreaders, "Number of readers, -1 for one on each CPU");

static int nruns = 10;
module_param(nruns, int, 0444);
MODULE_PARM_DESC(nruns, "Number of runs of each type");

static int nwriters = -1;
module_param(nwriters, int, 0444);
MODULE_PARM_DESC(nwriters, "Number of writers, -1 for one on each CPU");

static int readdelay;
module_param(readdelay, int, 0444);
MODULE_PARM_DESC(readdelay, "Delay inside each section (ns)");

static int reader_nice = MAX_NICE;
module_param(reader_nice, int, 0444);
MODULE_PARM_DESC(reader_nice, "Nice value of readers; threads that keep CPUs busy have 0");

static int writer_holdoff;
module_param(writer_holdoff, int, 0444);
MODULE_PARM_DESC(writer_holdoff, "Time between a writer's grace periods (us)");

static bool verbose = true;
module_param(verbose, bool, 0444);
MODULE_PARM_DESC(verbose, "Print the duration of each grace period (default)");

struct writer {
	struct task_struct *task;
	/* What is given again and again, with gp_async. */
	struct scale_callback *callbacks;
	/*
	 * For each type, and each measurement in turn: what it took to wait, or
	 * to give a batch; and that with the wait for the callbacks.
	 */
	u64 *waits;
	u64 *totals;
};

/* What the runs of a type took together. */
struct summary {
	u64 start;
	u64 end;
	u64 duration;
	unsigned long batches;
};

static const struct scale_type * const all_types[] = {
	&scale_epoch,
	&scale_epoch_rcu,
	&scale_epoch_fenced,
	&scale_rcu,
	&scale_srcu,
	&scale_srcu_fast,
	NULL
};

static struct scale_choice types;
static struct task_struct **readers;
static struct task_struct **hogs;
static struct writer *writers;
static struct task_struct *main_task;
static struct summary summaries[SCALE_MAX_TYPES];
/* Of one type, from all writers, for statistics. */
static u64 *figures;
static u64 *base_figures;
static u64 *spare;

/* The run: its number, from 1, and type. Nothing is read without a type. */
static unsigned int round;
static const struct scale_type *type;
static unsigned int type_index;
static unsigned int first;
static atomic_t to_finish;
static DECLARE_WAIT_QUEUE_HEAD(readers_wq);
static DECLARE_WAIT_QUEUE_HEAD(writers_wq);
static DECLARE_WAIT_QUEUE_HEAD(main_wq);
/* Told to all before they are stopped one by one. */
static bool stopping;

static int measurements(void)
{
	return nruns * loops;
}

static int reader_thread(void *unused)
{
	set_user_nice(current, reader_nice);
	while (!kthread_should_stop()) {
		const struct scale_type *t = READ_ONCE(type);

		if (!t)
			wait_event_idle(readers_wq, READ_ONCE(type) || kthread_should_stop());
		else if (readdelay)
			t->read_delayed(1, readdelay);
		else
			t->read(1);
		cond_resched();
	}
	return 0;
}

/* Is in nobody's way but that of readers which yield to it. */
static int hog_thread(void *unused)
{
	while (!kthread_should_stop()) {
		wait_event_idle(readers_wq, READ_ONCE(type) || kthread_should_stop());
		cpu_relax();
		cond_resched();
	}
	return 0;
}

static void nothing(struct scale_callback *cb)
{
}

static void wait_once(struct writer *writer)
{
	int i;

	if (gp_async) {
		for (i = 0; i < gp_async_max; i++)
			type->call(&writer->callbacks[i]);
	} else if (gp_exp) {
		type->wait_expedited();
	} else {
		type->wait();
	}
}

static void measure(struct writer *writer)
{
	unsigned int index = type_index * measurements() + first;
	u64 start, waited;
	int i;

	/* The first one finds caches cold, and readers that come from another type. */
	wait_once(writer);
	if (gp_async)
		type->drain();
	for (i = 0; i < loops && !READ_ONCE(stopping); i++) {
		if (writer_holdoff)
			fsleep(writer_holdoff);
		start = ktime_get_mono_fast_ns();
		wait_once(writer);
		waited = ktime_get_mono_fast_ns() - start;
		writer->waits[index + i] = waited;
		if (gp_async) {
			type->drain();
			writer->totals[index + i] = ktime_get_mono_fast_ns() - start;
		}
		cond_resched();
	}
}

static int writer_thread(void *data)
{
	struct writer *writer = data;
	unsigned int done = 0;

	set_user_nice(current, MIN_NICE);
	for (;;) {
		/* Pairs with the release in run(). */
		wait_event_idle(writers_wq, smp_load_acquire(&round) != done ||
				kthread_should_stop());
		if (kthread_should_stop())
			return 0;
		done++;

		if (flood)
			flood_writer(type, &stopping);
		else
			measure(writer);
		/* Ordered behind the measurements; pairs with the wait in run(). */
		if (atomic_dec_and_test(&to_finish))
			wake_up(&main_wq);
	}
}

static void run(unsigned int index, unsigned int n)
{
	struct summary *summary = &summaries[index];
	unsigned long completed;
	u64 start;

	type_index = index;
	first = n * loops;
	WRITE_ONCE(type, types.type[index]);
	wake_up_all(&readers_wq);
	if (flood)
		flood_begin(flood, flood_limit_mb, flood_size, flood_throttle);
	completed = type->completed();
	start = ktime_get_mono_fast_ns();
	atomic_set(&to_finish, nwriters);
	/* Pairs with the acquire in writer_thread(). */
	smp_store_release(&round, round + 1);
	wake_up_all(&writers_wq);
	while (!wait_event_idle_timeout(main_wq, !atomic_read_acquire(&to_finish) ||
					READ_ONCE(stopping),
					flood ? 1 : MAX_SCHEDULE_TIMEOUT))
		flood_look();
	summary->end = ktime_get_mono_fast_ns();
	summary->start = summary->start ?: start;
	summary->duration += summary->end - start;
	summary->batches += (type->completed() - completed) / 4;
}

/* Collects the figures of a type: in thousandths, of a callback with gp_async. */
static unsigned int collect(unsigned int index, bool totals, u64 *to)
{
	unsigned int n = 0;
	int i, j;

	for (i = 0; i < nwriters; i++) {
		u64 *from = (totals ? writers[i].totals : writers[i].waits) +
			    index * measurements();

		for (j = 0; j < measurements(); j++)
			to[n++] = div_u64(from[j] * 1000, gp_async ? gp_async_max : 1);
	}
	return n;
}

static void summarise(unsigned int index, int base, bool totals, const char *what)
{
	unsigned int n = collect(index, totals, figures);
	char name[64];

	if (base >= 0)
		collect(base, totals, base_figures);
	scnprintf(name, sizeof(name), "%s-scale: %s", types.type[index]->name, what);
	scale_summary(name, figures, base < 0 ? NULL : base_figures, n, spare);
}

static void report(unsigned int index, int base)
{
	const char *name = types.type[index]->name;
	struct summary *summary = &summaries[index];
	int i, j;

	for (i = 0; verbose && i < nwriters; i++) {
		for (j = 0; j < measurements(); j++)
			pr_info("%s-scale: %4d writer-duration: %5d %llu\n", name, i, j,
				writers[i].waits[index * measurements() + j]);
	}
	for (i = 0; i < nwriters; i++)
		pr_info("%s-scale: writer %d gps: %d\n", name, i, measurements());
	pr_info("%s-scale: start: %llu end: %llu duration: %llu gps: %d batches: %lu\n", name,
		summary->start, summary->end, summary->duration, nwriters * measurements(),
		summary->batches);
	if (gp_async) {
		summarise(index, base, false, "call");
		summarise(index, base, true, "call and barrier");
	} else {
		summarise(index, base, false, gp_exp ? "expedited" : "wait");
	}
}

static int main_thread(void *unused)
{
	int base = scale_base(&types);
	unsigned int i;
	int n;

	set_user_nice(current, MIN_NICE);
	if (holdoff)
		schedule_timeout_idle(holdoff * HZ);
	for (n = 0; n < nruns; n++) {
		for (i = 0; i < types.n; i++) {
			run(i, n);
			if (READ_ONCE(stopping))
				goto stop;
			if (flood)
				flood_report(type);
		}
	}
	WRITE_ONCE(type, NULL);
	for (i = 0; !flood && i < types.n; i++)
		report(i, base);
	pr_info("epoch_rcuscale: end of test\n");
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
		scale_stop(readers[i]);
	for (i = 0; hogs && i < nhogs; i++)
		scale_stop(hogs[i]);
	/* These may still have to wait for grace periods. */
	for (i = 0; writers && i < nwriters; i++) {
		scale_stop(writers[i].task);
		kvfree(writers[i].callbacks);
		kvfree(writers[i].waits);
		kvfree(writers[i].totals);
	}
	kvfree(writers);
	kvfree(readers);
	kvfree(hogs);
	kvfree(figures);
	kvfree(base_figures);
	kvfree(spare);
	scale_release(&types);
}

static int make_writer(struct writer *writer, unsigned int index)
{
	unsigned int n = types.n * measurements();
	int i;

	writer->waits = kvcalloc(n, sizeof(u64), GFP_KERNEL);
	writer->totals = kvcalloc(n, sizeof(u64), GFP_KERNEL);
	writer->callbacks = kvcalloc(gp_async_max, sizeof(*writer->callbacks), GFP_KERNEL);
	if (!writer->waits || !writer->totals || !writer->callbacks)
		return -ENOMEM;
	for (i = 0; i < gp_async_max; i++)
		writer->callbacks[i].done = nothing;
	writer->task = scale_thread(writer_thread, writer, "epoch_writer", index);
	return writer->task ? 0 : -ENOMEM;
}

static int check_parameters(void)
{
	int err;

	if (nhogs == -1)
		nhogs = num_online_cpus();
	if (nreaders == -1)
		nreaders = num_online_cpus();
	if (nwriters == -1)
		nwriters = num_online_cpus();
	err = scale_check("flood", flood, 0, 3600) ?:
	      scale_check("flood_limit_mb", flood_limit_mb, 0, INT_MAX) ?:
	      scale_check("flood_size", flood_size, 1, SZ_1M) ?:
	      scale_check("gp_async_max", gp_async_max, 1, 1000000) ?:
	      scale_check("holdoff", holdoff, 0, 3600) ?:
	      scale_check("loops", loops, 1, 10000) ?:
	      scale_check("nhogs", nhogs, 0, 4096) ?:
	      scale_check("nreaders", nreaders, 0, 4096) ?:
	      scale_check("nruns", nruns, 1, 10000) ?:
	      scale_check("loops * nruns", measurements(), 1, 100000) ?:
	      scale_check("nwriters", nwriters, 1, 1024) ?:
	      scale_check("readdelay", readdelay, 0, NSEC_PER_MSEC) ?:
	      scale_check("reader_nice", reader_nice, MIN_NICE, MAX_NICE) ?:
	      scale_check("writer_holdoff", writer_holdoff, 0, USEC_PER_SEC);
	if (!err && gp_async + gp_exp + !!flood > 1) {
		pr_err("epoch_rcuscale: gp_async, gp_exp and flood exclude each other\n");
		err = -EINVAL;
	}
	return err;
}

static int __init epoch_rcuscale_init(void)
{
	unsigned int n;
	int err;
	int i;

	err = check_parameters();
	if (err)
		return err;
	err = scale_choose(&types, scale_type, all_types);
	if (err)
		goto fail;
	pr_info("%s-scale: start of test: gp_async=%d gp_async_max=%d gp_exp=%d flood=%d holdoff=%d loops=%d nhogs=%d nreaders=%d nruns=%d nwriters=%d readdelay=%d reader_nice=%d writer_holdoff=%d verbose=%d\n",
		scale_type, gp_async, gp_async_max, gp_exp, flood, holdoff, loops, nhogs, nreaders,
		nruns, nwriters, readdelay, reader_nice, writer_holdoff, verbose);

	err = -ENOMEM;
	n = nwriters * measurements();
	figures = kvcalloc(n, sizeof(*figures), GFP_KERNEL);
	base_figures = kvcalloc(n, sizeof(*base_figures), GFP_KERNEL);
	spare = kvcalloc(n, sizeof(*spare), GFP_KERNEL);
	readers = kvcalloc(nreaders ?: 1, sizeof(*readers), GFP_KERNEL);
	hogs = kvcalloc(nhogs ?: 1, sizeof(*hogs), GFP_KERNEL);
	writers = kvcalloc(nwriters, sizeof(*writers), GFP_KERNEL);
	if (!figures || !base_figures || !spare || !readers || !hogs || !writers)
		goto fail;
	for (i = 0; i < nreaders; i++) {
		readers[i] = scale_thread(reader_thread, NULL, "epoch_reader", i);
		if (!readers[i])
			goto fail;
	}
	for (i = 0; i < nhogs; i++) {
		hogs[i] = scale_thread(hog_thread, NULL, "epoch_hog", i);
		if (!hogs[i])
			goto fail;
	}
	for (i = 0; i < nwriters; i++) {
		err = make_writer(&writers[i], i);
		if (err)
			goto fail;
	}
	main_task = scale_thread(main_thread, NULL, "epoch_rcuscale", nwriters);
	if (main_task)
		return 0;
	err = -ENOMEM;

fail:
	cleanup();
	return err;
}
module_init(epoch_rcuscale_init);

static void __exit epoch_rcuscale_exit(void)
{
	cleanup();
}
module_exit(epoch_rcuscale_exit);

MODULE_DESCRIPTION("Grace periods and callbacks, of the epoch and of its peers");
MODULE_LICENSE("GPL");
