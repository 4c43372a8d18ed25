/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Epoch-based reclamation for modules written in C.
 *
 * Names and arguments are those of FreeBSD's epoch(9), where it has them, with
 * these differences: a section is a value that epoch_enter() returns and
 * epoch_exit() takes; it may sleep and migrate, and one of
 * epoch_enter_detached() may end in another task.
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
 * Create it with epoch_alloc() or DEFINE_EPOCH() only. The member is for the
 * functions below, and laid out as in rust/epoch/domain/mod.rs, which also
 * proves the algorithm.
 */
struct epoch {
	/* private: the rest of a static is zero when it is defined */
	struct epoch_cpu __percpu *cpus;
	u32 flavour;
	u32 is_static;
	const char *name;
	unsigned long advances;
	/* public: for the functions below */
	unsigned long __percpu *active __aligned(32);
	/* private: */
	unsigned long private[(1536 - 32) / sizeof(long) - 1];
} __aligned(64);

/* Private: the per-CPU data of an epoch. */
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
 * epoch_free(): unloading its module waits for its callbacks.
 * DEFINE_STATIC_EPOCH() defines one that is visible in its file only.
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
 * struct epoch_section - a read-side section that has been entered and not left
 * @counters: the counters of the slot that the section is counted in
 */
struct epoch_section {
	unsigned long __percpu *counters;
};

/**
 * struct epoch_context - head of a callback, embedded in an object
 * @next: private
 * @callback: private
 */
struct epoch_context {
	struct epoch_context *next;
	void (*callback)(struct epoch_context *ctx);
};

typedef void epoch_callback_t(struct epoch_context *ctx);

/*
 * Grace periods wait for RCU grace periods, which takes milliseconds, instead
 * of interrupting each CPU. Expedited ones interrupt each CPU, unless some are
 * isolated. RCU must be watching where sections begin and end.
 */
#define EPOCH_RCU 0x1

/**
 * epoch_alloc() - create an epoch
 * @name: for people; it is copied, and names a directory in /sys/kernel/epoch
 * @flags: 0 or EPOCH_RCU
 *
 * The directory appears some 100 ms later, or when the module that calls this
 * in its initialisation has been loaded. It gets a number if the name is taken.
 *
 * Context: Process context. May sleep.
 * Return: the epoch, or NULL if there is no memory or a flag is unknown.
 */
struct epoch *epoch_alloc(const char *name, int flags);

/**
 * epoch_free() - free an epoch
 * @epoch: the epoch that epoch_alloc() returned, or NULL
 *
 * Waits until all callbacks have been invoked, including those that they queue
 * in turn, and for sections that are still open. No section may be entered
 * concurrently. Call epoch_wait() first if objects are freed afterwards that
 * sections may have found.
 *
 * In a callback of the same epoch it warns and does not wait: the epoch is freed
 * later.
 *
 * Context: Process context. May sleep. Not in a section of the same epoch.
 */
void epoch_free(struct epoch *epoch);

/* Private: report sections to lockdep. */
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

/* Private: add one to this CPU's counter, or on arm64 to that of a CPU just before. */
static __always_inline void epoch_count(unsigned long __percpu *counter)
{
#ifdef CONFIG_ARM64
	/*
	 * As this_cpu_inc(), which disables preemption besides: not needed here,
	 * since the addition is atomic, and only sums over all CPUs are used.
	 */
	__percpu_add_case_64(raw_cpu_ptr(counter), 1);
#else
	this_cpu_inc(*counter);
#endif
}

/**
 * epoch_enter_detached() - enter a read-side section that may be left elsewhere
 * @epoch: the epoch
 *
 * Enters a section as epoch_enter() does, but another task or context may leave
 * it, with epoch_exit_detached(). Lockdep does not track it.
 *
 * Context: As for epoch_enter().
 * Return: the section, for epoch_exit_detached().
 */
static __always_inline struct epoch_section
epoch_enter_detached(struct epoch *epoch)
{
	struct epoch_section section = { READ_ONCE(epoch->active) };

	epoch_count(&section.counters[0]);
	/* Keeps the section behind; pairs with the barrier in epoch_wait(). */
	barrier();
	if (static_branch_unlikely(&epoch_debug_key))
		epoch_section_entered(epoch, section.counters);
	return section;
}

/**
 * epoch_exit_detached() - leave a read-side section that was entered anywhere
 * @epoch: the epoch
 * @section: the section that epoch_enter_detached() of the same epoch returned
 *
 * A task that hands a section to another must order its accesses inside before
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
	epoch_count(&section.counters[1]);
}

/**
 * epoch_enter() - enter a read-side section
 * @epoch: the epoch
 *
 * Sections nest, and may overlap in any order. Objects found inside a section
 * stay until it is left, if they are freed after epoch_wait() or by a callback
 * of epoch_call().
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
 * @section: the section that epoch_enter() of the same epoch returned
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
 * in_epoch() - check whether the caller may be in a section of epoch_enter()
 * @epoch: the epoch
 *
 * For assertions. Relies on lockdep (CONFIG_DEBUG_LOCK_ALLOC); without it, the
 * result is always true.
 *
 * Context: Any context.
 * Return: false only if the caller certainly is in no such section.
 */
bool in_epoch(struct epoch *epoch);

/**
 * epoch_wait() - wait for a grace period
 * @epoch: the epoch
 *
 * When it returns, each section that was entered before the call has been left.
 * Concurrent waiters share grace periods.
 *
 * Context: Process context, interrupts enabled. Sleeps. Not in a section of the
 * same epoch, where it would never return.
 */
void epoch_wait(struct epoch *epoch);

/**
 * epoch_wait_expedited() - wait for an expedited grace period
 * @epoch: the epoch
 *
 * Polls open sections more often. With EPOCH_RCU it interrupts each CPU instead
 * of waiting for RCU, unless CPUs are isolated: then it still waits for RCU.
 * Concurrent waiters benefit.
 *
 * Context: As for epoch_wait().
 */
void epoch_wait_expedited(struct epoch *epoch);

/**
 * epoch_wait_killable() - wait for a grace period, or to be killed
 * @epoch: the epoch
 *
 * A task that is killed returns at once, with EPOCH_RCU too.
 *
 * Context: As for epoch_wait().
 * Return: 0, or -EINTR if the task was killed before the grace period passed.
 */
int epoch_wait_killable(struct epoch *epoch);

/**
 * epoch_call() - queue a callback that is invoked after a grace period
 * @epoch: the epoch
 * @callback: invoked in process context; may sleep, and may queue @ctx again
 * @ctx: embedded in the object; not queued, and not touched until the callback
 *	gets it
 *
 * Takes no lock and allocates nothing. The callback is invoked by a kworker, on
 * the CPU that queued it or, if that is isolated or has gone offline, on one
 * near it. Callbacks that were queued on the same CPU, by tasks that did not
 * migrate in between, are invoked in their order, one at a time.
 *
 * When a module is unloaded, its pending callbacks are invoked before its code
 * is freed.
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
 * /sys/kernel/epoch/<name>) it waits until half of them, or all that were
 * pending at the call, have been invoked. If all callers do so, at most the
 * limit, and one for each task, are pending.
 *
 * In a callback of the same epoch it warns and returns immediately.
 *
 * Context: Process context. Sleeps. Not in a section of the same epoch.
 */
void epoch_throttle(struct epoch *epoch);

/**
 * epoch_drain_callbacks() - wait for callbacks
 * @epoch: the epoch
 *
 * When it returns, each callback that was queued before the call has returned.
 * Callbacks that those queued may still be pending.
 *
 * In a callback of the same epoch it warns and returns immediately.
 *
 * Context: Process context. Sleeps. Not in a section of the same epoch.
 */
void epoch_drain_callbacks(struct epoch *epoch);

/**
 * epoch_readers() - get the number of open sections
 * @epoch: the epoch
 *
 * Context: Any context.
 * Return: the number; exact when nothing moves, a snapshot otherwise.
 */
unsigned long epoch_readers(struct epoch *epoch);

/**
 * epoch_grace_periods() - get the number of grace periods that have ended
 * @epoch: the epoch
 *
 * Context: Any context.
 * Return: the number since epoch_alloc().
 */
unsigned long epoch_grace_periods(struct epoch *epoch);

/**
 * struct epoch_fenced - an epoch whose readers execute fences
 * @epoch: the epoch, for all other functions than those of struct epoch_fenced
 *
 * For rare sections or frequent updates: a grace period interrupts no CPU.
 */
struct epoch_fenced {
	struct epoch epoch;
};

/**
 * epoch_fenced_alloc() - create an epoch whose readers execute fences
 * @name: as for epoch_alloc()
 *
 * Context: Process context. May sleep.
 * Return: the epoch, or NULL if there is no memory.
 */
struct epoch_fenced *epoch_fenced_alloc(const char *name);

/**
 * epoch_fenced_free() - free an epoch whose readers execute fences
 * @fenced: the epoch that epoch_fenced_alloc() returned, or NULL
 *
 * Context: As for epoch_free().
 */
static inline void epoch_fenced_free(struct epoch_fenced *fenced)
{
	epoch_free(fenced ? &fenced->epoch : NULL);
}

/**
 * epoch_fenced_enter() - enter a read-side section, with a full barrier
 * @fenced: the epoch
 *
 * Context: As for epoch_enter().
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
 * @section: the section that epoch_fenced_enter() of the same epoch returned
 *
 * Context: As for epoch_exit().
 */
static __always_inline void epoch_fenced_exit(struct epoch_fenced *fenced,
					      struct epoch_section section)
{
	/* Keeps the section before; pairs with the barrier in epoch_wait(). */
	smp_mb();
	epoch_exit(&fenced->epoch, section);
}

#endif /* _EPOCH_H */
