// SPDX-License-Identifier: GPL-2.0
/*
 * Random numbers, and how often each random branch was taken.
 */
#define pr_fmt(fmt) fmt

#include <linux/bitmap.h>
#include <linux/errno.h>
#include <linux/hrtimer.h>
#include <linux/percpu.h>
#include <linux/printk.h>

#include "torture.h"

struct branches {
	unsigned long taken[TORTURE_NR_BRANCHES];
};

static struct branches __percpu *branches;
static DECLARE_BITMAP(expected, TORTURE_NR_BRANCHES);

static const char * const names[] = {
#define BRANCH(name) #name
#include "branches.h"
#undef BRANCH
};

int torture_branches_init(void)
{
	branches = alloc_percpu(struct branches);
	return branches ? 0 : -ENOMEM;
}

void torture_branches_free(void)
{
	free_percpu(branches);
}

/* Any context. */
void torture_taken(enum torture_branch branch)
{
	this_cpu_inc(branches->taken[branch]);
}

void torture_expect(enum torture_branch branch)
{
	__set_bit(branch, expected);
}

/* Logs how often each branch was taken. Returns whether all that were expected were. */
bool torture_branches_report(void)
{
	bool all = true;
	unsigned int i;
	int cpu;

	for (i = 0; i < TORTURE_NR_BRANCHES; i++) {
		unsigned long taken = 0;

		for_each_possible_cpu(cpu)
			taken += per_cpu_ptr(branches, cpu)->taken[i];
		if (taken)
			torture_info("branch %s: %lu", names[i], taken);
		if (taken || !test_bit(i, expected))
			continue;
		torture_found("branch %s was never taken (a longer run may do)", names[i]);
		all = false;
	}
	return all;
}

/* Makes the numbers of one thread or timer depend on the seed only. */
void torture_random_init(struct rnd_state *random, unsigned int stream)
{
	prandom_seed_state(random, torture.seed * 0x9e3779b97f4a7c15ULL + stream);
}

/* Sleeps for a random time. */
void torture_sleep_us(struct rnd_state *random, unsigned int max_us)
{
	ktime_t time = us_to_ktime(1 + torture_random(random, max_us));

	set_current_state(TASK_IDLE);
	schedule_hrtimeout_range(&time, 0, HRTIMER_MODE_REL);
}
