/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rust functions that C calls.
 */
#ifndef _EPOCH_UPCALLS_H
#define _EPOCH_UPCALLS_H

#include <linux/types.h>

struct llist_node;
struct list_head;
struct work_struct;

/* engine.rs: the loop of an engine's thread, until it should stop. */
void __epoch_engine_run(unsigned int engine);

/* callback.rs: softirq context. */
void __epoch_collect(struct llist_node *queue);
/* callback.rs: process context, one at a time for each work item. */
void __epoch_invoke(struct work_struct *work);

/* lifetime.rs: process context. */
void __epoch_teardown(struct work_struct *work);

/* sysfs.rs, with the registry's lock held: makes the directory of an epoch. */
void __epoch_make_directory(struct list_head *node);
/* Of an epoch that is registered, and pinned: */
bool __epoch_has_pending(struct list_head *node);
void __epoch_barrier(struct list_head *node);
/* Shuts down a static of a module that goes, and takes it off the registry. */
void __epoch_static_gone(struct list_head *node);

#endif /* _EPOCH_UPCALLS_H */
