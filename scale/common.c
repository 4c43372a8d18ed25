// SPDX-License-Identifier: GPL-2.0
/*
 * What both modules do alike: parameters, threads, statistics.
 */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>

#include "scale.h"

static bool chosen(const struct scale_choice *choice, const struct scale_type *type)
{
	unsigned int i;

	for (i = 0; i < choice->n; i++) {
		if (choice->type[i] == type)
			return true;
	}
	return false;
}

static int add(struct scale_choice *choice, const struct scale_type *type)
{
	int err = type->init ? type->init() : 0;

	if (!err)
		choice->type[choice->n++] = type;
	return err;
}

static int add_named(struct scale_choice *choice, const char *name,
		     const struct scale_type * const types[])
{
	unsigned int i;
	int err;

	for (i = 0; types[i]; i++) {
		if (strcmp(name, "all") && strcmp(name, types[i]->name))
			continue;
		if (chosen(choice, types[i])) {
			pr_err("%s: scale_type names %s twice\n", THIS_MODULE->name,
			       types[i]->name);
			return -EINVAL;
		}
		err = add(choice, types[i]);
		if (err)
			return err;
		if (strcmp(name, "all"))
			return 0;
	}
	if (!strcmp(name, "all"))
		return 0;

	pr_err("%s: scale_type has no \"%s\"; it takes \"all\", or with commas some of these:\n",
	       THIS_MODULE->name, name);
	for (i = 0; types[i]; i++)
		pr_err("%s: %s\n", THIS_MODULE->name, types[i]->name);
	return -EINVAL;
}

/**
 * scale_choose() - make the types ready that a parameter names
 * @choice: empty; what was made ready, for scale_release(), also on an error
 * @names: names of types with commas in between, or "all"
 * @types: those there are
 *
 * Return: 0, or an error; if it is the names', the log says what is wrong.
 */
int scale_choose(struct scale_choice *choice, const char *names,
		 const struct scale_type * const types[])
{
	char *copy = kstrdup(names, GFP_KERNEL);
	char *rest = copy;
	char *name;
	int err = 0;

	if (!copy)
		return -ENOMEM;
	while (!err && (name = strsep(&rest, ",")))
		err = add_named(choice, name, types);
	kfree(copy);
	return err;
}

/**
 * scale_release() - undo scale_choose()
 * @choice: the types
 */
void scale_release(struct scale_choice *choice)
{
	while (choice->n) {
		const struct scale_type *type = choice->type[--choice->n];

		if (type->exit)
			type->exit();
	}
}

/**
 * scale_base() - index of the type that the others are compared with
 * @choice: the types
 *
 * Return: that of the epoch, or -1 if it is not among them.
 */
int scale_base(const struct scale_choice *choice)
{
	unsigned int i;

	for (i = 0; i < choice->n; i++) {
		if (!strcmp(choice->type[i]->name, "epoch"))
			return i;
	}
	return -1;
}

/**
 * scale_check() - refuse a parameter that is out of range
 * @name: the parameter
 * @value: what it was set to
 * @min: the least that it takes
 * @max: the most that it takes
 *
 * Return: 0, or -EINVAL when the log says what is wrong.
 */
int scale_check(const char *name, int value, int min, int max)
{
	if (value >= min && value <= max)
		return 0;
	pr_err("%s: %s=%d is not from %d to %d\n", THIS_MODULE->name, name, value, min, max);
	return -EINVAL;
}

/**
 * scale_thread() - start a thread on a CPU of its own, as far as there are some
 * @fn: what it runs, until kthread_should_stop()
 * @data: for @fn
 * @name: its name
 * @i: its number, from 0
 *
 * Return: the thread, or NULL.
 */
struct task_struct *scale_thread(int (*fn)(void *), void *data, const char *name, unsigned int i)
{
	struct task_struct *task = kthread_create(fn, data, "%s/%u", name, i);

	if (IS_ERR(task))
		return NULL;
	cpus_read_lock();
	kthread_bind(task, cpumask_nth(i % num_online_cpus(), cpu_online_mask));
	cpus_read_unlock();
	wake_up_process(task);
	return task;
}

/**
 * scale_stop() - stop a thread
 * @task: the thread, or NULL
 */
void scale_stop(struct task_struct *task)
{
	if (task)
		kthread_stop(task);
}

/**
 * scale_wait_for_stop() - let the thread that calls it sleep until it is stopped
 */
void scale_wait_for_stop(void)
{
	for (;;) {
		set_current_state(TASK_IDLE);
		if (kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
}

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a;
	u64 y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

/* The value at so many quarters of sorted figures. */
static u64 quartile(const u64 *figures, unsigned int n, unsigned int quarters)
{
	u64 at = (u64)(n - 1) * quarters;

	return (figures[at / 4] + figures[(at + 3) / 4]) / 2;
}

/**
 * scale_milli() - write a number that is given in thousandths
 * @text: where to
 * @value: the thousandths
 */
void scale_milli(struct scale_text *text, u64 value)
{
	u32 rest;
	u64 whole = div_u64_rem(value, 1000, &rest);

	scnprintf(text->text, sizeof(text->text), "%llu.%03u", whole, rest);
}

/**
 * scale_summary() - print the line that sums up a type
 * @name: what the line begins with: the type, and what was measured
 * @figures: thousandths of a nanosecond
 * @base: what the epoch took, each next to the figure of the same index, or NULL
 * @n: how many of each, 1 or more
 * @spare: room for as many
 */
void scale_summary(const char *name, const u64 *figures, const u64 *base, unsigned int n,
		   u64 *spare)
{
	struct scale_text median, lower, upper, ratio;
	unsigned int i;

	for (i = 0; base && i < n; i++)
		spare[i] = div64_u64(figures[i] * 1000, base[i] ?: 1);
	if (base) {
		sort(spare, n, sizeof(*spare), compare, NULL);
		scale_milli(&ratio, quartile(spare, n, 2));
	}
	memcpy(spare, figures, n * sizeof(*spare));
	sort(spare, n, sizeof(*spare), compare, NULL);
	scale_milli(&median, quartile(spare, n, 2));
	scale_milli(&lower, quartile(spare, n, 1));
	scale_milli(&upper, quartile(spare, n, 3));

	pr_info("%s: median %s ns, quartiles %s %s%s%s%s\n", name, median.text, lower.text,
		upper.text, base ? ", " : "", base ? ratio.text : "", base ? " times epoch" : "");
}
