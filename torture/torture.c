// SPDX-License-Identifier: GPL-2.0
/*
 * epoch_torture.ko: tries to break the epoch, as rcutorture does with RCU.
 * Parameters and log are like rcutorture's; see Documentation/torture.rst.
 */
#define pr_fmt(fmt) fmt

#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/random.h>
#include <linux/reboot.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "torture.h"

const struct torture_type *torture_type;
void *torture_structure;

/**
 * struct thread - a thread of the test
 * @task: its task
 * @fn: its function
 * @data: the function's argument
 * @alive: the time (jiffies) at which it was last seen alive; 0 if it need not be
 * @node: among all threads, in the order in which they were started
 */
struct thread {
	struct task_struct *task;
	int (*fn)(void *data);
	void *data;
	unsigned long alive;
	struct list_head node;
};

static DEFINE_MUTEX(threads_lock);
static LIST_HEAD(threads);
static DECLARE_WAIT_QUEUE_HEAD(stop_wq);
static bool stopping;

bool torture_must_stop(void)
{
	return READ_ONCE(stopping);
}

void torture_sleep(unsigned long jiffies)
{
	wait_event_idle_timeout(stop_wq, torture_must_stop(), jiffies);
}

/* Sleeps until the calling thread is stopped. */
static void wait_for_stop(void)
{
	for (;;) {
		set_current_state(TASK_IDLE);
		if (kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
}

void torture_alive(void)
{
	struct thread *thread = kthread_data(current);

	WRITE_ONCE(thread->alive, jiffies ?: 1);
}

void torture_asleep(void)
{
	struct thread *thread = kthread_data(current);

	WRITE_ONCE(thread->alive, 0);
}

static int run(void *data)
{
	struct thread *thread = data;

	thread->fn(thread->data);
	wait_for_stop();
	return 0;
}

struct task_struct *torture_thread(int (*fn)(void *data), void *data, const char *name,
				   unsigned int i)
{
	struct thread *thread = kzalloc(sizeof(*thread), GFP_KERNEL);
	struct task_struct *task;

	if (!thread)
		return ERR_PTR(-ENOMEM);
	thread->fn = fn;
	thread->data = data;
	task = kthread_create(run, thread, "torture_%s/%u", name, i);
	if (IS_ERR(task)) {
		kfree(thread);
		return task;
	}
	thread->task = task;
	mutex_lock(&threads_lock);
	list_add_tail(&thread->node, &threads);
	mutex_unlock(&threads_lock);
	if (torture.verbose)
		torture_info("start %s/%u", name, i);
	wake_up_process(task);
	return task;
}

int torture_start(int (*fn)(void *), void *data, const char *name, unsigned int i)
{
	return PTR_ERR_OR_ZERO(torture_thread(fn, data, name, i));
}

void torture_visit_threads(torture_visitor_t *visit, const void *data)
{
	struct thread *thread;

	mutex_lock(&threads_lock);
	list_for_each_entry(thread, &threads, node)
		visit(thread->task, data);
	mutex_unlock(&threads_lock);
}

/* Stops the first @n threads. */
static void stop_threads(unsigned int n)
{
	while (n--) {
		struct thread *thread;

		mutex_lock(&threads_lock);
		thread = list_first_entry_or_null(&threads, struct thread, node);
		if (thread)
			list_del(&thread->node);
		mutex_unlock(&threads_lock);
		if (!thread)
			break;
		kthread_stop(thread->task);
		kfree(thread);
	}
}

/* Findings */

static atomic_t findings;

bool torture_count_finding(void)
{
	return atomic_inc_return(&findings) <= 20;
}

#define MAX_NUMBERS 16

void torture_log_numbers(const char *title, const unsigned long *numbers, unsigned int n)
{
	char text[MAX_NUMBERS * 22] = "";
	unsigned int i;
	int at = 0;

	for (i = 0; i < n; i++)
		at += scnprintf(text + at, sizeof(text) - at, " %lu", numbers[i]);
	torture_info("%s:%s", title, text);
}

static void report(bool last)
{
	torture_pipe_report(last);
	torture_readers_report();
}

static int stats_thread(void *data)
{
	for (;;) {
		torture_sleep(torture.stat_interval * HZ);
		if (torture_must_stop())
			break;
		report(false);
	}
	return 0;
}

/* What takes longer never ends, unless a section is stalled on purpose. */
#define HANG_SECONDS 20

/* Reports threads that have waited for too long, each once. */
static void check_threads(void)
{
	struct thread *thread;

	mutex_lock(&threads_lock);
	list_for_each_entry(thread, &threads, node) {
		unsigned long alive = READ_ONCE(thread->alive);
		unsigned long hang = (HANG_SECONDS + torture.stall_cpu) * HZ;

		if (!alive || time_before(jiffies, alive + hang))
			continue;
		torture_found("thread %s:%d has waited for %d s", thread->task->comm,
			      task_pid_nr(thread->task), HANG_SECONDS);
		WRITE_ONCE(thread->alive, 0);
	}
	mutex_unlock(&threads_lock);
}

static int watchdog_thread(void *data)
{
	unsigned long before = torture_type->completed(torture_structure);
	int seconds = 0;

	while (!torture_must_stop()) {
		unsigned long now;

		torture_sleep(HZ);
		now = torture_type->completed(torture_structure);
		seconds = now == before ? seconds + 1 : 0;
		before = now;
		if (seconds == HANG_SECONDS + torture.stall_cpu)
			torture_found("no grace period has ended for %d s", seconds);
		check_threads();
	}
	return 0;
}

/* The beginning and the end of the test */

/* Threads that enter sections. They are the first. */
static unsigned int nr_readers;

static void free_all(void)
{
	/* Waits for all callbacks, even if the type's drain is busted. */
	if (torture_structure)
		torture_type->unmake(torture_structure);
	torture_callbacks_free();
	torture_delays_free();
	torture_store_buffering_free();
	torture_readers_free();
	torture_branches_free();
}

/* Ends all threads, sections and callbacks. */
static void settle(void)
{
	WRITE_ONCE(stopping, true);
	wake_up_all(&stop_wq);
	torture_disturb_settle();
	stop_threads(nr_readers);
	torture_readers_settle();
	if (torture_type->repair)
		torture_type->repair(torture_structure);
	stop_threads(UINT_MAX);
	torture_pipe_settle();
}

static void end_test(void)
{
	bool is_good;

	settle();
	report(true);
	is_good = torture_pipe_is_whole();
	is_good &= torture_branches_report();
	is_good &= !atomic_read(&findings);
	torture_log_parameters(is_good ? "End of test: SUCCESS" : "End of test: FAILURE");
	free_all();
}

static DEFINE_MUTEX(end_lock);
static bool has_ended;

static void end_test_once(void)
{
	mutex_lock(&end_lock);
	if (!has_ended)
		end_test();
	has_ended = true;
	mutex_unlock(&end_lock);
}

static void shut_down(struct work_struct *work)
{
	end_test_once();
	kernel_power_off();
}

static DECLARE_DELAYED_WORK(shutdown_work, shut_down);

static int begin(void)
{
	const struct thread *thread;
	int err;

	/* Those that enter sections come first. */
	err = torture_readers_init() ?:
	      torture_store_buffering_init() ?:
	      torture_stall_init();
	list_for_each_entry(thread, &threads, node)
		nr_readers++;
	if (err)
		return err;
	err = torture_pipe_init() ?:
	      torture_callbacks_init() ?:
	      torture_disturb_init() ?:
	      torture_delays_init();
	if (!err && torture.stat_interval)
		err = torture_start(stats_thread, NULL, "stats", 0);
	return err ?: torture_start(watchdog_thread, NULL, "watchdog", 0);
}

static int __init epoch_torture_init(void)
{
	int err = torture_check_parameters();

	if (err)
		return err;
	while (!torture.seed)
		torture.seed = get_random_u32();
	err = torture_branches_init();
	if (err)
		return err;
	torture_structure = torture_type->make();
	if (!torture_structure) {
		free_all();
		return -ENOMEM;
	}
	if (torture.gpwrap && torture_type->start_before_wrap)
		torture_type->start_before_wrap(torture_structure);
	torture_log_parameters("Start of test");
	err = begin();
	if (err) {
		settle();
		free_all();
		return err;
	}
	if (torture.shutdown_secs)
		schedule_delayed_work(&shutdown_work, torture.shutdown_secs * HZ);
	return 0;
}
module_init(epoch_torture_init);

static void __exit epoch_torture_exit(void)
{
	cancel_delayed_work_sync(&shutdown_work);
	end_test_once();
}
module_exit(epoch_torture_exit);

MODULE_DESCRIPTION("Torture test of the epoch, as rcutorture is for RCU");
MODULE_LICENSE("GPL");
