// SPDX-License-Identifier: GPL-2.0
/*
 * Parameters, threads and statistics, for both modules.
 */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/hardirq.h>
#include <linux/kthread.h>
#include <linux/math.h>
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
		if (choice->subjects[i].type == type)
			return true;
	}
	return false;
}

static int add(struct scale_choice *choice, const struct scale_type *type)
{
	void **structures = kvcalloc(choice->nstructs, sizeof(*structures), GFP_KERNEL);
	unsigned int i;

	if (!structures)
		return -ENOMEM;
	choice->subjects[choice->n++] = (struct scale_subject) { type, structures };
	for (i = 0; type->make && i < choice->nstructs; i++) {
		structures[i] = type->make();
		if (!structures[i])
			return -ENOMEM;
		cond_resched();
	}
	return 0;
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

	pr_err("%s: scale_type has no \"%s\"; it takes \"all\", or a comma-separated list of:\n",
	       THIS_MODULE->name, name);
	for (i = 0; types[i]; i++)
		pr_err("%s: %s\n", THIS_MODULE->name, types[i]->name);
	return -EINVAL;
}

/**
 * scale_choose() - make structures of the types that a parameter names
 * @choice: empty at first; must be passed to scale_release(), also on an error
 * @names: names of types, separated by commas, or "all"
 * @types: all types, and NULL at the end
 * @nstructs: number of structures of each type
 *
 * Return: 0, or an error; an error in the names is logged.
 */
int scale_choose(struct scale_choice *choice, const char *names,
		 const struct scale_type * const types[], unsigned int nstructs)
{
	char *copy = kstrdup(names, GFP_KERNEL);
	char *rest = copy;
	char *name;
	int err = 0;

	if (!copy)
		return -ENOMEM;
	choice->nstructs = nstructs;
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
		const struct scale_type *type = choice->subjects[--choice->n].type;
		void **structures = choice->subjects[choice->n].structures;
		unsigned int i;

		for (i = 0; type->unmake && i < choice->nstructs; i++) {
			type->unmake(structures[i]);
			cond_resched();
		}
		kvfree(structures);
	}
}

/**
 * scale_base() - find the type that the others are compared with
 * @choice: the types
 *
 * Return: the index of the epoch, or -1 if it is not among the types.
 */
int scale_base(const struct scale_choice *choice)
{
	unsigned int i;

	for (i = 0; i < choice->n; i++) {
		if (!strcmp(choice->subjects[i].type->name, "epoch"))
			return i;
	}
	return -1;
}

/**
 * scale_check() - refuse a parameter that is out of range
 * @name: the parameter
 * @value: its value
 * @min: its minimum
 * @max: its maximum
 *
 * Return: 0, or -EINVAL, which is logged.
 */
int scale_check(const char *name, int value, int min, int max)
{
	if (value >= min && value <= max)
		return 0;
	pr_err("%s: %s=%d is not from %d to %d\n", THIS_MODULE->name, name, value, min, max);
	return -EINVAL;
}

/**
 * scale_thread() - start a thread
 * @fn: its function, which runs until kthread_should_stop()
 * @data: for @fn
 * @name: its name
 * @i: its number, from 0
 * @bind: bind it to a CPU: to one of its own, as long as there are enough
 *
 * Return: the thread, or NULL.
 */
struct task_struct *scale_thread(int (*fn)(void *), void *data, const char *name, unsigned int i,
				 bool bind)
{
	struct task_struct *task = kthread_create(fn, data, "%s/%u", name, i);

	if (IS_ERR(task))
		return NULL;
	if (bind) {
		cpus_read_lock();
		kthread_bind(task, cpumask_nth(i % num_online_cpus(), cpu_online_mask));
		cpus_read_unlock();
	}
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
 * scale_wait_for_stop() - sleep until the calling thread is stopped
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

/**
 * scale_ipis() - count the function-call interrupts that online CPUs have taken
 *
 * Return: the number, or always 0 where a module cannot read it.
 */
unsigned long scale_ipis(void)
{
	unsigned long total = 0;
#if defined(irq_counts) && defined(CONFIG_X86) && defined(CONFIG_SMP)
	int cpu;

	for_each_online_cpu(cpu)
		total += READ_ONCE(per_cpu(irq_stat, cpu).counts[IRQ_COUNT_CALL_FUNCTION]);
#endif
	return total;
}

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a;
	u64 y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

/* Returns the value at this many quarters of sorted figures. */
static u64 quartile(const u64 *figures, unsigned int n, unsigned int quarters)
{
	u64 at = (u64)(n - 1) * quarters;

	return (figures[at / 4] + figures[(at + 3) / 4]) / 2;
}

/*
 * Returns the l for which the median of a population lies between the l-th
 * smallest and the l-th largest of n independent figures in at least 95 % of
 * cases; 0 if n is too small. The number of figures below the median is
 * distributed as the number of heads in n tosses of a coin.
 */
static unsigned int median_rank(unsigned int n)
{
	u64 ways = 1, sum = 0;
	unsigned int k;

	/* Beyond, the binomial coefficients overflow, and a normal distribution is close. */
	if (n > 58)
		return n / 2 - 98 * int_sqrt64(10000ULL * n) / 10000;
	for (k = 0;; k++) {
		sum += ways;
		if (sum > (1ULL << n) / 40)
			return k;
		ways = div_u64(ways * (n - k), k + 1);
	}
}

/**
 * scale_milli() - format a number that is given in thousandths
 * @text: the formatted number
 * @value: the thousandths
 */
void scale_milli(struct scale_text *text, u64 value)
{
	u32 rest;
	u64 whole = div_u64_rem(value, 1000, &rest);

	scnprintf(text->text, sizeof(text->text), "%llu.%03u", whole, rest);
}

static void ratio_text(const struct scale_figures *f, char *to, size_t size)
{
	struct scale_text median, lower, upper;
	unsigned int rank = f->independent ? median_rank(f->n) : 0;
	unsigned int i;
	int at;

	for (i = 0; i < f->n; i++)
		f->spare[i] = div64_u64(f->figures[i] * 1000, f->base[i] ?: 1);
	sort(f->spare, f->n, sizeof(*f->spare), compare, NULL);
	scale_milli(&median, quartile(f->spare, f->n, 2));
	at = scnprintf(to, size, ", %s times epoch", median.text);
	if (!rank)
		return;
	scale_milli(&lower, f->spare[rank - 1]);
	scale_milli(&upper, f->spare[f->n - rank]);
	scnprintf(to + at, size - at, " (95%%: %s %s)", lower.text, upper.text);
}

/**
 * scale_summary() - print the line that sums up a figure of a type
 * @f: the figures
 */
void scale_summary(const struct scale_figures *f)
{
	struct scale_text median, lower, upper, high, most, mean;
	unsigned int n = f->n, i;
	u64 sum = 0;
	char ratio[128] = "";

	if (f->base)
		ratio_text(f, ratio, sizeof(ratio));
	memcpy(f->spare, f->figures, n * sizeof(*f->spare));
	sort(f->spare, n, sizeof(*f->spare), compare, NULL);
	scale_milli(&median, quartile(f->spare, n, 2));
	scale_milli(&lower, quartile(f->spare, n, 1));
	scale_milli(&upper, quartile(f->spare, n, 3));
	scale_milli(&high, f->spare[((u64)(n - 1) * 99 + 99) / 100]);
	scale_milli(&most, f->spare[n - 1]);
	for (i = 0; i < n; i++)
		sum += f->figures[i];
	scale_milli(&mean, div_u64(sum, n));

	pr_info("%s-%s:%s%s%s median %s%s, quartiles %s %s, 99%% %s, most %s, mean %s%s\n",
		f->type, f->suffix, f->what ? " " : "", f->what ?: "", f->what ? ":" : "",
		median.text, f->unit, lower.text, upper.text, high.text, most.text, mean.text,
		ratio);
}
