/* SPDX-License-Identifier: GPL-2.0 */
/*
 * C functions that Rust calls. bindgen reads this file; it includes no header
 * of the kernel, so that it needs none of the kernel's flags.
 */
#ifndef _EPOCH_HELPERS_H
#define _EPOCH_HELPERS_H

#ifndef __KERNEL__
#include <stdbool.h>
#endif

/* The tracepoints of events.h. */
void epoch_trace_gp_start(const char *name, unsigned long seq, bool expedited);
void epoch_trace_gp_end(const char *name, unsigned long seq, bool expedited,
			unsigned long long duration_ns);
void epoch_trace_stall(const char *name, unsigned long seq,
		       unsigned long long duration_ns, unsigned long readers);
void epoch_trace_callbacks(const char *name, unsigned long count);

/* The parameter track_readers. Calls must not be concurrent. */
void epoch_track_readers(bool on);
bool epoch_readers_tracked(void);

/* engine.c: the engines' threads. */
enum { EPOCH_ENGINES = 3 };
int epoch_engines_start(void);
void epoch_engines_stop(void);
bool epoch_engine_should_stop(void);
void epoch_engine_sleep(unsigned int engine, unsigned long long ns);
void epoch_engine_pause(unsigned long long ns);
void epoch_engine_wake(unsigned int engine);
void epoch_engine_round_done(unsigned int engine);
void epoch_engines_settle(void);
void epoch_engine_wake_later(unsigned int engine);
bool epoch_cpus_are_isolated(void);
void epoch_count_ipis(unsigned long count);
unsigned long epoch_ipis(void);

/* wait.c: waiting for a condition. */
void epoch_wait_init(void);
enum epoch_wait_mode {
	EPOCH_UNINTERRUPTIBLE,
	EPOCH_IDLE,
	EPOCH_KILLABLE,
	EPOCH_INTERRUPTIBLE,
};

typedef bool epoch_condition_t(const void *arg);
int epoch_wait_until(const void *key, epoch_condition_t *condition, const void *arg,
		     enum epoch_wait_mode mode, unsigned long long limit_ns);
void epoch_wake_up(const void *key);

/* callbacks.c: from the queueing of callbacks to their invocation. */
int epoch_callbacks_init(void);
void epoch_callbacks_exit(void);
void epoch_queue_arrived(void *node);
void epoch_callbacks_settle(void);
void epoch_invocation_init(void *work);
void epoch_invocation_queue(void *work, int cpu);
const void *epoch_current_invocation(void);
void epoch_teardown_queue(void *work);
void epoch_teardown_flush(void);
void epoch_teardown_settle(void);
void epoch_invocation_yield(void);

/* debug_objects.c: heads that are queued, for CONFIG_DEBUG_OBJECTS. */
bool epoch_head_queued(void *head);
void epoch_head_invoked(void *head);

/* registry.c: all epochs. */
int epoch_registry_init(void);
void epoch_registry_exit(void);
void epoch_register(void *registration);
void epoch_register_later(void *registration);
void epoch_retire(void *registration);
void epoch_unregister(void *registration);
/* While a module is unloaded, the worker reports which callbacks it invokes. */
bool epoch_module_goes(void);
void epoch_callback_invoked(unsigned long callback);
void epoch_registry_settle(void);

#endif /* _EPOCH_HELPERS_H */
