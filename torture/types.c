// SPDX-License-Identifier: GPL-2.0
/*
 * The types that are expected to keep their promises: the flavours of the epoch,
 * through the interface for C and through that for Rust, and SRCU-fast, which
 * shows whether a failure is the test's.
 */
#define pr_fmt(fmt) fmt

#include <linux/errno.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/srcu.h>

#include "rust_type.h"
#include "torture.h"

/* Bits of an SRCU cookie below the number of the grace period, as in kernel/rcu/rcu.h. */
#define RCU_SEQ_CTR_SHIFT 2

/* The epoch */

static_assert(sizeof(struct epoch_section) <= sizeof(struct torture_section));

#define section_of(section) ((struct epoch_section *)(section)->words)

static void *epoch_make(void)
{
	return epoch_alloc("torture", 0);
}

static void *epoch_rcu_make(void)
{
	return epoch_alloc("torture", EPOCH_RCU);
}

static void epoch_unmake(void *structure)
{
	epoch_free(structure);
}

static void epoch_type_enter(void *structure, struct torture_section *section)
{
	*section_of(section) = epoch_enter(structure);
}

static void epoch_type_exit(void *structure, struct torture_section *section)
{
	epoch_exit(structure, *section_of(section));
}

static void epoch_type_enter_detached(void *structure, struct torture_section *section)
{
	*section_of(section) = epoch_enter_detached(structure);
}

static void epoch_type_exit_detached(void *structure, struct torture_section *section)
{
	epoch_exit_detached(structure, *section_of(section));
}

static void epoch_synchronize(void *structure)
{
	epoch_wait(structure);
}

static void epoch_expedite(void *structure)
{
	epoch_wait_expedited(structure);
}

static int epoch_killable(void *structure)
{
	return epoch_wait_killable(structure);
}

static void epoch_callback(struct epoch_context *ctx)
{
	struct torture_callback *callback = container_of(ctx, struct torture_callback, epoch);

	callback->done(callback);
}

static void epoch_type_call(void *structure, struct torture_callback *callback)
{
	epoch_call(structure, epoch_callback, &callback->epoch);
}

static void epoch_type_throttle(void *structure)
{
	epoch_throttle(structure);
}

static void epoch_drain(void *structure)
{
	epoch_drain_callbacks(structure);
}

static unsigned long epoch_completed(void *structure)
{
	/* They are counted in one bit less than a word has. */
	return (long)(epoch_grace_periods(structure) << 1) >> 1;
}

static unsigned long epoch_entries(void *structure)
{
	struct epoch *epoch = structure;
	unsigned long entries = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		const unsigned long *counters = per_cpu_ptr(epoch->cpus, cpu)->counters;

		entries += READ_ONCE(counters[0]) + READ_ONCE(counters[2]);
	}
	return entries;
}

/* Entries and exits of each slot remain equal. */
static void epoch_start_before_wrap(void *structure)
{
	struct epoch *epoch = structure;
	struct epoch_cpu *cpu = per_cpu_ptr(epoch->cpus, cpumask_first(cpu_possible_mask));
	unsigned int i;

	for (i = 0; i < 4; i++)
		cpu->counters[i] = -1000UL;
	torture_rust_start_before_wrap(epoch, 20);
}

#define EPOCH_UPDATER(make_fn)						\
	.make = make_fn,						\
	.unmake = epoch_unmake,						\
	.synchronize = epoch_synchronize,				\
	.expedite = epoch_expedite,					\
	.killable = epoch_killable,					\
	.timeout = torture_rust_timeout,				\
	.snapshot = torture_rust_snapshot,				\
	.start_poll = torture_rust_start_poll,				\
	.poll = torture_rust_poll,					\
	.call = epoch_type_call,					\
	.defer = torture_rust_defer,					\
	.throttle = epoch_type_throttle,				\
	.drain = epoch_drain,						\
	.completed = epoch_completed,					\
	.open_batches = 1,						\
	.heavy_barrier = torture_rust_heavy_barrier,			\
	.entries = epoch_entries,					\
	.start_before_wrap = epoch_start_before_wrap,			\
	/* The increment is one instruction. */				\
	.nmi = IS_ENABLED(CONFIG_X86_64)

#define EPOCH_READER							\
	.enter = epoch_type_enter,					\
	.exit = epoch_type_exit,					\
	.enter_detached = epoch_type_enter_detached,			\
	.exit_detached = epoch_type_exit_detached

const struct torture_type torture_epoch = {
	.name = "epoch",
	EPOCH_UPDATER(epoch_make),
	EPOCH_READER,
};

static const struct torture_type epoch_rcu = {
	.name = "epoch-rcu",
	EPOCH_UPDATER(epoch_rcu_make),
	EPOCH_READER,
};

/* The epoch whose readers have fences */

static void *epoch_fenced_make(void)
{
	struct epoch_fenced *fenced = epoch_fenced_alloc("torture");

	return fenced ? &fenced->epoch : NULL;
}

static struct epoch_fenced *fenced_of(void *structure)
{
	return container_of((struct epoch *)structure, struct epoch_fenced, epoch);
}

static void epoch_fenced_type_enter(void *structure, struct torture_section *section)
{
	*section_of(section) = epoch_fenced_enter(fenced_of(structure));
}

static void epoch_fenced_type_exit(void *structure, struct torture_section *section)
{
	epoch_fenced_exit(fenced_of(structure), *section_of(section));
}

const struct torture_type torture_epoch_fenced = {
	.name = "epoch-fenced",
	EPOCH_UPDATER(epoch_fenced_make),
	.enter = epoch_fenced_type_enter,
	.exit = epoch_fenced_type_exit,
};

/* The epoch as modules in Rust use it */

static const struct torture_type epoch_rust = {
	.name = "epoch-rust",
	EPOCH_UPDATER(epoch_make),
	.enter = torture_rust_enter,
	.exit = torture_rust_exit,
	.enter_detached = torture_rust_enter_detached,
	.exit_detached = torture_rust_exit_detached,
};

/* The fenced one likewise */

static const struct torture_type epoch_fenced_rust = {
	.name = "epoch-fenced-rust",
	EPOCH_UPDATER(epoch_fenced_make),
	.enter = torture_rust_fenced_enter,
	.exit = torture_rust_fenced_exit,
};

/* SRCU-fast */

static void *srcu_make(void)
{
	struct srcu_struct *srcu = kzalloc(sizeof(*srcu), GFP_KERNEL);

	if (srcu && init_srcu_struct_fast(srcu)) {
		kfree(srcu);
		return NULL;
	}
	return srcu;
}

static void srcu_unmake(void *structure)
{
	srcu_barrier(structure);
	cleanup_srcu_struct(structure);
	kfree(structure);
}

static void srcu_enter(void *structure, struct torture_section *section)
{
	section->words[0] = (unsigned long)srcu_read_lock_fast(structure);
}

static void srcu_exit(void *structure, struct torture_section *section)
{
	srcu_read_unlock_fast(structure, (struct srcu_ctr __percpu *)section->words[0]);
}

static void srcu_synchronize(void *structure)
{
	synchronize_srcu(structure);
}

static void srcu_expedite(void *structure)
{
	synchronize_srcu_expedited(structure);
}

static unsigned long srcu_snapshot(void *structure)
{
	return get_state_synchronize_srcu(structure);
}

static unsigned long srcu_start_poll(void *structure)
{
	return start_poll_synchronize_srcu(structure);
}

static bool srcu_poll(void *structure, unsigned long cookie)
{
	return poll_state_synchronize_srcu(structure, cookie);
}

static void srcu_callback(struct rcu_head *head)
{
	struct torture_callback *callback = container_of(head, struct torture_callback, rcu);

	callback->done(callback);
}

static void srcu_call(void *structure, struct torture_callback *callback)
{
	call_srcu(structure, &callback->rcu, srcu_callback);
}

static void srcu_drain(void *structure)
{
	srcu_barrier(structure);
}

/* The next grace period that begins, which is two later once one has begun. */
static unsigned long srcu_completed(void *structure)
{
	/* Signed: it starts before it wraps around. */
	return (long)get_state_synchronize_srcu(structure) >> RCU_SEQ_CTR_SHIFT;
}

static const struct torture_type srcu_fast = {
	.name = "srcu-fast",
	.make = srcu_make,
	.unmake = srcu_unmake,
	.enter = srcu_enter,
	.exit = srcu_exit,
	.synchronize = srcu_synchronize,
	.expedite = srcu_expedite,
	.snapshot = srcu_snapshot,
	.start_poll = srcu_start_poll,
	.poll = srcu_poll,
	.call = srcu_call,
	.drain = srcu_drain,
	.completed = srcu_completed,
	.open_batches = 2,
	.nmi = IS_ENABLED(CONFIG_X86_64),
};

static const struct torture_type * const types[] = {
	&torture_epoch,
	&epoch_rcu,
	&torture_epoch_fenced,
	&epoch_rust,
	&epoch_fenced_rust,
	&srcu_fast,
	NULL
};

const struct torture_type *torture_find_type(const char *name)
{
	unsigned int i;

	for (i = 0; types[i]; i++) {
		if (!strcmp(types[i]->name, name))
			return types[i];
	}
	return torture_busted_type(name);
}

void torture_name_types(void)
{
	unsigned int i;

	for (i = 0; types[i]; i++)
		pr_err("%s: %s\n", THIS_MODULE->name, types[i]->name);
	torture_name_busted_types();
}
