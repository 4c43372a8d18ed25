// SPDX-License-Identifier: GPL-2.0
/*
 * munmaps COUNT [PROCESSES]: each of that many processes (1 by default) maps and
 * unmaps memory COUNT times. An ordinary program, which does not use any module.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define BYTES 1048576

static int loop(long count)
{
	while (count-- > 0) {
		void *start = mmap(NULL, BYTES, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (start == MAP_FAILED || munmap(start, BYTES)) {
			perror("munmaps");
			return 1;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	long count = argc > 1 ? atol(argv[1]) : 0;
	int processes = argc > 2 ? atoi(argv[2]) : 1;
	int failed = 0, status;

	for (int i = 1; i < processes; i++) {
		pid_t child = fork();

		if (child < 0)
			return 1;
		if (child == 0)
			_exit(loop(count));
	}
	failed = loop(count);
	while (wait(&status) > 0)
		failed |= status != 0;
	return failed;
}
