// SPDX-License-Identifier: GPL-2.0
/*
 * ages [newer]: check that tools and modules of different ages understand each
 * other. The word says that the module is the one of newer_interface.patch. This
 * program is as old or as new as the header that it was built with; the calls of
 * tools that are older than both are written down here. Prints "PASS name" and
 * "FAIL name" lines.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/epoch_bench.h>

#ifdef EPOCH_BENCH_GROWN
#define TOOL	"newer tool"
#else
#define TOOL	"tool"
#endif

/* The largest structure that an ioctl's number has room for, and some more. */
#define LARGEST	((1U << _IOC_SIZEBITS) - 1)
#define ROOM	(2U << _IOC_SIZEBITS)

/*
 * The structures as they were published. Never change them: old tools have them.
 */
struct first_info {
	__u32 version;
	__u32 max_workers;
	__u32 running;
	__u32 started;
	char tracker[16];
};

struct first_run {
	__u32 version;
	__u32 testcase;
	__u64 bytes;
	__u64 max_iterations;
	__u64 max_duration_ns;
	__u32 pages;
	__u32 rate;
	__u32 keys;
	__u32 reserved;
	char tracker[16];
	__u64 iterations;
	__u64 elapsed_ns;
};

struct first_counters {
	__u32 version;
	__u32 state;
	__u64 iterations;
	__u64 timestamp_ns;
	__u32 turns;
	__u32 reserved;
	char tracker[16];
};

struct first_tracker {
	__u32 version;
	__u32 flags;
	char name[16];
	__u64 waits;
	__u64 blocked;
	__u64 longest_queue;
	__u64 restarts;
	__u64 contended;
	__u64 violations;
};

struct first_histogram {
	__u32 version;
	__u32 latency;
	char tracker[16];
	__u64 buckets[312];
};

struct first_select {
	__u32 version;
	__u32 reserved;
	char tracker[16];
};

static const struct first_info info = { .version = 3 };

static const struct first_run run = {
	.version = 3, .testcase = 1, .max_iterations = 5, .max_duration_ns = 10000000000,
	.tracker = "epoch",
};

static const struct first_counters counters = { .version = 3 };
static const struct first_tracker tracker = { .version = 3, .name = "epoch" };
static const struct first_histogram histogram = { .version = 3, .tracker = "epoch" };
static const struct first_select selection = { .version = 3, .tracker = "epoch" };

/* In this order, the first calls see what the later ones do. */
static const struct call {
	const char *name;
	unsigned int nr;
	/* The number that old tools have. */
	unsigned int number;
	const void *good;
	size_t first_size;
	/* Size in the header that this was built with. */
	size_t size;
} calls[] = {
	{ "info", 0, 0xc020eb00, &info, sizeof(info), sizeof(struct epoch_bench_info) },
	{ "run", 1, 0xc050eb01, &run, sizeof(run), sizeof(struct epoch_bench_run) },
	{ "counters", 3, 0xc030eb03, &counters, sizeof(counters),
	  sizeof(struct epoch_bench_counters) },
	{ "tracker", 4, 0xc048eb04, &tracker, sizeof(tracker),
	  sizeof(struct epoch_bench_tracker) },
	{ "histogram", 5, 0xc9d8eb05, &histogram, sizeof(histogram),
	  sizeof(struct epoch_bench_histogram) },
	{ "select", 6, 0xc018eb06, &selection, sizeof(selection),
	  sizeof(struct epoch_bench_select) },
};

static const char *module = "module";
static int failures;
static int fd;

static void verdict(bool passed, const char *format, ...)
{
	va_list args;

	if (passed)
		return;
	va_start(args, format);
	printf("FAIL " TOOL ", %s: ", module);
	vprintf(format, args);
	putchar('\n');
	va_end(args);
	failures++;
}

/* Check that the ioctl ends with this errno (0: that it succeeds). */
static void expect(int wanted, unsigned long number, void *arg, const char *call, const char *what)
{
	int found = ioctl(fd, number, arg) < 0 ? errno : 0;

	verdict(found == wanted, "%s of %s: wanted \"%s\", got \"%s\"", call, what,
		strerror(wanted), strerror(found));
}

static unsigned long sized(const struct call *call, size_t size)
{
	return _IOC(_IOC_READ | _IOC_WRITE, EPOCH_BENCH_IOC_MAGIC, call->nr, size);
}

/* What follows the caller's structure in memory. */
#define BEYOND	0xa5

/* A structure of that size: that of the call, and zeros. */
static char *filled(const struct call *call, size_t size)
{
	static char room[ROOM];

	memset(room, BEYOND, sizeof(room));
	memset(room, 0, size);
	memcpy(room, call->good, size < call->first_size ? size : call->first_size);
	return room;
}

static bool all(const char *from, size_t bytes, char value)
{
	while (bytes && *from == value)
		from++, bytes--;
	return !bytes;
}

/* Check that nothing behind a structure of that size was written. */
static void untouched(const struct call *call, const char *arg, size_t size)
{
	verdict(all(arg + size, ROOM - size, BEYOND), "%s of %zu bytes writes no more than that",
		call->name, size);
}

static void of_first(const struct call *call)
{
	char *arg = filled(call, call->first_size);

	verdict(call->number == sized(call, call->first_size),
		"%s has the number that old tools use", call->name);
	expect(0, call->number, arg, call->name, "the first size");
	untouched(call, arg, call->first_size);
	if (call->nr == 0)
		verdict(((struct first_info *)arg)->max_workers == 4096, "info is filled in");
	if (call->nr == 1)
		verdict(((struct first_run *)arg)->iterations == 5, "run is filled in");
	if (call->nr == 3)
		verdict(!strcmp(((struct first_counters *)arg)->tracker, "epoch"),
			"counters are filled in");
}

static void too_small(const struct call *call)
{
	const size_t sizes[] = { 0, 1, 4, 8, call->first_size - 1 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		char *arg = filled(call, sizes[i]);

		expect(EINVAL, sized(call, sizes[i]), arg, call->name, "too small a size");
		untouched(call, arg, sizes[i]);
	}
}

static void of_later(const struct call *call)
{
	const size_t sizes[] = { call->size, call->size + 1, call->size + 64, 4097, LARGEST };
	char what[80], before[ROOM];

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		char *arg = filled(call, sizes[i]);

		snprintf(what, sizeof(what), "%zu bytes", sizes[i]);
		expect(0, sized(call, sizes[i]), arg, call->name, what);
		untouched(call, arg, sizes[i]);
		/* Not the newer module's. */
		verdict(sizes[i] < call->size + 8 ||
			all(arg + call->size + 8, sizes[i] - call->size - 8, 0),
			"%s leaves 0 in what it does not know", call->name);
		if (sizes[i] < call->size + 64)
			continue;

		arg = filled(call, sizes[i]);
		arg[sizes[i] - 1] = 1;
		memcpy(before, arg, sizeof(before));
		snprintf(what, sizeof(what), "%zu bytes, the last of which is not 0", sizes[i]);
		expect(E2BIG, sized(call, sizes[i]), arg, call->name, what);
		verdict(!memcmp(before, arg, sizeof(before)), "that %s does nothing", call->name);
	}
}

/* A structure that is longer than its mapping. */
static void cut_off(const struct call *call)
{
	long page = sysconf(_SC_PAGESIZE);
	char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *arg = pages + page - call->first_size;

	munmap(pages + page, page);
	memcpy(arg, call->good, call->first_size);
	expect(EFAULT, sized(call, LARGEST), arg, call->name,
	       "a structure whose end is not mapped");
	expect(0, sized(call, call->first_size), arg, call->name, "the same, where it is mapped");
	munmap(pages, page);
}

static void other_directions(const struct call *call)
{
	static const unsigned int directions[] = { _IOC_NONE, _IOC_READ, _IOC_WRITE };

	for (size_t i = 0; i < 3; i++)
		expect(ENOTTY, _IOC(directions[i], EPOCH_BENCH_IOC_MAGIC, call->nr,
				    call->first_size), filled(call, call->first_size),
		       call->name, "another direction");
}

static void other_version(const struct call *call)
{
	for (size_t size = call->first_size; size <= call->size + 64; size += 64) {
		__u32 *version = (void *)filled(call, size);

		*version = EPOCH_BENCH_VERSION + 1;
		expect(EPROTO, sized(call, size), version, call->name, "another version");
		verdict(*version == EPOCH_BENCH_VERSION, "it is answered with the module's own");
	}
}

#ifdef EPOCH_BENCH_GROWN
/* Fields that only this tool and the newer module have. */
static void grown(bool newer)
{
	static const __u64 asked[] = { 0, 1, 5 };
	const int answers[] = { 0, newer ? 0 : E2BIG, newer ? EINVAL : E2BIG };
	struct epoch_bench_info described = { .version = EPOCH_BENCH_VERSION };

	expect(0, EPOCH_BENCH_IOC_INFO, &described, "info", "the newer structure");
	verdict(described.grown == (newer ? 7 : 0), "info has %s in its last field",
		newer ? "the module's answer" : "0");
	for (size_t i = 0; i < 3; i++) {
		struct epoch_bench_run once = {
			.version = EPOCH_BENCH_VERSION,
			.testcase = EPOCH_BENCH_DI,
			.max_iterations = 1,
			.grown = asked[i],
		};

		expect(answers[i], EPOCH_BENCH_IOC_RUN, &once, "run", "the newer structure");
		verdict(once.iterations == !answers[i], "it makes %d iterations", !answers[i]);
		verdict(once.grown == (newer && asked[i] == 1 ? 2 : asked[i]),
			"its last field has what the module answers");
	}
}
#endif

static const struct {
	const char *what;
	void (*check)(const struct call *call);
} checks[] = {
	{ "as it was published", of_first },
	{ "too small a structure", too_small },
	{ "larger structures", of_later },
	{ "a structure that is cut off", cut_off },
	{ "other directions", other_directions },
	{ "another version", other_version },
};

int main(int argc, char **argv)
{
	bool newer = argc == 2 && !strcmp(argv[1], "newer");

	setvbuf(stdout, NULL, _IOLBF, 0);
	/* End the test if a run does not. */
	alarm(60);
	if (newer)
		module = "newer module";
	fd = open(EPOCH_BENCH_DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		perror(EPOCH_BENCH_DEVICE);
		return 1;
	}
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		for (size_t j = 0; j < sizeof(checks) / sizeof(*checks); j++) {
			int before = failures;

			checks[j].check(&calls[i]);
			if (failures == before)
				printf("PASS " TOOL ", %s: %s: %s\n", module, calls[i].name,
				       checks[j].what);
		}
	}
	expect(ENOTTY, _IOC(_IOC_NONE, EPOCH_BENCH_IOC_MAGIC, 0x02, 8), NULL, "stop",
	       "a structure");
	expect(ENOTTY, _IOC(_IOC_READ | _IOC_WRITE, EPOCH_BENCH_IOC_MAGIC, 0x02, 0), NULL, "stop",
	       "another direction");
#ifdef EPOCH_BENCH_GROWN
	grown(newer);
#endif
	if (!failures)
		printf("PASS " TOOL ", %s: all\n", module);
	return failures != 0;
}
