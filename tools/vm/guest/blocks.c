// SPDX-License-Identifier: GPL-2.0
/*
 * How long a DI block of the tracker that is in use takes, with the loop around it:
 * prints nanoseconds, which are instructions where each takes one.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include <linux/epoch_bench.h>

int main(void)
{
	struct epoch_bench_run run = {
		.version = EPOCH_BENCH_VERSION,
		.testcase = EPOCH_BENCH_DI,
		/* Of the same number each time, so that what the loop does beside is the same. */
		.max_iterations = 640000,
	};
	int fd = open(EPOCH_BENCH_DEVICE, O_RDWR);

	if (fd < 0 || ioctl(fd, EPOCH_BENCH_IOC_RUN, &run)) {
		perror(EPOCH_BENCH_DEVICE);
		return 1;
	}
	printf("%.3f\n", (double)run.elapsed_ns / run.iterations);
	return 0;
}
