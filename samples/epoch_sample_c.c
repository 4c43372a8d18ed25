// SPDX-License-Identifier: GPL-2.0
/*
 * A list under concurrent lookup and removal, protected by an epoch.
 *
 * One thread walks the list again and again, each time inside a section;
 * another removes the oldest entry and adds a new one. It frees every other
 * entry by a callback, and the rest itself after a wait. Try it with:
 *
 *   insmod epoch.ko
 *   insmod samples/epoch_sample_c.ko
 *   sleep 1
 *   rmmod epoch_sample_c
 *   dmesg | tail -n 1    # epoch_sample_c: 12345 walks, 678 removals, 0 errors
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include <epoch.h>

static unsigned int linger_ms;
module_param(linger_ms, uint, 0444);
MODULE_PARM_DESC(linger_ms, "Time that a walk sleeps in its section, in ms (default: 0)");

#define ENTRIES 16
#define VALID 0x600d

struct entry {
	struct list_head link;
	struct epoch_context ctx;
	/* Cleared when the entry is freed: no reader may see that. */
	unsigned int valid;
};

static LIST_HEAD(list);
static struct epoch *epoch;
static struct task_struct *walker;
static struct task_struct *remover;
static unsigned long walks;
static unsigned long removals;
static unsigned long errors;

static int walk(void *unused)
{
	while (!kthread_should_stop()) {
		struct epoch_section section = epoch_enter(epoch);
		struct entry *entry;

		list_for_each_entry_srcu(entry, &list, link, true) {
			if (READ_ONCE(entry->valid) != VALID)
				errors++;
		}
		if (linger_ms)
			msleep(linger_ms);
		epoch_exit(epoch, section);
		walks++;
		cond_resched();
	}
	return 0;
}

static void free_entry(struct entry *entry)
{
	WRITE_ONCE(entry->valid, 0);
	kfree(entry);
}

static void free_callback(struct epoch_context *ctx)
{
	free_entry(container_of(ctx, struct entry, ctx));
}

static int add_entry(void)
{
	struct entry *entry = kzalloc(sizeof(*entry), GFP_KERNEL);

	if (!entry)
		return -ENOMEM;
	entry->valid = VALID;
	list_add_tail_rcu(&entry->link, &list);
	return 0;
}

static int remove(void *unused)
{
	while (!kthread_should_stop()) {
		struct entry *entry;

		if (!add_entry()) {
			entry = list_first_entry(&list, struct entry, link);
			list_del_rcu(&entry->link);
			if (removals++ % 2) {
				/* Bounds the pending callbacks. */
				epoch_throttle(epoch);
				epoch_call(epoch, free_callback, &entry->ctx);
			} else {
				epoch_wait(epoch);
				free_entry(entry);
			}
		}
		usleep_range(20, 40);
	}
	return 0;
}

/* Stops the threads and frees everything, at any stage of the start. */
static void stop(void)
{
	struct entry *entry, *next;

	if (!IS_ERR_OR_NULL(walker))
		kthread_stop(walker);
	if (!IS_ERR_OR_NULL(remover))
		kthread_stop(remover);
	/* Waits for the callbacks, whose code is about to be unloaded. */
	epoch_free(epoch);
	list_for_each_entry_safe(entry, next, &list, link)
		kfree(entry);
}

static int __init epoch_sample_c_init(void)
{
	int i;

	epoch = epoch_alloc("sample_c", 0);
	if (!epoch)
		return -ENOMEM;
	for (i = 0; i < ENTRIES; i++) {
		if (add_entry())
			goto fail;
	}
	walker = kthread_run(walk, NULL, "epoch_walk");
	if (IS_ERR(walker))
		goto fail;
	remover = kthread_run(remove, NULL, "epoch_remove");
	if (IS_ERR(remover))
		goto fail;
	return 0;

fail:
	stop();
	return -ENOMEM;
}
module_init(epoch_sample_c_init);

static void __exit epoch_sample_c_exit(void)
{
	stop();
	pr_info("%lu walks, %lu removals, %lu errors\n", walks, removals, errors);
}
module_exit(epoch_sample_c_exit);

MODULE_DESCRIPTION("A list protected by an epoch");
MODULE_LICENSE("GPL");
