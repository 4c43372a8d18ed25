/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Interface of /dev/epoch_bench.
 *
 * Open the device once for every worker. The thread that calls
 * EPOCH_BENCH_IOC_RUN is the worker: it loops inside the kernel, on its own
 * address space, until its limits are reached or it is stopped by
 * EPOCH_BENCH_IOC_STOP, by a signal, or by the closing of the descriptor in
 * the process that runs. Whoever holds the same open file may read the
 * worker's counters meanwhile. What comes before the counters say
 * EPOCH_BENCH_RUNNING does not stop it.
 *
 * Every structure starts with the version that the caller was built for. The
 * kernel refuses another one with EPROTO, and writes its own in its place, so
 * that a tool can say what to update. Fields called reserved must be 0.
 */
#ifndef _UAPI_LINUX_EPOCH_BENCH_H
#define _UAPI_LINUX_EPOCH_BENCH_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define EPOCH_BENCH_VERSION		1
#define EPOCH_BENCH_DEVICE		"/dev/epoch_bench"

/* Length of a tracker's name with its terminating NUL. */
#define EPOCH_BENCH_NAME_LEN		16

/* Workers that may run at the same time, in all processes together. */
#define EPOCH_BENCH_MAX_WORKERS		4096

/* Longest mapping that a worker accepts, in bytes. */
#define EPOCH_BENCH_MAX_BYTES		(1ULL << 40)

/* Length of the mapping in will-it-scale's mmap1, in bytes. */
#define EPOCH_BENCH_DEFAULT_BYTES	(128ULL << 20)

/**
 * enum epoch_bench_testcase - what a worker does in each iteration
 * @EPOCH_BENCH_MMAP1: map and unmap anonymous memory that nobody touches,
 *	the unmapping inside a DI block
 * @EPOCH_BENCH_DI: start and finish a DI block, nothing else
 */
enum epoch_bench_testcase {
	EPOCH_BENCH_MMAP1	= 0,
	EPOCH_BENCH_DI		= 1,
};

/**
 * enum epoch_bench_state - what a worker's file is doing
 * @EPOCH_BENCH_IDLE: it has not run yet
 * @EPOCH_BENCH_RUNNING: a thread is inside EPOCH_BENCH_IOC_RUN
 * @EPOCH_BENCH_DONE: the last run has ended
 */
enum epoch_bench_state {
	EPOCH_BENCH_IDLE	= 0,
	EPOCH_BENCH_RUNNING	= 1,
	EPOCH_BENCH_DONE	= 2,
};

/**
 * struct epoch_bench_info - what the loaded module is and can do
 * @version: EPOCH_BENCH_VERSION
 * @max_workers: out: EPOCH_BENCH_MAX_WORKERS of the module
 * @running: out: workers running now, in all processes together
 * @reserved: 0
 * @tracker: out: name of the tracker that the next run will use
 */
struct epoch_bench_info {
	__u32 version;
	__u32 max_workers;
	__u32 running;
	__u32 reserved;
	char tracker[EPOCH_BENCH_NAME_LEN];
};

/**
 * struct epoch_bench_run - a worker's orders and its result
 * @version: EPOCH_BENCH_VERSION
 * @testcase: one of enum epoch_bench_testcase
 * @bytes: length of the mapping, a multiple of the page size; 0 for
 *	EPOCH_BENCH_DEFAULT_BYTES. Must be 0 for EPOCH_BENCH_DI
 * @max_iterations: end after so many iterations; 0 for no limit
 * @max_duration_ns: end after so many nanoseconds; 0 for no limit
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
	__u64 iterations;
	__u64 elapsed_ns;
};

/**
 * struct epoch_bench_counters - how far a worker is
 * @version: EPOCH_BENCH_VERSION
 * @state: out: one of enum epoch_bench_state
 * @iterations: out: iterations completed in the current or last run
 * @timestamp_ns: out: CLOCK_MONOTONIC when @iterations was read
 */
struct epoch_bench_counters {
	__u32 version;
	__u32 state;
	__u64 iterations;
	__u64 timestamp_ns;
};

#define EPOCH_BENCH_IOC_MAGIC		0xEB

/* Describe the module. */
#define EPOCH_BENCH_IOC_INFO	\
	_IOWR(EPOCH_BENCH_IOC_MAGIC, 0x00, struct epoch_bench_info)

/*
 * Become the file's worker; returns when the run ends. EBUSY: the file has a
 * worker already. EUSERS: EPOCH_BENCH_MAX_WORKERS are running. EINVAL: a field
 * is out of range. EINTR: cut short by a signal. ENOMEM and the other errors
 * of mmap(2): the address space refused the mapping. 0: a limit was reached,
 * or the run was stopped.
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

#endif /* _UAPI_LINUX_EPOCH_BENCH_H */
