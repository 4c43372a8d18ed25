// SPDX-License-Identifier: GPL-2.0
/*
 * Store buffering: the reordering that only the barriers of the epoch prevent.
 *
 *	reader				updater
 *	enters (a plain increment)	publishes
 *	reads what is published		heavy barrier
 *					reads the number of entries
 *
 * It must not be that the reader misses what is published and the updater
 * misses the entry. Two threads try this at the same time, as litmus tests do:
 * they meet, wait for a few random instructions, and run. Bursts of tries take
 * turns with sleep, in which the other threads run.
 *
 * A store waits longer in a CPU's buffer behind others that miss the cache, so
 * the reader makes some first.
 */
#define pr_fmt(fmt) fmt

#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/sched.h>
#include <linux/sched/clock.h>
#include <linux/sched/task.h>
#include <linux/sizes.h>
#include <linux/vmalloc.h>

#include "torture.h"

/* More than caches hold. */
#define NR_WORDS (SZ_8M / sizeof(unsigned long))
#define MAX_STORES 48

/* Tries in a row, with other threads kept off both CPUs. */
#define BURST 200
/* The time after which the other thread does not come. */
#define MEETING_NS (2 * NSEC_PER_MSEC)

static struct {
	/* The number of the try that this thread has come to. */
	unsigned long reader_at ____cacheline_aligned_in_smp;
	unsigned long updater_at ____cacheline_aligned_in_smp;
	/* What the updater publishes: the number of the try. */
	unsigned long published ____cacheline_aligned_in_smp;
	/* What the reader has found. */
	unsigned long found ____cacheline_aligned_in_smp;
	/* The number of the try that the reader has ended. */
	unsigned long reader_done ____cacheline_aligned_in_smp;
} litmus;

static unsigned long *scratch;

/* One of their own: others enter no sections in it. */
static void *structure;

static struct task_struct *reader_task;

/* Waits until a word has a value, or has another one than @other. Returns whether it has. */
static bool wait_for(const unsigned long *word, unsigned long value, bool differs)
{
	u64 until = local_clock() + MEETING_NS;
	unsigned int i;

	do {
		for (i = 0; i < 1000; i++) {
			/* Pairs with the releases below. */
			if ((smp_load_acquire(word) == value) != differs)
				return true;
		}
	} while (local_clock() < until && !torture_must_stop());
	return false;
}

/* Spends a few instructions. */
static void spin(struct rnd_state *random, u32 limit)
{
	u32 n = torture_random(random, limit);

	while (n--)
		barrier();
}

static int reader_thread(void *data)
{
	struct torture_section section;
	struct rnd_state random;
	unsigned long n = 0;

	sched_set_fifo_low(current);
	torture_random_init(&random, 2);
	while (!torture_must_stop()) {
		unsigned int stores = torture_random(&random, MAX_STORES);
		unsigned long *lines[MAX_STORES];
		unsigned int i;

		for (i = 0; i < stores; i++)
			lines[i] = scratch + torture_random(&random, NR_WORDS);
		if (!wait_for(&litmus.updater_at, n, true)) {
			torture_sleep_us(&random, 1000);
			continue;
		}
		n = READ_ONCE(litmus.updater_at);
		/* Pairs with the acquire in wait_for(), as do the others. */
		smp_store_release(&litmus.reader_at, n);
		spin(&random, 64);
		for (i = 0; i < stores; i++)
			WRITE_ONCE(*lines[i], n);

		torture_type->enter(structure, &section);
		WRITE_ONCE(litmus.found, READ_ONCE(litmus.published));
		torture_type->exit(structure, &section);
		/* With wait_for(). */
		smp_store_release(&litmus.reader_done, n);
	}
	return 0;
}

/* Tries once. Returns false if the reader does not come. */
static bool try_once(struct rnd_state *random, unsigned long n)
{
	unsigned long before = torture_type->entries(structure);
	unsigned long after;

	/* With wait_for(). */
	smp_store_release(&litmus.updater_at, n);
	if (!wait_for(&litmus.reader_at, n, false))
		return false;
	spin(random, 512);

	WRITE_ONCE(litmus.published, n);
	torture_type->heavy_barrier(structure);
	after = torture_type->entries(structure);

	if (!wait_for(&litmus.reader_done, n, false))
		return false;
	torture_taken(TORTURE_store_buffering);
	if (READ_ONCE(litmus.found) != n && after == before)
		torture_found("store buffering: reader and updater missed each other (%lu)", n);
	return true;
}

/* Puts the two threads on CPUs of their own. */
static void separate(struct rnd_state *random)
{
	unsigned int n, first;

	cpus_read_lock();
	n = num_online_cpus();
	first = torture_random(random, n);
	set_cpus_allowed_ptr(current, cpumask_of(cpumask_nth(first, cpu_online_mask)));
	set_cpus_allowed_ptr(reader_task,
			     cpumask_of(cpumask_nth((first + 1) % n, cpu_online_mask)));
	cpus_read_unlock();
}

static int updater_thread(void *data)
{
	struct rnd_state random;
	unsigned long n = 0;

	sched_set_fifo_low(current);
	torture_random_init(&random, 3);
	while (!torture_must_stop()) {
		unsigned int i;

		separate(&random);
		for (i = 0; i < BURST && try_once(&random, ++n); i++)
			;
		torture_sleep_us(&random, 10000);
	}
	return 0;
}

int torture_store_buffering_init(void)
{
	if (!torture.store_buffering || !torture_type->heavy_barrier)
		return 0;
	if (num_online_cpus() == 1) {
		torture_info("store buffering: not tested on one CPU");
		return 0;
	}
	scratch = __vmalloc(SZ_8M, GFP_KERNEL | __GFP_NOWARN);
	structure = torture_type->make();
	if (!scratch || !structure)
		return -ENOMEM;
	torture_expect(TORTURE_store_buffering);
	reader_task = torture_thread(reader_thread, NULL, "sb_reader", 0);
	if (IS_ERR(reader_task))
		return PTR_ERR(reader_task);
	/* The updater moves it until it is stopped itself, after the reader. */
	get_task_struct(reader_task);
	return torture_start(updater_thread, NULL, "sb_updater", 0);
}

void torture_store_buffering_free(void)
{
	if (!IS_ERR_OR_NULL(reader_task))
		put_task_struct(reader_task);
	if (structure)
		torture_type->unmake(structure);
	vfree(scratch);
}
