// SPDX-License-Identifier: GPL-2.0
/*
 * Callbacks: a barrier waits for those of all CPUs, and a flood of them must not
 * keep grace periods from ending.
 */
#define pr_fmt(fmt) fmt

#include <linux/errno.h>
#include <linux/kthread.h>
#include <linux/mm.h>
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

#define FLOOD_SECONDS 1
/* The default of callbacks_limit, at which throttle waits. */
#define THROTTLED 20000

/**
 * struct flood - a thread that queues callbacks as fast as it can
 * @invoked: callbacks of the present flood that were invoked
 * @number: floods so far
 */
struct flood {
	atomic_long_t invoked;
	unsigned int number;
};

/* An object of some size, which its callback frees. */
struct drop {
	struct torture_callback callback;
	struct flood *flood;
	char rest[960];
};

static struct flood *floods;

static void free_drop(struct torture_callback *callback)
{
	struct drop *drop = container_of(callback, struct drop, callback);

	atomic_long_inc(&drop->flood->invoked);
	kfree(drop);
}

/* Returns whether others may soon find no memory. */
static bool is_memory_low(void)
{
	return si_mem_available() < totalram_pages() / 8;
}

/* Returns whether so many callbacks are pending that the flood must end. */
static bool is_high(long pending)
{
	return (torture.fwd_progress_limit && pending >= torture.fwd_progress_limit) ||
	       is_memory_low();
}

/* Queues callbacks until it is time or memory is low. Returns their number. */
static long pour(struct flood *flood, bool is_throttled)
{
	unsigned long until = jiffies + FLOOD_SECONDS * HZ;
	long n, most = 0;

	for (n = 0; time_before(jiffies, until) && !torture_must_stop(); n++) {
		long pending = n - atomic_long_read(&flood->invoked);
		struct drop *drop;

		most = max(most, pending);
		if (!(n % 64)) {
			cond_resched();
			if (is_high(pending)) {
				torture_taken(TORTURE_high_flood);
				break;
			}
		}
		if (is_throttled)
			torture_type->throttle(torture_structure);
		drop = kmalloc_obj(*drop, GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN);
		if (!drop)
			break;
		drop->flood = flood;
		drop->callback.done = free_drop;
		torture_type->call(torture_structure, &drop->callback);
	}
	if (is_throttled && most > THROTTLED)
		torture_found("%ld callbacks were pending although they were throttled", most);
	torture_info("flood: %ld callbacks, %ld pending at most%s", n, most,
		     is_throttled ? ", throttled" : "");
	return n;
}

/* Returns false if some callbacks may yet come. */
static bool make_flood(struct flood *flood)
{
	bool is_throttled = torture_type->throttle && flood->number++ % 2;
	unsigned long until;
	long n;

	atomic_long_set(&flood->invoked, 0);
	n = pour(flood, is_throttled);
	/* At least the updaters go on, too: in a flood, grace periods must pass. */
	until = jiffies + 10 * HZ;
	while (n && !atomic_long_read(&flood->invoked) && time_before(jiffies, until))
		schedule_timeout_idle(1);
	if (n && !atomic_long_read(&flood->invoked))
		torture_found("none of %ld callbacks was invoked within 10 s", n);
	torture_taken(is_throttled ? TORTURE_throttled_flood : TORTURE_flood);
	torture_type->drain(torture_structure);
	if (atomic_long_read(&flood->invoked) == n)
		return true;
	torture_found("%ld of %ld callbacks of a flood were invoked",
		      atomic_long_read(&flood->invoked), n);
	return false;
}

static int flood_thread(void *data)
{
	struct flood *flood = data;

	while (make_flood(flood) && !torture_must_stop()) {
		torture_sleep(torture.fwd_progress_holdoff * HZ);
		torture_pause();
	}
	while (!torture_must_stop())
		torture_sleep(HZ);
	return 0;
}

static int floods_init(void)
{
	int i, err;

	if (!torture.fwd_progress)
		return 0;
	floods = kvcalloc(torture.fwd_progress, sizeof(*floods), GFP_KERNEL | __GFP_NOWARN);
	if (!floods)
		return -ENOMEM;
	torture_expect(TORTURE_flood);
	if (torture_type->throttle)
		torture_expect(TORTURE_throttled_flood);
	for (i = 0; i < torture.fwd_progress; i++) {
		err = torture_start(flood_thread, &floods[i], "fwd_prog", i);
		if (err)
			return err;
	}
	return 0;
}

int torture_callbacks_init(void)
{
	int i, err = floods_init();

	if (err || !torture.n_barrier_cbs)
		return err;
	posted = kvcalloc(torture.n_barrier_cbs, sizeof(*posted), GFP_KERNEL | __GFP_NOWARN);
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
	kvfree(floods);
}
