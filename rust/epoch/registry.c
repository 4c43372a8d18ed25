// SPDX-License-Identifier: GPL-2.0
/*
 * All epochs. A new one gets its directory in sysfs a little later, so that a
 * short-lived epoch costs none; or earlier, when the loading of a module ends,
 * so that the directories of its epochs are there when insmod returns.
 *
 * A module that is unloaded may have pending callbacks in epochs of others;
 * they are invoked before its code is freed. So an epoch stays here until its
 * last callback has returned.
 */
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/workqueue.h>

#include "helpers.h"
#include "upcalls.h"

/* `Registration` in lifetime.rs. */
struct epoch_registration {
	struct list_head node;
	/* The last pass of invoke_all() that has checked it. */
	unsigned long round;
	/* The number of users without the lock. */
	unsigned int pins;
	/* It gets no directory from now on. */
	bool is_retired;
};

static DEFINE_MUTEX(lock);
/* Epochs that have a directory, and epochs that will get one. */
static LIST_HEAD(known);
static LIST_HEAD(fresh);
/* Statics that will be registered, linked by the list head for the other lists. */
static LLIST_HEAD(statics);

static void make_directories(struct work_struct *unused)
{
	struct epoch_registration *registration;
	struct llist_node *first, *next;

	mutex_lock(&lock);
	llist_for_each_safe(first, next, llist_del_all(&statics))
		list_add_tail((struct list_head *)first, &fresh);
	while (!list_empty(&fresh)) {
		registration = list_first_entry(&fresh, struct epoch_registration, node);
		list_move_tail(&registration->node, &known);
		if (!registration->is_retired)
			__epoch_make_directory(&registration->node);
		/* Others may be creating or freeing epochs. */
		mutex_unlock(&lock);
		cond_resched();
		mutex_lock(&lock);
	}
	mutex_unlock(&lock);
}

static DECLARE_DELAYED_WORK(directories, make_directories);

void epoch_register(void *registration)
{
	mutex_lock(&lock);
	list_add_tail(&((struct epoch_registration *)registration)->node, &fresh);
	mutex_unlock(&lock);
	queue_delayed_work(system_dfl_wq, &directories, HZ / 10);
}

/*
 * Registers a static as epoch_register() does. Any context but NMI, without the
 * scheduler's locks.
 */
void epoch_register_later(void *registration)
{
	BUILD_BUG_ON(sizeof(struct llist_node) > sizeof(struct list_head));
	llist_add(registration, &statics);
	queue_delayed_work(system_dfl_wq, &directories, HZ / 10);
}

/* Ensures that no directory is created after it returns. */
void epoch_retire(void *registration)
{
	mutex_lock(&lock);
	((struct epoch_registration *)registration)->is_retired = true;
	mutex_unlock(&lock);
}

/* Removes an epoch, when all pins have gone. May sleep. */
void epoch_unregister(void *data)
{
	struct epoch_registration *registration = data;

	mutex_lock(&lock);
	while (registration->pins) {
		mutex_unlock(&lock);
		schedule_timeout_idle(1);
		mutex_lock(&lock);
	}
	list_del(&registration->node);
	mutex_unlock(&lock);
}

/* Creates all missing directories. Process context; sleeps. */
void epoch_registry_settle(void)
{
	flush_delayed_work(&directories);
}

/* The code of the module being unloaded; written with going_lock held. */
static DEFINE_MUTEX(going_lock);
static unsigned long going_start, going_size;
static bool going_was_invoked;

/* Returns whether epoch_callback_invoked() must be called for each callback. */
bool epoch_module_goes(void)
{
	return READ_ONCE(going_size);
}

void epoch_callback_invoked(unsigned long callback)
{
	if (callback - READ_ONCE(going_start) < READ_ONCE(going_size))
		WRITE_ONCE(going_was_invoked, true);
}

/* Pins the next epoch that has pending callbacks and was not checked in this pass. */
static struct epoch_registration *pin_next(unsigned long round)
{
	struct list_head *lists[] = { &known, &fresh };
	struct epoch_registration *registration, *found = NULL;
	unsigned int i;

	mutex_lock(&lock);
	for (i = 0; i < ARRAY_SIZE(lists) && !found; i++) {
		list_for_each_entry(registration, lists[i], node) {
			if (registration->round == round)
				continue;
			registration->round = round;
			if (__epoch_has_pending(&registration->node)) {
				registration->pins++;
				found = registration;
				break;
			}
		}
	}
	mutex_unlock(&lock);
	return found;
}

static void unpin(struct epoch_registration *registration)
{
	mutex_lock(&lock);
	registration->pins--;
	mutex_unlock(&lock);
}

/* Waits until no callback of a module is pending in any epoch. */
static void invoke_all(struct module *module)
{
	static unsigned long round;
	struct epoch_registration *registration;

	mutex_lock(&going_lock);
	WRITE_ONCE(going_start, (unsigned long)module->mem[MOD_TEXT].base);
	WRITE_ONCE(going_size, module->mem[MOD_TEXT].size);
	/* Callbacks may queue others, as each level of a list that is freed does. */
	do {
		WRITE_ONCE(going_was_invoked, false);
		round++;
		while ((registration = pin_next(round))) {
			__epoch_barrier(&registration->node);
			unpin(registration);
		}
	} while (READ_ONCE(going_was_invoked));
	WRITE_ONCE(going_size, 0);
	mutex_unlock(&going_lock);
}

/* Shuts down the statics of a module. */
static void shut_down_statics(struct module *module)
{
	struct list_head *lists[] = { &known, &fresh };
	struct epoch_registration *registration;
	struct list_head *found;
	unsigned int i;

	do {
		found = NULL;
		mutex_lock(&lock);
		for (i = 0; i < ARRAY_SIZE(lists) && !found; i++) {
			list_for_each_entry(registration, lists[i], node) {
				if (within_module((unsigned long)registration, module)) {
					found = &registration->node;
					break;
				}
			}
		}
		mutex_unlock(&lock);
		/* Nobody else removes it. */
		if (found)
			__epoch_static_gone(found);
	} while (found);
}

/* A copy of the definition in kernel/module/internal.h, which modules cannot include. */
struct module_use {
	struct list_head source_list;
	struct list_head target_list;
	struct module *source, *target;
};

/*
 * Returns whether a module may have callbacks in epochs: unrelated modules do
 * not wait for readers. Its list no longer changes, or not yet.
 */
static bool uses_epochs(struct module *module)
{
#ifdef CONFIG_MODULE_UNLOAD
	struct module_use *use;

	list_for_each_entry(use, &module->target_list, target_list) {
		if (use->target == THIS_MODULE)
			return true;
	}
	return false;
#else
	return true;
#endif
}

static int module_changed(struct notifier_block *nb, unsigned long state, void *data)
{
	struct module *module = data;

	if (!uses_epochs(module))
		return NOTIFY_DONE;
	switch (state) {
	case MODULE_STATE_LIVE:
		epoch_registry_settle();
		break;
	case MODULE_STATE_GOING:
		/* After these, each of its statics with callbacks or waiters is registered. */
		epoch_callbacks_settle();
		epoch_engines_settle();
		epoch_registry_settle();
		invoke_all(module);
		shut_down_statics(module);
		/* The directories of its epochs should be gone when rmmod returns. */
		epoch_teardown_settle();
		break;
	}
	return NOTIFY_OK;
}

static struct notifier_block module_notifier = {
	.notifier_call = module_changed,
	/* Before other notifiers tear down what callbacks may use. */
	.priority = INT_MAX,
};

int epoch_registry_init(void)
{
	return register_module_notifier(&module_notifier);
}

/* To be called when no reference to an epoch is left. */
void epoch_registry_exit(void)
{
	unregister_module_notifier(&module_notifier);
	epoch_teardown_flush();
	cancel_delayed_work_sync(&directories);
	WARN_ON(!list_empty(&known) || !list_empty(&fresh));
}
