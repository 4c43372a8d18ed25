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

/* engine.rs: runs the loop of an engine's thread, until it should stop. */
void __epoch_engine_run(unsigned int engine);

/* callback.rs: collects a queue. Softirq context. */
void __epoch_collect(struct llist_node *queue);
/* callback.rs: runs a worker. Process context, one at a time for each work item. */
void __epoch_invoke(struct work_struct *work);

/* lifetime.rs: frees an epoch. Process context. */
void __epoch_teardown(struct work_struct *work);

/* sysfs.rs: creates the directory of an epoch, with the registry's lock held. */
void __epoch_make_directory(struct list_head *node);
/* lifetime.rs: for an epoch that is registered, and pinned or locked. */
bool __epoch_has_pending(struct list_head *node);
void __epoch_barrier(struct list_head *node);
/* lifetime.rs: shuts down a static of a module that is unloaded, and unregisters it. */
void __epoch_static_gone(struct list_head *node);

#endif /* _EPOCH_UPCALLS_H */
