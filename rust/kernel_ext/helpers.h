/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Functions for what Rust cannot call because C has it as a macro or an inline
 * function. bindgen reads this file; it includes nothing of the kernel, so
 * that it needs none of the kernel's flags.
 */
#ifndef _KERNEL_EXT_HELPERS_H
#define _KERNEL_EXT_HELPERS_H

#ifndef __KERNEL__
#include <stdbool.h>
#endif

/* per_cpu_ptr() of what alloc_percpu() gave. */
void *kernel_ext_per_cpu_ptr(void *pcpu, unsigned int cpu);

/* this_cpu_inc() of an unsigned long in it. */
void kernel_ext_this_cpu_inc(void *pcpu);

/* smp_mb() on each online CPU. */
unsigned int kernel_ext_smp_mb_on_each_cpu(void);

/*
 * Maps private anonymous memory, readable and writable, into the address
 * space of the current task. Returns its address, or an error as vm_mmap().
 */
unsigned long kernel_ext_mmap_anonymous(unsigned long len);

/* The address it returns to. */
unsigned long kernel_ext_this_ip(void);

bool kernel_ext_in_nmi(void);

/*
 * What lockdep is told of a struct lockdep_map that belongs to something that
 * is entered, left and waited for. All but the first are there only with
 * CONFIG_DEBUG_LOCK_ALLOC.
 */
void kernel_ext_lockdep_init(void *map, const char *name, void *key);
void kernel_ext_lockdep_enter(void *map, unsigned long ip);
void kernel_ext_lockdep_leave(void *map, unsigned long ip);
void kernel_ext_lockdep_wait(void *map, unsigned long ip);

/* Whether the context has entered it: true, too, if lockdep gave up. */
bool kernel_ext_lockdep_may_be_in(void *map);

/*
 * SRCU-fast. Lockdep is not told: of a section that begins in an NMI, or in what
 * counts as one, it would hear of the end only.
 */
int kernel_ext_srcu_fast_init(void *srcu);
void *kernel_ext_srcu_fast_read_lock(void *srcu);
void kernel_ext_srcu_fast_read_unlock(void *srcu, void *counters);

bool kernel_ext_fatal_signal_pending(void);
void kernel_ext_cond_resched(void);
void kernel_ext_cpu_relax(void);
void kernel_ext_preempt_disable(void);
void kernel_ext_preempt_enable(void);

/*
 * Probes of a function's entry and return, by fprobe or by kretprobe: probe.c.
 */
struct kernel_ext_probe;

/*
 * Called at the function's entry and at its return, in the same task, in the
 * context of the function but with preemption disabled. token is token_size
 * bytes of the call's own, aligned as a long. Without a true from enter, leave
 * is not called.
 */
typedef bool (*kernel_ext_probe_enter)(void *data, void *token);
typedef void (*kernel_ext_probe_leave)(void *data, void *token);

/*
 * Whether the function can be probed so: 0, or an errno. May sleep.
 */
int kernel_ext_probe_check(const char *symbol, bool fprobe);

/*
 * Probes the function; a pointer that IS_ERR() if it cannot be. May sleep.
 * active is the most calls that are followed at the same time by a kretprobe.
 */
struct kernel_ext_probe *
kernel_ext_probe_register(const char *symbol, bool fprobe, unsigned int active,
			  unsigned long token_size, void *data,
			  kernel_ext_probe_enter enter,
			  kernel_ext_probe_leave leave);

/*
 * How many calls were not followed, as far as the probe knows: those for which a
 * kretprobe had no memory or that were its own, and those for which an fprobe
 * had no room on the task's shadow stack.
 */
unsigned long kernel_ext_probe_missed(struct kernel_ext_probe *probe);

/*
 * Ends the probe. Calls that have been entered are not told of their return
 * any more. No function of the caller's runs when this returns. May sleep.
 */
void kernel_ext_probe_unregister(struct kernel_ext_probe *probe);

/*
 * Probes of munmap(2), by tracepoints of system calls: munmap.c.
 */
struct kernel_ext_munmap_probe;
typedef void (*kernel_ext_munmap_fn)(void *data);

/*
 * Whether munmap(2) can be probed: 0, or -EOPNOTSUPP without such tracepoints,
 * or if their probes must not sleep.
 */
int kernel_ext_munmap_check(void);

/*
 * Has enter called at the beginning of each munmap(2), and exit at the end of
 * each system call, in the task that makes it; both may sleep. A pointer that
 * IS_ERR() if that cannot be; of -EBUSY while somebody else has it done. May
 * sleep.
 *
 * A call that had begun has an end without a beginning. One that seccomp(2) or a
 * debugger skips has none, or an end only.
 */
struct kernel_ext_munmap_probe *
kernel_ext_munmap_register(void *data, kernel_ext_munmap_fn enter,
			   kernel_ext_munmap_fn exit);

/* Ends that. Neither function runs when this returns. May sleep. */
void kernel_ext_munmap_unregister(struct kernel_ext_munmap_probe *probe);

/* References that keep a module. */
bool kernel_ext_try_module_get(void *module);
void kernel_ext_module_put(void *module);

/*
 * Ends the KUnit test that the current task runs, as skipped; does not return.
 * There with CONFIG_KUNIT only.
 */
void kernel_ext_skip_test(const char *why);

/* Whether it runs in a task, and in no interrupt or NMI. */
bool kernel_ext_in_task(void);
unsigned long kernel_ext_irq_save(void);
void kernel_ext_irq_restore(unsigned long flags);
bool kernel_ext_irqs_disabled(void);
bool kernel_ext_this_cpu_is_online(void);

#endif
