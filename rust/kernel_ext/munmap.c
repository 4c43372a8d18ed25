// SPDX-License-Identifier: GPL-2.0

#include <linux/compat.h>
#include <linux/err.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <asm/syscall.h>
#include <asm/unistd.h>
#if defined(CONFIG_ARM64) && defined(CONFIG_COMPAT)
#include <asm/unistd_compat_32.h>
#endif

#include "helpers.h"

struct kernel_ext_munmap_probe {
	void *data;
	kernel_ext_munmap_fn enter;
	kernel_ext_munmap_fn exit;
	struct tracepoint *sys_enter;
	struct tracepoint *sys_exit;
};

/*
 * There is one at a time, so that a probe of the tracepoint can check that its
 * data is what it was registered with. While tracepoint_probe_register()
 * switches from another user's probe to this one, a task may call this one with
 * the other's data: tp_rcu_cond_sync() does not wait for the readers of
 * tracepoints that may sleep.
 */
static struct kernel_ext_munmap_probe the_probe;
static bool is_registered;
static DEFINE_MUTEX(registration);

#if defined(CONFIG_TRACEPOINTS) && defined(CONFIG_HAVE_SYSCALL_TRACEPOINTS)

/* nr is a number of the system call table that the current call used. */
static bool is_munmap(long nr)
{
#ifdef CONFIG_COMPAT
	if (in_compat_syscall()) {
#ifdef CONFIG_X86_X32_ABI
		if (in_x32_syscall())
			return nr == (__NR_munmap | __X32_SYSCALL_BIT);
#endif
#if defined(__NR_ia32_munmap)
		return nr == __NR_ia32_munmap;
#elif defined(__NR_compat32_munmap)
		return nr == __NR_compat32_munmap;
#else
		return false;
#endif
	}
#endif
	return nr == __NR_munmap;
}

static void on_enter(void *data, struct pt_regs *regs, long nr)
{
	struct kernel_ext_munmap_probe *probe = data;

	if (probe == &the_probe && is_munmap(nr))
		probe->enter(probe->data);
}

/*
 * Called for every system call: a BPF program or a debugger may have changed the
 * number since the entry.
 */
static void on_exit(void *data, struct pt_regs *regs, long ret)
{
	struct kernel_ext_munmap_probe *probe = data;

	if (probe == &the_probe)
		probe->exit(probe->data);
}

static void find(struct tracepoint *tracepoint, void *data)
{
	struct kernel_ext_munmap_probe *probe = data;

	if (!strcmp(tracepoint->name, "sys_enter"))
		probe->sys_enter = tracepoint;
	else if (!strcmp(tracepoint->name, "sys_exit"))
		probe->sys_exit = tracepoint;
}

static int find_tracepoints(struct kernel_ext_munmap_probe *probe)
{
	for_each_kernel_tracepoint(find, probe);
	if (!probe->sys_enter || !tracepoint_is_faultable(probe->sys_enter) ||
	    !probe->sys_exit || !tracepoint_is_faultable(probe->sys_exit))
		return -EOPNOTSUPP;
	return 0;
}

static int attach(struct kernel_ext_munmap_probe *probe)
{
	int error;

	error = find_tracepoints(probe);
	if (error)
		return error;
	/* An end without a beginning does nothing; the opposite would leave a token. */
	error = tracepoint_probe_register(probe->sys_exit, on_exit, probe);
	if (error)
		return error;
	error = tracepoint_probe_register(probe->sys_enter, on_enter, probe);
	if (error) {
		tracepoint_probe_unregister(probe->sys_exit, on_exit, probe);
		tracepoint_synchronize_unregister();
	}
	return error;
}

static void detach(struct kernel_ext_munmap_probe *probe)
{
	tracepoint_probe_unregister(probe->sys_enter, on_enter, probe);
	tracepoint_probe_unregister(probe->sys_exit, on_exit, probe);
	/* Before the probe and the code of its functions go. */
	tracepoint_synchronize_unregister();
}

#else

static int find_tracepoints(struct kernel_ext_munmap_probe *probe)
{
	return -EOPNOTSUPP;
}

static int attach(struct kernel_ext_munmap_probe *probe)
{
	return -EOPNOTSUPP;
}

static void detach(struct kernel_ext_munmap_probe *probe)
{
}

#endif

int kernel_ext_munmap_check(void)
{
	struct kernel_ext_munmap_probe probe = {};

	return find_tracepoints(&probe);
}
EXPORT_SYMBOL_GPL(kernel_ext_munmap_check);

struct kernel_ext_munmap_probe *
kernel_ext_munmap_register(void *data, kernel_ext_munmap_fn enter,
			   kernel_ext_munmap_fn exit)
{
	int error = -EBUSY;

	mutex_lock(&registration);
	if (!is_registered) {
		the_probe = (struct kernel_ext_munmap_probe) {
			.data = data,
			.enter = enter,
			.exit = exit,
		};
		error = attach(&the_probe);
		is_registered = !error;
	}
	mutex_unlock(&registration);
	return error ? ERR_PTR(error) : &the_probe;
}
EXPORT_SYMBOL_GPL(kernel_ext_munmap_register);

void kernel_ext_munmap_unregister(struct kernel_ext_munmap_probe *probe)
{
	mutex_lock(&registration);
	detach(probe);
	is_registered = false;
	mutex_unlock(&registration);
}
EXPORT_SYMBOL_GPL(kernel_ext_munmap_unregister);
