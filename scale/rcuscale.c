// SPDX-License-Identifier: GPL-2.0
/*
 * epoch_rcuscale.ko: the duration of grace periods, alone and with many waiters;
 * the time to queue a callback, and until it has been invoked; and the cost of a
 * structure, of the epoch and of its peers. Parameters and output are like those
 * of the kernel's rcuscale; see Documentation/scale.rst.
 *
 * The types take turns, run by run, so that other load on the machine affects
 * all of them.
 */
#define pr_fmt(fmt) fmt

#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/wait.h>
#include <uapi/linux/sched/types.h>

#include "alive.h"
#include "churn.h"
#include "flood.h"
#include "scale.h"

static char *scale_type = "all";
module_param(scale_type, charp, 0444);
MODULE_PARM_DESC(scale_type, "Types to measure, separated by commas, or all (default)");

static bool bind = true;
module_param(bind, bool, 0444);
MODULE_PARM_DESC(bind, "Bind each writer to a CPU (default)");

static int churn_ms;
module_param(churn_ms, int, 0444);
MODULE_PARM_DESC(churn_ms, "Queue callbacks again and again for this long in each run (ms, default 0)");

static bool gp_async;
module_param(gp_async, bool, 0444);
MODULE_PARM_DESC(gp_async, "Queue callbacks instead of waiting (default off)");

static bool gp_async_barrier = true;
module_param(gp_async_barrier, bool, 0444);
MODULE_PARM_DESC(gp_async_barrier, "Wait for a batch with the type's barrier (default), not for its last callback");

static int gp_async_max = 1000;
module_param(gp_async_max, int, 0444);
MODULE_PARM_DESC(gp_async_max, "Callbacks that a writer queues before it waits for them (default 1000)");

static bool gp_exp;
module_param(gp_exp, bool, 0444);
MODULE_PARM_DESC(gp_exp, "Wait for expedited grace periods (default off)");

static int flood;
module_param(flood, int, 0444);
MODULE_PARM_DESC(flood, "Queue callbacks without waiting, for this many seconds (default 0: none)");

static int flood_limit_mb;
module_param(flood_limit_mb, int, 0444);
MODULE_PARM_DESC(flood_limit_mb, "Limit of pending objects in a flood (MiB), 0 for 1/4 of available memory (default)");

static int flood_size = 256;
module_param(flood_size, int, 0444);
MODULE_PARM_DESC(flood_size, "Size of the objects of a flood (bytes, default 256)");

static bool flood_throttle = true;
module_param(flood_throttle, bool, 0444);
MODULE_PARM_DESC(flood_throttle, "Throttle the writers of a flood, if the type can (default)");

static int holdoff;
module_param(holdoff, int, 0444);
MODULE_PARM_DESC(holdoff, "Time before the first run (s, default 0)");

static bool init_free;
module_param(init_free, bool, 0444);
MODULE_PARM_DESC(init_free, "Make and free structures instead of waiting (default off)");

static int loops = 10;
module_param(loops, int, 0444);
MODULE_PARM_DESC(loops, "Grace periods or batches of callbacks of each writer in each run (default 10)");

static bool low_idle;
module_param(low_idle, bool, 0444);
MODULE_PARM_DESC(low_idle, "Make waiters of low priority SCHED_IDLE (default off)");

static int low_nice = MAX_NICE;
module_param(low_nice, int, 0444);
MODULE_PARM_DESC(low_nice, "Nice value of waiters of low priority (default 19)");

static int nalive;
module_param(nalive, int, 0444);
MODULE_PARM_DESC(nalive, "Make this many structures, then free them, instead of waiting (default 0: wait)");

static int nhogs;
module_param(nhogs, int, 0444);
MODULE_PARM_DESC(nhogs, "Number of threads that only keep CPUs busy, -1 for one on each CPU (default 0)");

static int nlow;
module_param(nlow, int, 0444);
MODULE_PARM_DESC(nlow, "Number of waiters of low priority, in every other run (default 0)");

static int nreaders = -1;
module_param(nreaders, int, 0444);
MODULE_PARM_DESC(nreaders, "Number of readers, -1 for one on each CPU (default)");

static int nruns = 10;
module_param(nruns, int, 0444);
MODULE_PARM_DESC(nruns, "Number of runs of each type (default 10)");

static int nstructs = 1;
module_param(nstructs, int, 0444);
MODULE_PARM_DESC(nstructs, "Structures of each type, divided among readers and writers (default 1)");

static int nwriters = -1;
module_param(nwriters, int, 0444);
MODULE_PARM_DESC(nwriters, "Number of writers, -1 for one on each CPU (default)");

static int readdelay;
module_param(readdelay, int, 0444);
MODULE_PARM_DESC(readdelay, "Delay inside each section (ns, default 0)");

static int reader_holdoff;
module_param(reader_holdoff, int, 0444);
MODULE_PARM_DESC(reader_holdoff, "Time between a reader's sections (us, default 0)");

static int reader_nice = MAX_NICE;
module_param(reader_nice, int, 0444);
MODULE_PARM_DESC(reader_nice, "Nice value of readers; threads that keep CPUs busy have 0 (default 19)");

static int writer_holdoff;
module_param(writer_holdoff, int, 0444);
MODULE_PARM_DESC(writer_holdoff, "Time between a writer's grace periods (us, default 0)");

static int writer_nice = MIN_NICE;
module_param(writer_nice, int, 0444);
MODULE_PARM_DESC(writer_nice, "Nice value of writers (default -20)");

static bool verbose = true;
module_param(verbose, bool, 0444);
MODULE_PARM_DESC(verbose, "Print the duration of each grace period (default)");

struct writer;

struct writer_callback {
	struct scale_callback cb;
	struct writer *writer;
};

struct writer {
	struct task_struct *task;
	unsigned int index;
	/* Queued again and again, with gp_async. */
	struct writer_callback *callbacks;
	/* Number of callbacks still to be invoked, without gp_async_barrier. */
	atomic_t pending;
	u64 last_invoked;
	struct completion all_invoked;
	/* Callbacks in circulation, with churn_ms. */
	struct churner *churner;
	/*
	 * For each series, and each measurement in turn: the time to wait, or to
	 * queue a batch; and until its callbacks have been invoked.
	 */
	u64 *waits;
	u64 *totals;
};

/* Figures of a run, in thousandths. */
enum run_figure {
	RUN_TOTAL,
	RUN_GRACE_PERIODS,
	RUN_RCU_GRACE_PERIODS,
	RUN_IPIS,
	RUN_INVOKED,
	RUN_INVOKED_WHERE_QUEUED,
	RUN_FIGURES
};

/*
 * The runs of a type, all with or all without waiters of low priority. Without
 * nlow, there are as many as types.
 */
struct series {
	u64 start;
	u64 end;
	u64 duration;
	unsigned long batches;
	/* Figures of each run. */
	u64 *figures[RUN_FIGURES];
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

static const struct scale_type * const made_types[] = {
	&scale_epoch,
	&scale_epoch_rcu,
	&scale_epoch_fenced,
	&scale_srcu,
	&scale_srcu_fast,
	NULL
};

static struct scale_choice types;
static struct task_struct **readers;
static struct task_struct **hogs;
static struct task_struct **lows;
static struct writer *writers;
static struct task_struct *main_task;
static struct series series[SCALE_MAX_TYPES * 2];
/* Figures of one series, from all writers, for statistics. */
static u64 *figures;
static u64 *base_figures;
static u64 *spare;

/* The run: its type and series. Readers and hogs sleep while there is no type. */
static const struct scale_subject *subject;
static unsigned int series_index;
static unsigned int first;
/* Writers do each job once; its number, from 1. */
static void (*job)(struct writer *writer);
static unsigned int job_number;
static atomic_t to_finish;
static bool hogs_active;
/* Waiters of low priority: true while they shall wait, and how many still do. */
static bool low_active;
static atomic_t low_waiting;
static DECLARE_WAIT_QUEUE_HEAD(readers_wq);
static DECLARE_WAIT_QUEUE_HEAD(writers_wq);
static DECLARE_WAIT_QUEUE_HEAD(main_wq);
/* Set before threads are stopped one by one. */
static bool stopping;

static int measurements(void)
{
	return nruns * loops;
}

/* Returns whether writers wait for grace periods. */
static bool waiting(void)
{
	return !gp_async && !init_free && !churn_ms && !flood && !nalive;
}

/* Returns whether each writer measures something "loops" times in a run. */
static bool looping(void)
{
	return !churn_ms && !flood && !nalive;
}

/* Returns the number of series of a type: without low-priority waiters, and with. */
static unsigned int variants(void)
{
	return nlow ? 2 : 1;
}

static int reader_thread(void *data)
{
	unsigned int index = (unsigned long)data;

	set_user_nice(current, reader_nice);
	while (!kthread_should_stop()) {
		const struct scale_subject *s = READ_ONCE(subject);

		if (!s)
			wait_event_idle(readers_wq, READ_ONCE(subject) || kthread_should_stop());
		else if (readdelay)
			s->type->read_delayed(s->structures[index % nstructs], 1, readdelay);
		else
			s->type->read(s->structures[index % nstructs], 1);
		if (reader_holdoff)
			usleep_range_state(reader_holdoff, reader_holdoff, TASK_IDLE);
		cond_resched();
	}
	return 0;
}

/* Disturbs nobody but readers and waiters that yield to it. */
static int hog_thread(void *unused)
{
	while (!kthread_should_stop()) {
		wait_event_idle(readers_wq, READ_ONCE(hogs_active) || kthread_should_stop());
		cpu_relax();
		cond_resched();
	}
	return 0;
}

static void grace_period(const struct scale_type *type, void *structure)
{
	if (gp_exp)
		type->wait_expedited(structure);
	else
		type->wait(structure);
}

static int low_thread(void *data)
{
	unsigned int index = (unsigned long)data;

	if (low_idle) {
		struct sched_attr attr = { .size = sizeof(attr), .sched_policy = SCHED_IDLE };

		WARN_ON_ONCE(sched_setattr_nocheck(current, &attr));
	} else {
		set_user_nice(current, low_nice);
	}
	for (;;) {
		/* Pairs with the release in run(). */
		wait_event_idle(readers_wq, smp_load_acquire(&low_active) || kthread_should_stop());
		if (kthread_should_stop())
			return 0;
		atomic_inc(&low_waiting);
		/* Pairs with the barrier in run(). */
		smp_mb();
		while (READ_ONCE(low_active)) {
			const struct scale_subject *s = READ_ONCE(subject);

			grace_period(s->type, s->structures[index % nstructs]);
			cond_resched();
		}
		if (atomic_dec_and_test(&low_waiting))
			wake_up(&main_wq);
	}
}

static void nothing(struct scale_callback *cb)
{
}

static void note_invoked(struct scale_callback *scale_cb)
{
	struct writer_callback *cb = container_of(scale_cb, struct writer_callback, cb);
	struct writer *writer = cb->writer;

	if (!atomic_dec_and_test(&writer->pending))
		return;
	writer->last_invoked = ktime_get_mono_fast_ns();
	complete(&writer->all_invoked);
}

static void *structure_of(const struct writer *writer)
{
	return subject->structures[writer->index % nstructs];
}

static void measure_once(struct writer *writer)
{
	const struct scale_type *type = subject->type;
	void *structure = structure_of(writer);
	int i;

	if (gp_async) {
		atomic_set(&writer->pending, gp_async_max);
		for (i = 0; i < gp_async_max; i++)
			type->call(structure, &writer->callbacks[i].cb);
	} else if (init_free) {
		/* There was memory for the structures that were made before. */
		type->unmake(type->make());
	} else {
		grace_period(type, structure);
	}
}

/* Waits for the batch of measure_once(). Returns when its last callback was invoked. */
static u64 batch_invoked(struct writer *writer)
{
	if (gp_async_barrier) {
		subject->type->drain(structure_of(writer));
		return ktime_get_mono_fast_ns();
	}
	wait_for_completion(&writer->all_invoked);
	return writer->last_invoked;
}

/* The first one finds caches cold, and readers that come from another type. */
static void warm_up(struct writer *writer)
{
	measure_once(writer);
	if (gp_async)
		batch_invoked(writer);
}

static void measure(struct writer *writer)
{
	unsigned int index = series_index * measurements() + first;
	u64 start;
	int i;

	for (i = 0; i < loops && !READ_ONCE(stopping); i++) {
		if (writer_holdoff)
			fsleep(writer_holdoff);
		start = ktime_get_mono_fast_ns();
		measure_once(writer);
		writer->waits[index + i] = ktime_get_mono_fast_ns() - start;
		if (gp_async)
			writer->totals[index + i] = batch_invoked(writer) - start;
		cond_resched();
	}
	if (gp_async && !gp_async_barrier)
		subject->type->drain(structure_of(writer));
}

static void flood_job(struct writer *writer)
{
	flood_writer(subject->type, structure_of(writer), &stopping);
}

static void churn_job(struct writer *writer)
{
	churn_writer(writer->churner, subject->type, structure_of(writer));
}

static int writer_thread(void *data)
{
	struct writer *writer = data;
	unsigned int done = 0;

	set_user_nice(current, writer_nice);
	for (;;) {
		/* Pairs with the release in begin(). */
		wait_event_idle(writers_wq, smp_load_acquire(&job_number) != done ||
				kthread_should_stop());
		if (kthread_should_stop())
			return 0;
		done++;
		job(writer);
		/* Ordered behind the job; pairs with finished(). */
		if (atomic_dec_and_test(&to_finish))
			wake_up(&main_wq);
	}
}

/* Starts a job in all writers. */
static void begin(void (*what)(struct writer *writer))
{
	job = what;
	atomic_set(&to_finish, nwriters);
	/* Pairs with the acquire in writer_thread(). */
	smp_store_release(&job_number, job_number + 1);
	wake_up_all(&writers_wq);
}

/* Returns whether all writers have finished the job, or the module is being unloaded. */
static bool finished(void)
{
	/* Pairs with the full ordering of atomic_dec_and_test() in writer_thread(). */
	return !atomic_read_acquire(&to_finish) || READ_ONCE(stopping);
}

static void finish(void)
{
	wait_event_idle(main_wq, finished());
}

/* Sleeps for this long, or until the module is being unloaded. */
static void pause(unsigned int ms)
{
	wait_event_idle_timeout(main_wq, READ_ONCE(stopping), msecs_to_jiffies(ms));
}

/* Counters that are read before and after writers work. */
struct look {
	u64 time;
	unsigned long completed;
	unsigned long rcu_completed;
	unsigned long ipis;
	struct churn_counts churn;
};

static struct look look(void)
{
	unsigned int n = subject->type->make ? nstructs : 1;
	struct look look = {};
	unsigned int i;

	for (i = 0; i < n; i++)
		look.completed += subject->type->completed(subject->structures[i]);
	look.rcu_completed = scale_rcu.completed(NULL);
	look.ipis = scale_ipis();
	look.churn = churn_look();
	look.time = ktime_get_mono_fast_ns();
	return look;
}

static u64 milli(u64 value, u64 divisor)
{
	return divisor ? div64_u64(value * 1000, divisor) : 0;
}

static void keep(struct series *to, unsigned int run, const struct look *from,
		 const struct look *until)
{
	unsigned long batches = (until->completed - from->completed) / 4;
	unsigned long rcu = (until->rcu_completed - from->rcu_completed) / 4;
	unsigned long invoked = until->churn.invoked - from->churn.invoked;
	u64 duration = until->time - from->time;

	to->start = to->start ?: from->time;
	to->end = until->time;
	to->duration += duration;
	to->batches += batches;
	to->figures[RUN_TOTAL][run] = duration * 1000;
	to->figures[RUN_GRACE_PERIODS][run] = batches * 1000;
	to->figures[RUN_RCU_GRACE_PERIODS][run] = milli(rcu, batches);
	to->figures[RUN_IPIS][run] = milli(until->ipis - from->ipis,
					   churn_ms ? invoked : nwriters * loops);
	to->figures[RUN_INVOKED][run] = milli((u64)invoked * NSEC_PER_SEC, duration);
	to->figures[RUN_INVOKED_WHERE_QUEUED][run] =
		milli((until->churn.invoked_where_queued -
		       from->churn.invoked_where_queued) * 100, invoked);
}

static void run_looping(unsigned int run)
{
	struct look from, until;

	begin(warm_up);
	finish();
	if (READ_ONCE(stopping))
		return;
	from = look();
	begin(measure);
	finish();
	until = look();
	keep(&series[series_index], run, &from, &until);
}

static void run_churn(unsigned int run)
{
	struct look from, until;

	churn_begin();
	begin(churn_job);
	/* Until the first callbacks have been invoked, more are queued than later. */
	pause(churn_ms / 4);
	from = look();
	pause(churn_ms);
	until = look();
	churn_end();
	finish();
	keep(&series[series_index], run, &from, &until);
	if (verbose)
		pr_info("%s-scale: run %u: %lu callbacks invoked in %llu ns, %lu where they were queued\n",
			subject->type->name, run, until.churn.invoked - from.churn.invoked,
			until.time - from.time,
			until.churn.invoked_where_queued - from.churn.invoked_where_queued);
}

static void run_flood(void)
{
	flood_begin(flood, flood_limit_mb, flood_size, flood_throttle);
	begin(flood_job);
	while (!wait_event_idle_timeout(main_wq, finished(), 1))
		flood_look();
	if (!READ_ONCE(stopping))
		flood_report(subject->type);
}

static void run(unsigned int index, unsigned int variant, unsigned int n)
{
	const struct scale_subject *s = &types.subjects[index];

	series_index = index * variants() + variant;
	first = n * loops;
	WRITE_ONCE(subject, s);
	WRITE_ONCE(hogs_active, true);
	/* Orders the subject before; pairs with the acquire in low_thread(). */
	smp_store_release(&low_active, variant);
	wake_up_all(&readers_wq);
	if (nalive)
		alive_run(s->type, nalive, &stopping);
	else if (flood)
		run_flood();
	else if (churn_ms)
		run_churn(n);
	else
		run_looping(n);
	if (!variant)
		return;

	WRITE_ONCE(low_active, false);
	/* Hogs would long keep waiters of low priority from seeing that. */
	WRITE_ONCE(hogs_active, false);
	/* A waiter that is not counted yet sees it; pairs with the barrier in low_thread(). */
	smp_mb();
	wait_event_idle(main_wq, !atomic_read(&low_waiting));
}

/* Collects the figures of a series in thousandths, for one callback with gp_async. */
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

/* Returns the series of the epoch that this one is compared with, or -1. */
static int base_of(unsigned int index)
{
	int base = scale_base(&types);

	return base < 0 ? -1 : base * variants() + index % variants();
}

static const char *name_of(unsigned int index)
{
	return types.subjects[index / variants()].type->name;
}

static void summarise(unsigned int index, bool totals, const char *what)
{
	unsigned int n = collect(index, totals, figures);
	int base = base_of(index);
	char text[64];

	if (base >= 0)
		collect(base, totals, base_figures);
	scnprintf(text, sizeof(text), "%s%s", what, index % variants() ? ", low" : "");
	scale_summary(&(struct scale_figures) {
		.type = name_of(index),
		.suffix = "scale",
		.what = text,
		.unit = " ns",
		.figures = figures,
		.base = base < 0 ? NULL : base_figures,
		.n = n,
		.spare = spare,
	});
}

static void summarise_runs(unsigned int index, enum run_figure figure, const char *what,
			   const char *unit, bool compare)
{
	int base = base_of(index);
	char text[64];

	scnprintf(text, sizeof(text), "%s%s", what, index % variants() ? ", low" : "");
	scale_summary(&(struct scale_figures) {
		.type = name_of(index),
		.suffix = "scale",
		.what = text,
		.unit = unit,
		.figures = series[index].figures[figure],
		.base = base < 0 || !compare ? NULL : series[base].figures[figure],
		.n = nruns,
		.independent = true,
		.spare = spare,
	});
}

static void report_writers(unsigned int index)
{
	const char *name = name_of(index);
	int i, j;

	for (i = 0; i < nwriters; i++) {
		for (j = 0; j < measurements(); j++)
			pr_info("%s-scale: %4d writer-duration: %5d %llu\n", name, i, j,
				writers[i].waits[index * measurements() + j]);
	}
	for (i = 0; i < nwriters; i++)
		pr_info("%s-scale: writer %d gps: %d\n", name, i, measurements());
}

static void report_looping(unsigned int index)
{
	struct series *s = &series[index];

	/* Scripts could not distinguish the two series of a type by these lines. */
	if (verbose && !nlow)
		report_writers(index);
	pr_info("%s-scale: start: %llu end: %llu duration: %llu gps: %d batches: %lu\n",
		name_of(index), s->start, s->end, s->duration, nwriters * measurements(),
		s->batches);
	if (gp_async) {
		summarise(index, false, "call");
		summarise(index, true,
			  gp_async_barrier ? "call and barrier" : "call until invoked");
		return;
	}
	if (init_free) {
		summarise(index, false, "make and free");
		return;
	}
	summarise(index, false, gp_exp ? "expedited" : "wait");
	summarise_runs(index, RUN_TOTAL, "all waits", " ns", true);
	summarise_runs(index, RUN_GRACE_PERIODS, "grace periods a run", "", false);
	summarise_runs(index, RUN_RCU_GRACE_PERIODS, "RCU grace periods for each", "", false);
	summarise_runs(index, RUN_IPIS, "IPIs a wait", "", false);
}

static void report_churn(unsigned int index)
{
	summarise_runs(index, RUN_INVOKED, "invoked", " a second", true);
	summarise_runs(index, RUN_INVOKED_WHERE_QUEUED, "invoked where queued", " %", false);
	summarise_runs(index, RUN_GRACE_PERIODS, "grace periods a run", "", false);
	summarise_runs(index, RUN_IPIS, "IPIs a callback", "", false);
}

static int main_thread(void *unused)
{
	unsigned int i, variant;
	int n;

	set_user_nice(current, MIN_NICE);
	if (holdoff)
		pause(holdoff * MSEC_PER_SEC);
	for (n = 0; n < nruns; n++) {
		for (i = 0; i < types.n; i++) {
			for (variant = 0; variant < variants(); variant++) {
				run(i, variant, n);
				if (READ_ONCE(stopping))
					goto stop;
			}
		}
	}
	WRITE_ONCE(subject, NULL);
	WRITE_ONCE(hogs_active, false);
	for (i = 0; i < types.n * variants(); i++) {
		if (looping())
			report_looping(i);
		else if (churn_ms)
			report_churn(i);
	}
	for (i = 0; i < types.n; i++)
		pr_info("%s-scale: Test complete\n", types.subjects[i].type->name);
	pr_info("epoch_rcuscale: end of test\n");
stop:
	scale_wait_for_stop();
	return 0;
}

static void stop_all(struct task_struct **threads, int n)
{
	int i;

	for (i = 0; threads && i < n; i++)
		scale_stop(threads[i]);
	kvfree(threads);
}

static void cleanup(void)
{
	unsigned int i, j;

	WRITE_ONCE(stopping, true);
	wake_up_all(&main_wq);
	scale_stop(main_task);
	WRITE_ONCE(hogs_active, false);
	stop_all(readers, nreaders);
	stop_all(hogs, nhogs);
	stop_all(lows, nlow);
	/* These may still have to wait for grace periods. */
	for (i = 0; writers && i < nwriters; i++) {
		scale_stop(writers[i].task);
		kvfree(writers[i].callbacks);
		kvfree(writers[i].waits);
		kvfree(writers[i].totals);
		churner_free(writers[i].churner);
	}
	kvfree(writers);
	kvfree(figures);
	kvfree(base_figures);
	kvfree(spare);
	for (i = 0; i < ARRAY_SIZE(series); i++) {
		for (j = 0; j < RUN_FIGURES; j++)
			kvfree(series[i].figures[j]);
	}
	scale_release(&types);
}

static int make_callbacks(struct writer *writer)
{
	int i;

	init_completion(&writer->all_invoked);
	writer->callbacks = kvcalloc(gp_async_max, sizeof(*writer->callbacks), GFP_KERNEL);
	if (!writer->callbacks)
		return -ENOMEM;
	for (i = 0; i < gp_async_max; i++) {
		writer->callbacks[i].writer = writer;
		writer->callbacks[i].cb.done = gp_async_barrier ? nothing : note_invoked;
	}
	return 0;
}

static int make_writer(struct writer *writer, unsigned int index)
{
	unsigned int n = looping() ? types.n * variants() * measurements() : 1;
	int err;

	writer->index = index;
	writer->waits = kvcalloc(n, sizeof(u64), GFP_KERNEL);
	writer->totals = kvcalloc(gp_async ? n : 1, sizeof(u64), GFP_KERNEL);
	if (!writer->waits || !writer->totals)
		return -ENOMEM;
	if (gp_async) {
		err = make_callbacks(writer);
		if (err)
			return err;
	}
	if (churn_ms) {
		writer->churner = churner_alloc(gp_async_max);
		if (!writer->churner)
			return -ENOMEM;
	}
	writer->task = scale_thread(writer_thread, writer, "epoch_writer", index, bind);
	return writer->task ? 0 : -ENOMEM;
}

static int make_series(void)
{
	unsigned int i, j;

	for (i = 0; i < types.n * variants(); i++) {
		for (j = 0; j < RUN_FIGURES; j++) {
			series[i].figures[j] = kvcalloc(nruns, sizeof(u64), GFP_KERNEL);
			if (!series[i].figures[j])
				return -ENOMEM;
		}
	}
	return 0;
}

/* Starts threads, each with its number as its data. */
static struct task_struct **make_threads(int (*fn)(void *), const char *name, unsigned int n)
{
	struct task_struct **threads = kvcalloc(n ?: 1, sizeof(*threads), GFP_KERNEL);
	unsigned long i;

	for (i = 0; threads && i < n; i++) {
		threads[i] = scale_thread(fn, (void *)i, name, i, true);
		if (!threads[i]) {
			stop_all(threads, n);
			return NULL;
		}
	}
	return threads;
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
	err = scale_check("churn_ms", churn_ms, 0, 3600 * MSEC_PER_SEC) ?:
	      scale_check("flood", flood, 0, 3600) ?:
	      scale_check("flood_limit_mb", flood_limit_mb, 0, INT_MAX) ?:
	      scale_check("flood_size", flood_size, 1, SZ_1M) ?:
	      scale_check("gp_async_max", gp_async_max, 1, 1000000) ?:
	      scale_check("holdoff", holdoff, 0, 3600) ?:
	      scale_check("loops", loops, 1, 10000) ?:
	      scale_check("low_nice", low_nice, MIN_NICE, MAX_NICE) ?:
	      scale_check("nalive", nalive, 0, 1000000) ?:
	      scale_check("nhogs", nhogs, 0, 4096) ?:
	      scale_check("nlow", nlow, 0, 1024) ?:
	      scale_check("nreaders", nreaders, 0, 4096) ?:
	      scale_check("nruns", nruns, 1, 10000) ?:
	      scale_check("loops * nruns", measurements(), 1, 100000) ?:
	      scale_check("nstructs", nstructs, 1, 1024) ?:
	      scale_check("nwriters", nwriters, 1, 1024) ?:
	      scale_check("readdelay", readdelay, 0, NSEC_PER_MSEC) ?:
	      scale_check("reader_holdoff", reader_holdoff, 0, USEC_PER_SEC) ?:
	      scale_check("reader_nice", reader_nice, MIN_NICE, MAX_NICE) ?:
	      scale_check("writer_holdoff", writer_holdoff, 0, USEC_PER_SEC) ?:
	      scale_check("writer_nice", writer_nice, MIN_NICE, MAX_NICE);
	if (err)
		return err;
	if (gp_async + gp_exp + init_free + !!churn_ms + !!flood + !!nalive > 1) {
		pr_err("epoch_rcuscale: gp_async, gp_exp, init_free, churn_ms, flood and nalive exclude each other\n");
		return -EINVAL;
	}
	if (nlow && !waiting()) {
		pr_err("epoch_rcuscale: nlow needs writers that wait for grace periods\n");
		return -EINVAL;
	}
	return 0;
}

static int __init epoch_rcuscale_init(void)
{
	bool makes = init_free || nalive;
	unsigned int n;
	int err;
	int i;

	err = check_parameters();
	if (err)
		return err;
	err = scale_choose(&types, scale_type, makes ? made_types : all_types, nstructs);
	if (err)
		goto fail;
	pr_info("%s-scale: start of test: bind=%d churn_ms=%d gp_async=%d gp_async_barrier=%d gp_async_max=%d gp_exp=%d flood=%d holdoff=%d init_free=%d loops=%d low_idle=%d low_nice=%d nalive=%d nhogs=%d nlow=%d nreaders=%d nruns=%d nstructs=%d nwriters=%d readdelay=%d reader_holdoff=%d reader_nice=%d verbose=%d writer_holdoff=%d writer_nice=%d\n",
		scale_type, bind, churn_ms, gp_async, gp_async_barrier, gp_async_max, gp_exp,
		flood, holdoff, init_free, loops, low_idle, low_nice, nalive, nhogs, nlow,
		nreaders, nruns, nstructs, nwriters, readdelay, reader_holdoff, reader_nice,
		verbose, writer_holdoff, writer_nice);

	err = -ENOMEM;
	n = max(nwriters * (looping() ? measurements() : 1), nruns);
	figures = kvcalloc(n, sizeof(*figures), GFP_KERNEL);
	base_figures = kvcalloc(n, sizeof(*base_figures), GFP_KERNEL);
	spare = kvcalloc(n, sizeof(*spare), GFP_KERNEL);
	writers = kvcalloc(nwriters, sizeof(*writers), GFP_KERNEL);
	if (!figures || !base_figures || !spare || !writers)
		goto fail;
	if (make_series())
		goto fail;
	readers = make_threads(reader_thread, "epoch_reader", nreaders);
	hogs = make_threads(hog_thread, "epoch_hog", nhogs);
	lows = make_threads(low_thread, "epoch_low", nlow);
	if (!readers || !hogs || !lows)
		goto fail;
	for (i = 0; i < nwriters; i++) {
		err = make_writer(&writers[i], i);
		if (err)
			goto fail;
	}
	main_task = scale_thread(main_thread, NULL, "epoch_rcuscale", nwriters, true);
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
