// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting for a condition that, once met, stays so; on queues that epochs
 * share: an epoch has none of its own, so that zeroed memory suffices for it.
 * The waker checks the condition of each waiter, so that no task is woken
 * before it holds, and wakes without the lock: woken tasks may be back, and
 * need it, before all the others have been woken.
 */
#include <linux/hash.h>
#include <linux/hrtimer.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/spinlock.h>

#include "helpers.h"

#define QUEUE_BITS 6

/* The number of tasks that are woken at a time. */
#define BATCH 16

static struct queue {
	/* Protects the list. */
	spinlock_t lock;
	struct list_head waiters;
} ____cacheline_aligned_in_smp queues[1 << QUEUE_BITS];

/* On the waiter's stack. The waker does not touch it after taking it off the list. */
struct waiter {
	struct list_head node;
	const void *key;
	epoch_condition_t *condition;
	const void *arg;
	struct task_struct *task;
};

void epoch_wait_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(queues); i++) {
		spin_lock_init(&queues[i].lock);
		INIT_LIST_HEAD(&queues[i].waiters);
	}
}

static struct queue *queue_of(const void *key)
{
	return &queues[hash_ptr(key, QUEUE_BITS)];
}

/*
 * Sleeps until the condition holds, for @limit_ns at most if that is not 0. It
 * is checked when @key is woken. Returns 0, -EINTR or -ETIME.
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
	struct queue *queue = queue_of(key);
	struct waiter waiter = {
		.key = key,
		.condition = condition,
		.arg = arg,
		.task = current,
	};
	ktime_t until = ktime_add_safe(ktime_get(), ns_to_ktime(limit_ns));
	bool is_late = false;
	unsigned long flags;
	int ret;

	spin_lock_irqsave(&queue->lock, flags);
	list_add_tail(&waiter.node, &queue->waiters);
	spin_unlock_irqrestore(&queue->lock, flags);
	for (;;) {
		/* A full barrier; pairs with that in epoch_wake_up(). */
		set_current_state(states[mode]);
		ret = 0;
		if (condition(arg))
			break;
		ret = -EINTR;
		if (signal_pending_state(states[mode], current))
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
	__set_current_state(TASK_RUNNING);
	/* Pairs with list_del_init_careful() in take_met(). */
	if (!list_empty_careful(&waiter.node)) {
		spin_lock_irqsave(&queue->lock, flags);
		list_del_init(&waiter.node);
		spin_unlock_irqrestore(&queue->lock, flags);
	}
	return ret;
}

/*
 * Takes waiters for @key whose condition holds off the list, from @place on,
 * which moves behind the last one checked. Stores their tasks, with a reference
 * to each, and returns their number.
 */
static unsigned int take_met(struct queue *queue, struct list_head *place, const void *key,
			     struct task_struct *tasks[BATCH])
{
	unsigned int count = 0;

	while (count < BATCH && !list_is_last(place, &queue->waiters)) {
		struct waiter *waiter = list_entry(place->next, struct waiter, node);

		list_move(place, &waiter->node);
		if (waiter->key != key || !waiter->condition(waiter->arg))
			continue;
		tasks[count++] = get_task_struct(waiter->task);
		/* From here on the waiter may be gone. */
		list_del_init_careful(&waiter->node);
	}
	return count;
}

/* Wakes the waiters for @key whose condition holds. Any context but NMI and hardirq. */
void epoch_wake_up(const void *key)
{
	struct queue *queue = queue_of(key);
	struct task_struct *tasks[BATCH];
	/* To others, a waiter without a key. */
	struct waiter place = { .key = NULL };
	unsigned int count, i;
	unsigned long flags;
	bool is_end;

	/*
	 * Either the waiter sees the condition hold, or it is seen on the list;
	 * pairs with set_current_state().
	 */
	smp_mb();
	if (list_empty_careful(&queue->waiters))
		return;
	spin_lock_irqsave(&queue->lock, flags);
	list_add(&place.node, &queue->waiters);
	do {
		count = take_met(queue, &place.node, key, tasks);
		is_end = list_is_last(&place.node, &queue->waiters);
		if (is_end)
			list_del(&place.node);
		spin_unlock_irqrestore(&queue->lock, flags);
		for (i = 0; i < count; i++) {
			wake_up_process(tasks[i]);
			put_task_struct(tasks[i]);
		}
		if (!is_end)
			spin_lock_irqsave(&queue->lock, flags);
	} while (!is_end);
}
