// SPDX-License-Identifier: GPL-2.0
/*
 * Hooks at the beginning and the end of each section, while they are enabled:
 * the tracepoints for sections, and the parameter track_readers.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jump_label.h>
#include <linux/kstrtox.h>
#include <linux/moduleparam.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>

#include <epoch.h>

#include "events.h"
#include "helpers.h"
#include "tracking.h"

/* Counts the enabled tracepoints and track_readers. */
struct static_key_false epoch_debug_key = STATIC_KEY_FALSE_INIT;
EXPORT_SYMBOL_GPL(epoch_debug_key);

static bool track_readers;

static void track_readers_change(bool on)
{
	if (on == track_readers)
		return;
	if (on) {
		/* Records left from the last time are of sections long over. */
		__epoch_forget_readers();
		WRITE_ONCE(track_readers, true);
		static_branch_inc(&epoch_debug_key);
	} else {
		static_branch_dec(&epoch_debug_key);
		WRITE_ONCE(track_readers, false);
	}
}

/* Sets the parameter as a write to it does, for tests. */
void epoch_track_readers(bool on)
{
	kernel_param_lock(THIS_MODULE);
	track_readers_change(on);
	kernel_param_unlock(THIS_MODULE);
}

bool epoch_readers_tracked(void)
{
	return READ_ONCE(track_readers);
}

static int track_readers_set(const char *val, const struct kernel_param *kp)
{
	bool on;
	int ret;

	/* "track_readers" without a value enables it. */
	ret = val ? kstrtobool(val, &on) : 0;
	if (ret) {
		pr_err("track_readers takes 0 or 1, not '%s'\n", val);
		return ret;
	}
	track_readers_change(val ? on : true);
	return 0;
}

static const struct kernel_param_ops track_readers_ops = {
	.flags = KERNEL_PARAM_OPS_FL_NOARG,
	.set = track_readers_set,
	.get = param_get_bool,
};

module_param_cb(track_readers, &track_readers_ops, &track_readers, 0644);
__MODULE_PARM_TYPE(track_readers, "bool");
MODULE_PARM_DESC(track_readers, "Name the readers in stall reports; makes sections slower (default: 0)");

#ifdef CONFIG_TRACEPOINTS
/* Called when a tracepoint for sections is enabled or disabled. */
int epoch_sections_traced(void)
{
	static_branch_inc(&epoch_debug_key);
	return 0;
}

void epoch_sections_untraced(void)
{
	static_branch_dec(&epoch_debug_key);
}
#endif

/* Not traced: else _RET_IP_ would be the function graph tracer's. */
notrace void epoch_section_entered(struct epoch *epoch, unsigned long __percpu *counters)
{
	if (READ_ONCE(track_readers))
		__epoch_reader_entered(epoch, counters, interrupt_context_level(), _RET_IP_);
	/* Tracepoints are RCU readers. */
	if (trace_epoch_enter_enabled() && rcu_is_watching())
		trace_epoch_enter(__epoch_name(epoch), _RET_IP_);
}
EXPORT_SYMBOL_GPL(epoch_section_entered);

notrace void epoch_section_left(struct epoch *epoch, unsigned long __percpu *counters)
{
	if (READ_ONCE(track_readers))
		__epoch_reader_leaves(epoch, counters, interrupt_context_level());
	if (trace_epoch_exit_enabled() && rcu_is_watching())
		trace_epoch_exit(__epoch_name(epoch), _RET_IP_);
}
EXPORT_SYMBOL_GPL(epoch_section_left);
