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
void kernel_ext_smp_mb_on_each_cpu(void);

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

/* SRCU-fast. */
int kernel_ext_srcu_fast_init(void *srcu);
void *kernel_ext_srcu_fast_read_lock(void *srcu);
void kernel_ext_srcu_fast_read_unlock(void *srcu, void *counters);

bool kernel_ext_fatal_signal_pending(void);
void kernel_ext_cond_resched(void);
void kernel_ext_cpu_relax(void);

#endif
