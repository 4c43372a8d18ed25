// SPDX-License-Identifier: GPL-2.0
/*
 * blocks: measure a DI block of the tracker that sysfs selects, with the loop
 * around it. Prints nanoseconds, which are instructions where each takes one.
 *
 * blocks TASKS: that many processes map and unmap until they are killed, with the
 * tracker that sysfs selects, also if it changes.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/epoch_bench.h>

static int load(int tasks)
{
	struct epoch_bench_run run = {
		.version = EPOCH_BENCH_VERSION,
		.testcase = EPOCH_BENCH_MMAP1,
	};
	int fd;

	while (--tasks > 0 && fork() > 0)
		;
	fd = open(EPOCH_BENCH_DEVICE, O_RDWR);
	if (fd < 0 || ioctl(fd, EPOCH_BENCH_IOC_RUN, &run)) {
		perror(EPOCH_BENCH_DEVICE);
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct epoch_bench_run run = {
		.version = EPOCH_BENCH_VERSION,
		.testcase = EPOCH_BENCH_DI,
		/* A constant number, so that the rest of the loop is constant, too. */
		.max_iterations = 640000,
	};
	int fd;

	if (argc > 1)
		return load(atoi(argv[1]));
	fd = open(EPOCH_BENCH_DEVICE, O_RDWR);
	if (fd < 0 || ioctl(fd, EPOCH_BENCH_IOC_RUN, &run)) {
		perror(EPOCH_BENCH_DEVICE);
		return 1;
	}
	printf("%.3f\n", (double)run.elapsed_ns / run.iterations);
	return 0;
}
