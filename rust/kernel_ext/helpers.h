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

bool kernel_ext_fatal_signal_pending(void);
void kernel_ext_cond_resched(void);
void kernel_ext_cpu_relax(void);

#endif
