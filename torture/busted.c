// SPDX-License-Identifier: GPL-2.0
/*
 * Types that break a promise: the test must fail. Each is the epoch with one
 * operation that is wrong.
 */
#define pr_fmt(fmt) fmt

#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/sched.h>

#include "rust_type.h"
#include "torture.h"

/* Grace periods that end at once. */

static void no_wait(void *structure)
{
}

static bool always_passed(void *structure, unsigned long cookie)
{
	return true;
}

/* The first of two advances taken for the end of the grace period. */

static void wait_for_one_advance(void *structure)
{
	struct epoch *epoch = structure;
	unsigned long before = READ_ONCE(epoch->advances);

	torture_rust_start_poll(epoch);
	while (READ_ONCE(epoch->advances) == before)
		schedule_timeout_idle(1);
}

/* The grace period before the one that the cookie names. */

static bool early_poll(void *structure, unsigned long cookie)
{
	return torture_rust_poll(structure, cookie - 2);
}

/* A callback that does not wait for a grace period. */

static void call_at_once(void *structure, struct torture_callback *callback)
{
	callback->done(callback);
}

/* A section that is left early, now and then. */

static void leave_early(void *structure, struct torture_section *section)
{
	static atomic_t sections;

	torture_epoch.enter(structure, section);
	if (atomic_inc_return(&sections) % 4)
		return;
	torture_epoch.exit(structure, section);
	section->words[0] = 0;
}

static void exit_unless_left(void *structure, struct torture_section *section)
{
	if (section->words[0])
		torture_epoch.exit(structure, section);
}

/* Increments in three instructions, which an interrupt can split. */

static void count_in_three(unsigned long __percpu *counter)
{
	unsigned long *here = raw_cpu_ptr(counter);
	unsigned long value = READ_ONCE(*here);
	unsigned int i;

	/* Longer than three instructions: an emulator may not interrupt so few. */
	for (i = 0; i < 3; i++)
		cpu_relax();
	WRITE_ONCE(*here, value + 1);
}

static void enter_in_three(void *structure, struct torture_section *section)
{
	struct epoch *epoch = structure;
	struct epoch_section *entered = (struct epoch_section *)section->words;

	entered->counters = READ_ONCE(epoch->active);
	count_in_three(&entered->counters[0]);
	barrier();
}

static void exit_in_three(void *structure, struct torture_section *section)
{
	struct epoch_section *entered = (struct epoch_section *)section->words;

	barrier();
	count_in_three(&entered->counters[1]);
}

/* Makes all sections left, so that grace periods can end. No section is open. */
static void forget_lost_counts(void *structure)
{
	struct epoch *epoch = structure;
	unsigned int slot;
	int cpu;

	for (slot = 0; slot < 4; slot += 2) {
		unsigned long open = 0;

		for_each_possible_cpu(cpu) {
			const unsigned long *counters = per_cpu_ptr(epoch->cpus, cpu)->counters;

			open += counters[slot] - counters[slot + 1];
		}
		cpu = cpumask_first(cpu_possible_mask);
		per_cpu_ptr(epoch->cpus, cpu)->counters[slot + 1] += open;
	}
}

static void spoil_waits(struct torture_type *type)
{
	type->synchronize = no_wait;
	type->expedite = no_wait;
	type->killable = NULL;
	type->timeout = NULL;
	type->poll = always_passed;
	type->call = call_at_once;
	type->defer = NULL;
}

static void spoil_advances(struct torture_type *type)
{
	type->synchronize = wait_for_one_advance;
	type->expedite = wait_for_one_advance;
}

static void spoil_cookies(struct torture_type *type)
{
	type->poll = early_poll;
}

static void spoil_calls(struct torture_type *type)
{
	type->call = call_at_once;
}

static void spoil_drain(struct torture_type *type)
{
	type->drain = no_wait;
}

static void spoil_exit(struct torture_type *type)
{
	type->enter = leave_early;
	type->exit = exit_unless_left;
}

static void spoil_increments(struct torture_type *type)
{
	type->enter = enter_in_three;
	type->exit = exit_in_three;
	type->repair = forget_lost_counts;
}

/* Readers of a fenced epoch without fences. */
static void spoil_fences(struct torture_type *type)
{
	type->enter = torture_epoch.enter;
	type->exit = torture_epoch.exit;
}

static const struct busted {
	const char *name;
	const struct torture_type *base;
	void (*spoil)(struct torture_type *type);
} all[] = {
	{ "busted", &torture_epoch, spoil_waits },
	{ "busted-advance", &torture_epoch, spoil_advances },
	{ "busted-cookie", &torture_epoch, spoil_cookies },
	{ "busted-call", &torture_epoch, spoil_calls },
	{ "busted-drain", &torture_epoch, spoil_drain },
	{ "busted-exit", &torture_epoch, spoil_exit },
	{ "busted-increment", &torture_epoch, spoil_increments },
	{ "busted-fence", &torture_epoch_fenced, spoil_fences },
};

const struct torture_type *torture_busted_type(const char *name)
{
	static struct torture_type type;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		if (strcmp(all[i].name, name))
			continue;
		type = *all[i].base;
		type.name = all[i].name;
		all[i].spoil(&type);
		return &type;
	}
	return NULL;
}

void torture_name_busted_types(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(all); i++)
		pr_err("%s: %s (which must fail)\n", THIS_MODULE->name, all[i].name);
}
