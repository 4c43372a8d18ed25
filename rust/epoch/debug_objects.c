// SPDX-License-Identifier: GPL-2.0
/*
 * Heads that are queued twice, or freed while they are queued, as
 * CONFIG_DEBUG_OBJECTS reports them.
 */
#include <linux/debugobjects.h>
#include <linux/preempt.h>
#include <linux/sched/task_stack.h>

#include "helpers.h"

#ifdef CONFIG_DEBUG_OBJECTS

/* Nothing says that a head begins or ends to be one. */
static bool is_static_object(void *head)
{
	return true;
}

static const struct debug_obj_descr head_descr = {
	.name = "epoch_context",
	.is_static_object = is_static_object,
};

/*
 * Returns whether the head may be queued: it is not queued already, as far as is
 * known.
 */
bool epoch_head_queued(void *head)
{
	/* The locks are not for NMIs. Objects on a stack would have to be announced. */
	if (in_nmi() || object_is_on_stack(head))
		return true;
	return !debug_object_activate(head, &head_descr);
}

/* Before the callback, which may free the head or queue it. */
void epoch_head_invoked(void *head)
{
	/* For a head that was queued without being recorded. */
	debug_object_assert_init(head, &head_descr);
	debug_object_deactivate(head, &head_descr);
	debug_object_free(head, &head_descr);
}

#endif
