/* SPDX-License-Identifier: GPL-2.0 */
/*
 * epoch_torture.ko: what its files share.
 */
#ifndef _EPOCH_TORTURE_H
#define _EPOCH_TORTURE_H

#include <linux/prandom.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/types.h>

#include <epoch.h>

/* types.c, busted.c, rust_type.rs: what is tested */

/* A section of any type. */
struct torture_section {
	unsigned long words[2];
};

/* A callback of any type. */
struct torture_callback {
	union {
		struct rcu_head rcu;
		struct epoch_context epoch;
	};
	/* Any context. */
	void (*done)(struct torture_callback *callback);
};

/**
 * struct torture_type - operations of a synchronization primitive
 * @name: its name in the parameter torture_type
 * @make: makes a structure, which the other operations take; NULL if there is no memory
 * @unmake: waits for callbacks and frees a structure
 * @enter: enters a section that the same task or context leaves
 * @exit: leaves it
 * @enter_detached: enters a section that any task or context may leave; may be NULL
 * @exit_detached: leaves it
 * @synchronize: waits for a grace period
 * @expedite: waits for an expedited grace period
 * @killable: waits, and returns -EINTR if the task is killed; may be NULL
 * @timeout: waits, and returns -ETIME after this many nanoseconds; may be NULL
 * @snapshot: names a grace period that begins after now
 * @start_poll: names it and starts it
 * @poll: returns whether that grace period has passed
 * @call: queues a callback. Any context that has no NMI in it
 * @defer: queues a callback in another way; returns false without memory; may be NULL
 * @throttle: waits if too many callbacks are pending; may be NULL
 * @drain: waits until all callbacks have been invoked
 * @completed: returns the number of grace periods so far
 * @open_batches: the number by which that may grow while a section is open
 * @heavy_barrier: executes the updater's half of the asymmetric barrier; may be NULL
 * @entries: returns the number of sections that were entered; NULL if @heavy_barrier is
 * @start_before_wrap: makes all counters wrap around soon, before the first section; may be NULL
 * @repair: lets grace periods end that could not, without open sections; NULL if they can
 * @nmi: sections may be entered in an NMI
 */
struct torture_type {
	const char *name;
	void *(*make)(void);
	void (*unmake)(void *structure);
	void (*enter)(void *structure, struct torture_section *section);
	void (*exit)(void *structure, struct torture_section *section);
	void (*enter_detached)(void *structure, struct torture_section *section);
	void (*exit_detached)(void *structure, struct torture_section *section);
	void (*synchronize)(void *structure);
	void (*expedite)(void *structure);
	int (*killable)(void *structure);
	int (*timeout)(void *structure, u64 ns);
	unsigned long (*snapshot)(void *structure);
	unsigned long (*start_poll)(void *structure);
	bool (*poll)(void *structure, unsigned long cookie);
	void (*call)(void *structure, struct torture_callback *callback);
	bool (*defer)(void *structure, struct torture_callback *callback);
	void (*throttle)(void *structure);
	void (*drain)(void *structure);
	unsigned long (*completed)(void *structure);
	unsigned int open_batches;
	void (*heavy_barrier)(void *structure);
	unsigned long (*entries)(void *structure);
	void (*start_before_wrap)(void *structure);
	void (*repair)(void *structure);
	bool nmi;
};

const struct torture_type *torture_find_type(const char *name);
void torture_name_types(void);

extern const struct torture_type torture_epoch;
extern const struct torture_type torture_epoch_fenced;

/* NULL if there is none of that name. The type that an earlier call returned is gone. */
const struct torture_type *torture_busted_type(const char *name);
void torture_name_busted_types(void);

/* The type that is tested, and its structure. */
extern const struct torture_type *torture_type;
extern void *torture_structure;

/* random.c: random numbers, and how often each random branch was taken */

enum torture_branch {
#define BRANCH(name) TORTURE_##name
#include "branches.h"
#undef BRANCH
	TORTURE_NR_BRANCHES
};

int torture_branches_init(void);
void torture_branches_free(void);
void torture_taken(enum torture_branch branch);
void torture_expect(enum torture_branch branch);
bool torture_branches_report(void);

void torture_random_init(struct rnd_state *random, unsigned int stream);

/* Returns a number below @limit. */
static inline u32 torture_random(struct rnd_state *random, u32 limit)
{
	return ((u64)prandom_u32_state(random) * limit) >> 32;
}

/* Returns true in one of @n cases. */
static inline bool torture_one_in(struct rnd_state *random, u32 n)
{
	return !torture_random(random, n);
}

void torture_sleep_us(struct rnd_state *random, unsigned int max_us);

/* pipe.c: objects and their ages, and the updaters that replace them */

/* An object is published at age 0, unlinked at 1, and ages with each grace period. */
#define TORTURE_AGES 10

#define TORTURE_MAX_UPDATERS 64

/**
 * struct torture_object - an object that readers find
 * @callback: while it ages by callbacks
 * @age: see TORTURE_AGES; then it is free
 * @mailbox: 1 from before it is published until it is free
 * @node: on the list of free objects, or of an updater's
 */
struct torture_object {
	struct torture_callback callback;
	int age;
	int mailbox;
	struct list_head node;
};

extern struct torture_object *torture_published[TORTURE_MAX_UPDATERS];

int torture_pipe_init(void);
void torture_pipe_settle(void);
void torture_pipe_report(bool last);
bool torture_pipe_is_whole(void);
/* In jiffies. */
unsigned long torture_typical_wait(void);

/* readers.c */

/* Bits of the parameter extendables: what a section may do. */
enum torture_extendable {
	TORTURE_BH = 0x01,
	TORTURE_IRQ = 0x02,
	TORTURE_PREEMPT = 0x04,
	TORTURE_NESTED = 0x08,
	TORTURE_DETACHED = 0x10,
	TORTURE_MIGRATE = 0x20,
	TORTURE_SLEEP = 0x40,
	TORTURE_ALL = 0x7f,
};

int torture_readers_init(void);
void torture_readers_settle(void);
void torture_readers_free(void);
void torture_readers_report(void);
void torture_check_unused(const struct torture_object *object);

/* store_buffering.c, disturb.c, callbacks.c, stall.c, delays.c */

int torture_store_buffering_init(void);
void torture_store_buffering_free(void);
int torture_disturb_init(void);
void torture_disturb_settle(void);
int torture_callbacks_init(void);
void torture_callbacks_free(void);
int torture_stall_init(void);

#define TORTURE_MAX_DELAYS 1024

#ifdef CONFIG_KPROBES
int torture_delays_init(void);
void torture_delays_free(void);
#else
static inline int torture_delays_init(void)
{
	return 0;
}

static inline void torture_delays_free(void)
{
}
#endif

/* parameters.c */

/**
 * struct torture_parameters - the parameters of the module, under their names
 */
struct torture_parameters {
	char *torture_type;
	unsigned long seed;
	int nreaders;
	int nwriters;
	int nfakewriters;
	int extendables;
	bool gp_sync;
	bool gp_exp;
	bool gp_kill;
	bool gp_timeout;
	bool gp_poll;
	bool gp_cond;
	bool gp_call;
	bool gp_defer;
	bool irqreader;
	int test_nmis;
	bool leakpointer;
	bool store_buffering;
	bool gpwrap;
	int n_barrier_cbs;
	int fwd_progress;
	int fwd_progress_holdoff;
	int fwd_progress_limit;
	int stutter;
	int shuffle_interval;
	int onoff_interval;
	int onoff_holdoff;
	int preempt_duration;
	int preempt_interval;
	int read_exit_delay;
	int read_exit_burst;
	int delays;
	int delay_us;
	int stall_cpu;
	int stall_cpu_holdoff;
	int stall_cpu_repeat;
	bool stall_cpu_irqsoff;
	bool stall_cpu_block;
	int stat_interval;
	int shutdown_secs;
	bool verbose;
};

extern struct torture_parameters torture;

int torture_check_parameters(void);
/* Logs all of them behind @what. */
void torture_log_parameters(const char *what);

/* torture.c: threads, and findings */

/* Starts a thread, whose function returns when torture_must_stop() says so. */
struct task_struct *torture_thread(int (*fn)(void *data), void *data, const char *name,
				   unsigned int i);
int torture_start(int (*fn)(void *data), void *data, const char *name, unsigned int i);
typedef void torture_visitor_t(struct task_struct *task, const void *data);

/* Tells the watchdog that the calling thread does not hang, and will tell so again soon. */
void torture_alive(void);
/* Tells the watchdog that it need not. */
void torture_asleep(void);

/* Calls @visit for each thread. Process context. */
void torture_visit_threads(torture_visitor_t *visit, const void *data);
bool torture_must_stop(void);
/* Sleeps while the test pauses. */
void torture_pause(void);
/* Sleeps for as long, or until threads must stop. */
void torture_sleep(unsigned long jiffies);

/* Reports a violation of a promise of the type, which makes the test fail. Any context. */
#define torture_found(format, ...)					\
	do {								\
		if (torture_count_finding())				\
			torture_info("!!! " format, ##__VA_ARGS__);	\
	} while (0)

void torture_log_numbers(const char *title, const unsigned long *numbers, unsigned int n);

/* Counts a violation, and returns whether it is one of the first, which are logged. */
bool torture_count_finding(void);

#define torture_info(format, ...)					\
	pr_alert("%s-torture: " format "\n", torture.torture_type, ##__VA_ARGS__)

#endif /* _EPOCH_TORTURE_H */
