// SPDX-License-Identifier: GPL-2.0
/*
 * The types that are compared. The address of the structure is in a register
 * while a loop is measured, or known to it.
 */
#include <linux/cache.h>
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/mutex.h>
#include <linux/percpu-rwsem.h>
#include <linux/slab.h>
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
 * The loop that is measured, the same for all types. The barriers stand for the
 * work inside a section, and for that outside.
 */
#define READ_LOOP(type, variables, enter, exit)				\
static __always_inline void type##_loop(void *structure, unsigned long loops, \
					unsigned int ns)		\
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
static void type##_read(void *structure, unsigned long loops)		\
{									\
	type##_loop(structure, loops, 0);				\
}									\
									\
static void type##_read_delayed(void *structure, unsigned long loops,	\
				unsigned int ns)			\
{									\
	type##_loop(structure, loops, ns);				\
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
READ_LOOP(type, struct epoch *e = structure; struct epoch_section section, \
	  section = enter, leave)					\
									\
static void *type##_make(void)						\
{									\
	return alloc;							\
}									\
									\
const struct scale_type symbol = {					\
	.name = text,							\
	.make = type##_make,						\
	.unmake = any_epoch_unmake,					\
	.read = type##_read,						\
	.read_delayed = type##_read_delayed,				\
	.wait = any_epoch_wait,						\
	.wait_expedited = any_epoch_wait_expedited,			\
	.call = any_epoch_call,						\
	.throttle = any_epoch_throttle,					\
	.drain = any_epoch_drain,					\
	.completed = any_epoch_completed,				\
}

static void any_epoch_unmake(void *structure)
{
	epoch_free(structure);
}

static void any_epoch_wait(void *structure)
{
	epoch_wait(structure);
}

static void any_epoch_wait_expedited(void *structure)
{
	epoch_wait_expedited(structure);
}

static void any_epoch_call(void *structure, struct scale_callback *cb)
{
	epoch_call(structure, epoch_callback, &cb->epoch);
}

static void any_epoch_throttle(void *structure)
{
	epoch_throttle(structure);
}

static void any_epoch_drain(void *structure)
{
	epoch_drain_callbacks(structure);
}

static unsigned long any_epoch_completed(void *structure)
{
	return epoch_grace_periods(structure) * 4;
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

static void rcu_wait(void *structure)
{
	synchronize_rcu();
}

static void rcu_wait_expedited(void *structure)
{
	synchronize_rcu_expedited();
}

static void rcu_call(void *structure, struct scale_callback *cb)
{
	call_rcu(&cb->rcu, rcu_callback);
}

static void rcu_drain(void *structure)
{
	rcu_barrier();
}

static unsigned long rcu_completed(void *structure)
{
	return get_state_synchronize_rcu();
}

const struct scale_type scale_rcu = {
	.name = "rcu",
	.read = rcu_read,
	.read_delayed = rcu_read_delayed,
	.wait = rcu_wait,
	.wait_expedited = rcu_wait_expedited,
	.call = rcu_call,
	.drain = rcu_drain,
	.completed = rcu_completed,
};

/* SRCU, in two of its flavours. */

READ_LOOP(srcu, struct srcu_struct *srcu = structure; int idx,
	  idx = srcu_read_lock(srcu), srcu_read_unlock(srcu, idx))
READ_LOOP(srcu_fast, struct srcu_struct *srcu = structure; struct srcu_ctr __percpu *scp,
	  scp = srcu_read_lock_fast(srcu), srcu_read_unlock_fast(srcu, scp))

static void *make_srcu(bool fast)
{
	struct srcu_struct *srcu = kzalloc(sizeof(*srcu), GFP_KERNEL);

	if (srcu && (fast ? init_srcu_struct_fast(srcu) : init_srcu_struct(srcu))) {
		kfree(srcu);
		return NULL;
	}
	return srcu;
}

static void *srcu_make(void)
{
	return make_srcu(false);
}

static void *srcu_fast_make(void)
{
	return make_srcu(true);
}

static void srcu_unmake(void *structure)
{
	if (!structure)
		return;
	cleanup_srcu_struct(structure);
	kfree(structure);
}

static void srcu_wait(void *structure)
{
	synchronize_srcu(structure);
}

static void srcu_wait_expedited(void *structure)
{
	synchronize_srcu_expedited(structure);
}

static void srcu_call(void *structure, struct scale_callback *cb)
{
	call_srcu(structure, &cb->rcu, rcu_callback);
}

static void srcu_drain(void *structure)
{
	srcu_barrier(structure);
}

static unsigned long srcu_completed(void *structure)
{
	return get_state_synchronize_srcu(structure);
}

#define SRCU_TYPE(type, symbol, text)					\
const struct scale_type symbol = {					\
	.name = text,							\
	.make = type##_make,						\
	.unmake = srcu_unmake,						\
	.read = type##_read,						\
	.read_delayed = type##_read_delayed,				\
	.wait = srcu_wait,						\
	.wait_expedited = srcu_wait_expedited,				\
	.call = srcu_call,						\
	.drain = srcu_drain,						\
	.completed = srcu_completed,					\
}

SRCU_TYPE(srcu, scale_srcu, "srcu");
SRCU_TYPE(srcu_fast, scale_srcu_fast, "srcu-fast");

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
