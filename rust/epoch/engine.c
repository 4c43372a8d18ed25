// SPDX-License-Identifier: GPL-2.0
/*
 * The engines' threads: starting, waking and putting them to sleep. See
 * engine.rs for their loop.
 */
#include <linux/hrtimer.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/sched/isolation.h>
#include <linux/sysfs.h>

#include "helpers.h"
#include "upcalls.h"

struct engine {
	const char *name;
	struct task_struct *task;
	/* Not 0 if it has been woken since it last slept. */
	int woken;
	/* The number of completed rounds. */
	unsigned long rounds;
	/* Wakes it from contexts in which a lock of the scheduler may be held. */
	struct irq_work wake;
};

static void engine_wake_irq(struct irq_work *work);

/* In the order of Flavour in platform.rs. */
static struct engine engines[EPOCH_ENGINES] = {
	{ "epoch_gp/ipi", .wake = IRQ_WORK_INIT_HARD(engine_wake_irq) },
	{ "epoch_gp/rcu", .wake = IRQ_WORK_INIT_HARD(engine_wake_irq) },
	{ "epoch_gp/fenced", .wake = IRQ_WORK_INIT_HARD(engine_wake_irq) },
};

static int engine_thread(void *data)
{
	struct engine *engine = data;

	/* Others wait for it, and it never runs for long. */
	set_user_nice(current, MIN_NICE);
	__epoch_engine_run(engine - engines);
	return 0;
}

int epoch_engines_start(void)
{
	struct task_struct *task;
	unsigned int i;

	for (i = 0; i < EPOCH_ENGINES; i++) {
		task = kthread_create(engine_thread, &engines[i], "%s", engines[i].name);
		if (IS_ERR(task)) {
			epoch_engines_stop();
			return PTR_ERR(task);
		}
		engines[i].task = task;
		wake_up_process(task);
	}
	return 0;
}

void epoch_engines_stop(void)
{
	unsigned int i;

	for (i = 0; i < EPOCH_ENGINES; i++) {
		irq_work_sync(&engines[i].wake);
		if (engines[i].task)
			kthread_stop(engines[i].task);
		engines[i].task = NULL;
	}
}

bool epoch_engine_should_stop(void)
{
	return kthread_should_stop();
}

/* Sleeps until it is woken or has to stop, or until @ns have passed, if not 0. */
void epoch_engine_sleep(unsigned int engine, unsigned long long ns)
{
	ktime_t timeout = ns_to_ktime(ns);

	set_current_state(TASK_IDLE);
	if (!READ_ONCE(engines[engine].woken) && !kthread_should_stop()) {
		if (ns)
			schedule_hrtimeout_range(&timeout, ns / 8, HRTIMER_MODE_REL);
		else
			schedule();
	}
	__set_current_state(TASK_RUNNING);
	/* Orders the accesses below after those before epoch_engine_wake(). */
	xchg(&engines[engine].woken, 0);
}

/* Sleeps for @ns, even if it is woken. */
void epoch_engine_pause(unsigned long long ns)
{
	ktime_t until = ktime_add_ns(ktime_get(), ns);

	do {
		set_current_state(TASK_IDLE);
	} while (schedule_hrtimeout_range(&until, ns / 8, HRTIMER_MODE_ABS));
}

/* Wakes an engine. Any context but NMI, without the scheduler's locks. */
void epoch_engine_wake(unsigned int engine)
{
	/* Pairs with the xchg() in epoch_engine_sleep(). */
	smp_store_release(&engines[engine].woken, 1);
	wake_up_process(engines[engine].task);
}

static void engine_wake_irq(struct irq_work *work)
{
	epoch_engine_wake(container_of(work, struct engine, wake) - engines);
}

/* Wakes an engine from an irq_work. Any context. */
void epoch_engine_wake_later(unsigned int engine)
{
	irq_work_queue(&engines[engine].wake);
}

/* Counts a round that the thread of an engine has completed. */
void epoch_engine_round_done(unsigned int engine)
{
	/* Pairs with smp_load_acquire() in epoch_engines_settle(). */
	smp_store_release(&engines[engine].rounds, engines[engine].rounds + 1);
}

/*
 * Waits until each engine has handled all earlier kicks: then a static epoch
 * that is used for the first time is registered. Process context; sleeps.
 */
void epoch_engines_settle(void)
{
	unsigned long before[EPOCH_ENGINES];
	unsigned int i, left;

	for (i = 0; i < EPOCH_ENGINES; i++)
		before[i] = READ_ONCE(engines[i].rounds);
	do {
		left = 0;
		for (i = 0; i < EPOCH_ENGINES; i++) {
			/* Two: the first round may have begun before the call. */
			if (smp_load_acquire(&engines[i].rounds) - before[i] >= 2)
				continue;
			epoch_engine_wake(i);
			left++;
		}
		if (left)
			schedule_timeout_idle(1);
	} while (left);
}

/* Interrupts that heavy barriers of all epochs have sent. */
static atomic_long_t ipis;

void epoch_count_ipis(unsigned long count)
{
	atomic_long_add(count, &ipis);
}

unsigned long epoch_ipis(void)
{
	return atomic_long_read(&ipis);
}

static int ipis_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%lu\n", epoch_ipis());
}

static const struct kernel_param_ops ipis_ops = {
	.get = ipis_get,
};

module_param_cb(ipis, &ipis_ops, NULL, 0444);
__MODULE_PARM_TYPE(ipis, "ulong");
MODULE_PARM_DESC(ipis, "Interrupts that grace periods of all epochs have sent (read-only)");

/* Returns whether CPUs are isolated, so that they must not be interrupted. */
bool epoch_cpus_are_isolated(void)
{
	return housekeeping_enabled(HK_TYPE_DOMAIN) ||
	       housekeeping_enabled(HK_TYPE_KERNEL_NOISE);
}
