// SPDX-License-Identifier: GPL-2.0
/* Functions for Rust around the tracepoints, which are macros. */
#include <linux/types.h>

#include "helpers.h"

#define CREATE_TRACE_POINTS
#include "events.h"

void epoch_trace_gp_start(const char *name, unsigned long seq, bool expedited)
{
	trace_epoch_gp_start(name, seq, expedited);
}

void epoch_trace_gp_end(const char *name, unsigned long seq, bool expedited,
			unsigned long long duration_ns)
{
	trace_epoch_gp_end(name, seq, expedited, duration_ns);
}

void epoch_trace_stall(const char *name, unsigned long seq,
		       unsigned long long duration_ns, unsigned long readers)
{
	trace_epoch_stall(name, seq, duration_ns, readers);
}

void epoch_trace_callbacks(const char *name, unsigned long count)
{
	trace_epoch_callbacks(name, count);
}
