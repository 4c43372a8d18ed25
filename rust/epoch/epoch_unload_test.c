// SPDX-License-Identifier: GPL-2.0
/*
 * A module that is unloaded with a section open and callbacks queued on each
 * CPU. test/guest/kunit-unload unloads it, and checks its messages.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/workqueue.h>

#include <epoch.h>

/* Callbacks that are queued on each CPU. */
#define CALLBACKS 100
/* Time for which the section stays open when the module is unloaded. */
#define OPEN_MS 100

struct counted {
	struct epoch_context ctx;
	/* Invocations that are still to come. */
	int left;
};

static struct epoch *epoch;
/* CALLBACKS of them for each CPU. */
static struct counted *all;
static struct epoch_section section;
static bool section_left;
static atomic_t given = ATOMIC_INIT(0);
static atomic_t called = ATOMIC_INIT(0);

/* Each callback is queued a second time, while the unload waits. */
static void count(struct epoch_context *ctx)
{
	struct counted *counted = container_of(ctx, struct counted, ctx);

	atomic_inc(&called);
	if (--counted->left) {
		atomic_inc(&given);
		epoch_call(epoch, count, ctx);
	}
}

/* Only the unload itself waits for the callbacks of this epoch. */
DEFINE_STATIC_EPOCH(unload_static);

static struct epoch_context left[CALLBACKS];
static atomic_t left_pending = ATOMIC_INIT(CALLBACKS);

static void count_left(struct epoch_context *ctx)
{
	if (atomic_dec_and_test(&left_pending))
		pr_info("static: all callbacks were invoked\n");
}

static void give(void *unused)
{
	struct counted *mine = all + smp_processor_id() * CALLBACKS;
	int i;

	for (i = 0; i < CALLBACKS; i++) {
		mine[i].left = 2;
		atomic_inc(&given);
		epoch_call(epoch, count, &mine[i].ctx);
	}
}

static void leave_section(struct work_struct *work)
{
	WRITE_ONCE(section_left, true);
	epoch_exit_detached(epoch, section);
}

static DECLARE_DELAYED_WORK(leave_work, leave_section);

static int __init epoch_unload_test_init(void)
{
	all = kcalloc(nr_cpu_ids * CALLBACKS, sizeof(*all), GFP_KERNEL);
	if (!all)
		return -ENOMEM;
	epoch = epoch_alloc("unload_test", 0);
	if (!epoch) {
		kfree(all);
		return -ENOMEM;
	}
	section = epoch_enter_detached(epoch);
	on_each_cpu(give, NULL, 1);
	return 0;
}
module_init(epoch_unload_test_init);

static void __exit epoch_unload_test_exit(void)
{
	int early = atomic_read(&called);
	unsigned int expected = 2 * CALLBACKS * num_online_cpus();
	bool waited;
	int i;

	schedule_delayed_work(&leave_work, msecs_to_jiffies(OPEN_MS));
	epoch_free(epoch);
	waited = READ_ONCE(section_left);
	pr_info("%s for the section; callbacks: %d queued, %d invoked, %d of them early, %s\n",
		waited ? "waited" : "did not wait", atomic_read(&given),
		atomic_read(&called), early,
		waited && !early && atomic_read(&given) == expected &&
		atomic_read(&called) == expected ? "all is well" : "WRONG");
	flush_delayed_work(&leave_work);
	kfree(all);

	section = epoch_enter_detached(&unload_static);
	for (i = 0; i < CALLBACKS; i++)
		epoch_call(&unload_static, count_left, &left[i]);
	epoch_exit_detached(&unload_static, section);
}
module_exit(epoch_unload_test_exit);

MODULE_DESCRIPTION("Unloading with a section open and callbacks queued");
MODULE_LICENSE("GPL");
