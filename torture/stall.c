// SPDX-License-Identifier: GPL-2.0
/*
 * A section that stays open for longer than the epoch's stall_timeout_ms, so
 * that its stall report can be compared with what is logged here.
 */
#define pr_fmt(fmt) fmt

#include <linux/irqflags.h>
#include <linux/kthread.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/clock.h>

#include "torture.h"

static void keep_open(void)
{
	struct torture_section section;
	u64 until;

	torture_type->enter(torture_structure, &section);
	torture_info("stall: task %s:%d on CPU %d, in %ps, for %d s", current->comm,
		     task_pid_nr(current), raw_smp_processor_id(), torture_type->enter,
		     torture.stall_cpu);
	if (torture.stall_cpu_block) {
		schedule_timeout_uninterruptible(torture.stall_cpu * HZ);
	} else {
		/* Jiffies may stand still. */
		until = local_clock() + torture.stall_cpu * NSEC_PER_SEC;
		if (torture.stall_cpu_irqsoff)
			local_irq_disable();
		else
			preempt_disable();
		while (local_clock() < until)
			cpu_relax();
		if (torture.stall_cpu_irqsoff)
			local_irq_enable();
		else
			preempt_enable();
	}
	torture_type->exit(torture_structure, &section);
	torture_info("stall: ended");
}

static int stall_thread(void *data)
{
	int i;

	for (i = 0; i <= torture.stall_cpu_repeat && !torture_must_stop(); i++) {
		torture_sleep(torture.stall_cpu_holdoff * HZ);
		if (!torture_must_stop())
			keep_open();
	}
	return 0;
}

int torture_stall_init(void)
{
	if (!torture.stall_cpu)
		return 0;
	return torture_start(stall_thread, NULL, "stall", 0);
}
