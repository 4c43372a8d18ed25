// SPDX-License-Identifier: GPL-2.0
/*
 * slices SEED: wakes up for a moment after times that SEED determines. QEMU, where it counts
 * instructions, lets a CPU run until the next timer of the guest expires: this one varies the
 * slices that the CPUs get.
 */
#include <stdlib.h>
#include <time.h>

int main(int argc, char **argv)
{
	unsigned int seed;

	if (argc != 2)
		return 2;
	seed = strtoul(argv[1], NULL, 10);
	for (;;) {
		/* Mostly short, some long: as many below 10 us as between 100 us and 1 ms. */
		int magnitude = rand_r(&seed) % 3;
		long ns = 1000 + rand_r(&seed) % 9000;
		struct timespec pause = { 0, ns };

		while (magnitude--)
			pause.tv_nsec *= 10;
		nanosleep(&pause, NULL);
	}
}
