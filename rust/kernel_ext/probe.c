// SPDX-License-Identifier: GPL-2.0

#include <linux/err.h>
#include <linux/fprobe.h>
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "helpers.h"

struct kernel_ext_probe {
	void *data;
	kernel_ext_probe_enter enter;
	kernel_ext_probe_leave leave;
	bool is_fprobe;
	char symbol[KSYM_NAME_LEN];
#ifdef CONFIG_FPROBE
	struct fprobe fprobe;
#endif
#ifdef CONFIG_KRETPROBES
	struct kretprobe kretprobe;
#endif
};

#ifdef CONFIG_FPROBE

static int fprobe_enter(struct fprobe *fprobe, unsigned long entry_ip,
			unsigned long ret_ip, struct ftrace_regs *regs,
			void *token)
{
	struct kernel_ext_probe *probe =
		container_of(fprobe, struct kernel_ext_probe, fprobe);

	return probe->enter(probe->data, token) ? 0 : 1;
}
NOKPROBE_SYMBOL(fprobe_enter);

static void fprobe_leave(struct fprobe *fprobe, unsigned long entry_ip,
			 unsigned long ret_ip, struct ftrace_regs *regs,
			 void *token)
{
	struct kernel_ext_probe *probe =
		container_of(fprobe, struct kernel_ext_probe, fprobe);

	probe->leave(probe->data, token);
}
NOKPROBE_SYMBOL(fprobe_leave);

static int register_by_fprobe(struct kernel_ext_probe *probe,
			      unsigned long token_size)
{
	const char *symbol = probe->symbol;

	probe->fprobe.entry_data_size = token_size;
	probe->fprobe.entry_handler = fprobe_enter;
	probe->fprobe.exit_handler = fprobe_leave;
	return register_fprobe_syms(&probe->fprobe, &symbol, 1);
}

static void unregister_by_fprobe(struct kernel_ext_probe *probe)
{
	unregister_fprobe(&probe->fprobe);
}

static unsigned long missed_by_fprobe(struct kernel_ext_probe *probe)
{
	return READ_ONCE(probe->fprobe.nmissed);
}

#else

static int register_by_fprobe(struct kernel_ext_probe *probe,
			      unsigned long token_size)
{
	return -EOPNOTSUPP;
}

static void unregister_by_fprobe(struct kernel_ext_probe *probe)
{
}

static unsigned long missed_by_fprobe(struct kernel_ext_probe *probe)
{
	return 0;
}

#endif

#ifdef CONFIG_KRETPROBES

static int kretprobe_enter(struct kretprobe_instance *call, struct pt_regs *regs)
{
	struct kretprobe *kretprobe = get_kretprobe(call);
	struct kernel_ext_probe *probe;

	/* It is being unregistered. */
	if (unlikely(!kretprobe))
		return 1;
	probe = container_of(kretprobe, struct kernel_ext_probe, kretprobe);
	return probe->enter(probe->data, call->data) ? 0 : 1;
}
NOKPROBE_SYMBOL(kretprobe_enter);

static int kretprobe_leave(struct kretprobe_instance *call, struct pt_regs *regs)
{
	struct kretprobe *kretprobe = get_kretprobe(call);
	struct kernel_ext_probe *probe;

	/* It is being unregistered. */
	if (unlikely(!kretprobe))
		return 0;
	probe = container_of(kretprobe, struct kernel_ext_probe, kretprobe);
	probe->leave(probe->data, call->data);
	return 0;
}
NOKPROBE_SYMBOL(kretprobe_leave);

static int register_by_kretprobe(struct kernel_ext_probe *probe,
				 unsigned int active, unsigned long token_size)
{
	probe->kretprobe.kp.symbol_name = probe->symbol;
	probe->kretprobe.entry_handler = kretprobe_enter;
	probe->kretprobe.handler = kretprobe_leave;
	probe->kretprobe.data_size = token_size;
	probe->kretprobe.maxactive = active;
	return register_kretprobe(&probe->kretprobe);
}

static void unregister_by_kretprobe(struct kernel_ext_probe *probe)
{
	unregister_kretprobe(&probe->kretprobe);
}

static unsigned long missed_by_kretprobe(struct kernel_ext_probe *probe)
{
	return READ_ONCE(probe->kretprobe.nmissed) +
	       READ_ONCE(probe->kretprobe.kp.nmissed);
}

#else

static int register_by_kretprobe(struct kernel_ext_probe *probe,
				 unsigned int active, unsigned long token_size)
{
	return -EOPNOTSUPP;
}

static void unregister_by_kretprobe(struct kernel_ext_probe *probe)
{
}

static unsigned long missed_by_kretprobe(struct kernel_ext_probe *probe)
{
	return 0;
}

#endif

struct kernel_ext_probe *
kernel_ext_probe_register(const char *symbol, bool fprobe, unsigned int active,
			  unsigned long token_size, void *data,
			  kernel_ext_probe_enter enter,
			  kernel_ext_probe_leave leave)
{
	struct kernel_ext_probe *probe;
	int error;

	probe = kzalloc_obj(*probe);
	if (!probe)
		return ERR_PTR(-ENOMEM);
	if (strscpy(probe->symbol, symbol) < 0) {
		kfree(probe);
		return ERR_PTR(-ENOENT);
	}
	probe->data = data;
	probe->enter = enter;
	probe->leave = leave;
	probe->is_fprobe = fprobe;
	error = fprobe ? register_by_fprobe(probe, token_size) :
			 register_by_kretprobe(probe, active, token_size);
	if (error) {
		kfree(probe);
		return ERR_PTR(error);
	}
	return probe;
}
EXPORT_SYMBOL_GPL(kernel_ext_probe_register);

unsigned long kernel_ext_probe_missed(struct kernel_ext_probe *probe)
{
	return probe->is_fprobe ? missed_by_fprobe(probe) :
				  missed_by_kretprobe(probe);
}
EXPORT_SYMBOL_GPL(kernel_ext_probe_missed);

void kernel_ext_probe_unregister(struct kernel_ext_probe *probe)
{
	if (probe->is_fprobe)
		unregister_by_fprobe(probe);
	else
		unregister_by_kretprobe(probe);
	kfree(probe);
}
EXPORT_SYMBOL_GPL(kernel_ext_probe_unregister);

static bool refuse(void *data, void *token)
{
	return false;
}

static void ignore(void *data, void *token)
{
}

int kernel_ext_probe_check(const char *symbol, bool fprobe)
{
	struct kernel_ext_probe *probe;

	/* There is no other way to check: many of the conditions are private. */
	probe = kernel_ext_probe_register(symbol, fprobe, 1, 0, NULL, refuse,
					  ignore);
	if (IS_ERR(probe))
		return PTR_ERR(probe);
	kernel_ext_probe_unregister(probe);
	return 0;
}
EXPORT_SYMBOL_GPL(kernel_ext_probe_check);
