// SPDX-License-Identifier: GPL-2.0
/*
 * Detection of heads that are queued twice, or freed while they are queued, by
 * CONFIG_DEBUG_OBJECTS.
 */
#include <linux/debugobjects.h>
#include <linux/preempt.h>
#include <linux/sched/task_stack.h>

#include "helpers.h"

#ifdef CONFIG_DEBUG_OBJECTS

/* Heads are neither initialised nor destroyed explicitly. */
static bool is_static_object(void *head)
{
	return true;
}

static const struct debug_obj_descr head_descr = {
	.name = "epoch_context",
	.is_static_object = is_static_object,
};

/* Returns whether the head may be queued: it is not known to be queued already. */
bool epoch_head_queued(void *head)
{
	/* An NMI must not take the locks. Objects on a stack would need registration. */
	if (in_nmi() || object_is_on_stack(head))
		return true;
	return !debug_object_activate(head, &head_descr);
}

/* To be called before the callback, which may free the head or queue it. */
void epoch_head_invoked(void *head)
{
	/* For a head whose queueing was not recorded. */
	debug_object_assert_init(head, &head_descr);
	debug_object_deactivate(head, &head_descr);
	debug_object_free(head, &head_descr);
}

#endif
