/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Interface of /dev/epoch_bench.
 *
 * Open the device once for every worker. The thread that calls
 * EPOCH_BENCH_IOC_RUN is the worker: it loops inside the kernel, on its own
 * address space, until its limits are reached or it is stopped by
 * EPOCH_BENCH_IOC_STOP, by a signal, or by the closing of the descriptor in the
 * process that runs. Any holder of the same open file may read the worker's
 * counters concurrently. A stop before the counters say EPOCH_BENCH_RUNNING has
 * no effect.
 *
 * Structures grow: fields are only appended, and none changes its meaning. The
 * size of the caller's structure is in the number of the ioctl, so that tools and
 * modules of different ages understand each other:
 *
 * - To a smaller structure than the module's, the fields that it lacks count as
 *   0, and are not written. No structure is smaller than it was when it was
 *   published (32 bytes for epoch_bench_info, 80 for epoch_bench_run, 48 for
 *   epoch_bench_counters, 72 for epoch_bench_tracker, 2520 for
 *   epoch_bench_histogram, 24 for epoch_bench_select): EINVAL.
 * - Of a larger structure, the bytes that the module does not know must be 0, and
 *   remain 0. Otherwise the caller asks for something that the module cannot do:
 *   E2BIG, and nothing is done.
 *
 * So 0 in a field that is appended stands for what was done before ("out": the
 * module does not tell). Callers clear a structure before they fill it in. Fields
 * called reserved must be 0; in "out" fields that the module knows, it ignores
 * what the caller has written.
 *
 * Every structure starts with EPOCH_BENCH_VERSION. It changes only if the meaning
 * of a field has to, which breaks all tools: the module refuses another version
 * with EPROTO, and writes its own in its place, so that a tool can tell which side
 * to update.
 */
#ifndef _UAPI_LINUX_EPOCH_BENCH_H
#define _UAPI_LINUX_EPOCH_BENCH_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define EPOCH_BENCH_VERSION		3
#define EPOCH_BENCH_DEVICE		"/dev/epoch_bench"

/* Length of a tracker's name with its terminating NUL. */
#define EPOCH_BENCH_NAME_LEN		16

/* Workers that may run at the same time, in all processes together. */
#define EPOCH_BENCH_MAX_WORKERS		4096

/* Longest mapping that a worker accepts, in bytes. */
#define EPOCH_BENCH_MAX_BYTES		(1ULL << 40)

/* Length of the mapping in will-it-scale's mmap1, in bytes. */
#define EPOCH_BENCH_DEFAULT_BYTES	(128ULL << 20)

/*
 * Pages, and waits for them, have keys: numbers from 0 on. Their default and
 * their maximum number:
 */
#define EPOCH_BENCH_DEFAULT_KEYS	256
#define EPOCH_BENCH_MAX_KEYS		(1U << 20)

/* Highest rate of waits that a worker accepts, per second. */
#define EPOCH_BENCH_MAX_RATE		1000000

/**
 * enum epoch_bench_testcase - work of a worker in each iteration
 * @EPOCH_BENCH_MMAP1: map and unmap anonymous memory that nobody touches,
 *	the unmapping inside a DI block
 * @EPOCH_BENCH_DI: start and finish a DI block, nothing else
 * @EPOCH_BENCH_MMAP1_TOUCH: as EPOCH_BENCH_MMAP1, but write to the first pages
 *	before, and note each of them in the block
 * @EPOCH_BENCH_PAGE_FAULT: as EPOCH_BENCH_MMAP1_TOUCH, with a mapping of one
 *	page
 * @EPOCH_BENCH_WAIT: wait for a page that is chosen at random, as a page daemon
 *	does. The time of each wait is counted
 * @EPOCH_BENCH_TORTURE: start a DI block, note a page that is chosen at
 *	random, linger, finish; for the verifier
 */
enum epoch_bench_testcase {
	EPOCH_BENCH_MMAP1	= 0,
	EPOCH_BENCH_DI		= 1,
	EPOCH_BENCH_MMAP1_TOUCH	= 2,
	EPOCH_BENCH_PAGE_FAULT	= 3,
	EPOCH_BENCH_WAIT	= 4,
	EPOCH_BENCH_TORTURE	= 5,
};

/**
 * enum epoch_bench_state - state of a worker's file
 * @EPOCH_BENCH_IDLE: the file's worker has not run yet
 * @EPOCH_BENCH_RUNNING: a thread is inside EPOCH_BENCH_IOC_RUN
 * @EPOCH_BENCH_DONE: the last run has ended
 */
enum epoch_bench_state {
	EPOCH_BENCH_IDLE	= 0,
	EPOCH_BENCH_RUNNING	= 1,
	EPOCH_BENCH_DONE	= 2,
};

/**
 * struct epoch_bench_info - the loaded module and its limits
 * @version: EPOCH_BENCH_VERSION
 * @max_workers: out: EPOCH_BENCH_MAX_WORKERS of the module
 * @running: out: workers running now, in all processes together
 * @started: out: workers that have begun to run since the module was loaded, in
 *	all processes together; wraps around
 * @tracker: out: name of the tracker that is selected in sysfs
 */
struct epoch_bench_info {
	__u32 version;
	__u32 max_workers;
	__u32 running;
	__u32 started;
	char tracker[EPOCH_BENCH_NAME_LEN];
};

/**
 * struct epoch_bench_run - parameters and results of a run
 * @version: EPOCH_BENCH_VERSION
 * @testcase: one of enum epoch_bench_testcase
 * @bytes: length of the mapping, a multiple of the page size; 0 for
 *	EPOCH_BENCH_DEFAULT_BYTES. Must be 0 for testcases other than
 *	EPOCH_BENCH_MMAP1 and EPOCH_BENCH_MMAP1_TOUCH
 * @max_iterations: end after this many iterations; 0 for no limit
 * @max_duration_ns: end after this many nanoseconds; 0 for no limit
 * @pages: pages to touch, from 1 to those of the mapping. Must be 0 for
 *	testcases other than EPOCH_BENCH_MMAP1_TOUCH
 * @rate: waits a second, up to EPOCH_BENCH_MAX_RATE; 0 for back-to-back waits.
 *	Must be 0 for testcases other than EPOCH_BENCH_WAIT
 * @keys: number of keys, up to EPOCH_BENCH_MAX_KEYS; 0 for
 *	EPOCH_BENCH_DEFAULT_KEYS. Must be 0 for EPOCH_BENCH_MMAP1 and
 *	EPOCH_BENCH_DI, which have no pages
 * @reserved: 0
 * @tracker: name of the tracker to use, padded with NULs, as with
 *	EPOCH_BENCH_IOC_SELECT; empty for the one that was selected last
 * @iterations: out: iterations completed
 * @elapsed_ns: out: nanoseconds from the first iteration's start to the last
 *	one's end
 *
 * The results are written also when the run is cut short by a signal (EINTR).
 */
struct epoch_bench_run {
	__u32 version;
	__u32 testcase;
	__u64 bytes;
	__u64 max_iterations;
	__u64 max_duration_ns;
	__u32 pages;
	__u32 rate;
	__u32 keys;
	__u32 reserved;
	char tracker[EPOCH_BENCH_NAME_LEN];
	__u64 iterations;
	__u64 elapsed_ns;
};

/**
 * struct epoch_bench_counters - progress of a worker
 * @version: EPOCH_BENCH_VERSION
 * @state: out: one of enum epoch_bench_state
 * @iterations: out: iterations completed in the current or last run
 * @timestamp_ns: out: CLOCK_MONOTONIC when @iterations was read
 * @turns: out: times that the file's worker has begun to use a tracker: equal
 *	at two readings if it has used one tracker between them, in one run
 * @reserved: 0
 * @tracker: out: the tracker that the worker uses, or used last; empty if none
 */
struct epoch_bench_counters {
	__u32 version;
	__u32 state;
	__u64 iterations;
	__u64 timestamp_ns;
	__u32 turns;
	__u32 reserved;
	char tracker[EPOCH_BENCH_NAME_LEN];
};

/**
 * struct epoch_bench_select - the tracker that a file's worker uses
 * @version: EPOCH_BENCH_VERSION
 * @reserved: 0
 * @tracker: its name, padded with NULs; empty to follow the selection in sysfs
 */
struct epoch_bench_select {
	__u32 version;
	__u32 reserved;
	char tracker[EPOCH_BENCH_NAME_LEN];
};

/* Blocks may sleep when they start or end: for the hook by syscall only. */
#define EPOCH_BENCH_TRACKER_SLEEPS	(1U << 0)

/**
 * struct epoch_bench_tracker - statistics of a tracker
 * @version: EPOCH_BENCH_VERSION
 * @flags: out: EPOCH_BENCH_TRACKER_SLEEPS
 * @name: its name, padded with NULs
 * @waits: out: calls of wait
 * @blocked: out: calls of wait that could not return immediately
 * @longest_queue: out: highest number of blocks open at the same time, as seen
 *	by one block in 64; 0 for trackers without a list of blocks
 * @restarts: out: times that a walk along the list restarted (lockless)
 * @contended: out: blocks that found the list's lock taken when they began,
 *	estimated from one block in 64
 * @violations: out: blocks that the verifier found open after a wait for them
 *
 * Counters count from the loading of the module.
 */
struct epoch_bench_tracker {
	__u32 version;
	__u32 flags;
	char name[EPOCH_BENCH_NAME_LEN];
	__u64 waits;
	__u64 blocked;
	__u64 longest_queue;
	__u64 restarts;
	__u64 contended;
	__u64 violations;
};

/**
 * enum epoch_bench_latency - kinds of times in a histogram
 * @EPOCH_BENCH_HOOKED: times from the hooked function's entry to its return
 * @EPOCH_BENCH_WAITS: times of waits of EPOCH_BENCH_WAIT
 */
enum epoch_bench_latency {
	EPOCH_BENCH_HOOKED	= 0,
	EPOCH_BENCH_WAITS	= 1,
};

/*
 * Buckets of times in nanoseconds: times below 16 have a bucket each. From
 * there on each power of two has eight of equal width: bucket 16 + 8 * (e - 4)
 * + s begins at (8 + s) << (e - 3), with e from 4 to 40 and s from 0 to 7. The
 * last bucket also has all longer times.
 */
#define EPOCH_BENCH_BUCKETS		312

/**
 * struct epoch_bench_histogram - distribution of times
 * @version: EPOCH_BENCH_VERSION
 * @latency: one of enum epoch_bench_latency
 * @tracker: name of the tracker that was in use at the time
 * @buckets: out: numbers of times in each bucket, from the loading of the
 *	module
 */
struct epoch_bench_histogram {
	__u32 version;
	__u32 latency;
	char tracker[EPOCH_BENCH_NAME_LEN];
	__u64 buckets[EPOCH_BENCH_BUCKETS];
};

#define EPOCH_BENCH_IOC_MAGIC		0xEB

/* Describe the module. */
#define EPOCH_BENCH_IOC_INFO	\
	_IOWR(EPOCH_BENCH_IOC_MAGIC, 0x00, struct epoch_bench_info)

/*
 * Become the file's worker; returns when the run ends. EBUSY: the file has a
 * worker already, or the hook is enabled. EUSERS: EPOCH_BENCH_MAX_WORKERS are
 * running. EINVAL: a field is out of range. EINTR: cut short by a signal. EFAULT:
 * there was no memory for a page. ENOMEM and the other errors of mmap(2): the
 * address space refused the mapping. 0: a limit was reached, or the run was
 * stopped.
 */
#define EPOCH_BENCH_IOC_RUN	\
	_IOWR(EPOCH_BENCH_IOC_MAGIC, 0x01, struct epoch_bench_run)

/*
 * Stop the file's worker; returns at once. Without one, does nothing.
 */
#define EPOCH_BENCH_IOC_STOP	_IO(EPOCH_BENCH_IOC_MAGIC, 0x02)

/* Read the worker's counters, while it runs or later. */
#define EPOCH_BENCH_IOC_COUNTERS	\
	_IOWR(EPOCH_BENCH_IOC_MAGIC, 0x03, struct epoch_bench_counters)

/* Read a tracker's counters. EINVAL: no tracker has that name. */
#define EPOCH_BENCH_IOC_TRACKER	\
	_IOWR(EPOCH_BENCH_IOC_MAGIC, 0x04, struct epoch_bench_tracker)

/* Read a histogram. EINVAL: there is no such latency or tracker. */
#define EPOCH_BENCH_IOC_HISTOGRAM	\
	_IOWR(EPOCH_BENCH_IOC_MAGIC, 0x05, struct epoch_bench_histogram)

/*
 * Select the tracker for this file: its worker switches to it within 64
 * iterations, and later runs use it. Returns immediately;
 * EPOCH_BENCH_IOC_COUNTERS tells when the worker has switched, except for
 * EPOCH_BENCH_WAIT, which has no blocks, and uses it from the next wait on. At
 * first a file uses the tracker selected in sysfs. EINVAL: no tracker has that
 * name.
 */
#define EPOCH_BENCH_IOC_SELECT	\
	_IOWR(EPOCH_BENCH_IOC_MAGIC, 0x06, struct epoch_bench_select)

#endif /* _UAPI_LINUX_EPOCH_BENCH_H */
