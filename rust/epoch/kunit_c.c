// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the C interface: the inline functions of epoch.h and the Rust
 * code agree, and each function behaves as documented.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/debug_locks.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/kprobes.h>
#include <linux/kthread.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/spinlock.h>

#include <epoch.h>

static int epoch_c_init(struct kunit *test)
{
	test->priv = epoch_alloc("kunit_c", 0);
	return test->priv ? 0 : -ENOMEM;
}

static void epoch_c_exit(struct kunit *test)
{
	epoch_free(test->priv);
}

static void unknown_flags_are_refused(struct kunit *test)
{
	KUNIT_EXPECT_NULL(test, epoch_alloc("kunit_c", ~EPOCH_RCU));
	epoch_free(NULL);
}

static void sections_are_counted_as_in_rust(struct kunit *test)
{
	struct epoch *epoch = test->priv;
	struct epoch_section outer, inner;

	KUNIT_EXPECT_EQ(test, epoch_readers(epoch), 0);
	outer = epoch_enter(epoch);
	KUNIT_EXPECT_EQ(test, epoch_readers(epoch), 1);
	inner = epoch_enter(epoch);
	KUNIT_EXPECT_EQ(test, epoch_readers(epoch), 2);
	epoch_exit(epoch, outer);
	KUNIT_EXPECT_EQ(test, epoch_readers(epoch), 1);
	epoch_exit(epoch, inner);
	KUNIT_EXPECT_EQ(test, epoch_readers(epoch), 0);
	epoch_wait(epoch);
}

static void wait_is_a_grace_period(struct kunit *test)
{
	struct epoch *epoch = test->priv;
	unsigned long before = epoch_grace_periods(epoch);

	epoch_wait(epoch);
	KUNIT_EXPECT_EQ(test, epoch_grace_periods(epoch), before + 1);
}

struct waiter {
	struct epoch *epoch;
	struct completion started;
	struct completion done;
};

static int waiter_thread(void *data)
{
	struct waiter *waiter = data;

	complete(&waiter->started);
	epoch_wait(waiter->epoch);
	kthread_complete_and_exit(&waiter->done, 0);
}

struct section_on_cpu {
	struct epoch *epoch;
	struct epoch_section section;
};

static void enter_here(void *data)
{
	struct section_on_cpu *here = data;

	here->section = epoch_enter_detached(here->epoch);
}

static void exit_here(void *data)
{
	struct section_on_cpu *here = data;

	epoch_exit_detached(here->epoch, here->section);
}

static void wait_waits_for_section_that_ends_on_another_cpu(struct kunit *test)
{
	struct section_on_cpu section = { .epoch = test->priv };
	struct waiter waiter = { .epoch = test->priv };
	int first = cpumask_first(cpu_online_mask);
	int last = cpumask_last(cpu_online_mask);
	struct task_struct *task;

	KUNIT_ASSERT_NE(test, first, last);
	init_completion(&waiter.started);
	init_completion(&waiter.done);
	task = kthread_create(waiter_thread, &waiter, "epoch_kunit_c");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);

	smp_call_function_single(first, enter_here, &section, 1);
	wake_up_process(task);
	wait_for_completion(&waiter.started);
	msleep(20);
	KUNIT_EXPECT_FALSE(test, completion_done(&waiter.done));
	smp_call_function_single(last, exit_here, &section, 1);
	wait_for_completion(&waiter.done);
	KUNIT_EXPECT_EQ(test, epoch_readers(test->priv), 0);
}

static void wait_waits_for_fenced_section(struct kunit *test)
{
	struct epoch_fenced *fenced = epoch_fenced_alloc("kunit_c_fenced");
	struct waiter waiter = { .epoch = &fenced->epoch };
	struct epoch_section section;
	struct task_struct *task;

	KUNIT_ASSERT_NOT_NULL(test, fenced);
	init_completion(&waiter.started);
	init_completion(&waiter.done);
	task = kthread_create(waiter_thread, &waiter, "epoch_kunit_c");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);

	section = epoch_fenced_enter(fenced);
	KUNIT_EXPECT_EQ(test, epoch_readers(&fenced->epoch), 1);
	wake_up_process(task);
	wait_for_completion(&waiter.started);
	msleep(20);
	KUNIT_EXPECT_FALSE(test, completion_done(&waiter.done));
	epoch_fenced_exit(fenced, section);
	wait_for_completion(&waiter.done);
	KUNIT_EXPECT_EQ(test, epoch_readers(&fenced->epoch), 0);
	epoch_fenced_free(fenced);
	epoch_fenced_free(NULL);
}

struct killable_waiter {
	struct epoch *epoch;
	struct task_struct *task;
	struct completion started;
	struct completion done;
	int result;
};

static int killable_waiter_thread(void *data)
{
	struct killable_waiter *waiter = data;

	/* Kernel threads ignore the signal otherwise. */
	allow_signal(SIGKILL);
	complete(&waiter->started);
	waiter->result = epoch_wait_killable(waiter->epoch);
	kthread_complete_and_exit(&waiter->done, 0);
}

static void start_killable_waiter(struct kunit *test,
				  struct killable_waiter *waiter)
{
	waiter->epoch = test->priv;
	init_completion(&waiter->started);
	init_completion(&waiter->done);
	waiter->task = kthread_create(killable_waiter_thread, waiter,
				      "epoch_kunit_c");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, waiter->task);
	/* The task is sent a signal when it may have ended. */
	get_task_struct(waiter->task);
	wake_up_process(waiter->task);
	wait_for_completion(&waiter->started);
}

static void killed_wait_gives_up(struct kunit *test)
{
	/* Two waiters of the same grace period. */
	struct killable_waiter waiters[2] = {};
	struct epoch_section section;
	int i;

	section = epoch_enter_detached(test->priv);
	for (i = 0; i < 2; i++)
		start_killable_waiter(test, &waiters[i]);
	msleep(20);
	/* The last first, while the other still waits. */
	for (i = 1; i >= 0; i--) {
		KUNIT_EXPECT_FALSE(test, completion_done(&waiters[i].done));
		send_sig(SIGKILL, waiters[i].task, 1);
		wait_for_completion(&waiters[i].done);
		KUNIT_EXPECT_EQ(test, waiters[i].result, -EINTR);
		put_task_struct(waiters[i].task);
	}
	/* The engine abandons the grace period when it looks again. */
	msleep(20);
	KUNIT_EXPECT_EQ(test, epoch_grace_periods(test->priv), 0);
	KUNIT_EXPECT_EQ(test, epoch_readers(test->priv), 1);

	start_killable_waiter(test, &waiters[0]);
	epoch_exit_detached(test->priv, section);
	wait_for_completion(&waiters[0].done);
	KUNIT_EXPECT_EQ(test, waiters[0].result, 0);
	put_task_struct(waiters[0].task);
	KUNIT_EXPECT_GT(test, epoch_grace_periods(test->priv), 0);
}

static void expedited_wait_is_a_grace_period(struct kunit *test)
{
	struct epoch *rcu = epoch_alloc("kunit_c_rcu", EPOCH_RCU);

	KUNIT_ASSERT_NOT_NULL(test, rcu);
	epoch_wait_expedited(test->priv);
	epoch_wait_expedited(rcu);
	KUNIT_EXPECT_EQ(test, epoch_grace_periods(test->priv), 1);
	KUNIT_EXPECT_EQ(test, epoch_grace_periods(rcu), 1);
	epoch_free(rcu);
}

static void in_epoch_is_for_assertions(struct kunit *test)
{
	struct epoch_section section;

	/* Without lockdep, in_epoch() is always true. */
	KUNIT_EXPECT_EQ(test, in_epoch(test->priv), !IS_ENABLED(CONFIG_DEBUG_LOCK_ALLOC));
	section = epoch_enter(test->priv);
	KUNIT_EXPECT_TRUE(test, in_epoch(test->priv));
	epoch_exit(test->priv, section);
	KUNIT_EXPECT_EQ(test, in_epoch(test->priv), !IS_ENABLED(CONFIG_DEBUG_LOCK_ALLOC));
}

/* Heads that are queued once each, and the numbers queued and invoked. */
struct heads {
	struct epoch *epoch;
	raw_spinlock_t lock;
	int debug_locks;
	atomic_t queued;
	atomic_t invoked;
	struct head {
		struct epoch_context ctx;
		struct heads *heads;
	} head[400];
};

static struct heads *make_heads(struct kunit *test)
{
	struct heads *heads = kunit_kzalloc(test, sizeof(*heads), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, heads);
	heads->epoch = test->priv;
	raw_spin_lock_init(&heads->lock);
	heads->debug_locks = debug_locks;
	return heads;
}

static void head_invoked(struct epoch_context *ctx)
{
	struct head *head = container_of(ctx, struct head, ctx);

	atomic_inc(&head->heads->invoked);
}

/* Queues one more head, unless none is left. Any context. */
static bool queue_head(struct heads *heads)
{
	int next = atomic_fetch_add_unless(&heads->queued, 1, ARRAY_SIZE(heads->head));

	if (next == ARRAY_SIZE(heads->head))
		return false;
	heads->head[next].heads = heads;
	epoch_call(heads->epoch, head_invoked, &heads->head[next].ctx);
	return true;
}

static void expect_all_invoked(struct kunit *test, struct heads *heads)
{
	epoch_drain_callbacks(heads->epoch);
	KUNIT_EXPECT_GT(test, atomic_read(&heads->queued), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&heads->invoked), atomic_read(&heads->queued));
	/* Lockdep disables itself when it reports. */
	KUNIT_EXPECT_EQ(test, debug_locks, heads->debug_locks);
}

static void queue_with_raw_lock(void *data)
{
	struct heads *heads = data;
	unsigned long flags;

	raw_spin_lock_irqsave(&heads->lock, flags);
	queue_head(heads);
	raw_spin_unlock_irqrestore(&heads->lock, flags);
}

static void callback_may_be_queued_with_a_raw_lock_held(struct kunit *test)
{
	struct heads *heads = make_heads(test);
	int i;

	for (i = 0; i < 10; i++) {
		queue_with_raw_lock(heads);
		/* In interrupt context of each CPU. */
		on_each_cpu(queue_with_raw_lock, heads, 1);
	}
	expect_all_invoked(test, heads);
}

struct queueing_timer {
	struct hrtimer timer;
	struct heads *heads;
};

static enum hrtimer_restart timer_queues(struct hrtimer *timer)
{
	struct queueing_timer *queueing = container_of(timer, struct queueing_timer, timer);

	if (!queue_head(queueing->heads))
		return HRTIMER_NORESTART;
	hrtimer_forward_now(timer, us_to_ktime(20));
	return HRTIMER_RESTART;
}

/* The timer's interrupt arrives on the CPU that queues. */
static void callback_may_be_queued_while_another_one_is(struct kunit *test)
{
	struct queueing_timer queueing = { .heads = make_heads(test) };
	struct heads *heads = make_heads(test);

	hrtimer_setup_on_stack(&queueing.timer, timer_queues, CLOCK_MONOTONIC,
			       HRTIMER_MODE_REL_PINNED_HARD);
	migrate_disable();
	hrtimer_start(&queueing.timer, us_to_ktime(20), HRTIMER_MODE_REL_PINNED_HARD);
	while (atomic_read(&queueing.heads->queued) < ARRAY_SIZE(heads->head)) {
		/* Repeatedly, so that the queue is idle now and then. */
		if (!queue_head(heads)) {
			expect_all_invoked(test, heads);
			atomic_set(&heads->queued, 0);
			atomic_set(&heads->invoked, 0);
		}
		cond_resched();
	}
	migrate_enable();
	hrtimer_cancel(&queueing.timer);
	destroy_hrtimer_on_stack(&queueing.timer);
	epoch_drain_callbacks(test->priv);
	KUNIT_EXPECT_EQ(test, atomic_read(&heads->invoked), atomic_read(&heads->queued));
	expect_all_invoked(test, queueing.heads);
}

#ifdef CONFIG_KPROBES

static struct epoch *probe_epoch;
static unsigned long readers_in_probe;
static bool probe_is_nmi;

/* Not traced: so that a probe here is a breakpoint, and no ftrace hook. */
static noinline notrace void probed(void)
{
	barrier();
}

static int read_in_probe(struct kprobe *probe, struct pt_regs *regs)
{
	struct epoch_section section = epoch_enter(probe_epoch);

	readers_in_probe = epoch_readers(probe_epoch);
	probe_is_nmi = in_nmi();
	epoch_exit(probe_epoch, section);
	return 0;
}

static void sections_may_be_in_a_kprobe(struct kunit *test)
{
	struct kprobe probe = { .addr = (kprobe_opcode_t *)probed,
				.pre_handler = read_in_probe };
	struct epoch_section section;

	probe_epoch = test->priv;
	KUNIT_ASSERT_EQ(test, register_kprobe(&probe), 0);
	section = epoch_enter(probe_epoch);
	probed();
	epoch_exit(probe_epoch, section);
	unregister_kprobe(&probe);
	/* The handler's section, and the one that it interrupted. */
	KUNIT_EXPECT_EQ(test, readers_in_probe, 2);
	KUNIT_EXPECT_EQ(test, epoch_readers(probe_epoch), 0);
	/* A breakpoint handler runs in NMI context. */
	KUNIT_EXPECT_TRUE(test, probe_is_nmi || !IS_ENABLED(CONFIG_X86_64));
	epoch_wait(probe_epoch);
}

/* A probe whose handler queues a callback at each hit. */
struct queueing_probe {
	struct kprobe probe;
	struct heads *heads;
	int nmis;
};

static int probe_queues(struct kprobe *probe, struct pt_regs *regs)
{
	struct queueing_probe *queueing = container_of(probe, struct queueing_probe, probe);

	queueing->nmis += !!in_nmi();
	queue_head(queueing->heads);
	return 0;
}

static void callback_may_be_queued_in_a_kprobe(struct kunit *test)
{
	struct queueing_probe queueing = {
		.probe = { .addr = (kprobe_opcode_t *)probed, .pre_handler = probe_queues },
		.heads = make_heads(test),
	};
	int i;

	KUNIT_ASSERT_EQ(test, register_kprobe(&queueing.probe), 0);
	for (i = 0; i < 10; i++) {
		probed();
		/* The queue is idle at some of the hits. */
		if (i % 3 == 0)
			epoch_drain_callbacks(test->priv);
	}
	unregister_kprobe(&queueing.probe);
	/* NMI context, until the breakpoint has been replaced by a jump. */
	KUNIT_EXPECT_TRUE(test, queueing.nmis > 0 || !IS_ENABLED(CONFIG_X86_64));
	expect_all_invoked(test, queueing.heads);
	KUNIT_EXPECT_EQ(test, atomic_read(&queueing.heads->invoked), 10);
}

/* In the middle of epoch_call(): its callback is queued, and the queue not yet handed on. */
static void call_may_interrupt_call(struct kunit *test)
{
	struct queueing_probe queueing = {
		.probe = { .symbol_name = "epoch_queue_arrived", .pre_handler = probe_queues },
		.heads = make_heads(test),
	};
	struct heads *heads = make_heads(test);
	int i;

	KUNIT_ASSERT_EQ(test, register_kprobe(&queueing.probe), 0);
	for (i = 0; i < 20; i++) {
		queue_head(heads);
		epoch_drain_callbacks(test->priv);
	}
	unregister_kprobe(&queueing.probe);
	expect_all_invoked(test, heads);
	expect_all_invoked(test, queueing.heads);
}

/* Functions that the scheduler calls with the lock of a runqueue held. */
static const char * const under_runqueue_lock[] = {
	"enqueue_task_fair", "dequeue_task_fair", "update_curr", "task_tick_fair",
};

static void callback_may_be_queued_with_the_lock_of_a_runqueue_held(struct kunit *test)
{
	struct heads *heads = make_heads(test);
	int probes = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(under_runqueue_lock); i++) {
		struct queueing_probe queueing = {
			.probe = { .symbol_name = under_runqueue_lock[i],
				   .pre_handler = probe_queues },
			.heads = heads,
		};
		int j;

		if (register_kprobe(&queueing.probe))
			continue;
		probes++;
		for (j = 0; j < 5; j++) {
			epoch_drain_callbacks(test->priv);
			msleep(20);
		}
		unregister_kprobe(&queueing.probe);
	}
	KUNIT_EXPECT_GT(test, probes, 0);
	expect_all_invoked(test, heads);
}

#else

static void sections_may_be_in_a_kprobe(struct kunit *test)
{
	kunit_skip(test, "no kprobes in this kernel");
}

static void callback_may_be_queued_in_a_kprobe(struct kunit *test)
{
	kunit_skip(test, "no kprobes in this kernel");
}

static void call_may_interrupt_call(struct kunit *test)
{
	kunit_skip(test, "no kprobes in this kernel");
}

static void callback_may_be_queued_with_the_lock_of_a_runqueue_held(struct kunit *test)
{
	kunit_skip(test, "no kprobes in this kernel");
}

#endif

struct counted {
	struct epoch_context ctx;
	int *runs;
};

static void count_and_free(struct epoch_context *ctx)
{
	struct counted *counted = container_of(ctx, struct counted, ctx);

	(*counted->runs)++;
	kfree(counted);
}

static void callbacks_run_after_the_section(struct kunit *test)
{
	struct epoch *epoch = test->priv;
	struct epoch_section section = epoch_enter(epoch);
	int runs = 0;
	int i;

	for (i = 0; i < 100; i++) {
		struct counted *counted = kmalloc(sizeof(*counted), GFP_KERNEL);

		if (!counted)
			break;
		counted->runs = &runs;
		epoch_call(epoch, count_and_free, &counted->ctx);
	}
	msleep(20);
	KUNIT_EXPECT_EQ(test, READ_ONCE(runs), 0);
	epoch_exit(epoch, section);
	epoch_drain_callbacks(epoch);
	KUNIT_EXPECT_EQ(test, runs, i);
	KUNIT_EXPECT_EQ(test, i, 100);
}

struct again {
	struct epoch_context ctx;
	struct epoch *epoch;
	int left;
};

static void give_again(struct epoch_context *ctx)
{
	struct again *again = container_of(ctx, struct again, ctx);

	if (--again->left)
		epoch_call(again->epoch, give_again, ctx);
}

static void callback_may_give_itself_again(struct kunit *test)
{
	struct again again = { .epoch = test->priv, .left = 3 };
	int i;

	epoch_call(test->priv, give_again, &again.ctx);
	/* Each call waits for at least one more invocation. */
	for (i = 0; i < 3; i++)
		epoch_drain_callbacks(test->priv);
	KUNIT_EXPECT_EQ(test, again.left, 0);
}

static void free_waits_for_callbacks(struct kunit *test)
{
	struct epoch *epoch = epoch_alloc("kunit_c_free", 0);
	struct again again = { .epoch = epoch, .left = 3 };

	KUNIT_ASSERT_NOT_NULL(test, epoch);
	epoch_call(epoch, give_again, &again.ctx);
	epoch_free(epoch);
	KUNIT_EXPECT_EQ(test, again.left, 0);
}

static struct kunit_case epoch_c_cases[] = {
	KUNIT_CASE(unknown_flags_are_refused),
	KUNIT_CASE(sections_are_counted_as_in_rust),
	KUNIT_CASE(wait_is_a_grace_period),
	KUNIT_CASE(wait_waits_for_section_that_ends_on_another_cpu),
	KUNIT_CASE(wait_waits_for_fenced_section),
	KUNIT_CASE(killed_wait_gives_up),
	KUNIT_CASE(expedited_wait_is_a_grace_period),
	KUNIT_CASE(in_epoch_is_for_assertions),
	KUNIT_CASE(sections_may_be_in_a_kprobe),
	KUNIT_CASE(callback_may_be_queued_with_a_raw_lock_held),
	KUNIT_CASE(callback_may_be_queued_while_another_one_is),
	KUNIT_CASE(callback_may_be_queued_in_a_kprobe),
	KUNIT_CASE(call_may_interrupt_call),
	KUNIT_CASE(callback_may_be_queued_with_the_lock_of_a_runqueue_held),
	KUNIT_CASE(callbacks_run_after_the_section),
	KUNIT_CASE(callback_may_give_itself_again),
	KUNIT_CASE(free_waits_for_callbacks),
	{}
};

static struct kunit_suite epoch_c_suite = {
	.name = "epoch_c",
	.init = epoch_c_init,
	.exit = epoch_c_exit,
	.test_cases = epoch_c_cases,
};

kunit_test_suite(epoch_c_suite);
