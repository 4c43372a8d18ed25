// SPDX-License-Identifier: GPL-2.0
/*
 * failnth load FILE [PARAMETER...]
 * failnth write FILE VALUE
 * failnth read FILE
 *
 * Repeats a system call, in which first the first allocation of memory fails, then the second, and
 * so on until none is left to fail: loads a module (and unloads it, if it was loaded nevertheless),
 * writes a file of sysfs or reads it. Prints how many allocations failed, and how many of the calls
 * succeeded nevertheless. The exit status is 1 if a call failed without cause, or with an error
 * other than ENOMEM.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* More allocations than any call has. */
#define LIMIT 100000

static char parameters[4096];
static char name[64];

static int open_file(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0) {
		perror(path);
		exit(2);
	}
	return fd;
}

static int unload(void)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK);
}

static int act(const char *what, int fd, const char *value)
{
	char buffer[4096];

	if (!strcmp(what, "load"))
		return syscall(SYS_finit_module, fd, parameters, 0);
	if (!strcmp(what, "write"))
		return pwrite(fd, value, strlen(value), 0) < 0 ? -1 : 0;
	return pread(fd, buffer, sizeof(buffer), 0) < 0 ? -1 : 0;
}

/* The name of the module in a file: its last component, up to the dot. */
static void name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	snprintf(name, sizeof(name), "%s", slash ? slash + 1 : path);
	name[strcspn(name, ".")] = '\0';
}

int main(int argc, char **argv)
{
	int failnth, fd = -1, nth, survived = 0;

	if (argc < 3)
		return 2;
	failnth = open_file("/proc/thread-self/fail-nth", O_RDWR);
	name_of(argv[2]);
	if (!strcmp(argv[1], "write"))
		fd = open_file(argv[2], O_WRONLY);
	else
		fd = open_file(argv[2], O_RDONLY);
	if (!strcmp(argv[1], "load"))
		for (int i = 3; i < argc; i++) {
			strcat(parameters, argv[i]);
			strcat(parameters, " ");
		}

	for (nth = 1; nth < LIMIT; nth++) {
		char left[16] = "", n[16];
		int error;

		snprintf(n, sizeof(n), "%d", nth);
		if (pwrite(failnth, n, strlen(n), 0) < 0) {
			perror("fail-nth");
			return 2;
		}
		error = act(argv[1], fd, argc > 3 ? argv[3] : "") ? errno : 0;
		if (pread(failnth, left, sizeof(left) - 1, 0) < 0 ||
		    pwrite(failnth, "0", 1, 0) < 0) {
			perror("fail-nth");
			return 2;
		}
		if (atoi(left)) {
			/* No allocation has failed. */
			if (!error)
				break;
			printf("%s %s: %s without cause\n", argv[1], argv[2], strerror(error));
			return 1;
		}
		if (error && error != ENOMEM) {
			printf("%s %s: allocation %d: %s\n", argv[1], argv[2], nth,
			       strerror(error));
			return 1;
		}
		survived += !error;
		if (!error && !strcmp(argv[1], "load") && unload()) {
			perror(name);
			return 1;
		}
	}
	printf("%s %s: %d allocations failed, %d of these calls succeeded\n", argv[1], argv[2],
	       nth - 1, survived);
	return 0;
}
