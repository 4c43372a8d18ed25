// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz [--seed S] [--threads N] [--calls N] [--seconds N]: call /dev/epoch_bench
 * and write the files of both modules with arguments that are good, bad, or change
 * concurrently, from threads that share descriptors; children and signals included.
 * Fails if an error is returned that does not belong to the call, if a buffer is
 * overrun, or if something that should be reached was not: see expected_of().
 *
 * Restores what it has written to files. The caller watches the kernel log.
 *
 * The table of calls is made from the UAPI header by calls.awk.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/epoch_bench.h>

#define SIZE(array)	(sizeof(array) / sizeof(*(array)))
#define PAGE		4096
/* The largest structure that an ioctl's number has room for. */
#define LARGEST		((1U << _IOC_SIZEBITS) - 1)
/* A buffer for it, in whole pages. */
#define ROOM		(LARGEST + 1)
#define ERRNOS		134
#define MAX_THREADS	16
#define MAX_FILES	128

struct field {
	const char *name;
	size_t offset;
	size_t size;
};

struct call {
	const char *name;
	unsigned int number;
	size_t size;
	const struct field *fields;
	size_t count;
};

#include "calls_generated.h"

/* The last call stands for all numbers that are no ioctl's. */
#define UNKNOWN	SIZE(calls)

struct file {
	char path[512];
	const char *name;
	bool writable;
	/* What it had, to be restored. */
	char before[PAGE];
};

struct worker {
	pthread_t thread;
	unsigned int index;
	__u64 random;
	char *arena;
	/* Of each call: how often it returned each errno. */
	unsigned long calls[SIZE(calls) + 1][ERRNOS];
	unsigned long writes[MAX_FILES][ERRNOS];
	unsigned long reads[MAX_FILES][ERRNOS];
	unsigned long others;
};

static struct worker workers[MAX_THREADS];
static struct file files[MAX_FILES];
static size_t file_count;
static atomic_int failures;
/* No more calls; no more disturbance, without which some calls would not end. */
static atomic_bool ending, stopping;
static atomic_uint ended;
static atomic_ulong total;

/* Descriptors that all threads use, and whose files they replace. */
static int shared_fds[8];

/* Memory that the disturber changes, protects and unmaps; written through its file. */
static char *disturbed;
static int disturbed_fd;

/* Names of trackers that the module offers, and of functions that it can hook. */
static char trackers[16][EPOCH_BENCH_NAME_LEN];
static size_t tracker_count;
static char symbols[8][64];
static size_t symbol_count;

/* Tells each failure once. */
static void fail(const char *what, const char *where, int error)
{
	static struct {
		const char *what, *where;
		int error;
	} told[64];
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static size_t count;
	size_t i;

	atomic_fetch_add(&failures, 1);
	pthread_mutex_lock(&lock);
	for (i = 0; i < count; i++)
		if (told[i].what == what && told[i].where == where && told[i].error == error)
			break;
	if (i == count && count < SIZE(told)) {
		told[count].what = what;
		told[count].where = where;
		told[count++].error = error;
		printf("FAIL fuzz: %s: %s: %s\n", where, what, strerror(error));
	}
	pthread_mutex_unlock(&lock);
}

/* splitmix64 */
static __u64 draw(struct worker *me)
{
	__u64 z = me->random += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static __u64 below(struct worker *me, __u64 limit)
{
	return draw(me) % limit;
}

static bool one_in(struct worker *me, unsigned int n)
{
	return !below(me, n);
}

static __u64 interesting(struct worker *me)
{
	switch (below(me, 8)) {
	case 0:
		return numbers[below(me, SIZE(numbers))];
	case 1:
		return numbers[below(me, SIZE(numbers))] + below(me, 3) - 1;
	case 2:
		return (1ULL << below(me, 64)) + below(me, 3) - 1;
	case 3:
		return draw(me);
	case 4:
		return (__u64)PAGE << below(me, 32);
	default:
		return below(me, 8);
	}
}

static void random_bytes(struct worker *me, char *to, size_t size)
{
	while (size) {
		__u64 word = draw(me);
		size_t some = size < sizeof(word) ? size : sizeof(word);

		memcpy(to, &word, some);
		to += some;
		size -= some;
	}
}

static void random_name(struct worker *me, char *name)
{
	memset(name, 0, EPOCH_BENCH_NAME_LEN);
	switch (below(me, 8)) {
	case 0:
		random_bytes(me, name, EPOCH_BENCH_NAME_LEN);
		break;
	case 1:
		memset(name, 'e', below(me, EPOCH_BENCH_NAME_LEN + 1));
		break;
	case 2:
		break;
	default:
		memcpy(name, trackers[below(me, tracker_count)], EPOCH_BENCH_NAME_LEN);
		if (one_in(me, 16))
			name[below(me, EPOCH_BENCH_NAME_LEN)] ^= 1 << below(me, 8);
	}
}

/*
 * A run that ends soon, mostly: others last until a signal comes. RLIMIT_AS bounds
 * the memory that it touches.
 */
static void bound(struct worker *me, struct epoch_bench_run *run)
{
	static const struct epoch_bench_run endless = {
		.version = EPOCH_BENCH_VERSION,
		.testcase = EPOCH_BENCH_DI,
	}, too_long = {
		.version = EPOCH_BENCH_VERSION,
		.testcase = EPOCH_BENCH_MMAP1,
		.bytes = EPOCH_BENCH_MAX_BYTES,
	};

	switch (below(me, 32)) {
	case 0:
		*run = endless;
		return;
	case 1:
		*run = too_long;
		return;
	}
	if (!run->max_iterations || run->max_iterations > 4)
		run->max_iterations = 1 + below(me, 4);
	if (run->pages > 256 && run->pages < 1 << 20)
		run->pages %= 256;
}

/* A structure of that size for a call, in a buffer of ROOM bytes. */
static void fill(struct worker *me, const struct call *call, char *buffer, size_t size)
{
	unsigned int set = below(me, 4);
	size_t i;

	memset(buffer, 0, size);
	if (one_in(me, 64)) {
		random_bytes(me, buffer, size);
	} else if (call) {
		for (i = 0; i < call->count; i++) {
			const struct field *field = &call->fields[i];
			char *to = buffer + field->offset;
			__u64 value = interesting(me);

			/* Lengths in whole pages are seldom met by chance. */
			if (field->size == sizeof(value) && one_in(me, 2))
				value = (__u64)PAGE << below(me, 32);

			if (!strcmp(field->name, "version") && !one_in(me, 32))
				value = EPOCH_BENCH_VERSION;
			else if (!strcmp(field->name, "testcase") && !one_in(me, 8))
				value = below(me, 6);
			else if (field->size == EPOCH_BENCH_NAME_LEN && !one_in(me, 8))
				random_name(me, to);
			else if (!one_in(me, 8) && (!set || below(me, 4) > set))
				value = 0;
			if (field->size <= sizeof(value))
				memcpy(to, &value, field->size);
		}
		if (size > call->size && one_in(me, 2))
			buffer[call->size + below(me, size - call->size)] = draw(me);
	}
	if (call && call->number == EPOCH_BENCH_IOC_RUN)
		bound(me, (struct epoch_bench_run *)buffer);
}

static size_t random_size(struct worker *me, const struct call *call)
{
	switch (below(me, 16)) {
	case 0:
		return below(me, LARGEST + 1);
	case 1:
		return call->size + below(me, 64);
	case 2:
		return call->size - 1 - below(me, 4);
	case 3:
		return one_in(me, 2) ? LARGEST : 0;
	default:
		return call->size;
	}
}

static unsigned int random_number(struct worker *me, unsigned int number, size_t size)
{
	unsigned int direction = one_in(me, 64) ? below(me, 4) : _IOC_DIR(number);
	unsigned int nr = one_in(me, 64) ? below(me, 256) : _IOC_NR(number);
	/* Others may be served by the kernel itself, for all files. */
	unsigned int type = one_in(me, 128) ? 'x' : _IOC_TYPE(number);

	return _IOC(direction, type, nr, size);
}

/* The call that has this number, whatever its size. */
static size_t call_of(unsigned int number)
{
	size_t i;

	for (i = 0; i < SIZE(calls); i++)
		if (_IOC_TYPE(number) == _IOC_TYPE(calls[i].number) &&
		    _IOC_NR(number) == _IOC_NR(calls[i].number) &&
		    _IOC_DIR(number) == _IOC_DIR(calls[i].number) &&
		    (calls[i].size || !_IOC_SIZE(number)))
			break;
	return i;
}

static const char *call_name(size_t call)
{
	return call == UNKNOWN ? "other ioctls" : calls[call].name;
}

static bool expected_of(size_t call, int error)
{
	if (call == UNKNOWN)
		return error == ENOTTY;
	if (!calls[call].size)
		return !error;
	switch (error) {
	case 0:
	case EPROTO:
	case E2BIG:
	case EINVAL:
	case EFAULT:
		return true;
	case EBUSY:
	case EINTR:
	case ENOMEM:
		return calls[call].number == EPOCH_BENCH_IOC_RUN;
	}
	return false;
}

static int shared_fd(struct worker *me)
{
	return shared_fds[below(me, SIZE(shared_fds))];
}

static void *bad_pointer(struct worker *me)
{
	static const uintptr_t pointers[] = {
		0, 1, PAGE - 1, 0x7fffffffe000, 0x7fffffffffff, 0x8000000000000000,
		0xffff888000000000, 0xffffffff81000000, -PAGE, -1,
	};

	return (void *)(one_in(me, 4) ? draw(me) : pointers[below(me, SIZE(pointers))]);
}

static void call_device(struct worker *me)
{
	const struct call *call = &calls[below(me, SIZE(calls))];
	size_t size, which, offset = 0;
	char buffer[ROOM], *arg = buffer;
	unsigned int number;
	__u64 canary = 0;
	int error;

	/* Runs take long. */
	if (call->number == EPOCH_BENCH_IOC_RUN && !one_in(me, 4))
		call = &calls[below(me, SIZE(calls))];
	size = call->size ? random_size(me, call) : one_in(me, 8) ? below(me, LARGEST) : 0;
	number = random_number(me, call->number, size);
	fill(me, call->size ? call : NULL, buffer, size);
	switch (below(me, 16)) {
	case 0:
		arg = bad_pointer(me);
		break;
	case 1:
		/* Readable only. */
		arg = me->arena + 2 * ROOM;
		break;
	case 2:
		/* Part of it lies beyond the mapping. */
		offset = below(me, size + 1);
		arg = me->arena + ROOM - offset;
		memcpy(arg, buffer, offset);
		break;
	case 3:
	case 4:
		offset = below(me, ROOM - size + 1);
		arg = disturbed + offset;
		if (pwrite(disturbed_fd, buffer, size, offset) < 0)
			fail("cannot be written", "memory to be disturbed", errno);
		break;
	default:
		/* What follows it must not be written, or cannot be. */
		if (one_in(me, 2) && size + sizeof(canary) <= ROOM) {
			canary = 0xa5a5a5a5a5a5a5a5;
			memcpy(me->arena + ROOM - sizeof(canary), &canary, sizeof(canary));
			offset = sizeof(canary);
		}
		arg = me->arena + ROOM - offset - size;
		memcpy(arg, buffer, size);
		break;
	}
	error = ioctl(shared_fd(me), number, arg) < 0 ? errno : 0;
	which = call_of(number);
	if (canary && memcmp(me->arena + ROOM - sizeof(canary), &canary, sizeof(canary)))
		fail("writes beyond the structure", call_name(which), error);
	if (error >= ERRNOS || !expected_of(which, error))
		fail("unexpected error", call_name(which), error);
	else
		me->calls[which][error]++;
}

static void change_descriptors(struct worker *me)
{
	int fd = one_in(me, 2) ? dup(shared_fd(me)) : open(EPOCH_BENCH_DEVICE, O_RDWR | O_CLOEXEC);
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	char byte = 0;

	me->others++;
	if (fd < 0)
		return;
	if (one_in(me, 8)) {
		if (read(fd, &byte, 1) >= 0 || write(fd, &byte, 1) >= 0)
			fail("can be read or written", EPOCH_BENCH_DEVICE, 0);
		lseek(fd, below(me, 4), SEEK_SET);
		poll(&ready, 1, 0);
		flock(fd, LOCK_EX | LOCK_NB);
		if (mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED)
			fail("can be mapped", EPOCH_BENCH_DEVICE, 0);
	}
	/* The number stays a device's, so that calls meet no other file. */
	dup2(fd, shared_fd(me));
	close(fd);
}

/* A child makes some calls, and ends, or is killed in them. */
static void call_in_child(struct worker *me)
{
	struct worker child = *me;
	pid_t pid = fork();
	int status = 0;

	me->others++;
	if (!pid) {
		alarm(1);
		atomic_store(&failures, 0);
		for (int i = 0; i < 4; i++)
			call_device(&child);
		_exit(atomic_load(&failures) != 0);
	}
	if (pid < 0)
		return;
	if (one_in(me, 2))
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status))
		fail("failed", "a child", 0);
}

static const char * const words[] = {
	"", "0", "1", "2", "-1", "Y", "N", "on", "off", "auto", "fprobe", "kretprobe", "syscall",
	"1000", "21000", "20000", "4294967295", "4294967296", "18446744073709551616", "0x10", " 1",
	"1 ", "+1", "1e3", "none", "mutex", "spin", "lockless", "epoch", "srcu", "EPOCH", "epoch ",
	"epoch\nepoch", "fuzz", "init", "a name of more than 15 bytes", "2147483647", "2147483648",
	"no_such_function", "\xff\xfe", "%s%n", "\n", "\n\n",
};

/* What a file's name suggests, or anything. Never a function that others call. */
static size_t random_text(struct worker *me, const struct file *file, char *text)
{
	const char *word = words[below(me, SIZE(words))];
	size_t length;

	if (one_in(me, 16)) {
		length = below(me, one_in(me, 2) ? 64 : 3 * PAGE);
		random_bytes(me, text, length);
		return length;
	}
	if (one_in(me, 32)) {
		length = PAGE - 2 + below(me, 4);
		memset(text, '1', length);
		return length;
	}
	if (!one_in(me, 2)) {
		if (!strcmp(file->name, "tracker"))
			word = trackers[below(me, tracker_count)];
		else if (!strcmp(file->name, "symbol") && symbol_count)
			word = symbols[below(me, symbol_count)];
		else if (!strcmp(file->name, "enable") || !strcmp(file->name, "verify"))
			word = one_in(me, 3) ? "1" : "0";
	}
	length = sprintf(text, "%s%s", word, one_in(me, 2) ? "\n" : "");
	if (!strcmp(file->name, "tgid") && one_in(me, 2))
		length = sprintf(text, "%d", getpid());
	return length;
}

static bool file_may_fail(bool writes, int error)
{
	switch (error) {
	case 0:
		return true;
	case EINVAL:
	case EBUSY:
	case EINTR:
		return writes;
	}
	return false;
}

static void use_file(struct worker *me)
{
	size_t index = below(me, file_count);
	const struct file *file;
	char text[3 * PAGE + 1];
	int fd, error;
	ssize_t done;
	bool writes;

	/* Most can only be read. */
	if (!files[index].writable)
		index = below(me, file_count);
	file = &files[index];
	writes = file->writable && !one_in(me, 4);
	fd = open(file->path, writes ? O_WRONLY : O_RDONLY);
	if (fd < 0) {
		fail("cannot be opened", file->path, errno);
		return;
	}
	if (writes)
		done = write(fd, text, random_text(me, file, text));
	else
		done = pread(fd, text, 1 + below(me, PAGE), one_in(me, 8) ? below(me, PAGE) : 0);
	error = done < 0 ? errno : 0;
	close(fd);
	if (error >= ERRNOS || !file_may_fail(writes, error))
		fail(writes ? "unexpected error of write" : "unexpected error of read", file->path,
		     error);
	else
		(writes ? me->writes : me->reads)[index][error]++;
}

/* Makes calls that the hook sees. */
static void unmap(struct worker *me)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	me->others++;
	if (page != MAP_FAILED)
		munmap(page, PAGE);
}

static void *work(void *arg)
{
	struct worker *me = arg;
	struct timespec pause = { .tv_nsec = 10000000 };

	while (!atomic_load(&ending)) {
		/* The hook keeps runs out, and runs the hook: leave each some time. */
		bool mostly_files = (atomic_fetch_add(&total, 1) >> 10) % 8 == 0;
		unsigned int what = below(me, 4096);

		if (what < 1)
			call_in_child(me);
		else if (what < 64)
			change_descriptors(me);
		else if (what < 128)
			unmap(me);
		else if (what < (mostly_files ? 3600 : 160))
			use_file(me);
		else
			call_device(me);
	}
	/* The disturber sends signals to all threads. */
	atomic_fetch_add(&ended, 1);
	while (!atomic_load(&stopping))
		nanosleep(&pause, NULL);
	return NULL;
}

/* Changes, protects and unmaps memory that calls use, and interrupts them. */
static void *disturb(void *arg)
{
	struct worker *me = arg;

	while (!atomic_load(&stopping)) {
		size_t offset = PAGE * below(me, ROOM / PAGE);
		char *page = disturbed + offset;
		struct timespec pause = { .tv_nsec = 1000 * below(me, 2000) };
		char bytes[64];

		switch (below(me, 6)) {
		case 0:
			munmap(page, PAGE);
			break;
		case 1:
			mprotect(page, PAGE, PROT_NONE);
			break;
		case 2:
			mprotect(page, PAGE, PROT_READ);
			break;
		case 3:
			random_bytes(me, bytes, sizeof(bytes));
			offset += below(me, PAGE - sizeof(bytes));
			if (pwrite(disturbed_fd, bytes, sizeof(bytes), offset) < 0)
				fail("cannot be written", "memory to be disturbed", errno);
			break;
		default:
			mmap(page, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			     disturbed_fd, offset);
		}
		if (one_in(me, 4)) {
			struct worker *other = &workers[below(me, me->index)];

			pthread_kill(other->thread, one_in(me, 2) ? SIGUSR1 : SIGUSR2);
		}
		nanosleep(&pause, NULL);
	}
	return NULL;
}

static bool slurp(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t length = fd < 0 ? -1 : read(fd, text, size - 1);

	if (fd >= 0)
		close(fd);
	text[length < 0 ? 0 : length] = '\0';
	return length >= 0;
}

/* The files below a directory. Those of the kernel's own in each device are left out. */
static void find_files(const char *directory)
{
	static const char * const others[] = { ".", "..", "power", "subsystem", "uevent" };
	DIR *stream = opendir(directory);
	struct dirent *entry;

	while (stream && (entry = readdir(stream))) {
		struct file *file = &files[file_count];
		struct stat status;
		bool other = false;

		for (size_t i = 0; i < SIZE(others); i++)
			other |= !strcmp(entry->d_name, others[i]);
		if (other || file_count == MAX_FILES)
			continue;
		if (snprintf(file->path, sizeof(file->path), "%s/%s", directory, entry->d_name) >=
		    (int)sizeof(file->path) || lstat(file->path, &status))
			continue;
		if (S_ISDIR(status.st_mode)) {
			/* It takes the place of the directory. */
			char below_it[sizeof(file->path)];

			strcpy(below_it, file->path);
			find_files(below_it);
			continue;
		}
		if (!S_ISREG(status.st_mode) || !slurp(file->path, file->before, PAGE))
			continue;
		file->name = strrchr(file->path, '/') + 1;
		file->writable = status.st_mode & 0200;
		file_count++;
	}
	if (stream)
		closedir(stream);
}

#define SYS	"/sys/class/misc/epoch_bench/"

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		fail("cannot be restored", path, errno);
	if (fd >= 0)
		close(fd);
}

static void restore(void)
{
	put(SYS "hook/enable", "0");
	for (size_t i = 0; i < file_count; i++) {
		const struct file *file = &files[i];

		if (!strcmp(file->name, "symbol") && !symbol_count)
			continue;
		if (file->writable && strcmp(file->name, "enable"))
			put(file->path, strcmp(file->name, "mechanism") ? file->before : "auto");
	}
}

static void words_of(const char *path, char *into, size_t each, size_t most, size_t *count)
{
	char text[PAGE], *rest = text, *word;

	slurp(path, text, sizeof(text));
	while (*count < most && (word = strsep(&rest, "\n ")))
		if (*word)
			snprintf(into + each * (*count)++, each, "%s", word);
}

/* What was reached: sums over all threads. */
static struct worker sum;

static void add_up(void)
{
	memset(&sum, 0, sizeof(sum));
	for (size_t w = 0; w < SIZE(workers); w++) {
		sum.others += workers[w].others;
		for (int error = 0; error < ERRNOS; error++) {
			for (size_t i = 0; i <= UNKNOWN; i++)
				sum.calls[i][error] += workers[w].calls[i][error];
			for (size_t i = 0; i < file_count; i++) {
				sum.writes[i][error] += workers[w].writes[i][error];
				sum.reads[i][error] += workers[w].reads[i][error];
			}
		}
	}
}

static unsigned long refused(size_t file)
{
	unsigned long times = 0;

	for (int error = 1; error < ERRNOS; error++)
		times += sum.writes[file][error];
	return times;
}

/* Returns how much has not been reached, after it has told each. */
static unsigned int missing(void (*tell)(const char *what, const char *where, int error))
{
	unsigned int count = 0;

	add_up();
	for (size_t i = 0; i <= UNKNOWN; i++)
		for (int error = 0; error < ERRNOS; error++)
			if (expected_of(i, error) && !sum.calls[i][error]) {
				tell("never reached", call_name(i), error);
				count++;
			}
	for (size_t i = 0; i < file_count; i++)
		if (!sum.reads[i][0] ||
		    (files[i].writable && (!sum.writes[i][0] || !refused(i)))) {
			tell("not read, written and refused", files[i].path, 0);
			count++;
		}
	return count;
}

static void report(void)
{
	add_up();
	for (size_t i = 0; i <= UNKNOWN; i++) {
		printf("%s:", call_name(i));
		for (int error = 0; error < ERRNOS; error++)
			if (sum.calls[i][error])
				printf(" %s %lu", error ? strerrorname_np(error) : "done",
				       sum.calls[i][error]);
		printf("\n");
	}
	for (size_t i = 0; i < file_count; i++) {
		printf("%s: read %lu", files[i].path, sum.reads[i][0]);
		if (files[i].writable)
			printf(", written %lu, refused %lu", sum.writes[i][0], refused(i));
		printf("\n");
	}
	printf("descriptors changed, children, calls of munmap: %lu\n", sum.others);
}

static void nothing(const char *what, const char *where, int error)
{
	(void)what, (void)where, (void)error;
}

static void handler(int signal)
{
	(void)signal;
}

static void hung(int signal)
{
	static const char text[] = "FAIL fuzz: a thread does not end\n";

	(void)signal;
	if (write(STDOUT_FILENO, text, sizeof(text) - 1) < 0)
		_exit(2);
	_exit(1);
}

int main(int argc, char **argv)
{
	struct rlimit memory = { 768UL << 20, 768UL << 20 };
	struct sigaction action = { .sa_handler = handler };
	unsigned long seed = time(NULL), seconds = 60, longest, most = -1UL;
	unsigned int threads = 4;
	pthread_t disturber;
	struct timespec tenth = { .tv_nsec = 100000000 };
	struct timespec start, now;

	for (int i = 1; i + 1 < argc; i += 2) {
		unsigned long value = strtoul(argv[i + 1], NULL, 0);

		if (!strcmp(argv[i], "--seed"))
			seed = value;
		else if (!strcmp(argv[i], "--threads"))
			threads = value < MAX_THREADS ? value : MAX_THREADS - 1;
		else if (!strcmp(argv[i], "--calls"))
			most = value;
		else if (!strcmp(argv[i], "--seconds"))
			seconds = value;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("fuzz: seed %lu\n", seed);

	find_files("/sys/class/misc/epoch_bench");
	find_files("/sys/kernel/epoch");
	find_files("/sys/module/epoch/parameters");
	find_files("/sys/module/epoch_bench/parameters");
	words_of(SYS "available_trackers", trackers[0], sizeof(trackers[0]), SIZE(trackers),
		 &tracker_count);
	words_of(SYS "hook/available_symbols", symbols[0], sizeof(symbols[0]), SIZE(symbols),
		 &symbol_count);
	for (size_t i = 0; i < SIZE(shared_fds); i++)
		shared_fds[i] = open(EPOCH_BENCH_DEVICE, O_RDWR | O_CLOEXEC);
	disturbed_fd = open("/dev/shm/fuzz", O_RDWR | O_CREAT, 0600);
	if (shared_fds[0] < 0 || !tracker_count || ftruncate(disturbed_fd, ROOM)) {
		perror("fuzz: the module is not there");
		return 1;
	}
	disturbed = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_SHARED, disturbed_fd, 0);

	/* A run maps much, and may touch all that it maps. */
	setrlimit(RLIMIT_AS, &memory);
	sigaction(SIGUSR1, &action, NULL);
	action.sa_flags = SA_RESTART;
	sigaction(SIGUSR2, &action, NULL);
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (unsigned int i = 0; i <= threads; i++) {
		struct worker *worker = &workers[i];

		worker->index = i;
		worker->random = seed * (MAX_THREADS + 1) + i;
		/* ROOM to write to, ROOM that is not accessible, ROOM to read. */
		worker->arena = mmap(NULL, 3 * ROOM, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		mprotect(worker->arena + ROOM, ROOM, PROT_NONE);
		for (size_t j = 0; j < ROOM; j += sizeof(int))
			*(int *)(worker->arena + 2 * ROOM + j) = j ? 0 : EPOCH_BENCH_VERSION;
		mprotect(worker->arena + 2 * ROOM, ROOM, PROT_READ);
		if (i < threads)
			pthread_create(&worker->thread, NULL, work, worker);
		else
			pthread_create(&disturber, NULL, disturb, worker);
	}
	do {
		nanosleep(&tenth, NULL);
		clock_gettime(CLOCK_MONOTONIC, &now);
		/* A slow machine needs longer to reach all. */
		longest = seconds;
		if ((unsigned long)(now.tv_sec - start.tv_sec) >= seconds && missing(nothing))
			longest = 5 * seconds;
	} while ((unsigned long)(now.tv_sec - start.tv_sec) < longest &&
		 atomic_load(&total) < most);

	signal(SIGALRM, hung);
	alarm(120);
	atomic_store(&ending, true);
	while (atomic_load(&ended) < threads)
		nanosleep(&tenth, NULL);
	atomic_store(&stopping, true);
	for (unsigned int i = 0; i < threads; i++)
		pthread_join(workers[i].thread, NULL);
	pthread_join(disturber, NULL);
	for (size_t i = 0; i < SIZE(shared_fds); i++)
		close(shared_fds[i]);
	restore();
	report();
	missing(fail);
	printf("fuzz: %lu calls in %ld s, seed %lu\n", atomic_load(&total),
	       (long)(now.tv_sec - start.tv_sec), seed);
	return atomic_load(&failures) != 0;
}
