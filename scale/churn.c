// SPDX-License-Identifier: GPL-2.0
/*
 * Callbacks in circulation: writers queue callbacks on all CPUs, each again once
 * it has been invoked, so that a fixed number is pending or about to be queued.
 */
#include <linux/llist.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/wait.h>

#include "churn.h"

struct churn_callback {
	struct scale_callback cb;
	struct llist_node node;
	struct churner *churner;
	int queued_on;
};

/*
 * A writer's callbacks. After they have been invoked, they wait in the list to
 * be queued again.
 */
struct churner {
	struct llist_head invoked;
	atomic_t n_invoked;
	int enough;
	wait_queue_head_t wq;
	unsigned int n;
	struct churn_callback callbacks[] __counted_by(n);
};

static DEFINE_PER_CPU(struct churn_counts, counts);
static bool ending;

static void put_back(struct churn_callback *cb)
{
	struct churner *churner = cb->churner;

	llist_add(&cb->node, &churner->invoked);
	/*
	 * Waking the writer for each callback would be measured, too. The number rises
	 * by one at a time, so that it does not skip the one that is enough.
	 */
	if (atomic_inc_return(&churner->n_invoked) == churner->enough)
		wake_up(&churner->wq);
}

static void invoked(struct scale_callback *scale_cb)
{
	struct churn_callback *cb = container_of(scale_cb, struct churn_callback, cb);

	this_cpu_inc(counts.invoked);
	if (cb->queued_on == raw_smp_processor_id())
		this_cpu_inc(counts.invoked_where_queued);
	put_back(cb);
}

/**
 * churner_alloc() - allocate the callbacks of a writer
 * @callbacks: their number
 *
 * Return: the callbacks, or NULL.
 */
struct churner *churner_alloc(unsigned int callbacks)
{
	struct churner *churner = kvzalloc(struct_size(churner, callbacks, callbacks), GFP_KERNEL);
	unsigned int i;

	if (!churner)
		return NULL;
	churner->n = callbacks;
	churner->enough = max(callbacks / 2, 1U);
	init_llist_head(&churner->invoked);
	init_waitqueue_head(&churner->wq);
	for (i = 0; i < callbacks; i++) {
		churner->callbacks[i].churner = churner;
		churner->callbacks[i].cb.done = invoked;
		put_back(&churner->callbacks[i]);
	}
	return churner;
}

/**
 * churner_free() - free the callbacks of a writer
 * @churner: the callbacks, none of which is queued, or NULL
 */
void churner_free(struct churner *churner)
{
	kvfree(churner);
}

/**
 * churn_begin() - reset the counts, before writers begin
 */
void churn_begin(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		memset(per_cpu_ptr(&counts, cpu), 0, sizeof(struct churn_counts));
	WRITE_ONCE(ending, false);
}

/**
 * churn_writer() - queue callbacks until churn_end(), and wait for them
 * @churner: the callbacks
 * @type: the type that invokes them
 * @structure: its structure
 */
void churn_writer(struct churner *churner, const struct scale_type *type, void *structure)
{
	struct churn_callback *cb, *next;
	int n;

	for (;;) {
		/* Notices churn_end() within a jiffy. */
		while (!wait_event_idle_timeout(churner->wq, READ_ONCE(ending) ||
						atomic_read(&churner->n_invoked) >= churner->enough,
						1))
			;
		if (READ_ONCE(ending))
			break;
		n = 0;
		llist_for_each_entry_safe(cb, next, llist_del_all(&churner->invoked), node) {
			cb->queued_on = raw_smp_processor_id();
			type->call(structure, &cb->cb);
			n++;
		}
		atomic_sub(n, &churner->n_invoked);
		cond_resched();
	}
	type->drain(structure);
}

/**
 * churn_look() - count the callbacks that have been invoked so far
 *
 * Return: the counts.
 */
struct churn_counts churn_look(void)
{
	struct churn_counts total = {};
	int cpu;

	for_each_possible_cpu(cpu) {
		struct churn_counts *count = per_cpu_ptr(&counts, cpu);

		total.invoked += READ_ONCE(count->invoked);
		total.invoked_where_queued += READ_ONCE(count->invoked_where_queued);
	}
	return total;
}

/**
 * churn_end() - stop all writers from queueing
 */
void churn_end(void)
{
	WRITE_ONCE(ending, true);
}
