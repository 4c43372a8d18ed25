// SPDX-License-Identifier: GPL-2.0
/*
 * Callbacks: a barrier waits for those of all CPUs, and a flood of them must not
 * keep grace periods from ending.
 */
#define pr_fmt(fmt) fmt

#include <linux/errno.h>
#include <linux/kthread.h>
#include <linux/slab.h>

#include "torture.h"

/* Barriers */

struct posted {
	struct torture_callback callback;
	/* The number of the round that the callback belongs to, and how often it was invoked. */
	unsigned long round;
	atomic_long_t invoked;
};

static struct posted *posted;
static unsigned long barrier_round;
static atomic_t to_post;
static DECLARE_WAIT_QUEUE_HEAD(barrier_wq);

static void posted_done(struct torture_callback *callback)
{
	atomic_long_inc(&container_of(callback, struct posted, callback)->invoked);
}

static int barrier_cbs_thread(void *data)
{
	struct posted *own = data;

	while (!torture_must_stop()) {
		wait_event_idle_timeout(barrier_wq, READ_ONCE(barrier_round) != own->round,
					HZ / 10);
		/* Pairs with the release in barrier_thread(). */
		if (smp_load_acquire(&barrier_round) == own->round)
			continue;
		own->round++;
		own->callback.done = posted_done;
		torture_type->call(torture_structure, &own->callback);
		/* Fully ordered; pairs with that in barrier_thread(). */
		if (atomic_dec_and_test(&to_post))
			wake_up_all(&barrier_wq);
	}
	return 0;
}

static int barrier_thread(void *data)
{
	unsigned long round = 0;
	int i;

	while (!torture_must_stop()) {
		torture_alive();
		atomic_set(&to_post, torture.n_barrier_cbs);
		/* Pairs with the acquire in barrier_cbs_thread(). */
		smp_store_release(&barrier_round, ++round);
		wake_up_all(&barrier_wq);
		while (atomic_read(&to_post) && !torture_must_stop())
			wait_event_idle_timeout(barrier_wq, !atomic_read(&to_post), HZ / 10);
		if (atomic_read_acquire(&to_post))
			break;
		torture_type->drain(torture_structure);
		torture_taken(TORTURE_barrier);
		for (i = 0; i < torture.n_barrier_cbs; i++) {
			unsigned long invoked = atomic_long_read(&posted[i].invoked);

			if (invoked == round)
				continue;
			torture_found("callback %d was invoked %lu times before barrier %lu",
				      i, invoked, round);
			/* It must not be queued twice. */
			while (atomic_long_read(&posted[i].invoked) < round)
				schedule_timeout_idle(1);
		}
		torture_pause();
		schedule_timeout_idle(1);
	}
	return 0;
}

/* Floods */

#define FLOOD_SIZE 100000
#define FLOOD_SECONDS 1
#define FLOOD_INTERVAL 10

static struct torture_callback *flood;
static atomic_long_t flood_invoked;

static void flooded_done(struct torture_callback *callback)
{
	atomic_long_inc(&flood_invoked);
}

static void make_flood(void)
{
	unsigned long completed = torture_type->completed(torture_structure);
	unsigned long until = jiffies + FLOOD_SECONDS * HZ;
	unsigned int n;

	atomic_long_set(&flood_invoked, 0);
	for (n = 0; n < FLOOD_SIZE && time_before(jiffies, until) && !torture_must_stop(); n++) {
		flood[n].done = flooded_done;
		torture_type->call(torture_structure, &flood[n]);
		if (!(n % 256))
			cond_resched();
	}
	/* At least the updaters go on, too: in a flood, grace periods must pass. */
	until = jiffies + 10 * HZ;
	while (!atomic_long_read(&flood_invoked) && time_before(jiffies, until))
		schedule_timeout_idle(1);
	if (!atomic_long_read(&flood_invoked))
		torture_found("none of %u callbacks was invoked within 10 s", n);
	torture_taken(TORTURE_flood);
	torture_type->drain(torture_structure);
	if (atomic_long_read(&flood_invoked) != n)
		torture_found("%ld of %u callbacks of a flood were invoked",
			      atomic_long_read(&flood_invoked), n);
	torture_info("flood: %u callbacks, %lu grace periods", n,
		     torture_type->completed(torture_structure) - completed);
}

static int flood_thread(void *data)
{
	while (!torture_must_stop()) {
		make_flood();
		torture_sleep(FLOOD_INTERVAL * HZ);
		torture_pause();
	}
	return 0;
}

int torture_callbacks_init(void)
{
	int i, err;

	if (torture.fwd_progress) {
		flood = kvcalloc(FLOOD_SIZE, sizeof(*flood), GFP_KERNEL);
		if (!flood)
			return -ENOMEM;
		torture_expect(TORTURE_flood);
		err = torture_start(flood_thread, NULL, "fwd_prog", 0);
		if (err)
			return err;
	}
	if (!torture.n_barrier_cbs)
		return 0;
	posted = kvcalloc(torture.n_barrier_cbs, sizeof(*posted), GFP_KERNEL);
	if (!posted)
		return -ENOMEM;
	torture_expect(TORTURE_barrier);
	for (i = 0; i < torture.n_barrier_cbs; i++) {
		err = torture_start(barrier_cbs_thread, &posted[i], "barrier_cbs", i);
		if (err)
			return err;
	}
	return torture_start(barrier_thread, NULL, "barrier", 0);
}

/* Callbacks have been drained. */
void torture_callbacks_free(void)
{
	kvfree(posted);
	kvfree(flood);
}
