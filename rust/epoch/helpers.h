/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What Rust calls in C. bindgen reads this file; it includes nothing of the
 * kernel, so that it needs none of the kernel's flags.
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

/* The parameter track_readers; one at a time. */
void epoch_track_readers(bool on);
bool epoch_readers_tracked(void);

#endif /* _EPOCH_HELPERS_H */
