// SPDX-License-Identifier: GPL-2.0
/*
 * The types that are compared. What they are made of lies still while it is
 * measured: its address is known to the loop, or in a register.
 */
#include <linux/cache.h>
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/mutex.h>
#include <linux/percpu-rwsem.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>

#include "scale.h"

#define NOTHING ((void)0)

void scale_delay(unsigned int ns)
{
	udelay(ns / 1000);
	ndelay(ns % 1000);
}

/*
 * The loop that is measured, the same for all types. The barriers stand for
 * what a section does, and for what is done outside.
 */
#define READ_LOOP(type, variables, enter, exit)				\
static __always_inline void type##_loop(unsigned long loops, unsigned int ns) \
{									\
	variables;							\
									\
	while (loops--) {						\
		enter;							\
		if (ns)							\
			scale_delay(ns);				\
		barrier();						\
		exit;							\
		barrier();						\
	}								\
}									\
									\
static void type##_read(unsigned long loops)				\
{									\
	type##_loop(loops, 0);						\
}									\
									\
static void type##_read_delayed(unsigned long loops, unsigned int ns)	\
{									\
	type##_loop(loops, ns);						\
}

/* The loop alone. */

READ_LOOP(none, NOTHING, NOTHING, NOTHING)

const struct scale_type scale_none = {
	.name = "none",
	.read = none_read,
	.read_delayed = none_read_delayed,
};

/*
 * The epoch: one that interrupts the CPUs, one that waits for RCU, and one whose
 * readers have fences.
 */

static struct epoch *ipi_epoch;
static struct epoch *rcu_epoch;
static struct epoch *fenced_epoch;

static struct epoch *alloc_fenced(void)
{
	struct epoch_fenced *fenced = epoch_fenced_alloc("scale");

	return fenced ? &fenced->epoch : NULL;
}

#define fenced(e) container_of(e, struct epoch_fenced, epoch)

static void epoch_callback(struct epoch_context *ctx)
{
	struct scale_callback *cb = container_of(ctx, struct scale_callback, epoch);

	cb->done(cb);
}

#define EPOCH_TYPE(type, symbol, text, alloc, enter, leave)		\
READ_LOOP(type, struct epoch *e = type; struct epoch_section section,	\
	  section = enter, leave)					\
									\
static int type##_init(void)						\
{									\
	type = alloc;							\
	return type ? 0 : -ENOMEM;					\
}									\
									\
static void type##_exit(void)						\
{									\
	epoch_free(type);						\
}									\
									\
static void type##_wait(void)						\
{									\
	epoch_wait(type);						\
}									\
									\
static void type##_wait_expedited(void)					\
{									\
	epoch_wait_expedited(type);					\
}									\
									\
static void type##_call(struct scale_callback *cb)			\
{									\
	epoch_call(type, epoch_callback, &cb->epoch);			\
}									\
									\
static void type##_throttle(void)					\
{									\
	epoch_throttle(type);						\
}									\
									\
static void type##_drain(void)						\
{									\
	epoch_drain_callbacks(type);					\
}									\
									\
static unsigned long type##_completed(void)			\
{									\
	return epoch_grace_periods(type) * 4;				\
}									\
									\
const struct scale_type symbol = {					\
	.name = text,							\
	.init = type##_init,						\
	.exit = type##_exit,						\
	.read = type##_read,						\
	.read_delayed = type##_read_delayed,				\
	.wait = type##_wait,						\
	.wait_expedited = type##_wait_expedited,			\
	.call = type##_call,						\
	.throttle = type##_throttle,					\
	.drain = type##_drain,						\
	.completed = type##_completed,					\
}

EPOCH_TYPE(ipi_epoch, scale_epoch, "epoch", epoch_alloc("scale", 0),
	   epoch_enter(e), epoch_exit(e, section));
EPOCH_TYPE(rcu_epoch, scale_epoch_rcu, "epoch-rcu", epoch_alloc("scale", EPOCH_RCU),
	   epoch_enter(e), epoch_exit(e, section));
EPOCH_TYPE(fenced_epoch, scale_epoch_fenced, "epoch-fenced", alloc_fenced(),
	   epoch_fenced_enter(fenced(e)), epoch_fenced_exit(fenced(e), section));

/* RCU */

static void rcu_callback(struct rcu_head *rcu)
{
	struct scale_callback *cb = container_of(rcu, struct scale_callback, rcu);

	cb->done(cb);
}

READ_LOOP(rcu, NOTHING, rcu_read_lock(), rcu_read_unlock())

static void rcu_call(struct scale_callback *cb)
{
	call_rcu(&cb->rcu, rcu_callback);
}

static unsigned long rcu_completed(void)
{
	return get_state_synchronize_rcu();
}

const struct scale_type scale_rcu = {
	.name = "rcu",
	.read = rcu_read,
	.read_delayed = rcu_read_delayed,
	.wait = synchronize_rcu,
	.wait_expedited = synchronize_rcu_expedited,
	.call = rcu_call,
	.drain = rcu_barrier,
	.completed = rcu_completed,
};

/* SRCU, in two of its flavours. */

DEFINE_STATIC_SRCU(full_srcu);
DEFINE_STATIC_SRCU_FAST(fast_srcu);

READ_LOOP(full_srcu, int idx,
	  idx = srcu_read_lock(&full_srcu), srcu_read_unlock(&full_srcu, idx))
READ_LOOP(fast_srcu, struct srcu_ctr __percpu *scp,
	  scp = srcu_read_lock_fast(&fast_srcu),
	  srcu_read_unlock_fast(&fast_srcu, scp))

#define SRCU_TYPE(type, symbol, text)					\
static void type##_wait(void)						\
{									\
	synchronize_srcu(&type);					\
}									\
									\
static void type##_wait_expedited(void)					\
{									\
	synchronize_srcu_expedited(&type);				\
}									\
									\
static void type##_call(struct scale_callback *cb)			\
{									\
	call_srcu(&type, &cb->rcu, rcu_callback);			\
}									\
									\
static void type##_drain(void)						\
{									\
	srcu_barrier(&type);						\
}									\
									\
static unsigned long type##_completed(void)			\
{									\
	return get_state_synchronize_srcu(&type);			\
}									\
									\
const struct scale_type symbol = {					\
	.name = text,							\
	.read = type##_read,						\
	.read_delayed = type##_read_delayed,				\
	.wait = type##_wait,						\
	.wait_expedited = type##_wait_expedited,			\
	.call = type##_call,						\
	.drain = type##_drain,						\
	.completed = type##_completed,					\
}

SRCU_TYPE(full_srcu, scale_srcu, "srcu");
SRCU_TYPE(fast_srcu, scale_srcu_fast, "srcu-fast");

/* Locks, as readers take them. */

DEFINE_STATIC_PERCPU_RWSEM(percpu_rwsem);

READ_LOOP(percpu_rwsem, NOTHING,
	  percpu_down_read(&percpu_rwsem), percpu_up_read(&percpu_rwsem))

const struct scale_type scale_percpu_rwsem = {
	.name = "percpu_rwsem",
	.read = percpu_rwsem_read,
	.read_delayed = percpu_rwsem_read_delayed,
};

static __cacheline_aligned_in_smp DEFINE_RWLOCK(rwlock);

READ_LOOP(rwlock, NOTHING, read_lock(&rwlock), read_unlock(&rwlock))

const struct scale_type scale_rwlock = {
	.name = "rwlock",
	.read = rwlock_read,
	.read_delayed = rwlock_read_delayed,
};

static __cacheline_aligned_in_smp DEFINE_MUTEX(mutex);

READ_LOOP(mutex, NOTHING, mutex_lock(&mutex), mutex_unlock(&mutex))

const struct scale_type scale_mutex = {
	.name = "mutex",
	.read = mutex_read,
	.read_delayed = mutex_read_delayed,
};
