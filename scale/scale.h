/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What epoch_refscale.ko and epoch_rcuscale.ko share: the types that they
 * compare, the choice among them, and the statistics.
 */
#ifndef _EPOCH_SCALE_H
#define _EPOCH_SCALE_H

#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/types.h>

#include <epoch.h>

/* What a type can call after a grace period. */
struct scale_callback {
	union {
		struct rcu_head rcu;
		struct epoch_context epoch;
	};
	void (*done)(struct scale_callback *cb);
};

/**
 * struct scale_type - a way to keep readers and updaters apart
 * @name: what the parameter scale_type calls it
 * @init: makes what it needs; may be NULL
 * @exit: frees that; may be NULL
 * @read: enters and leaves a section so many times
 * @read_delayed: the same, with so many nanoseconds inside
 * @wait: waits for a grace period
 * @wait_expedited: the same, expedited
 * @call: has a callback called after a grace period
 * @throttle: waits if too many callbacks are pending; may be NULL
 * @drain: waits for the callbacks
 * @completed: four times the number of grace periods so far, but for a constant
 */
struct scale_type {
	const char *name;
	int (*init)(void);
	void (*exit)(void);
	void (*read)(unsigned long loops);
	void (*read_delayed)(unsigned long loops, unsigned int ns);
	void (*wait)(void);
	void (*wait_expedited)(void);
	void (*call)(struct scale_callback *cb);
	void (*throttle)(void);
	void (*drain)(void);
	unsigned long (*completed)(void);
};

#define SCALE_MAX_TYPES 16

/* All have sections; the first group has grace periods and callbacks, too. */
extern const struct scale_type scale_epoch;
extern const struct scale_type scale_epoch_rcu;
extern const struct scale_type scale_epoch_fenced;
extern const struct scale_type scale_rcu;
extern const struct scale_type scale_srcu;
extern const struct scale_type scale_srcu_fast;

extern const struct scale_type scale_epoch_rust;
extern const struct scale_type scale_percpu_rwsem;
extern const struct scale_type scale_rwlock;
extern const struct scale_type scale_mutex;
extern const struct scale_type scale_none;

/* Spends so many nanoseconds. */
void scale_delay(unsigned int ns);

/**
 * struct scale_choice - the types that the parameter scale_type names
 * @n: how many
 * @type: those, ready for use
 */
struct scale_choice {
	unsigned int n;
	const struct scale_type *type[SCALE_MAX_TYPES];
};

int scale_choose(struct scale_choice *choice, const char *names,
		 const struct scale_type * const types[]);
void scale_release(struct scale_choice *choice);
int scale_base(const struct scale_choice *choice);

int scale_check(const char *name, int value, int min, int max);

struct task_struct *scale_thread(int (*fn)(void *), void *data, const char *name, unsigned int i);
void scale_stop(struct task_struct *task);
void scale_wait_for_stop(void);

/**
 * struct scale_text - a number, written
 * @text: its digits
 */
struct scale_text {
	char text[32];
};

void scale_milli(struct scale_text *text, u64 value);
void scale_summary(const char *name, const u64 *figures, const u64 *base, unsigned int n,
		   u64 *spare);

#endif /* _EPOCH_SCALE_H */
