// SPDX-License-Identifier: GPL-2.0
/*
 * The way of callbacks from their queueing, in any context, to their
 * invocation, in process context on the same CPU. See domain/queue.rs for the
 * stages in between.
 */
#include <linux/cpumask.h>
#include <linux/irq_work.h>
#include <linux/jiffies.h>
#include <linux/llist.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched/isolation.h>
#include <linux/timer.h>
#include <linux/topology.h>
#include <linux/workqueue.h>

#include "helpers.h"
#include "upcalls.h"

/* Queues of a CPU whose first callback has been queued since the timer last ran. */
struct arrivals {
	struct llist_head queues;
	struct irq_work irq_work;
	struct timer_list timer;
	/* Not 0 while queues that were taken off the list are being collected. */
	int collecting;
};

static DEFINE_PER_CPU(struct arrivals, arrivals);
/* Work items of one CPU and one epoch each. */
static struct workqueue_struct *invocation_wq;
/* Work items of epochs whose last reference has gone. */
static struct workqueue_struct *teardown_wq;

/* A jiffy after the first callback: callbacks queued until then share its grace period. */
static void collect(struct timer_list *timer)
{
	struct arrivals *arrived = container_of(timer, struct arrivals, timer);
	struct llist_node *queue, *next;

	WRITE_ONCE(arrived->collecting, 1);
	/* A full barrier; pairs with that in epoch_callbacks_settle(). */
	llist_for_each_safe(queue, next, llist_del_all(&arrived->queues))
		__epoch_collect(queue);
	/* Pairs with smp_load_acquire() there. */
	smp_store_release(&arrived->collecting, 0);
}

static void start_timer(struct irq_work *work)
{
	struct arrivals *arrived = container_of(work, struct arrivals, irq_work);

	mod_timer(&arrived->timer, jiffies + 1);
}

/*
 * Has a queue collected after a jiffy. Any context, preemption disabled: no
 * lock is taken here, and the timer is started from an irq_work of this CPU.
 */
void epoch_queue_arrived(void *node)
{
	struct arrivals *arrived = this_cpu_ptr(&arrivals);

	if (llist_add(node, &arrived->queues))
		irq_work_queue(&arrived->irq_work);
}

/* Returns whether queues have arrived and have not been collected. */
static bool has_arrivals(struct arrivals *arrived)
{
	if (!llist_empty(&arrived->queues) || timer_pending(&arrived->timer))
		return true;
	/*
	 * If the list is empty because it was taken, collecting is seen below;
	 * pairs with llist_del_all() in collect().
	 */
	smp_mb();
	/* Pairs with smp_store_release() in collect(). */
	return smp_load_acquire(&arrived->collecting);
}

/* Waits until each queue that has arrived has been collected. */
void epoch_callbacks_settle(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct arrivals *arrived = per_cpu_ptr(&arrivals, cpu);

		irq_work_sync(&arrived->irq_work);
		while (has_arrivals(arrived))
			schedule_timeout_uninterruptible(1);
	}
}

static void invoke(struct work_struct *work)
{
	__epoch_invoke(work);
}

void epoch_invocation_init(void *work)
{
	INIT_WORK((struct work_struct *)work, invoke);
}

/* Returns the CPU that queued the callbacks, or one near it if that is offline or isolated. */
static int invocation_cpu(int cpu)
{
	int near;

	/* The masks of isolated CPUs may change. */
	guard(rcu)();
	if (cpu_online(cpu) && housekeeping_test_cpu(cpu, HK_TYPE_DOMAIN) &&
	    housekeeping_test_cpu(cpu, HK_TYPE_KERNEL_NOISE))
		return cpu;
	for_each_cpu_and(near, cpumask_of_node(cpu_to_node(cpu)), cpu_online_mask) {
		if (housekeeping_test_cpu(near, HK_TYPE_DOMAIN) &&
		    housekeeping_test_cpu(near, HK_TYPE_KERNEL_NOISE))
			break;
	}
	return near < nr_cpu_ids ? near : WORK_CPU_UNBOUND;
}

void epoch_invocation_queue(void *work, int cpu)
{
	queue_work_on(invocation_cpu(cpu), invocation_wq, work);
}

/* Returns the work item that the caller is part of, or NULL. */
const void *epoch_current_invocation(void)
{
	return current_work();
}

/* Yields the CPU between callbacks, and reports a quiescent state to RCU-tasks. */
void epoch_invocation_yield(void)
{
	cond_resched_tasks_rcu_qs();
}

static atomic_t teardowns;

static void teardown(struct work_struct *work)
{
	__epoch_teardown(work);
	atomic_dec(&teardowns);
}

/* Queues the teardown of an epoch. Any context but NMI, without the scheduler's locks. */
void epoch_teardown_queue(void *work)
{
	INIT_WORK((struct work_struct *)work, teardown);
	atomic_inc(&teardowns);
	queue_work(teardown_wq, work);
}

/* Waits for teardowns, for a second at most: that of an epoch with an open section does not end. */
void epoch_teardown_settle(void)
{
	int ticks;

	for (ticks = 0; ticks < HZ && atomic_read(&teardowns); ticks++)
		schedule_timeout_idle(1);
}

void epoch_teardown_flush(void)
{
	flush_workqueue(teardown_wq);
}

int epoch_callbacks_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct arrivals *arrived = per_cpu_ptr(&arrivals, cpu);

		init_llist_head(&arrived->queues);
		arrived->irq_work = IRQ_WORK_INIT_HARD(start_timer);
		timer_setup(&arrived->timer, collect, 0);
	}
	/* CPU-intensive: with many callbacks, other work of the CPU must not wait for them. */
	invocation_wq = alloc_workqueue("epoch_invoke",
					WQ_PERCPU | WQ_MEM_RECLAIM | WQ_CPU_INTENSIVE, 0);
	teardown_wq = alloc_workqueue("epoch_teardown", WQ_UNBOUND, 0);
	if (invocation_wq && teardown_wq)
		return 0;
	epoch_callbacks_exit();
	return -ENOMEM;
}

/* To be called when no epoch is left. */
void epoch_callbacks_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct arrivals *arrived = per_cpu_ptr(&arrivals, cpu);

		irq_work_sync(&arrived->irq_work);
		timer_shutdown_sync(&arrived->timer);
	}
	if (invocation_wq)
		destroy_workqueue(invocation_wq);
	if (teardown_wq)
		destroy_workqueue(teardown_wq);
}
