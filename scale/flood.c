// SPDX-License-Identifier: GPL-2.0
/*
 * A flood of callbacks: writers allocate objects, and queue callbacks that free
 * them after a grace period, as fast as they can.
 */
#define pr_fmt(fmt) fmt

#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/printk.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "flood.h"

/* Bytes that a writer queues before it checks how many objects are pending. */
#define LOOK_EVERY SZ_256K

static DEFINE_PER_CPU(unsigned long, given);
static DEFINE_PER_CPU(unsigned long, freed);

static size_t size;
static unsigned long limit;
static unsigned int seconds;
static bool throttled;
static unsigned long end;
static u64 start;
/* Objects. */
static atomic_long_t peak;
static atomic_long_t pauses;
/* Pages. */
static long available;
static long least_available;

static unsigned long sum(unsigned long __percpu *counter)
{
	unsigned long total = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		total += READ_ONCE(*per_cpu_ptr(counter, cpu));
	return total;
}

static unsigned long look_at_pending(void)
{
	/* In this order, it is never negative. */
	unsigned long gone = sum(&freed);
	long pending = sum(&given) - gone;
	long before = atomic_long_read(&peak);

	while (pending > before && !atomic_long_try_cmpxchg(&peak, &before, pending))
		;
	return pending;
}

/* Returns whether the flood continues. */
static bool flooding(const bool *stopping)
{
	return time_before(jiffies, end) && !READ_ONCE(*stopping);
}

/**
 * flood_begin() - record the state at the beginning of a flood
 * @duration: its duration in seconds
 * @limit_mb: MiB of objects that may be pending, or 0 for a quarter of the available memory
 * @object_size: size of an object in bytes
 * @throttle: let the type throttle writers, if it can
 *
 * No other flood may be going on.
 */
void flood_begin(unsigned int duration, unsigned int limit_mb, size_t object_size, bool throttle)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		*per_cpu_ptr(&given, cpu) = 0;
		*per_cpu_ptr(&freed, cpu) = 0;
	}
	size = kmalloc_size_roundup(max(object_size, sizeof(struct scale_callback)));
	available = si_mem_available();
	least_available = available;
	limit = (limit_mb ? (unsigned long)limit_mb << 20 : available / 4 * PAGE_SIZE) / size;
	atomic_long_set(&peak, 0);
	atomic_long_set(&pauses, 0);
	seconds = duration;
	throttled = throttle;
	start = ktime_get_mono_fast_ns();
	end = jiffies + duration * HZ;
}

/**
 * flood_look() - record how much is pending, and how much memory is available
 */
void flood_look(void)
{
	look_at_pending();
	least_available = min(least_available, si_mem_available());
}

static void free_object(struct scale_callback *cb)
{
	kfree(cb);
	this_cpu_inc(freed);
}

/**
 * flood_writer() - queue callbacks until the flood is over, and wait for them
 * @type: the type that invokes them
 * @structure: its structure
 * @stopping: set when the function must return at once
 */
void flood_writer(const struct scale_type *type, void *structure, const bool *stopping)
{
	unsigned int look_every = clamp(LOOK_EVERY / size, 1, 1024);
	unsigned int n = 0;

	while (flooding(stopping)) {
		struct scale_callback *cb;

		if (++n % look_every == 0 && look_at_pending() > limit) {
			atomic_long_inc(&pauses);
			do {
				schedule_timeout_idle(1);
			} while (look_at_pending() > limit && flooding(stopping));
		}
		cb = kmalloc(size, GFP_KERNEL | __GFP_NOWARN);
		if (!cb) {
			atomic_long_inc(&pauses);
			schedule_timeout_idle(1);
			continue;
		}
		cb->done = free_object;
		this_cpu_inc(given);
		if (throttled && type->throttle)
			type->throttle(structure);
		type->call(structure, cb);
		cond_resched();
	}
	type->drain(structure);
}

/**
 * flood_report() - log the results of a flood
 * @type: the type that invoked the callbacks
 */
void flood_report(const struct scale_type *type)
{
	u64 elapsed = ktime_get_mono_fast_ns() - start;
	u64 drain = elapsed - min(elapsed, (u64)seconds * NSEC_PER_SEC);
	unsigned long total = sum(&given);
	unsigned long most = atomic_long_read(&peak);

	pr_info("%s-scale: flood: %lu callbacks in %u s, %lu a second; peak %lu pending, %lu KiB of objects, %ld KiB of memory; limit %lu KiB, %lu pauses; drained in %llu ms\n",
		type->name, total, seconds, total / seconds, most, most * size >> 10,
		(available - least_available) << (PAGE_SHIFT - 10), limit * size >> 10,
		atomic_long_read(&pauses), div_u64(drain, NSEC_PER_MSEC));
}
