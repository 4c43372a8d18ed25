// SPDX-License-Identifier: GPL-2.0
/*
 * Objects, and the updaters that replace them. A replaced object goes through a
 * pipe of ages, one grace period each, before it is free. A reader that has
 * found it may see it at age 1, but not at 2.
 */
#define pr_fmt(fmt) fmt

#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/sched/signal.h>
#include <linux/spinlock.h>

#include "rust_type.h"
#include "torture.h"

#define NR_OBJECTS (TORTURE_MAX_UPDATERS * 2 * TORTURE_AGES)

struct torture_object *torture_published[TORTURE_MAX_UPDATERS];

static struct torture_object objects[NR_OBJECTS];

/* Protects the list of free objects. */
static DEFINE_SPINLOCK(free_lock);
static LIST_HEAD(free_objects);

/* Objects that were taken, that were not to be had, and that came back. */
static atomic_long_t taken;
static atomic_long_t missed;
static atomic_long_t returned;
/* For each age, objects that have reached it. */
static atomic_long_t aged[TORTURE_AGES + 1];
/* Objects that were published: the version that kvm.sh's scripts look at. */
static atomic_long_t version;

struct updater {
	unsigned int index;
	struct rnd_state random;
	/* Objects that age with the updater's waits. */
	struct list_head ageing;
	/* Kills a wait. */
	struct hrtimer killer;
	struct task_struct *task;
};

static struct updater updaters[2 * TORTURE_MAX_UPDATERS];

static struct torture_object *take_object(void)
{
	struct torture_object *object;
	unsigned long flags;

	spin_lock_irqsave(&free_lock, flags);
	object = list_first_entry_or_null(&free_objects, struct torture_object, node);
	if (object)
		list_del_init(&object->node);
	spin_unlock_irqrestore(&free_lock, flags);
	atomic_long_inc(object ? &taken : &missed);
	return object;
}

/* Any context but NMI. */
static void return_object(struct torture_object *object)
{
	unsigned long flags;

	WRITE_ONCE(object->mailbox, 0);
	spin_lock_irqsave(&free_lock, flags);
	list_add_tail(&object->node, &free_objects);
	spin_unlock_irqrestore(&free_lock, flags);
	atomic_long_inc(&returned);
}

/* A grace period has passed for the object. Returns whether it is free now. */
static bool grow_older(struct torture_object *object)
{
	int age = object->age + 1;

	WRITE_ONCE(object->age, age);
	atomic_long_inc(&aged[age]);
	torture_check_unused(object);
	if (age < TORTURE_AGES)
		return false;
	return_object(object);
	return true;
}

static void object_called(struct torture_callback *callback)
{
	struct torture_object *object = container_of(callback, struct torture_object, callback);

	if (!grow_older(object))
		torture_type->call(torture_structure, callback);
}

/* For a closure, which a callback must not allocate. */
void torture_done(struct torture_callback *callback)
{
	callback->done(callback);
}

static enum hrtimer_restart kill_updater(struct hrtimer *timer)
{
	struct updater *updater = container_of(timer, struct updater, killer);

	send_sig(SIGKILL, updater->task, 1);
	return HRTIMER_NORESTART;
}

static void wait_killable(struct updater *updater)
{
	ktime_t delay = us_to_ktime(1 + torture_random(&updater->random, 2000));
	int err;

	hrtimer_start(&updater->killer, delay, HRTIMER_MODE_REL);
	err = torture_type->killable(torture_structure);
	hrtimer_cancel(&updater->killer);
	flush_signals(current);
	if (!err)
		return;
	torture_taken(TORTURE_killed);
	if (err != -EINTR)
		torture_found("a killed wait returned %d", err);
	torture_type->synchronize(torture_structure);
}

static void wait_with_timeout(struct updater *updater)
{
	int err = torture_type->timeout(torture_structure,
					1 + torture_random(&updater->random, 2 * NSEC_PER_MSEC));

	if (!err)
		return;
	torture_taken(TORTURE_timed_out);
	if (err != -ETIME)
		torture_found("a wait with a timeout returned %d", err);
	torture_type->synchronize(torture_structure);
}

static void poll(struct updater *updater)
{
	unsigned long cookie = torture_type->start_poll(torture_structure);

	while (!torture_type->poll(torture_structure, cookie))
		torture_sleep_us(&updater->random, 500);
}

static void snapshot(struct updater *updater)
{
	unsigned long cookie = torture_type->snapshot(torture_structure);

	torture_sleep_us(&updater->random, 500);
	if (torture_type->poll(torture_structure, cookie))
		return;
	torture_type->synchronize(torture_structure);
	if (!torture_type->poll(torture_structure, cookie))
		torture_found("a cookie has not passed after a later wait");
}

/* The mean time that a wait takes, in jiffies; recent ones weigh more. */
static unsigned long typical_wait_8;

unsigned long torture_typical_wait(void)
{
	return READ_ONCE(typical_wait_8) / 8;
}

static void synchronize(void)
{
	unsigned long from = jiffies;

	torture_type->synchronize(torture_structure);
	WRITE_ONCE(typical_wait_8, typical_wait_8 - typical_wait_8 / 8 + (jiffies - from));
}

/* The ways to wait. */
static enum torture_branch ways[8];
static unsigned int nr_ways;

static void add_way(bool wanted, bool exists, enum torture_branch way)
{
	if (!wanted || !exists)
		return;
	ways[nr_ways++] = way;
	torture_expect(way);
}

/* Waits for a grace period in this way. */
static void wait(struct updater *updater, enum torture_branch way)
{
	torture_taken(way);
	switch (way) {
	case TORTURE_expedite:
		return torture_type->expedite(torture_structure);
	case TORTURE_killable:
		return wait_killable(updater);
	case TORTURE_timeout:
		return wait_with_timeout(updater);
	case TORTURE_poll:
		return poll(updater);
	case TORTURE_snapshot:
		return snapshot(updater);
	default:
		return synchronize();
	}
}

/* Returns whether the object will age by callbacks. */
static bool queue(struct torture_object *object, enum torture_branch way)
{
	object->callback.done = object_called;
	if (way == TORTURE_defer) {
		if (!torture_type->defer(torture_structure, &object->callback))
			return false;
	} else if (way == TORTURE_call) {
		torture_type->call(torture_structure, &object->callback);
	} else {
		return false;
	}
	torture_taken(way);
	return true;
}

static void update(struct updater *updater)
{
	struct torture_object *new = take_object();
	struct torture_object *old = torture_published[updater->index];
	enum torture_branch way = ways[torture_random(&updater->random, nr_ways)];
	struct torture_object *object, *next;

	if (!new) {
		torture_sleep_us(&updater->random, 1000);
		return;
	}
	WRITE_ONCE(new->age, 0);
	WRITE_ONCE(new->mailbox, 1);
	/* Pairs with the dependency of readers on the address. */
	smp_store_release(&torture_published[updater->index], new);
	atomic_long_inc(&version);
	if (!old)
		return;
	/* A reader may still find it in this grace period. */
	WRITE_ONCE(old->age, 1);
	atomic_long_inc(&aged[1]);
	if (queue(old, way))
		return;
	if (way == TORTURE_call || way == TORTURE_defer)
		way = TORTURE_synchronize;
	list_add(&old->node, &updater->ageing);
	wait(updater, way);
	list_for_each_entry_safe(object, next, &updater->ageing, node) {
		list_del_init(&object->node);
		if (!grow_older(object))
			list_add(&object->node, &updater->ageing);
	}
}

static void updater_begins(struct updater *updater)
{
	updater->task = current;
	allow_signal(SIGKILL);
	hrtimer_setup(&updater->killer, kill_updater, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
}

static int writer_thread(void *data)
{
	struct updater *updater = data;

	updater_begins(updater);
	while (!torture_must_stop()) {
		torture_alive();
		update(updater);
		if (torture_one_in(&updater->random, 4)) {
			torture_taken(TORTURE_updater_delay);
			torture_sleep_us(&updater->random, 500);
		}
		cond_resched();
		torture_pause();
	}
	return 0;
}

static int fakewriter_thread(void *data)
{
	struct updater *updater = data;

	updater_begins(updater);
	while (!torture_must_stop()) {
		torture_alive();
		wait(updater, ways[torture_random(&updater->random, nr_ways)]);
		torture_sleep_us(&updater->random, 2000);
		torture_pause();
	}
	return 0;
}

int torture_pipe_init(void)
{
	const struct torture_type *type = torture_type;
	bool any = torture.gp_sync || torture.gp_exp || torture.gp_kill || torture.gp_timeout ||
		   torture.gp_poll || torture.gp_cond || torture.gp_call || torture.gp_defer;
	int i, err;

	for (i = 0; i < NR_OBJECTS; i++)
		list_add_tail(&objects[i].node, &free_objects);

	/* As with rcutorture: all ways, or those that were asked for. */
	add_way(!any || torture.gp_sync, true, TORTURE_synchronize);
	add_way(!any || torture.gp_exp, true, TORTURE_expedite);
	add_way(!any || torture.gp_kill, type->killable, TORTURE_killable);
	add_way(!any || torture.gp_timeout, type->timeout, TORTURE_timeout);
	add_way(!any || torture.gp_poll, true, TORTURE_poll);
	add_way(!any || torture.gp_cond, true, TORTURE_snapshot);
	add_way(!any || torture.gp_call, true, TORTURE_call);
	add_way(!any || torture.gp_defer, type->defer, TORTURE_defer);
	if (!nr_ways) {
		pr_err("epoch_torture: %s has none of the ways to wait that the parameters gp_* name\n",
		       type->name);
		return -EINVAL;
	}
	torture_expect(TORTURE_updater_delay);
	for (i = 0; i < torture.nwriters + torture.nfakewriters; i++) {
		bool is_fake = i >= torture.nwriters;
		int (*fn)(void *data) = is_fake ? fakewriter_thread : writer_thread;

		updaters[i].index = i;
		torture_random_init(&updaters[i].random, 1000 + i);
		INIT_LIST_HEAD(&updaters[i].ageing);
		err = torture_start(fn, &updaters[i], is_fake ? "fakewriter" : "writer", i);
		if (err)
			return err;
	}
	return 0;
}

/* Lets all objects age. The threads have been stopped. */
void torture_pipe_settle(void)
{
	unsigned int i;

	/* Callbacks may queue the next one. */
	for (i = 0; i < TORTURE_AGES; i++)
		torture_type->drain(torture_structure);
}

/* Logs the counts as rcutorture does, for scripts that read its log. */
void torture_pipe_report(bool last)
{
	unsigned long numbers[TORTURE_AGES + 1];
	int age;

	/* Scripts skip a line whose rtc is 0. */
	torture_info("rtc: %p ver: %ld tfle: %d rta: %ld rtaf: %ld rtf: %ld",
		     last ? NULL : torture_published[0], atomic_long_read(&version),
		     list_empty(&free_objects), atomic_long_read(&taken),
		     atomic_long_read(&missed), atomic_long_read(&returned));
	for (age = 0; age <= TORTURE_AGES; age++)
		numbers[age] = atomic_long_read(age ? &aged[age] : &taken);
	torture_log_numbers("Free-Block Circulation", numbers, ARRAY_SIZE(numbers));
}

/* Returns whether each object is where it has to be, after torture_pipe_settle(). */
bool torture_pipe_is_whole(void)
{
	long out = atomic_long_read(&taken) - atomic_long_read(&returned);
	struct torture_object *object;
	int i;

	for (i = 0; i < torture.nwriters; i++) {
		out -= !!torture_published[i];
		list_for_each_entry(object, &updaters[i].ageing, node)
			out--;
	}
	if (out)
		torture_found("%ld objects have been lost", out);
	return !out;
}
