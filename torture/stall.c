// SPDX-License-Identifier: GPL-2.0
/*
 * A section that stays open for longer than the epoch's stall_timeout_ms, so
 * that its stall report can be compared with what is logged here.
 */
#define pr_fmt(fmt) fmt

#include <linux/delay.h>
#include <linux/irqflags.h>
#include <linux/kthread.h>
#include <linux/pid.h>
#include <linux/sched.h>

#include "torture.h"

static noinline void stall_here(void)
{
	struct torture_section section;
	unsigned long until;

	torture_type->enter(torture_structure, &section);
	torture_info("stall: task %s:%d on CPU %d, in %ps, for %d s", current->comm,
		     task_pid_nr(current), raw_smp_processor_id(), stall_here,
		     torture.stall_cpu);
	if (torture.stall_cpu_block) {
		schedule_timeout_uninterruptible(torture.stall_cpu * HZ);
	} else {
		/* By this CPU's cycles: jiffies may stand still. */
		until = torture.stall_cpu * 1000;
		if (torture.stall_cpu_irqsoff)
			local_irq_disable();
		else
			preempt_disable();
		while (until--)
			mdelay(1);
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
			stall_here();
	}
	torture_thread_end();
	return 0;
}

int torture_stall_init(void)
{
	if (!torture.stall_cpu)
		return 0;
	return torture_start(stall_thread, NULL, "stall", 0);
}
