// SPDX-License-Identifier: GPL-2.0
/*
 * Delays at random instructions of epoch.ko: a probe there keeps a CPU busy for
 * a while, so that others come between two instructions that otherwise follow
 * each other at once. DataCollider found data races in kernels so (Erickson et
 * al., OSDI 2010); here the other checks find what a delay has led to.
 *
 * Most of the module does not run in a test, and what does so most often should
 * not get most of the delays. So each probe delays one execution in a round. One
 * that was not executed moves: near one that was, or anywhere. That takes time,
 * since the kernel searches all its tables for each new probe, so that only few
 * move in a round.
 */
#define pr_fmt(fmt) fmt

#include <linux/atomic.h>
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/sched/clock.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "torture.h"

#define ROUND (HZ / 10)
#define MOVES 2

/**
 * struct point - an instruction at which a CPU is delayed
 * @probe: the probe there, if @is_set
 * @left: executions up to the one that is delayed
 * @skipped: executions before that one
 * @delay_ns: for how long
 * @is_set: the probe is registered
 * @is_busy: the instruction was executed
 */
struct point {
	struct kprobe probe;
	atomic_t left;
	int skipped;
	u32 delay_ns;
	bool is_set;
	bool is_busy;
};

static struct point *points;

static int delay(struct kprobe *probe, struct pt_regs *regs)
{
	struct point *point = container_of(probe, struct point, probe);
	u64 until;

	if (atomic_dec_return(&point->left) != 0)
		return 0;
	torture_taken(TORTURE_delayed);
	until = local_clock() + READ_ONCE(point->delay_ns);
	while (local_clock() < until)
		cpu_relax();
	return 0;
}
NOKPROBE_SYMBOL(delay);

/* A probe with such a function is not made a jump: that waits for all tasks, with a lock held. */
static void after(struct kprobe *probe, struct pt_regs *regs, unsigned long flags)
{
}
NOKPROBE_SYMBOL(after);

/* Returns a random number below @limit; half of them are below half of it, and so on. */
static u32 random_scale(struct rnd_state *random, u32 limit)
{
	return torture_random(random, max(limit >> torture_random(random, 8), 1));
}

/* Chooses which execution is delayed in the next round. The probe may be executed meanwhile. */
static void arm(struct point *point, struct rnd_state *random)
{
	WRITE_ONCE(point->delay_ns, random_scale(random, torture.delay_us * NSEC_PER_USEC));
	point->skipped = random_scale(random, 256);
	atomic_set(&point->left, point->skipped + 1);
}

static struct point *random_point(struct rnd_state *random)
{
	return &points[torture_random(random, torture.delays)];
}

/* The module's code is within this distance of any of its functions. */
#define REACH SZ_128K
#define NEAR 32

/* Returns a random address in epoch.ko, or NULL if this try found none. */
static kprobe_opcode_t *random_address(struct rnd_state *random)
{
	static char name[KSYM_SYMBOL_LEN];
	const struct point *other = random_point(random);
	unsigned long address = (unsigned long)epoch_wait;
	u32 reach = REACH;

	if (other->is_busy && torture_one_in(random, 2)) {
		address = (unsigned long)other->probe.addr;
		reach = NEAR;
	}
	address = address - reach + torture_random(random, 2 * reach);
	sprint_symbol(name, address);
	return strstr(name, "[epoch]") ? (kprobe_opcode_t *)address : NULL;
}

/* One address in ten or so is the first of an instruction in epoch.ko. */
#define TRIES 100

static void move(struct point *point, struct rnd_state *random)
{
	unsigned int i;

	if (point->is_set)
		unregister_kprobe(&point->probe);
	point->is_set = false;
	point->is_busy = false;
	for (i = 0; i < TRIES && !point->is_set; i++) {
		memset(&point->probe, 0, sizeof(point->probe));
		point->probe.addr = random_address(random);
		if (!point->probe.addr)
			continue;
		point->probe.pre_handler = delay;
		point->probe.post_handler = after;
		arm(point, random);
		/* Refuses what is no instruction, or must not be probed. */
		point->is_set = !register_kprobe(&point->probe);
	}
}

static void make_round(struct rnd_state *random)
{
	int i;

	for (i = 0; i < torture.delays; i++) {
		struct point *point = &points[i];

		point->is_busy |= point->is_set && atomic_read(&point->left) <= point->skipped;
		if (point->is_busy)
			arm(point, random);
	}
	for (i = 0; i < MOVES; i++) {
		struct point *point = random_point(random);

		/* Many that are not busy find those that are; some busy ones move, too. */
		if (!point->is_busy || torture_one_in(random, 8))
			move(point, random);
	}
}

static int delays_thread(void *data)
{
	static struct kprobe *probes[TORTURE_MAX_DELAYS];
	struct rnd_state random;
	int i, n = 0;

	torture_random_init(&random, 7);
	while (!torture_must_stop()) {
		make_round(&random);
		torture_sleep(ROUND);
	}
	for (i = 0; i < torture.delays; i++) {
		if (points[i].is_set)
			probes[n++] = &points[i].probe;
	}
	unregister_kprobes(probes, n);
	return 0;
}

int torture_delays_init(void)
{
	if (!torture.delays)
		return 0;
	points = kvcalloc(torture.delays, sizeof(*points), GFP_KERNEL | __GFP_NOWARN);
	if (!points)
		return -ENOMEM;
	torture_expect(TORTURE_delayed);
	return torture_start(delays_thread, NULL, "delays", 0);
}

/* Probes have been removed. */
void torture_delays_free(void)
{
	kvfree(points);
}
