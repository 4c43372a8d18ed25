// SPDX-License-Identifier: GPL-2.0
/*
 * Many structures at a time: the time and the memory that one takes.
 */
#define pr_fmt(fmt) fmt

#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/vmstat.h>

#include "alive.h"

/* Numbers of free pages, and of pages of slabs. */
struct pages {
	long free;
	long slab;
};

static struct pages look_at_pages(void)
{
	/* CPUs add up their counts once a second. */
	schedule_timeout_idle(HZ + HZ / 4);
	return (struct pages) {
		.free = global_zone_page_state(NR_FREE_PAGES),
		.slab = global_node_page_state_pages(NR_SLAB_RECLAIMABLE_B) +
			global_node_page_state_pages(NR_SLAB_UNRECLAIMABLE_B),
	};
}

/**
 * alive_run() - make structures, free them, and log the time and the memory that took
 * @type: a type with structures
 * @n: their number
 * @stopping: set when the function must return at once
 *
 * Return: 0, or -ENOMEM if fewer could be made, which is logged.
 */
int alive_run(const struct scale_type *type, unsigned int n, const bool *stopping)
{
	void **structures = kvcalloc(n, sizeof(*structures), GFP_KERNEL);
	struct pages before, after;
	u64 start, made, freed;
	unsigned int i, done;

	if (!structures)
		return -ENOMEM;
	before = look_at_pages();
	start = ktime_get_mono_fast_ns();
	for (done = 0; done < n && !READ_ONCE(*stopping); done++) {
		structures[done] = type->make();
		if (!structures[done])
			break;
		cond_resched();
	}
	made = ktime_get_mono_fast_ns() - start;
	after = look_at_pages();
	start = ktime_get_mono_fast_ns();
	for (i = 0; i < done; i++) {
		type->unmake(structures[i]);
		cond_resched();
	}
	freed = ktime_get_mono_fast_ns() - start;
	kvfree(structures);

	if (READ_ONCE(*stopping))
		return 0;
	if (done < n) {
		pr_err("%s-scale: alive: no memory for more than %u\n", type->name, done);
		return -ENOMEM;
	}
	pr_info("%s-scale: alive: %u made in %llu ns each, freed in %llu ns each; %lld bytes each, %lld of them in slabs\n",
		type->name, n, div_u64(made, n), div_u64(freed, n),
		div_s64((before.free - after.free) * (s64)PAGE_SIZE, n),
		div_s64((after.slab - before.slab) * (s64)PAGE_SIZE, n));
	return 0;
}
