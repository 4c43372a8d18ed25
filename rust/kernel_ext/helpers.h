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
#include <stddef.h>
#endif

/* per_cpu_ptr() of a pointer from alloc_percpu(). */
void *kernel_ext_per_cpu_ptr(void *pcpu, unsigned int cpu);

/* this_cpu_inc() of an unsigned long in such memory. */
void kernel_ext_this_cpu_inc(void *pcpu);

/* smp_mb() on each online CPU. Returns the number of other online CPUs. */
unsigned int kernel_ext_smp_mb_on_each_cpu(void);

/*
 * Maps private anonymous memory, readable and writable, into the address
 * space of the current task. Returns its address, or an error as vm_mmap().
 */
unsigned long kernel_ext_mmap_anonymous(unsigned long len);

/* copy_struct_from_user() and copy_struct_to_user(), which ignores what has no room there. */
int kernel_ext_copy_struct_from_user(void *to, size_t size, const void *from, size_t user_size);
int kernel_ext_copy_struct_to_user(void *to, size_t user_size, const void *from, size_t size);

/* Sets the functions of a struct kobj_attribute, which have its types there. */
void kernel_ext_kobj_attribute(void *attribute, const void *show, const void *store);

/* Returns the address that it returns to. */
unsigned long kernel_ext_this_ip(void);

bool kernel_ext_in_nmi(void);

/*
 * Lockdep annotations of something that is entered, left and waited for, by its
 * struct lockdep_map. All but the first exist only with CONFIG_DEBUG_LOCK_ALLOC.
 */
void kernel_ext_lockdep_init(void *map, const char *name, void *key);
void kernel_ext_lockdep_enter(void *map, unsigned long ip);
void kernel_ext_lockdep_leave(void *map, unsigned long ip);
void kernel_ext_lockdep_wait(void *map, unsigned long ip);

/* Returns whether the context has entered it; true if lockdep does not know. */
bool kernel_ext_lockdep_may_be_in(void *map);

/*
 * SRCU-fast, without lockdep: that would only see the end of a section that
 * begins in an NMI, or in what counts as one.
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
 * bytes of the call's own, aligned as a long. leave is only called if enter
 * returned true.
 */
typedef bool (*kernel_ext_probe_enter)(void *data, void *token);
typedef void (*kernel_ext_probe_leave)(void *data, void *token);

/*
 * Checks that the function can be probed this way. Returns 0 or an errno. May
 * sleep.
 */
int kernel_ext_probe_check(const char *symbol, bool fprobe);

/*
 * Probes the function. Returns an ERR_PTR() if it cannot be probed. May sleep.
 * active is the maximum number of calls that a kretprobe follows at a time.
 */
struct kernel_ext_probe *
kernel_ext_probe_register(const char *symbol, bool fprobe, unsigned int active,
			  unsigned long token_size, void *data,
			  kernel_ext_probe_enter enter,
			  kernel_ext_probe_leave leave);

/*
 * Returns the number of calls that were not followed, as far as the probe knows:
 * calls for which a kretprobe had no memory or that were its own, and calls for
 * which an fprobe had no room on the task's shadow stack.
 */
unsigned long kernel_ext_probe_missed(struct kernel_ext_probe *probe);

/*
 * Unregisters the probe. The returns of calls that have been entered are not
 * reported any more. No function of the caller's runs when this returns. May
 * sleep.
 */
void kernel_ext_probe_unregister(struct kernel_ext_probe *probe);

/*
 * Probes of munmap(2), by tracepoints of system calls: munmap.c.
 */
struct kernel_ext_munmap_probe;
typedef void (*kernel_ext_munmap_fn)(void *data);

/*
 * Checks that munmap(2) can be probed. Returns 0, or -EOPNOTSUPP without such
 * tracepoints, or if their probes must not sleep.
 */
int kernel_ext_munmap_check(void);

/*
 * Calls enter at the beginning of each munmap(2), and exit at the end of each
 * system call, in the task that makes it; both may sleep. Returns an ERR_PTR()
 * on failure: -EBUSY while another probe is registered. May sleep.
 *
 * A call that had begun before has an end without a beginning. A call that
 * seccomp(2) or a debugger skips has neither, or an end only.
 */
struct kernel_ext_munmap_probe *
kernel_ext_munmap_register(void *data, kernel_ext_munmap_fn enter,
			   kernel_ext_munmap_fn exit);

/* Unregisters the probe. Neither function runs when this returns. May sleep. */
void kernel_ext_munmap_unregister(struct kernel_ext_munmap_probe *probe);

/* References that keep a module loaded. */
bool kernel_ext_try_module_get(void *module);
void kernel_ext_module_put(void *module);

/*
 * Ends the KUnit test that the current task runs, as skipped, and does not
 * return; does nothing in other tasks. Exists with CONFIG_KUNIT only.
 */
void kernel_ext_skip_test(const char *why);

/* Returns whether the caller runs in a task, and in no interrupt or NMI. */
bool kernel_ext_in_task(void);
unsigned long kernel_ext_irq_save(void);
void kernel_ext_irq_restore(unsigned long flags);
bool kernel_ext_irqs_disabled(void);
bool kernel_ext_this_cpu_is_online(void);

#endif
