// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting for a condition, on wait queues that epochs share: an epoch has none of
 * its own, so that it takes no more than zeroed memory. Whoever wakes looks at the
 * condition of each waiter, so that nobody is woken for nothing.
 */
#include <linux/hash.h>
#include <linux/hrtimer.h>
#include <linux/sched/signal.h>
#include <linux/wait.h>

#include "helpers.h"

#define QUEUE_BITS 6

static struct wait_queue_head queues[1 << QUEUE_BITS];

struct waiter {
	struct wait_queue_entry entry;
	const void *key;
	epoch_condition_t *condition;
	const void *arg;
};

void epoch_wait_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(queues); i++)
		init_waitqueue_head(&queues[i]);
}

static struct wait_queue_head *queue_of(const void *key)
{
	return &queues[hash_ptr(key, QUEUE_BITS)];
}

/* Called with the queue's lock held, so that the waiter is still there. */
static int wake_if_met(struct wait_queue_entry *entry, unsigned int mode, int sync, void *key)
{
	struct waiter *waiter = container_of(entry, struct waiter, entry);

	if (waiter->key != key || !waiter->condition(waiter->arg))
		return 0;
	return autoremove_wake_function(entry, mode, sync, key);
}

/*
 * Sleeps until the condition holds, for @limit_ns at most if that is not 0. It is
 * looked at when @key is woken. Returns 0, -EINTR or -ETIME.
 */
int epoch_wait_until(const void *key, epoch_condition_t *condition, const void *arg,
		     enum epoch_wait_mode mode, unsigned long long limit_ns)
{
	static const unsigned int states[] = {
		[EPOCH_UNINTERRUPTIBLE] = TASK_UNINTERRUPTIBLE,
		[EPOCH_IDLE] = TASK_IDLE,
		[EPOCH_KILLABLE] = TASK_KILLABLE,
		[EPOCH_INTERRUPTIBLE] = TASK_INTERRUPTIBLE,
	};
	struct wait_queue_head *queue = queue_of(key);
	struct waiter waiter = { .key = key, .condition = condition, .arg = arg };
	ktime_t until = ktime_add_safe(ktime_get(), ns_to_ktime(limit_ns));
	bool is_late = false;
	long interrupted;
	int ret;

	init_wait_entry(&waiter.entry, 0);
	waiter.entry.func = wake_if_met;
	for (;;) {
		/* A full barrier; pairs with that in epoch_wake_up(). */
		interrupted = prepare_to_wait_event(queue, &waiter.entry, states[mode]);
		ret = 0;
		if (condition(arg))
			break;
		ret = -EINTR;
		if (interrupted)
			break;
		ret = -ETIME;
		if (is_late)
			break;
		if (limit_ns)
			is_late = !schedule_hrtimeout_range(&until, NSEC_PER_MSEC,
							    HRTIMER_MODE_ABS);
		else
			schedule();
	}
	finish_wait(queue, &waiter.entry);
	return ret;
}

/* Wakes those who wait for @key and whose condition holds. Any context but NMI and hardirq. */
void epoch_wake_up(const void *key)
{
	struct wait_queue_head *queue = queue_of(key);

	/* A full barrier first: what made the condition hold, or else the waiter, is seen. */
	if (wq_has_sleeper(queue))
		__wake_up(queue, TASK_NORMAL, 0, (void *)key);
}
