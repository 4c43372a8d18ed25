// SPDX-License-Identifier: GPL-2.0
/*
 * Disturbances: threads that stop the others for a while, move them about, take
 * CPUs offline, and preempt them.
 */
#define pr_fmt(fmt) fmt

#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/wait.h>

#include "torture.h"

/* Stutter: the test runs for so many seconds, and pauses for a tenth of it. */

static DECLARE_WAIT_QUEUE_HEAD(pause_wq);
static bool paused;

void torture_pause(void)
{
	if (likely(!READ_ONCE(paused)))
		return;
	torture_asleep();
	wait_event_idle(pause_wq, !READ_ONCE(paused));
}

static int stutter_thread(void *data)
{
	while (!torture_must_stop()) {
		torture_sleep(torture.stutter * HZ);
		if (torture_must_stop())
			break;
		torture_taken(TORTURE_stutter);
		WRITE_ONCE(paused, true);
		torture_sleep(max(torture.stutter * HZ / 10, 1));
		WRITE_ONCE(paused, false);
		wake_up_all(&pause_wq);
	}
	return 0;
}

/* Shuffle: one CPU after the other is left idle, and the threads share the rest. */

static void allow(struct task_struct *task, const void *mask)
{
	set_cpus_allowed_ptr(task, mask);
}

static int shuffle_thread(void *data)
{
	static struct cpumask mask;
	unsigned int idle = 0, n;

	while (!torture_must_stop()) {
		torture_sleep(torture.shuffle_interval * HZ);
		if (torture_must_stop())
			break;
		torture_taken(TORTURE_shuffle);
		cpus_read_lock();
		cpumask_copy(&mask, cpu_online_mask);
		n = cpumask_weight(&mask);
		if (n > 1)
			cpumask_clear_cpu(cpumask_nth(idle++ % n, cpu_online_mask), &mask);
		torture_visit_threads(allow, &mask);
		cpus_read_unlock();
	}
	return 0;
}

/* CPU hotplug */

static int onoff_thread(void *data)
{
	unsigned int offlined = 0, refused = 0;
	struct rnd_state random;
	int cpu;

	torture_random_init(&random, 5);
	torture_sleep(torture.onoff_holdoff * HZ);
	while (!torture_must_stop()) {
		cpu = cpumask_nth(torture_random(&random, num_possible_cpus()), cpu_possible_mask);
		if (!cpu_online(cpu)) {
			if (!add_cpu(cpu))
				torture_taken(TORTURE_online);
		} else if (num_online_cpus() > 1) {
			if (!remove_cpu(cpu)) {
				torture_taken(TORTURE_offline);
				offlined++;
			} else {
				refused++;
			}
		}
		torture_sleep(torture.onoff_interval);
	}
	for_each_possible_cpu(cpu) {
		if (!cpu_online(cpu) && add_cpu(cpu))
			torture_info("CPU %d does not come online", cpu);
	}
	torture_info("onoff: %u CPUs went offline, %u refused", offlined, refused);
	return 0;
}

/* A thread of high priority that keeps a random CPU busy. */

static int preempt_thread(void *data)
{
	struct rnd_state random;

	torture_random_init(&random, 6);
	sched_set_fifo_low(current);
	while (!torture_must_stop()) {
		unsigned int cpu = cpumask_nth(torture_random(&random, num_online_cpus()),
					       cpu_online_mask);
		unsigned long until;

		if (cpu < nr_cpu_ids)
			set_cpus_allowed_ptr(current, cpumask_of(cpu));
		torture_taken(TORTURE_preempted);
		until = jiffies + msecs_to_jiffies(torture.preempt_duration);
		while (time_before(jiffies, until) && !torture_must_stop())
			cpu_relax();
		torture_sleep(msecs_to_jiffies(torture.preempt_interval));
	}
	return 0;
}

static int start(int wanted, int (*fn)(void *), const char *name, enum torture_branch branch)
{
	if (!wanted)
		return 0;
	torture_expect(branch);
	return torture_start(fn, NULL, name, 0);
}

int torture_disturb_init(void)
{
	bool can_onoff = IS_ENABLED(CONFIG_HOTPLUG_CPU) && num_possible_cpus() > 1;

	if (torture.onoff_interval && !can_onoff) {
		torture_info("onoff: not possible here");
		torture.onoff_interval = 0;
	}
	if (torture.onoff_interval)
		torture_expect(TORTURE_online);
	return start(torture.stutter, stutter_thread, "stutter", TORTURE_stutter) ?:
	       start(torture.shuffle_interval, shuffle_thread, "shuffle", TORTURE_shuffle) ?:
	       start(torture.onoff_interval, onoff_thread, "onoff", TORTURE_offline) ?:
	       start(torture.preempt_duration, preempt_thread, "preempt", TORTURE_preempted);
}

/* Ends a pause, since threads are about to be stopped. */
void torture_disturb_settle(void)
{
	WRITE_ONCE(paused, false);
	wake_up_all(&pause_wq);
}
