// SPDX-License-Identifier: GPL-2.0

#include <kunit/test.h>
#include <kunit/test-bug.h>
#include <linux/kobject.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/processor.h>
#include <linux/sched/signal.h>
#include <linux/smp.h>
#include <linux/srcu.h>
#include <linux/uaccess.h>

#include "helpers.h"

/* Rust has no __percpu address space. */
static void __percpu *percpu(void *pcpu)
{
	return (void __percpu *)(uintptr_t)pcpu;
}

void *kernel_ext_per_cpu_ptr(void *pcpu, unsigned int cpu)
{
	return per_cpu_ptr(percpu(pcpu), cpu);
}
EXPORT_SYMBOL_GPL(kernel_ext_per_cpu_ptr);

void kernel_ext_this_cpu_inc(void *pcpu)
{
	this_cpu_inc(*(unsigned long __percpu *)percpu(pcpu));
}
EXPORT_SYMBOL_GPL(kernel_ext_this_cpu_inc);

static void full_barrier(void *unused)
{
	/* Pairs with the barriers that callers of smp_mb_on_each_cpu() name. */
	smp_mb();
}

/* Returns the number of other CPUs. */
unsigned int kernel_ext_smp_mb_on_each_cpu(void)
{
	on_each_cpu(full_barrier, NULL, 1);
	return num_online_cpus() - 1;
}
EXPORT_SYMBOL_GPL(kernel_ext_smp_mb_on_each_cpu);

unsigned long kernel_ext_mmap_anonymous(unsigned long len)
{
	return vm_mmap(NULL, 0, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, 0);
}
EXPORT_SYMBOL_GPL(kernel_ext_mmap_anonymous);

int kernel_ext_copy_struct_from_user(void *to, size_t size, const void *from,
				     size_t user_size)
{
	return copy_struct_from_user(to, size, (const void __user *)from,
				     user_size);
}
EXPORT_SYMBOL_GPL(kernel_ext_copy_struct_from_user);

int kernel_ext_copy_struct_to_user(void *to, size_t user_size, const void *from,
				   size_t size)
{
	return copy_struct_to_user((void __user *)to, user_size, from, size,
				   NULL);
}
EXPORT_SYMBOL_GPL(kernel_ext_copy_struct_to_user);

/* Not traced: the function graph tracer would be what it returns to. */
notrace noinline unsigned long kernel_ext_this_ip(void)
{
	return _RET_IP_;
}
EXPORT_SYMBOL_GPL(kernel_ext_this_ip);

bool kernel_ext_in_nmi(void)
{
	return in_nmi();
}
EXPORT_SYMBOL_GPL(kernel_ext_in_nmi);

void kernel_ext_lockdep_init(void *map, const char *name, void *key)
{
	lockdep_init_map((struct lockdep_map *)map, name,
			 (struct lock_class_key *)key, 0);
}
EXPORT_SYMBOL_GPL(kernel_ext_lockdep_init);

#ifdef CONFIG_DEBUG_LOCK_ALLOC

void kernel_ext_lockdep_enter(void *map, unsigned long ip)
{
	/*
	 * A reader, maybe a nested one. In an NMI it is a trylock, so that lockdep
	 * knows that it does not wait for the interrupted context.
	 */
	lock_acquire(map, 0, !!in_nmi(), 2, 1, NULL, ip);
}
EXPORT_SYMBOL_GPL(kernel_ext_lockdep_enter);

void kernel_ext_lockdep_leave(void *map, unsigned long ip)
{
	lock_release(map, ip);
}
EXPORT_SYMBOL_GPL(kernel_ext_lockdep_leave);

void kernel_ext_lockdep_wait(void *map, unsigned long ip)
{
	lock_sync(map, 0, 0, 1, NULL, ip);
}
EXPORT_SYMBOL_GPL(kernel_ext_lockdep_wait);

bool kernel_ext_lockdep_may_be_in(void *map)
{
	return lock_is_held(map);
}
EXPORT_SYMBOL_GPL(kernel_ext_lockdep_may_be_in);

#endif

int kernel_ext_srcu_fast_init(void *srcu)
{
	struct srcu_struct *ssp = srcu;

	return init_srcu_struct_fast(ssp);
}
EXPORT_SYMBOL_GPL(kernel_ext_srcu_fast_init);

void *kernel_ext_srcu_fast_read_lock(void *srcu)
{
	struct srcu_struct *ssp = srcu;

	return (void *)(uintptr_t)srcu_read_lock_fast_notrace(ssp);
}
EXPORT_SYMBOL_GPL(kernel_ext_srcu_fast_read_lock);

void kernel_ext_srcu_fast_read_unlock(void *srcu, void *counters)
{
	struct srcu_struct *ssp = srcu;

	srcu_read_unlock_fast_notrace(ssp, percpu(counters));
}
EXPORT_SYMBOL_GPL(kernel_ext_srcu_fast_read_unlock);

bool kernel_ext_fatal_signal_pending(void)
{
	return fatal_signal_pending(current);
}
EXPORT_SYMBOL_GPL(kernel_ext_fatal_signal_pending);

void kernel_ext_cond_resched(void)
{
	cond_resched();
}
EXPORT_SYMBOL_GPL(kernel_ext_cond_resched);

void kernel_ext_cpu_relax(void)
{
	cpu_relax();
}
EXPORT_SYMBOL_GPL(kernel_ext_cpu_relax);

void kernel_ext_preempt_disable(void)
{
	preempt_disable();
}
EXPORT_SYMBOL_GPL(kernel_ext_preempt_disable);

void kernel_ext_preempt_enable(void)
{
	preempt_enable();
}
EXPORT_SYMBOL_GPL(kernel_ext_preempt_enable);

bool kernel_ext_try_module_get(void *module)
{
	return try_module_get((struct module *)module);
}
EXPORT_SYMBOL_GPL(kernel_ext_try_module_get);

void kernel_ext_module_put(void *module)
{
	module_put((struct module *)module);
}
EXPORT_SYMBOL_GPL(kernel_ext_module_put);

#if IS_BUILTIN(CONFIG_KUNIT)

void kernel_ext_skip_test(const char *why)
{
	struct kunit *test = kunit_get_current_test();

	if (test)
		kunit_skip(test, "%s", why);
}
EXPORT_SYMBOL_GPL(kernel_ext_skip_test);

#endif

unsigned long kernel_ext_irq_save(void)
{
	unsigned long flags;

	local_irq_save(flags);
	return flags;
}
EXPORT_SYMBOL_GPL(kernel_ext_irq_save);

void kernel_ext_irq_restore(unsigned long flags)
{
	local_irq_restore(flags);
}
EXPORT_SYMBOL_GPL(kernel_ext_irq_restore);

bool kernel_ext_irqs_disabled(void)
{
	return irqs_disabled();
}
EXPORT_SYMBOL_GPL(kernel_ext_irqs_disabled);

bool kernel_ext_this_cpu_is_online(void)
{
	return cpu_online(raw_smp_processor_id());
}
EXPORT_SYMBOL_GPL(kernel_ext_this_cpu_is_online);

bool kernel_ext_in_task(void)
{
	return in_task();
}
EXPORT_SYMBOL_GPL(kernel_ext_in_task);

void kernel_ext_kobj_attribute(void *attribute, const void *show, const void *store)
{
	struct kobj_attribute *attr = attribute;

	attr->show = (typeof(attr->show))show;
	attr->store = (typeof(attr->store))store;
}
EXPORT_SYMBOL_GPL(kernel_ext_kobj_attribute);
