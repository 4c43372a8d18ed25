/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tracepoints of epoch.ko, described in Documentation/epoch.rst.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM epoch

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE events

#if !defined(_EPOCH_EVENTS_H) || defined(TRACE_HEADER_MULTI_READ)
#define _EPOCH_EVENTS_H

#include <linux/tracepoint.h>

/* A grace period begins. The resumption of an abandoned one is not traced. */
TRACE_EVENT(epoch_gp_start,
	TP_PROTO(const char *name, unsigned long seq, bool expedited),
	TP_ARGS(name, seq, expedited),
	TP_STRUCT__entry(
		__string(name, name)
		__field(unsigned long, seq)
		__field(bool, expedited)
	),
	TP_fast_assign(
		__assign_str(name);
		__entry->seq = seq;
		__entry->expedited = expedited;
	),
	TP_printk("name=%s seq=%lu expedited=%d",
		  __get_str(name), __entry->seq, __entry->expedited)
);

/* A grace period has ended. */
TRACE_EVENT(epoch_gp_end,
	TP_PROTO(const char *name, unsigned long seq, bool expedited, u64 duration_ns),
	TP_ARGS(name, seq, expedited, duration_ns),
	TP_STRUCT__entry(
		__string(name, name)
		__field(unsigned long, seq)
		__field(u64, duration_ns)
		__field(bool, expedited)
	),
	TP_fast_assign(
		__assign_str(name);
		__entry->seq = seq;
		__entry->duration_ns = duration_ns;
		__entry->expedited = expedited;
	),
	TP_printk("name=%s seq=%lu expedited=%d duration_ns=%llu",
		  __get_str(name), __entry->seq, __entry->expedited, __entry->duration_ns)
);

/* A stall of a grace period is reported in the kernel log. */
TRACE_EVENT(epoch_stall,
	TP_PROTO(const char *name, unsigned long seq, u64 duration_ns, unsigned long readers),
	TP_ARGS(name, seq, duration_ns, readers),
	TP_STRUCT__entry(
		__string(name, name)
		__field(unsigned long, seq)
		__field(u64, duration_ns)
		__field(unsigned long, readers)
	),
	TP_fast_assign(
		__assign_str(name);
		__entry->seq = seq;
		__entry->duration_ns = duration_ns;
		__entry->readers = readers;
	),
	TP_printk("name=%s seq=%lu duration_ns=%llu readers=%lu",
		  __get_str(name), __entry->seq, __entry->duration_ns, __entry->readers)
);

/* A batch of callbacks has been invoked. */
TRACE_EVENT(epoch_callbacks,
	TP_PROTO(const char *name, unsigned long count),
	TP_ARGS(name, count),
	TP_STRUCT__entry(
		__string(name, name)
		__field(unsigned long, count)
	),
	TP_fast_assign(
		__assign_str(name);
		__entry->count = count;
	),
	TP_printk("name=%s count=%lu", __get_str(name), __entry->count)
);

/* The tracepoints for sections also enable the static key in front of them. */
int epoch_sections_traced(void);
void epoch_sections_untraced(void);

/* A section has been entered. */
TRACE_EVENT_FN(epoch_enter,
	TP_PROTO(const char *name, unsigned long ip),
	TP_ARGS(name, ip),
	TP_STRUCT__entry(
		__string(name, name)
		__field(unsigned long, ip)
	),
	TP_fast_assign(
		__assign_str(name);
		__entry->ip = ip;
	),
	TP_printk("name=%s at=%pS", __get_str(name), (void *)__entry->ip),
	epoch_sections_traced, epoch_sections_untraced
);

/* A section is about to be left. */
TRACE_EVENT_FN(epoch_exit,
	TP_PROTO(const char *name, unsigned long ip),
	TP_ARGS(name, ip),
	TP_STRUCT__entry(
		__string(name, name)
		__field(unsigned long, ip)
	),
	TP_fast_assign(
		__assign_str(name);
		__entry->ip = ip;
	),
	TP_printk("name=%s at=%pS", __get_str(name), (void *)__entry->ip),
	epoch_sections_traced, epoch_sections_untraced
);

#endif /* _EPOCH_EVENTS_H */

/* This part must be outside protection */
#include <trace/define_trace.h>
