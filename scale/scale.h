/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Code shared by epoch_refscale.ko and epoch_rcuscale.ko: the types that they
 * compare, the choice among them, and the statistics.
 */
#ifndef _EPOCH_SCALE_H
#define _EPOCH_SCALE_H

#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/types.h>

#include <epoch.h>

/* A callback of any type. */
struct scale_callback {
	union {
		struct rcu_head rcu;
		struct epoch_context epoch;
	};
	void (*done)(struct scale_callback *cb);
};

/**
 * struct scale_type - a synchronization primitive for readers and updaters
 * @name: its name in the parameter scale_type
 * @make: makes a structure, or returns NULL; is NULL if there is only one structure, which
 *	the other functions need no pointer to
 * @unmake: frees a structure, which may be NULL
 * @read: enters and leaves this many sections
 * @read_delayed: enters and leaves this many sections, with this many nanoseconds in each
 * @wait: waits for a grace period
 * @wait_expedited: waits for an expedited grace period
 * @call: queues a callback to be invoked after a grace period
 * @throttle: waits if too many callbacks are pending; may be NULL
 * @drain: waits until all callbacks have been invoked
 * @completed: returns four times the number of grace periods so far, plus a constant
 */
struct scale_type {
	const char *name;
	void *(*make)(void);
	void (*unmake)(void *structure);
	void (*read)(void *structure, unsigned long loops);
	void (*read_delayed)(void *structure, unsigned long loops, unsigned int ns);
	void (*wait)(void *structure);
	void (*wait_expedited)(void *structure);
	void (*call)(void *structure, struct scale_callback *cb);
	void (*throttle)(void *structure);
	void (*drain)(void *structure);
	unsigned long (*completed)(void *structure);
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

/* Spends this many nanoseconds. */
void scale_delay(unsigned int ns);

/**
 * struct scale_subject - a type, and its structures
 * @type: the type
 * @structures: the structures; NULL pointers if the type has only one
 */
struct scale_subject {
	const struct scale_type *type;
	void **structures;
};

/**
 * struct scale_choice - the types that the parameter scale_type names
 * @n: their number
 * @nstructs: number of structures of each
 * @subjects: the types, with their structures
 */
struct scale_choice {
	unsigned int n;
	unsigned int nstructs;
	struct scale_subject subjects[SCALE_MAX_TYPES];
};

int scale_choose(struct scale_choice *choice, const char *names,
		 const struct scale_type * const types[], unsigned int nstructs);
void scale_release(struct scale_choice *choice);
int scale_base(const struct scale_choice *choice);

int scale_check(const char *name, int value, int min, int max);

struct task_struct *scale_thread(int (*fn)(void *), void *data, const char *name, unsigned int i,
				 bool bind);
void scale_stop(struct task_struct *task);
void scale_wait_for_stop(void);

unsigned long scale_ipis(void);

/**
 * struct scale_text - a formatted number
 * @text: its digits
 */
struct scale_text {
	char text[32];
};

/**
 * struct scale_figures - figures of a type, for scale_summary()
 * @type: the type
 * @suffix: "ref-scale" or "scale"
 * @what: name of the figure, or NULL if there is only one
 * @unit: unit of the figures, after a blank, or ""
 * @figures: the figures, in thousandths of the unit
 * @base: figures of the epoch, each from the same turn as the figure of the same index, or NULL
 * @n: their number, 1 or more
 * @independent: true if each figure comes from a run of its own
 * @spare: scratch space for @n figures
 */
struct scale_figures {
	const char *type;
	const char *suffix;
	const char *what;
	const char *unit;
	const u64 *figures;
	const u64 *base;
	unsigned int n;
	bool independent;
	u64 *spare;
};

void scale_milli(struct scale_text *text, u64 value);
void scale_summary(const struct scale_figures *f);

#endif /* _EPOCH_SCALE_H */
