/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Epoch-based reclamation for modules written in C.
 *
 * Names and arguments are those of FreeBSD's epoch(9), where it has them. What
 * differs: a section is a value that epoch_enter() returns and epoch_exit()
 * takes; it may sleep and migrate, and one of epoch_enter_detached() may end in
 * another task.
 */
#ifndef _EPOCH_H
#define _EPOCH_H

#include <linux/compiler.h>
#include <linux/instruction_pointer.h>
#include <linux/jump_label.h>
#include <linux/percpu.h>
#include <linux/types.h>

#include <asm/barrier.h>

/**
 * struct epoch - a set of read-side sections that can be waited for
 * @active: per CPU, sections entered and sections left in the slot of new
 *	sections
 *
 * Made by epoch_alloc() or DEFINE_EPOCH() only. The member is for the functions
 * below, and laid out as in rust/epoch/domain/mod.rs, which also says why the
 * algorithm is right.
 */
struct epoch {
	/* Private. The rest of a static is zero when it is defined. */
	struct epoch_cpu __percpu *cpus;
	u32 flavour;
	u32 is_static;
	const char *name;
	unsigned long advances;
	/* For the functions below. */
	unsigned long __percpu *active __aligned(32);
	unsigned long private[(1024 - 32) / sizeof(long) - 1];
} __aligned(64);

/* Private: what an epoch has for each CPU. */
struct epoch_cpu {
	unsigned long counters[4];
	unsigned long private[512 / sizeof(long) - 4];
} __aligned(64);

/**
 * DEFINE_EPOCH() - define an epoch that needs no initialisation
 * @symbol: its name, also of its directory in /sys/kernel/epoch, which appears
 *	when it is first waited for or its first callback has a grace period
 *
 * It may be used as soon as the module's code runs, and is never passed to
 * epoch_free(): when its module is unloaded, its callbacks are waited for.
 * DEFINE_STATIC_EPOCH() defines one that is known in its file only.
 */
#define DEFINE_EPOCH(symbol) __DEFINE_EPOCH(symbol, /* not static */)
#define DEFINE_STATIC_EPOCH(symbol) __DEFINE_EPOCH(symbol, static)

#define __DEFINE_EPOCH(symbol, linkage)					\
	static DEFINE_PER_CPU_ALIGNED(struct epoch_cpu, symbol##_epoch_cpu); \
	linkage struct epoch symbol = {					\
		.active = symbol##_epoch_cpu.counters,			\
		.cpus = &symbol##_epoch_cpu,				\
		.is_static = 1,						\
		.name = #symbol,						\
	}

/**
 * struct epoch_section - a section that was entered and is still to be left
 * @counters: those of the slot that it is counted in
 */
struct epoch_section {
	unsigned long __percpu *counters;
};

/**
 * struct epoch_context - what an object embeds to be passed to epoch_call()
 * @next: private
 * @callback: private
 */
struct epoch_context {
	struct epoch_context *next;
	void (*callback)(struct epoch_context *ctx);
};

typedef void epoch_callback_t(struct epoch_context *ctx);

/*
 * Grace periods wait for those of RCU, which takes milliseconds, instead of
 * interrupting each CPU. Expedited ones interrupt each CPU, unless some are
 * isolated. RCU must be watching where sections begin and end.
 */
#define EPOCH_RCU 0x1

/**
 * epoch_alloc() - create an epoch
 * @name: for people; it is copied, and names a directory in /sys/kernel/epoch
 * @flags: 0 or EPOCH_RCU
 *
 * The directory appears some 100 ms later, or when the module that calls this
 * in its initialisation has been loaded. It gets a number if there is one of that
 * name.
 *
 * Context: Process context. May sleep.
 * Return: the epoch, or NULL if there is no memory or a flag is unknown.
 */
struct epoch *epoch_alloc(const char *name, int flags);

/**
 * epoch_free() - free an epoch
 * @epoch: what epoch_alloc() returned, or NULL
 *
 * Waits until all callbacks have been invoked, those that they queue in turn
 * included, and for sections that are still open. No section may be entered at
 * the same time. Call epoch_wait() first if objects are freed afterwards that
 * sections may have found.
 *
 * In a callback of the same epoch it warns and does not wait: the epoch is freed
 * later.
 *
 * Context: Process context. May sleep. Not in a section of the same epoch.
 */
void epoch_free(struct epoch *epoch);

/* Private: tell lockdep of sections. */
#ifdef CONFIG_DEBUG_LOCK_ALLOC
void epoch_lockdep_enter(struct epoch *epoch, unsigned long ip);
void epoch_lockdep_exit(struct epoch *epoch, unsigned long ip);
#else
static __always_inline void epoch_lockdep_enter(struct epoch *epoch,
						unsigned long ip)
{
}

static __always_inline void epoch_lockdep_exit(struct epoch *epoch,
					       unsigned long ip)
{
}
#endif

/* Private: for track_readers and the tracepoints of sections. */
DECLARE_STATIC_KEY_FALSE(epoch_debug_key);
void epoch_section_entered(struct epoch *epoch, unsigned long __percpu *counters);
void epoch_section_left(struct epoch *epoch, unsigned long __percpu *counters);

/**
 * epoch_enter_detached() - enter a read-side section that may be left elsewhere
 * @epoch: the epoch
 *
 * Enters a section as epoch_enter() does, but another task or context may leave the section, with
 * epoch_exit_detached(). Lockdep does not know of it.
 *
 * Context: As epoch_enter().
 * Return: the section, for epoch_exit_detached().
 */
static __always_inline struct epoch_section
epoch_enter_detached(struct epoch *epoch)
{
	struct epoch_section section = { READ_ONCE(epoch->active) };

	this_cpu_inc(section.counters[0]);
	/* Keeps the section behind; pairs with the barrier in epoch_wait(). */
	barrier();
	if (static_branch_unlikely(&epoch_debug_key))
		epoch_section_entered(epoch, section.counters);
	return section;
}

/**
 * epoch_exit_detached() - leave a read-side section, wherever it was entered
 * @epoch: the epoch
 * @section: what epoch_enter_detached() of the same epoch returned
 *
 * A task that hands a section to another one orders what it did inside before
 * that, as with a release and an acquire.
 *
 * Context: Any context, any CPU, and on x86-64 NMI too.
 */
static __always_inline void epoch_exit_detached(struct epoch *epoch,
						struct epoch_section section)
{
	if (static_branch_unlikely(&epoch_debug_key))
		epoch_section_left(epoch, section.counters);
	/* Keeps the section before; pairs with the barrier in epoch_wait(). */
	barrier();
	this_cpu_inc(section.counters[1]);
}

/**
 * epoch_enter() - enter a read-side section
 * @epoch: the epoch
 *
 * Sections nest, and may overlap in any order. What is found inside one stays
 * until it is left, if it is freed after epoch_wait() or by a callback of
 * epoch_call().
 *
 * Context: Any context, kprobes included, and on x86-64 NMI too. Inside, the
 * task may sleep.
 * Return: the section, for epoch_exit().
 */
static __always_inline struct epoch_section epoch_enter(struct epoch *epoch)
{
	epoch_lockdep_enter(epoch, _THIS_IP_);
	return epoch_enter_detached(epoch);
}

/**
 * epoch_exit() - leave a read-side section
 * @epoch: the epoch
 * @section: what epoch_enter() of the same epoch returned
 *
 * Context: The task or context that entered it, on any CPU.
 */
static __always_inline void epoch_exit(struct epoch *epoch,
				       struct epoch_section section)
{
	epoch_lockdep_exit(epoch, _THIS_IP_);
	epoch_exit_detached(epoch, section);
}

/**
 * in_epoch() - whether the caller may be in a section of epoch_enter()
 * @epoch: the epoch
 *
 * For assertions. Lockdep (CONFIG_DEBUG_LOCK_ALLOC) knows; without, it is
 * always true.
 *
 * Context: Any context.
 * Return: false only if the caller is not.
 */
bool in_epoch(struct epoch *epoch);

/**
 * epoch_wait() - wait for a grace period
 * @epoch: the epoch
 *
 * When it returns, each section that was entered before the call has been left.
 * Tasks that wait at the same time share grace periods.
 *
 * Context: Process context, interrupts enabled. Sleeps. Not in a section of the
 * same epoch, where it would never return.
 */
void epoch_wait(struct epoch *epoch);

/**
 * epoch_wait_expedited() - wait for an expedited grace period
 * @epoch: the epoch
 *
 * Looks more often for sections that are still open. With EPOCH_RCU it interrupts
 * each CPU instead of waiting for RCU, unless CPUs are isolated: then it waits
 * for RCU all the same. Other tasks that wait at the same time benefit.
 *
 * Context: As epoch_wait().
 */
void epoch_wait_expedited(struct epoch *epoch);

/**
 * epoch_wait_killable() - wait for a grace period, or to be killed
 * @epoch: the epoch
 *
 * A task that is killed returns at once, with EPOCH_RCU too.
 *
 * Context: As epoch_wait().
 * Return: 0, or -EINTR if the task was killed before the grace period passed.
 */
int epoch_wait_killable(struct epoch *epoch);

/**
 * epoch_call() - queue a callback, to be invoked after a grace period
 * @epoch: the epoch
 * @callback: invoked in process context; may sleep, and may queue @ctx again
 * @ctx: embedded in the object; not queued, and left alone until the callback
 *	gets it
 *
 * Takes no lock and allocates nothing. The callback is invoked by a kworker, on
 * the CPU that queued it or, if that is isolated or has gone offline, on one near
 * it. Callbacks that were queued on the same CPU, by tasks that were not moved
 * meanwhile, are invoked in their order, one at a time.
 *
 * When a module is unloaded, its callbacks that are pending are invoked before its
 * code goes.
 *
 * Context: Any context, also with locks of the scheduler held; on x86-64 NMI
 * too.
 */
void epoch_call(struct epoch *epoch, epoch_callback_t *callback,
		struct epoch_context *ctx);

/**
 * epoch_throttle() - bound the number of pending callbacks
 * @epoch: the epoch
 *
 * Call it before epoch_call() where sleeping is allowed: at callbacks_limit (in
 * /sys/kernel/epoch/<name>) it waits until half of them, or all that were pending
 * at the call, have been invoked. If all callers do so, no more are pending than
 * the limit, and one for each task.
 *
 * In a callback of the same epoch it warns and returns at once.
 *
 * Context: Process context. Sleeps. Not in a section of the same epoch.
 */
void epoch_throttle(struct epoch *epoch);

/**
 * epoch_drain_callbacks() - wait for callbacks
 * @epoch: the epoch
 *
 * When it returns, each callback that was queued before the call has returned.
 * Callbacks that those have queued may still be pending.
 *
 * In a callback of the same epoch it warns and returns at once.
 *
 * Context: Process context. Sleeps. Not in a section of the same epoch.
 */
void epoch_drain_callbacks(struct epoch *epoch);

/**
 * epoch_readers() - number of sections that are open
 * @epoch: the epoch
 *
 * Context: Any context.
 * Return: the number; exact when nothing moves, a snapshot otherwise.
 */
unsigned long epoch_readers(struct epoch *epoch);

/**
 * epoch_grace_periods() - number of grace periods that have ended
 * @epoch: the epoch
 *
 * Context: Any context.
 * Return: the number since epoch_alloc().
 */
unsigned long epoch_grace_periods(struct epoch *epoch);

/**
 * struct epoch_fenced - an epoch whose readers have fences
 * @epoch: for all functions but those that create it, enter and leave
 *
 * For sections that are rare, or whose updaters are not: a grace period
 * interrupts no CPU.
 */
struct epoch_fenced {
	struct epoch epoch;
};

/**
 * epoch_fenced_alloc() - create an epoch whose readers have fences
 * @name: as for epoch_alloc()
 *
 * Context: Process context. May sleep.
 * Return: the epoch, or NULL if there is no memory.
 */
struct epoch_fenced *epoch_fenced_alloc(const char *name);

/**
 * epoch_fenced_free() - free it
 * @fenced: what epoch_fenced_alloc() returned, or NULL
 *
 * Context: As epoch_free().
 */
static inline void epoch_fenced_free(struct epoch_fenced *fenced)
{
	epoch_free(fenced ? &fenced->epoch : NULL);
}

/**
 * epoch_fenced_enter() - enter a read-side section, with a full barrier
 * @fenced: the epoch
 *
 * Context: As epoch_enter().
 * Return: the section, for epoch_fenced_exit().
 */
static __always_inline struct epoch_section
epoch_fenced_enter(struct epoch_fenced *fenced)
{
	struct epoch_section section = epoch_enter(&fenced->epoch);

	/* Keeps the section behind; pairs with the barrier in epoch_wait(). */
	smp_mb();
	return section;
}

/**
 * epoch_fenced_exit() - leave a read-side section, with a full barrier
 * @fenced: the epoch
 * @section: what epoch_fenced_enter() of the same epoch returned
 *
 * Context: As epoch_exit().
 */
static __always_inline void epoch_fenced_exit(struct epoch_fenced *fenced,
					      struct epoch_section section)
{
	/* Keeps the section before; pairs with the barrier in epoch_wait(). */
	smp_mb();
	epoch_exit(&fenced->epoch, section);
}

#endif /* _EPOCH_H */
