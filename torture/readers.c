// SPDX-License-Identifier: GPL-2.0
/*
 * Readers: threads, timers and NMIs that enter sections, look at objects again
 * and again, and hand sections over.
 */
#define pr_fmt(fmt) fmt

#include <linux/bottom_half.h>
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/kthread.h>
#include <linux/percpu.h>
#include <linux/sched/clock.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/workqueue.h>

#ifdef CONFIG_X86_LOCAL_APIC
#include <asm/apic.h>
#include <asm/nmi.h>
#endif

#include "torture.h"

#define MAX_SEGMENTS 8

/**
 * struct segment - a part of a section
 * @cpu: the CPU on which it began
 * @extendables: what it did, of enum torture_extendable
 * @completed: grace periods that had ended when it began
 * @ns: when it began, by this CPU's clock
 */
struct segment {
	int cpu;
	unsigned int extendables;
	unsigned long completed;
	u64 ns;
};

/**
 * struct reader - a context that enters sections, one at a time
 * @random: its random numbers
 * @in_use: the object that its section has found, for updaters to see
 * @context: where it runs, for people
 * @may: bits of enum torture_extendable that the context allows
 * @segments: parts of the section
 * @nr_segments: their number
 */
struct reader {
	struct rnd_state random;
	struct torture_object *in_use;
	const char *context;
	unsigned int may;
	struct segment segments[MAX_SEGMENTS];
	unsigned int nr_segments;
};

/**
 * struct handover - a section that is left in another context than entered
 * @reader: what is known of the section
 * @section: the section
 * @object: what it has found
 * @busy: not 0 until it has been left
 * @timer: leaves it in an interrupt of the timer
 * @csd: leaves it in an interrupt by another CPU
 * @work: leaves it in another task
 */
struct handover {
	struct reader reader;
	struct torture_section section;
	struct torture_object *object;
	int busy;
	struct hrtimer timer;
	call_single_data_t csd;
	struct work_struct work;
};

/**
 * struct torture_reader - a reader thread and what it starts
 * @reader: the thread's sections
 * @in_timer: sections of its timer
 * @timer: enters sections in interrupts
 * @called: the callback that the timer queues
 * @is_called: not 0 until that was invoked
 * @handover: the section that it hands over
 */
struct torture_reader {
	struct reader reader;
	struct reader in_timer;
	struct hrtimer timer;
	struct torture_callback called;
	int is_called;
	struct handover handover;
};

static struct torture_reader *readers;

struct counts {
	/* For each age, sections that saw it at their end. */
	unsigned long ages[TORTURE_AGES + 1];
	/* For each number of grace periods that ended while a section was open, sections. */
	unsigned long batches[TORTURE_AGES + 1];
};

static struct counts __percpu *counts;

/* The first section that saw what it must not see. */
static atomic_t first_failure;

/* Logs the parts of the first section that failed. */
static void log_section(const struct reader *reader)
{
	unsigned int i;

	for (i = 0; i < reader->nr_segments; i++) {
		const struct segment *segment = &reader->segments[i];

		torture_info("segment %u: CPU %d, extendables %#x, %lu grace periods, at %llu ns",
			     i, segment->cpu, segment->extendables, segment->completed,
			     segment->ns);
	}
	torture_info("end: CPU %d, %lu grace periods, at %llu ns", raw_smp_processor_id(),
		     torture_type->completed(torture_structure), local_clock());
}

/* Returns the number of grace periods that have ended since the section was entered. */
static unsigned long batches_of(const struct reader *reader)
{
	return torture_type->completed(torture_structure) - reader->segments[0].completed;
}

/* Looks at an object inside a section that has found it. Any context. */
static void look(struct reader *reader, struct torture_object *object)
{
	int age = READ_ONCE(object->age);
	int mailbox = READ_ONCE(object->mailbox);
	unsigned long batches = batches_of(reader);

	if (likely(age <= 1 && mailbox == 1 && batches <= torture_type->open_batches))
		return;
	torture_found("a section in %s sees an object of age %d%s, after %lu grace periods",
		      reader->context, age, mailbox == 1 ? "" : " that is free", batches);
	if (!atomic_xchg(&first_failure, 1))
		log_section(reader);
}

static void begin_segment(struct reader *reader, unsigned int extendables)
{
	struct segment *segment = &reader->segments[reader->nr_segments++];

	segment->cpu = raw_smp_processor_id();
	segment->extendables = extendables;
	segment->completed = torture_type->completed(torture_structure);
	segment->ns = local_clock();
}

/* Finds an object, in a section that has just been entered. */
static struct torture_object *find(struct reader *reader)
{
	u32 i = torture_random(&reader->random, torture.nwriters);
	/* Pairs with the release in update(). */
	struct torture_object *object = READ_ONCE(torture_published[i]);

	/* Plain stores, which order nothing. */
	WRITE_ONCE(reader->in_use, object);
	return object;
}

/* Ends the use of an object, in a section that is about to be left. */
static void end_use(struct reader *reader, struct torture_object *object)
{
	unsigned long batches = batches_of(reader);
	int age = READ_ONCE(object->age);

	look(reader, object);
	this_cpu_inc(counts->ages[clamp(age, 0, TORTURE_AGES)]);
	this_cpu_inc(counts->batches[min(batches, TORTURE_AGES)]);
	WRITE_ONCE(reader->in_use, NULL);
}

/* The time for which a section lingers: some grace periods, on slow machines, too. */
static unsigned long linger_jiffies(void)
{
	return clamp(4 * torture_typical_wait(), msecs_to_jiffies(20), msecs_to_jiffies(1000));
}

/*
 * Chooses one section at a time to linger, with four times as long between two of
 * them: each one keeps grace periods from ending.
 */
static bool may_linger(void)
{
	static unsigned long next;
	unsigned long due = READ_ONCE(next);
	unsigned long later = jiffies + 5 * linger_jiffies();

	return !time_before(jiffies, due) && cmpxchg(&next, due, later) == due;
}

/*
 * Sleeps until an object that was found must be gone, if no section keeps it, or
 * for so long that this one does.
 */
static void linger(struct reader *reader, const struct torture_object *object)
{
	unsigned long until = jiffies + linger_jiffies();

	while (READ_ONCE(object->age) <= 1 && batches_of(reader) <= torture_type->open_batches &&
	       time_before(jiffies, until))
		torture_sleep_us(&reader->random, 500);
}

/* Spends time in a segment. */
static void spend(struct reader *reader, const struct torture_object *object,
		  unsigned int extendables)
{
	u32 dice = torture_random(&reader->random, 1000);
	bool is_short = !(reader->may & TORTURE_SLEEP);

	if (extendables & TORTURE_SLEEP) {
		torture_taken(TORTURE_sleep);
		if (may_linger()) {
			torture_taken(TORTURE_linger);
			linger(reader, object);
		} else {
			torture_sleep_us(&reader->random, 500);
		}
	} else if (dice < 100) {
		torture_taken(TORTURE_short_delay);
		udelay(1 + torture_random(&reader->random, 5));
	} else if (dice < 110) {
		torture_taken(TORTURE_delay);
		udelay(1 + torture_random(&reader->random, is_short ? 20 : 200));
	}
}

/* Moves the calling thread to another CPU. */
static void migrate(struct reader *reader)
{
	u32 nth = torture_random(&reader->random, num_online_cpus());
	unsigned int cpu = cpumask_nth(nth, cpu_online_mask);

	/* It may have gone offline by now: then nothing happens. */
	if (cpu < nr_cpu_ids)
		set_cpus_allowed_ptr(current, cpumask_of(cpu));
}

/* Chooses what a segment does. */
static unsigned int choose(struct reader *reader)
{
	unsigned int all = reader->may & torture.extendables;
	unsigned int some = prandom_u32_state(&reader->random) & all;

	/* Each of these takes much longer than the rest. */
	if (!torture_one_in(&reader->random, 8))
		some &= ~TORTURE_SLEEP;
	if (!torture_one_in(&reader->random, 64))
		some &= ~TORTURE_MIGRATE;
	if (some & (TORTURE_SLEEP | TORTURE_MIGRATE))
		some &= ~(TORTURE_BH | TORTURE_IRQ | TORTURE_PREEMPT);
	return some;
}

static void pass_segment(struct reader *reader, struct torture_object *object)
{
	unsigned int extendables = choose(reader);
	struct torture_section nested;

	begin_segment(reader, extendables);
	if (extendables & TORTURE_MIGRATE) {
		torture_taken(TORTURE_migrate);
		migrate(reader);
	}
	if (extendables & TORTURE_NESTED) {
		torture_taken(TORTURE_nested);
		torture_type->enter(torture_structure, &nested);
	}
	if (extendables & TORTURE_BH) {
		torture_taken(TORTURE_bh);
		local_bh_disable();
	}
	if (extendables & TORTURE_PREEMPT) {
		torture_taken(TORTURE_preempt);
		preempt_disable();
	}
	if (extendables & TORTURE_IRQ) {
		torture_taken(TORTURE_irq);
		local_irq_disable();
	}
	spend(reader, object, extendables);
	look(reader, object);
	if (extendables & TORTURE_IRQ)
		local_irq_enable();
	if (extendables & TORTURE_PREEMPT)
		preempt_enable();
	if (extendables & TORTURE_BH)
		local_bh_enable();
	if (extendables & TORTURE_NESTED)
		torture_type->exit(torture_structure, &nested);
}

static void pass_segments(struct reader *reader, struct torture_object *object)
{
	unsigned int n = 1;

	if (torture_one_in(&reader->random, 4)) {
		torture_taken(TORTURE_several_segments);
		n += torture_random(&reader->random, MAX_SEGMENTS - 1);
	}
	while (n--)
		pass_segment(reader, object);
}

/* Enters a section, and leaves it. */
static void read_attached(struct reader *reader)
{
	struct torture_section section;
	struct torture_object *object;

	reader->nr_segments = 0;
	torture_type->enter(torture_structure, &section);
	object = find(reader);
	if (object) {
		pass_segments(reader, object);
		end_use(reader, object);
	}
	torture_type->exit(torture_structure, &section);

	/* The bug of a reader that keeps a pointer. */
	if (torture.leakpointer && object && (reader->may & TORTURE_SLEEP) &&
	    torture_one_in(&reader->random, 64)) {
		linger(reader, object);
		look(reader, object);
	}
}

/* Sections that are handed over. */

static void leave(struct handover *handover, enum torture_branch where)
{
	torture_taken(where);
	look(&handover->reader, handover->object);
	end_use(&handover->reader, handover->object);
	torture_type->exit_detached(torture_structure, &handover->section);
	/* Pairs with the acquire in may_hand_over(). */
	smp_store_release(&handover->busy, 0);
}

static enum hrtimer_restart leave_in_timer(struct hrtimer *timer)
{
	leave(container_of(timer, struct handover, timer), TORTURE_left_in_timer);
	return HRTIMER_NORESTART;
}

static void leave_in_ipi(void *data)
{
	leave(data, TORTURE_left_in_ipi);
}

static void leave_in_task(struct work_struct *work)
{
	leave(container_of(work, struct handover, work), TORTURE_left_in_task);
}

static bool may_hand_over(struct handover *handover)
{
	/* Pairs with the release in leave(). */
	return !smp_load_acquire(&handover->busy);
}

static void hand_over(struct handover *handover)
{
	struct reader *reader = &handover->reader;
	u32 us = torture_random(&reader->random, 500);
	u32 nth;

	WRITE_ONCE(handover->busy, 1);
	switch (torture_random(&reader->random, 3)) {
	case 0:
		hrtimer_start(&handover->timer, us_to_ktime(us), HRTIMER_MODE_REL_HARD);
		break;
	case 1:
		cpus_read_lock();
		nth = torture_random(&reader->random, num_online_cpus());
		smp_call_function_single_async(cpumask_nth(nth, cpu_online_mask), &handover->csd);
		cpus_read_unlock();
		break;
	default:
		queue_work(system_dfl_wq, &handover->work);
	}
}

/* Enters a section that may be left elsewhere, and hands it over or leaves it. */
static void read_detached(struct torture_reader *thread)
{
	struct handover *handover = &thread->handover;
	struct reader *reader = &handover->reader;

	if (!may_hand_over(handover))
		return read_attached(&thread->reader);
	torture_taken(TORTURE_detached);
	reader->nr_segments = 0;
	torture_type->enter_detached(torture_structure, &handover->section);
	handover->object = find(reader);
	if (!handover->object) {
		torture_type->exit_detached(torture_structure, &handover->section);
		return;
	}
	pass_segments(reader, handover->object);
	hand_over(handover);
}

/* Threads */

static void called_done(struct torture_callback *callback)
{
	/* Pairs with the acquire in is_pending(). */
	smp_store_release(&container_of(callback, struct torture_reader, called)->is_called, 0);
}

static bool is_pending(struct torture_reader *thread)
{
	/* Pairs with the release in called_done(). */
	return smp_load_acquire(&thread->is_called);
}

/* Queues a callback in a section that interrupts whatever it does: a call, perhaps. */
static void call_in_timer(struct torture_reader *thread)
{
	struct torture_section section;

	if (is_pending(thread))
		return;
	torture_taken(TORTURE_called_in_timer);
	thread->called.done = called_done;
	WRITE_ONCE(thread->is_called, 1);
	torture_type->enter(torture_structure, &section);
	torture_type->call(torture_structure, &thread->called);
	spend(&thread->in_timer, NULL, 0);
	if (!is_pending(thread))
		torture_found("a callback was invoked before the section that queued it was left");
	torture_type->exit(torture_structure, &section);
}

static enum hrtimer_restart read_in_timer(struct hrtimer *timer)
{
	struct torture_reader *thread = container_of(timer, struct torture_reader, timer);
	u32 us;

	torture_taken(TORTURE_in_timer);
	read_attached(&thread->in_timer);
	if (torture_one_in(&thread->in_timer.random, 8))
		call_in_timer(thread);
	us = 50 + torture_random(&thread->in_timer.random, 1000);
	hrtimer_forward_now(timer, us_to_ktime(us));
	return HRTIMER_RESTART;
}

static bool has_handovers(void)
{
	return torture_type->enter_detached && (torture.extendables & TORTURE_DETACHED);
}

static int reader_thread(void *data)
{
	struct torture_reader *thread = data;
	bool has_detached = has_handovers();

	if (torture.irqreader)
		hrtimer_start(&thread->timer, us_to_ktime(100), HRTIMER_MODE_REL_PINNED_HARD);
	while (!torture_must_stop()) {
		if (has_detached && torture_one_in(&thread->reader.random, 8)) {
			read_detached(thread);
		} else {
			torture_taken(TORTURE_attached);
			read_attached(&thread->reader);
		}
		/* Outside of sections for a while, now and then. */
		if (torture_one_in(&thread->reader.random, 256))
			torture_sleep_us(&thread->reader.random, 200);
		cond_resched();
		torture_pause();
	}
	hrtimer_cancel(&thread->timer);
	return 0;
}

/* Threads that end right after a section. */

static DECLARE_COMPLETION(has_read);

static int read_exit_child(void *data)
{
	read_attached(data);
	complete(&has_read);
	return 0;
}

static int read_exit_thread(void *data)
{
	do {
		int i;

		for (i = 0; i < torture.read_exit_burst && !torture_must_stop(); i++) {
			struct task_struct *child;

			child = kthread_run(read_exit_child, data, "torture_read_exit/%d", i);
			if (IS_ERR(child))
				continue;
			torture_taken(TORTURE_read_exit);
			/* One at a time: they share the reader. */
			wait_for_completion(&has_read);
		}
		torture_sleep(torture.read_exit_delay * HZ);
	} while (!torture_must_stop());
	return 0;
}

static void reader_init(struct reader *reader, const char *context, unsigned int may,
			unsigned int stream)
{
	torture_random_init(&reader->random, stream);
	reader->context = context;
	reader->may = may;
}

/* NMIs */

#ifdef CONFIG_X86_LOCAL_APIC

static struct reader __percpu *nmi_readers;
static DEFINE_PER_CPU(int, nmi_wanted);
static bool nmi_registered;

static int read_in_nmi(unsigned int type, struct pt_regs *regs)
{
	if (!this_cpu_read(nmi_wanted))
		return NMI_DONE;
	this_cpu_write(nmi_wanted, 0);
	torture_taken(TORTURE_in_nmi);
	read_attached(this_cpu_ptr(nmi_readers));
	return NMI_HANDLED;
}

static int nmi_thread(void *data)
{
	struct rnd_state random;

	torture_random_init(&random, 4);
	while (!torture_must_stop()) {
		unsigned int cpu;

		cpus_read_lock();
		cpu = cpumask_nth(torture_random(&random, num_online_cpus()), cpu_online_mask);
		per_cpu(nmi_wanted, cpu) = 1;
		__apic_send_IPI_mask(cpumask_of(cpu), NMI_VECTOR);
		cpus_read_unlock();
		torture_sleep_us(&random, 2 * USEC_PER_SEC / torture.test_nmis);
		torture_pause();
	}
	return 0;
}

static int nmi_init(void)
{
	int cpu, err;

	if (!torture.test_nmis || !torture_type->nmi)
		return 0;
	nmi_readers = alloc_percpu(struct reader);
	if (!nmi_readers)
		return -ENOMEM;
	for_each_possible_cpu(cpu)
		reader_init(per_cpu_ptr(nmi_readers, cpu), "an NMI", TORTURE_NESTED, 5000 + cpu);
	err = register_nmi_handler(NMI_LOCAL, read_in_nmi, 0, "epoch_torture");
	if (err)
		return err;
	nmi_registered = true;
	torture_expect(TORTURE_in_nmi);
	return torture_start(nmi_thread, NULL, "nmi", 0);
}

static void nmi_free(void)
{
	if (nmi_registered)
		unregister_nmi_handler(NMI_LOCAL, "epoch_torture");
	free_percpu(nmi_readers);
}

#else

static int nmi_init(void)
{
	return 0;
}

static void nmi_free(void)
{
}

#endif

static void thread_init(struct torture_reader *thread, unsigned int i)
{
	reader_init(&thread->reader, "a thread", TORTURE_ALL, 4 * i);
	reader_init(&thread->in_timer, "a timer", TORTURE_NESTED, 4 * i + 1);
	/* A section that is handed over may not have disabled anything. */
	reader_init(&thread->handover.reader, "a section that was handed over", TORTURE_ALL,
		    4 * i + 2);
	hrtimer_setup(&thread->timer, read_in_timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	hrtimer_setup(&thread->handover.timer, leave_in_timer, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL_HARD);
	INIT_CSD(&thread->handover.csd, leave_in_ipi, &thread->handover);
	INIT_WORK(&thread->handover.work, leave_in_task);
}

static void expect_branches(void)
{
	static const struct {
		unsigned int bits;
		enum torture_branch branch;
	} extendables[] = {
		{ TORTURE_BH, TORTURE_bh },
		{ TORTURE_IRQ, TORTURE_irq },
		{ TORTURE_PREEMPT, TORTURE_preempt },
		{ TORTURE_NESTED, TORTURE_nested },
		{ TORTURE_MIGRATE, TORTURE_migrate },
		{ TORTURE_SLEEP, TORTURE_sleep },
		{ TORTURE_SLEEP, TORTURE_linger },
	};
	unsigned int i;

	torture_expect(TORTURE_attached);
	torture_expect(TORTURE_several_segments);
	torture_expect(TORTURE_short_delay);
	torture_expect(TORTURE_delay);
	for (i = 0; i < ARRAY_SIZE(extendables); i++) {
		if (torture.extendables & extendables[i].bits)
			torture_expect(extendables[i].branch);
	}
	if (torture.irqreader) {
		torture_expect(TORTURE_in_timer);
		torture_expect(TORTURE_called_in_timer);
	}
	if (has_handovers()) {
		torture_expect(TORTURE_detached);
		torture_expect(TORTURE_left_in_timer);
		torture_expect(TORTURE_left_in_ipi);
		torture_expect(TORTURE_left_in_task);
	}
	if (torture.read_exit_burst)
		torture_expect(TORTURE_read_exit);
}

int torture_readers_init(void)
{
	int i, err;

	counts = alloc_percpu(struct counts);
	/* The last one is for threads that end after a section. */
	readers = kvcalloc(torture.nreaders + 1, sizeof(*readers), GFP_KERNEL | __GFP_NOWARN);
	if (!counts || !readers)
		return -ENOMEM;
	for (i = 0; i <= torture.nreaders; i++)
		thread_init(&readers[i], i);
	expect_branches();
	for (i = 0; i < torture.nreaders; i++) {
		err = torture_start(reader_thread, &readers[i], "reader", i);
		if (err)
			return err;
	}
	if (torture.read_exit_burst) {
		err = torture_start(read_exit_thread, &readers[torture.nreaders].reader,
				    "read_exit", 0);
		if (err)
			return err;
	}
	return nmi_init();
}

/* Waits for a callback, but not for ever. Returns whether it was invoked. */
static bool wait_for_called(struct torture_reader *thread)
{
	unsigned long until = jiffies + 10 * HZ;

	while (is_pending(thread) && time_before(jiffies, until))
		schedule_timeout_idle(1);
	return !is_pending(thread);
}

/* Waits until no section is open. The threads have been stopped. */
void torture_readers_settle(void)
{
	int i;

	for (i = 0; readers && i <= torture.nreaders; i++) {
		while (!may_hand_over(&readers[i].handover))
			schedule_timeout_idle(1);
		flush_work(&readers[i].handover.work);
		if (!wait_for_called(&readers[i]))
			torture_found("the callback that timer %d queued was not invoked", i);
	}
	/* An NMI or a call that is on its way to a CPU. */
	synchronize_rcu();
}

void torture_readers_free(void)
{
	nmi_free();
	free_percpu(counts);
	kvfree(readers);
}

static bool uses(const struct reader *reader, const struct torture_object *object)
{
	return READ_ONCE(reader->in_use) == object;
}

/* Reports an object that a section uses that is older than two grace periods. */
void torture_check_unused(const struct torture_object *object)
{
	int i;

	for (i = 0; i <= torture.nreaders; i++) {
		const struct torture_reader *thread = &readers[i];

		if (uses(&thread->reader, object) || uses(&thread->in_timer, object) ||
		    uses(&thread->handover.reader, object))
			torture_found("an updater sees reader %d use an object of age %d", i,
				      object->age);
	}
}

static void report_histogram(const char *title, const char *bad_title, size_t offset, int allowed)
{
	unsigned long sums[TORTURE_AGES + 1] = {};
	bool is_bad = false;
	int i, cpu;

	for (i = 0; i <= TORTURE_AGES; i++) {
		for_each_possible_cpu(cpu) {
			const unsigned long *numbers = (void *)per_cpu_ptr(counts, cpu) + offset;

			sums[i] += numbers[i];
		}
		is_bad |= i > allowed && sums[i];
	}
	torture_log_numbers(is_bad ? bad_title : title, sums, ARRAY_SIZE(sums));
}

/* Logs histograms as rcutorture does. */
void torture_readers_report(void)
{
	report_histogram("Reader Pipe", "!!! Reader Pipe", offsetof(struct counts, ages), 1);
	report_histogram("Reader Batch", "!!! Reader Batch", offsetof(struct counts, batches),
			 torture_type->open_batches);
}
