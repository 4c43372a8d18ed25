// SPDX-License-Identifier: GPL-2.0
/*
 * badinput: send malformed input to /dev/epoch_bench, and measure how fast a
 * worker stops. Prints "PASS name" and "FAIL name" lines.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/epoch_bench.h>

/* The interface promises 100 ms; an emulated guest gets ten times as long. */
#define PROMISE_MS	100
#define BOUND_MS	1000

#define MS		1000000ULL

static int failures;

static void verdict(bool passed, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf(passed ? "PASS device: " : "FAIL device: ");
	vprintf(format, args);
	putchar('\n');
	va_end(args);
	failures += !passed;
}

static int device(void)
{
	int fd = open(EPOCH_BENCH_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		perror(EPOCH_BENCH_DEVICE);
		exit(1);
	}
	return fd;
}

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

static void sleep_ms(long ms)
{
	struct timespec time = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&time, NULL);
}

/* Check that the ioctl ends with this errno (0: that it succeeds). */
static void expect(int wanted, int fd, unsigned long cmd, void *arg, const char *name)
{
	int found = ioctl(fd, cmd, arg) < 0 ? errno : 0;

	if (found == wanted)
		verdict(true, "%s: %s", name, wanted ? strerror(wanted) : "accepted");
	else
		verdict(false, "%s: wanted %d (%s), got %d (%s)", name,
			wanted, strerror(wanted), found, strerror(found));
}

static struct epoch_bench_run one_iteration(void)
{
	return (struct epoch_bench_run) {
		.version = EPOCH_BENCH_VERSION,
		.testcase = EPOCH_BENCH_DI,
		.max_iterations = 1,
	};
}

static struct epoch_bench_run endless(void)
{
	return (struct epoch_bench_run) {
		.version = EPOCH_BENCH_VERSION,
		.testcase = EPOCH_BENCH_MMAP1,
	};
}

static struct epoch_bench_counters counters(int fd)
{
	struct epoch_bench_counters counters = { .version = EPOCH_BENCH_VERSION };

	if (ioctl(fd, EPOCH_BENCH_IOC_COUNTERS, &counters))
		verdict(false, "reading them: %s", strerror(errno));
	return counters;
}

static bool state_becomes(int fd, unsigned int state)
{
	for (int i = 0; i < 500; i++) {
		if (counters(fd).state == state)
			return true;
		sleep_ms(10);
	}
	return false;
}

static void unknown_ioctls(int fd)
{
	expect(ENOTTY, fd, _IO(EPOCH_BENCH_IOC_MAGIC, 0x7f), NULL, "unknown number");
	expect(ENOTTY, fd, _IO('x', 0x02), NULL, "unknown magic");
	expect(ENOTTY, fd, 0, NULL, "ioctl 0");
	expect(ENOTTY, fd, ~0UL, NULL, "ioctl with all bits set");
}

static void wrong_versions(int fd)
{
	static const unsigned int versions[] = { 0, EPOCH_BENCH_VERSION + 1, ~0U };

	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++) {
		struct epoch_bench_info info = { .version = versions[i] };
		struct epoch_bench_run run = one_iteration();
		struct epoch_bench_counters counters = { .version = versions[i] };

		run.version = versions[i];
		expect(EPROTO, fd, EPOCH_BENCH_IOC_INFO, &info, "info of another version");
		expect(EPROTO, fd, EPOCH_BENCH_IOC_RUN, &run, "run of another version");
		expect(EPROTO, fd, EPOCH_BENCH_IOC_COUNTERS, &counters,
		       "counters of another version");
		verdict(info.version == EPOCH_BENCH_VERSION && run.version == EPOCH_BENCH_VERSION &&
			counters.version == EPOCH_BENCH_VERSION,
			"version %u is answered with the module's own", versions[i]);
	}
}

static void bad_pointers(int fd)
{
	static const unsigned long cmds[] = {
		EPOCH_BENCH_IOC_INFO, EPOCH_BENCH_IOC_RUN, EPOCH_BENCH_IOC_COUNTERS,
		EPOCH_BENCH_IOC_TRACKER, EPOCH_BENCH_IOC_HISTOGRAM, EPOCH_BENCH_IOC_SELECT,
	};
	static const char * const names[] = {
		"info", "run", "counters", "tracker", "histogram", "select",
	};
	/* All structures begin with the version, which each ioctl checks. */
	struct epoch_bench_run run = one_iteration();
	struct epoch_bench_info info = { .version = EPOCH_BENCH_VERSION };
	struct epoch_bench_counters counters = { .version = EPOCH_BENCH_VERSION };
	struct epoch_bench_tracker tracker = {
		.version = EPOCH_BENCH_VERSION, .name = "epoch",
	};
	struct epoch_bench_histogram histogram = {
		.version = EPOCH_BENCH_VERSION, .tracker = "epoch",
	};
	struct epoch_bench_select select = { .version = EPOCH_BENCH_VERSION };
	const void *good[] = { &info, &run, &counters, &tracker, &histogram, &select };
	long page = sysconf(_SC_PAGESIZE);
	char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char name[80];

	mprotect(pages + page, page, PROT_NONE);
	for (int i = 0; i < 6; i++) {
		size_t size = _IOC_SIZE(cmds[i]);
		struct {
			const char *what;
			void *arg;
		} bad[] = {
			{ "a null pointer", NULL },
			{ "a small address", (void *)1 },
			{ "a kernel address", (void *)0xffff888000000000 },
			{ "a non-canonical address", (void *)0x8000000000000000 },
			{ "the last address", (void *)~0UL },
			{ "a buffer that ends too early", pages + page - size + 4 },
		};

		for (size_t j = 0; j < sizeof(bad) / sizeof(*bad); j++) {
			snprintf(name, sizeof(name), "%s with %s", names[i], bad[j].what);
			if (j + 1 == sizeof(bad) / sizeof(*bad))
				memcpy(bad[j].arg, good[i], size - 4);
			expect(EFAULT, fd, cmds[i], bad[j].arg, name);
		}

		memcpy(pages + 1, good[i], size);
		snprintf(name, sizeof(name), "%s with a misaligned buffer", names[i]);
		expect(0, fd, cmds[i], pages + 1, name);

		memcpy(pages, good[i], size);
		mprotect(pages, page, PROT_READ);
		snprintf(name, sizeof(name), "%s with a read-only buffer", names[i]);
		expect(EFAULT, fd, cmds[i], pages, name);
		mprotect(pages, page, PROT_READ | PROT_WRITE);
	}
	munmap(pages, 2 * page);
}

static void bad_values(int fd)
{
	struct epoch_bench_tracker tracker = { .version = EPOCH_BENCH_VERSION };
	struct epoch_bench_histogram histogram = { .version = EPOCH_BENCH_VERSION };
	struct epoch_bench_run run;

	struct epoch_bench_counters reserved = { .version = EPOCH_BENCH_VERSION, .reserved = 1 };
	struct epoch_bench_select select = { .version = EPOCH_BENCH_VERSION, .reserved = 1 };

	expect(EINVAL, fd, EPOCH_BENCH_IOC_COUNTERS, &reserved, "counters with reserved set");
	expect(EINVAL, fd, EPOCH_BENCH_IOC_SELECT, &select, "select with reserved set");
	select.reserved = 0;
	memset(select.tracker, 'x', sizeof(select.tracker));
	expect(EINVAL, fd, EPOCH_BENCH_IOC_SELECT, &select, "select of a name without an end");
	strcpy(select.tracker, "no such tracker");
	expect(EINVAL, fd, EPOCH_BENCH_IOC_SELECT, &select, "select of no tracker");
	run = one_iteration();
	strcpy(run.tracker, "no such tracker");
	expect(EINVAL, fd, EPOCH_BENCH_IOC_RUN, &run, "run with a tracker that is not there");

	run = one_iteration();
	run.testcase = EPOCH_BENCH_TORTURE + 1;
	expect(EINVAL, fd, EPOCH_BENCH_IOC_RUN, &run, "unknown testcase");
	run.testcase = ~0U;
	expect(EINVAL, fd, EPOCH_BENCH_IOC_RUN, &run, "testcase with all bits set");

	run = one_iteration();
	run.bytes = 4096;
	expect(EINVAL, fd, EPOCH_BENCH_IOC_RUN, &run, "di with a length");

	run.testcase = EPOCH_BENCH_MMAP1;
	run.bytes = 1;
	expect(EINVAL, fd, EPOCH_BENCH_IOC_RUN, &run, "length of 1 byte");
	run.bytes = 4097;
	expect(EINVAL, fd, EPOCH_BENCH_IOC_RUN, &run, "length off a page");
	run.bytes = EPOCH_BENCH_MAX_BYTES + 4096;
	expect(EINVAL, fd, EPOCH_BENCH_IOC_RUN, &run, "length above the limit");
	run.bytes = ~0ULL << 12;
	expect(EINVAL, fd, EPOCH_BENCH_IOC_RUN, &run, "the longest length of whole pages");

	run = one_iteration();
	run.reserved = 1;
	expect(EINVAL, fd, EPOCH_BENCH_IOC_RUN, &run, "run with reserved set");
	run = one_iteration();
	run.pages = 1;
	expect(EINVAL, fd, EPOCH_BENCH_IOC_RUN, &run, "di with pages");
	run = one_iteration();
	run.rate = 1;
	expect(EINVAL, fd, EPOCH_BENCH_IOC_RUN, &run, "di with a rate");
	run = one_iteration();
	run.keys = 1;
	expect(EINVAL, fd, EPOCH_BENCH_IOC_RUN, &run, "di with keys");
	run = one_iteration();
	run.testcase = EPOCH_BENCH_MMAP1_TOUCH;
	expect(EINVAL, fd, EPOCH_BENCH_IOC_RUN, &run, "mmap1-touch without pages");
	run.bytes = 4096;
	run.pages = 2;
	expect(EINVAL, fd, EPOCH_BENCH_IOC_RUN, &run, "more pages than the mapping has");
	run.pages = ~0U;
	expect(EINVAL, fd, EPOCH_BENCH_IOC_RUN, &run, "pages with all bits set");
	run = one_iteration();
	run.testcase = EPOCH_BENCH_PAGE_FAULT;
	run.bytes = 8192;
	expect(EINVAL, fd, EPOCH_BENCH_IOC_RUN, &run, "page-fault with a length");
	run.bytes = 0;
	run.keys = EPOCH_BENCH_MAX_KEYS + 1;
	expect(EINVAL, fd, EPOCH_BENCH_IOC_RUN, &run, "too many keys");
	run = one_iteration();
	run.testcase = EPOCH_BENCH_WAIT;
	run.rate = EPOCH_BENCH_MAX_RATE + 1;
	expect(EINVAL, fd, EPOCH_BENCH_IOC_RUN, &run, "too high a rate");

	expect(EINVAL, fd, EPOCH_BENCH_IOC_TRACKER, &tracker, "counters of no tracker");
	memset(tracker.name, 'e', sizeof(tracker.name));
	expect(EINVAL, fd, EPOCH_BENCH_IOC_TRACKER, &tracker, "a name without an end");
	strcpy(tracker.name, "epoch");
	tracker.name[sizeof(tracker.name) - 1] = 'x';
	expect(EINVAL, fd, EPOCH_BENCH_IOC_TRACKER, &tracker, "a name that goes on after its end");
	expect(EINVAL, fd, EPOCH_BENCH_IOC_HISTOGRAM, &histogram, "histogram of no tracker");
	strcpy(histogram.tracker, "epoch");
	histogram.latency = EPOCH_BENCH_WAITS + 1;
	expect(EINVAL, fd, EPOCH_BENCH_IOC_HISTOGRAM, &histogram, "histogram of nothing");

	verdict(counters(fd).state == EPOCH_BENCH_IDLE || counters(fd).state == EPOCH_BENCH_DONE,
		"after refusals nothing runs");
	verdict(read(fd, &run, sizeof(run)) < 0, "read is refused");
	verdict(write(fd, &run, sizeof(run)) < 0, "write is refused");
	verdict(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED, "mmap is refused");
}

/* Each testcase, a few times. */
static void testcases(int fd)
{
	for (unsigned int testcase = 0; testcase <= EPOCH_BENCH_TORTURE; testcase++) {
		struct epoch_bench_run run = {
			.version = EPOCH_BENCH_VERSION,
			.testcase = testcase,
			.pages = testcase == EPOCH_BENCH_MMAP1_TOUCH ? 3 : 0,
			.rate = testcase == EPOCH_BENCH_WAIT ? 1000 : 0,
			.max_iterations = 5,
		};
		char name[40];

		snprintf(name, sizeof(name), "testcase %u", testcase);
		expect(0, fd, EPOCH_BENCH_IOC_RUN, &run, name);
		verdict(run.iterations == 5, "%s made %llu iterations", name,
			(unsigned long long)run.iterations);
	}
}

static void limits(int fd)
{
	struct epoch_bench_run run = endless();

	run.max_iterations = 10;
	expect(0, fd, EPOCH_BENCH_IOC_RUN, &run, "run of 10 iterations");
	verdict(run.iterations == 10 && run.elapsed_ns > 0, "it made %llu, in %llu ns",
		(unsigned long long)run.iterations, (unsigned long long)run.elapsed_ns);

	run = endless();
	run.bytes = 4096;
	run.max_iterations = 1;
	expect(0, fd, EPOCH_BENCH_IOC_RUN, &run, "length of one page");

	run = endless();
	run.max_duration_ns = 50 * MS;
	expect(0, fd, EPOCH_BENCH_IOC_RUN, &run, "run of 50 ms");
	verdict(run.elapsed_ns >= 50 * MS && run.elapsed_ns < (50 + BOUND_MS) * MS,
		"it took %.1f ms", run.elapsed_ns / 1e6);
	verdict(counters(fd).iterations == run.iterations, "the counters agree with the result");
	expect(0, fd, EPOCH_BENCH_IOC_STOP, NULL, "stop without a worker");
	run = one_iteration();
	expect(0, fd, EPOCH_BENCH_IOC_RUN, &run, "the next run");
	verdict(run.iterations == 1, "a stop without a worker does not reach it");
}

/* A waiter whose next wait is far off. */
static struct epoch_bench_run seldom(void)
{
	return (struct epoch_bench_run) {
		.version = EPOCH_BENCH_VERSION,
		.testcase = EPOCH_BENCH_WAIT,
		.rate = 1,
	};
}

/* A waiter that waits back to back. */
static struct epoch_bench_run waits(void)
{
	return (struct epoch_bench_run) {
		.version = EPOCH_BENCH_VERSION,
		.testcase = EPOCH_BENCH_WAIT,
	};
}

/* A worker thread of this process, and how its run ended. */
struct worker {
	int fd;
	int error;
	double ended_ms;
	struct epoch_bench_run run;
	pthread_t thread;
};

static void *work(void *arg)
{
	struct worker *worker = arg;
	sigset_t children;

	/* The end of a child may interrupt any thread that does not block it. */
	sigemptyset(&children);
	sigaddset(&children, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, &children, NULL);

	worker->error = ioctl(worker->fd, EPOCH_BENCH_IOC_RUN, &worker->run) ? errno : 0;
	worker->ended_ms = now_ms();
	return NULL;
}

/* The counters are read through another descriptor of the same open file. */
static int start(struct worker *worker, struct epoch_bench_run run)
{
	int other = dup(worker->fd);

	worker->run = run;
	pthread_create(&worker->thread, NULL, work, worker);
	verdict(state_becomes(other, EPOCH_BENCH_RUNNING), "a worker runs");
	return other;
}

static void ended(struct worker *worker, double since_ms, int error, const char *by)
{
	double took;

	pthread_join(worker->thread, NULL);
	took = worker->ended_ms - since_ms;
	verdict(took >= 0 && took < BOUND_MS, "stopped by %s after %.1f ms (promised: %d)",
		by, took, PROMISE_MS);
	verdict(worker->error == error, "the run stopped by %s returns %d (%s)", by,
		worker->error, strerror(worker->error));
	verdict(worker->run.iterations > 0, "the run stopped by %s hands out its result", by);
}

static void own_tracker(int fd, const char *name)
{
	struct epoch_bench_select select = { .version = EPOCH_BENCH_VERSION };

	strcpy(select.tracker, name);
	expect(0, fd, EPOCH_BENCH_IOC_SELECT, &select, "select");
}

/* A worker that runs has a tracker of its own, whatever others do. */
static void own_trackers(int runs, int third)
{
	struct epoch_bench_run run = one_iteration();
	unsigned int turns;
	int i;

	own_tracker(runs, "spin");
	for (i = 0; i < 500 && strcmp(counters(runs).tracker, "spin"); i++)
		sleep_ms(10);
	verdict(!strcmp(counters(runs).tracker, "spin"), "the worker uses its tracker");
	turns = counters(runs).turns;
	strcpy(run.tracker, "mutex");
	expect(0, third, EPOCH_BENCH_IOC_RUN, &run, "run with another tracker");
	verdict(!strcmp(counters(third).tracker, "mutex"), "that one has used it");
	verdict(counters(runs).turns == turns, "the first one still uses its own");
	run = one_iteration();
	expect(0, third, EPOCH_BENCH_IOC_RUN, &run, "run that names no tracker");
	verdict(!strcmp(counters(third).tracker, "mutex"), "it uses the one of its file");
	turns = counters(third).turns;
	own_tracker(third, "");
	run = one_iteration();
	expect(0, third, EPOCH_BENCH_IOC_RUN, &run, "run with the tracker that sysfs says");
	verdict(counters(third).turns == turns + 1 && strcmp(counters(third).tracker, "mutex"),
		"it uses that one");
}

static void busy_and_stop(void)
{
	struct worker worker = { .fd = device() };
	int other = start(&worker, endless()), third = device();
	struct epoch_bench_run run = one_iteration();
	struct epoch_bench_info info = { .version = EPOCH_BENCH_VERSION };
	struct epoch_bench_counters first, second;
	__u32 started;
	double since;
	pid_t child;
	int i;

	expect(EBUSY, other, EPOCH_BENCH_IOC_RUN, &run, "second run on the same file");
	ioctl(third, EPOCH_BENCH_IOC_INFO, &info);
	verdict(info.running == 1, "info counts %u worker", info.running);
	started = info.started;
	expect(0, third, EPOCH_BENCH_IOC_RUN, &run, "run on another file meanwhile");
	ioctl(third, EPOCH_BENCH_IOC_INFO, &info);
	verdict(info.running == 1 && info.started == started + 1,
		"info counts %u worker that has come and gone", info.started - started);

	own_trackers(other, third);

	first = counters(other);
	for (i = 0; i < 100 && counters(other).iterations == first.iterations; i++)
		sleep_ms(10);
	second = counters(other);
	verdict(second.iterations > first.iterations && second.timestamp_ns > first.timestamp_ns,
		"counters go on while it runs");

	/* Another process may close its copy: it is not the one that runs. */
	child = fork();
	if (!child) {
		close(other);
		close(worker.fd);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	sleep_ms(200);
	verdict(counters(other).state == EPOCH_BENCH_RUNNING,
		"the end of a child with a copy of the descriptor does not stop it");

	since = now_ms();
	expect(0, other, EPOCH_BENCH_IOC_STOP, NULL, "stop");
	ended(&worker, since, 0, "ioctl");
	verdict(counters(other).state == EPOCH_BENCH_DONE, "then the state is done");
	close(third);
	close(other);
	close(worker.fd);
}

static void handler(int signal)
{
	(void)signal;
}

static void stop_by_signal(int flags, const char *by)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };
	struct worker worker = { .fd = device() };
	int other = start(&worker, endless());
	double since;

	sigaction(SIGUSR1, &action, NULL);
	since = now_ms();
	pthread_kill(worker.thread, SIGUSR1);
	ended(&worker, since, EINTR, by);
	close(other);
	close(worker.fd);
}

static void stop_a_waiter(void)
{
	struct worker worker = { .fd = device() };
	int other = start(&worker, seldom());
	double since;

	while (!counters(other).iterations)
		sleep_ms(10);
	since = now_ms();
	expect(0, other, EPOCH_BENCH_IOC_STOP, NULL, "stop a waiter");
	ended(&worker, since, 0, "ioctl between two waits");
	close(other);
	close(worker.fd);
}

/* Another task waits back to back, and is stopped at an arbitrary point. */
static void waiter_that_is_stopped(bool traced)
{
	const char *by = traced ? "ptrace" : "SIGSTOP";
	struct worker worker = { .fd = device() };
	int other = start(&worker, waits()), fd = device(), status = 0, i;
	struct epoch_bench_run run = waits();
	pid_t child = fork();
	__u64 before;
	double since;

	if (!child) {
		/* A run ends when it is interrupted. */
		for (;;)
			ioctl(fd, EPOCH_BENCH_IOC_RUN, &run);
	}
	verdict(state_becomes(fd, EPOCH_BENCH_RUNNING), "a waiter to be stopped by %s runs", by);
	if (traced) {
		ptrace(PTRACE_SEIZE, child, NULL, NULL);
		ptrace(PTRACE_INTERRUPT, child, NULL, NULL);
	} else {
		kill(child, SIGSTOP);
	}
	waitpid(child, &status, WUNTRACED);
	verdict(WIFSTOPPED(status), "the waiter is stopped by %s", by);
	before = counters(other).iterations;
	for (i = 0; i < 300 && counters(other).iterations < before + 100; i++)
		sleep_ms(10);
	verdict(counters(other).iterations >= before + 100,
		"a waiter that is stopped by %s holds up no other", by);
	kill(child, SIGKILL);
	while (waitpid(child, &status, 0) == child && !WIFSIGNALED(status))
		;
	since = now_ms();
	ioctl(other, EPOCH_BENCH_IOC_STOP);
	ended(&worker, since, 0, "ioctl beside one that was stopped");
	close(other);
	close(worker.fd);
	close(fd);
}

static void stop_by_close(void)
{
	struct worker worker = { .fd = device() };
	int other = start(&worker, endless());
	double since = now_ms();

	close(other);
	ended(&worker, since, 0, "close");
	close(worker.fd);
}

static void stop_by_kill(void)
{
	int fd = device();
	struct epoch_bench_run run = endless();
	double since, took;
	pid_t child = fork();

	if (!child) {
		ioctl(fd, EPOCH_BENCH_IOC_RUN, &run);
		_exit(0);
	}
	verdict(state_becomes(fd, EPOCH_BENCH_RUNNING), "a worker runs in another process");
	since = now_ms();
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	took = now_ms() - since;
	verdict(took < BOUND_MS, "gone %.1f ms after SIGKILL (promised: %d)", took,
		PROMISE_MS);
	verdict(counters(fd).state == EPOCH_BENCH_DONE, "then the state is done");
	close(fd);
}

/* More pages than are touched in BOUND_MS. */
static void kill_one_that_touches(void)
{
	const size_t bytes = 1UL << 30;
	struct epoch_bench_run run = endless();
	int fd = device();
	double since, took;
	pid_t child = fork();

	run.testcase = EPOCH_BENCH_MMAP1_TOUCH;
	run.bytes = bytes;
	run.pages = bytes / sysconf(_SC_PAGESIZE);
	if (!child) {
		ioctl(fd, EPOCH_BENCH_IOC_RUN, &run);
		_exit(0);
	}
	verdict(state_becomes(fd, EPOCH_BENCH_RUNNING), "a worker touches %u pages", run.pages);
	sleep_ms(50);
	since = now_ms();
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	took = now_ms() - since;
	verdict(took < BOUND_MS, "gone %.1f ms after SIGKILL while it touches", took);
	close(fd);
}

int main(void)
{
	int fd;

	setvbuf(stdout, NULL, _IOLBF, 0);
	/* End the test if anything hangs. */
	alarm(120);

	fd = device();
	unknown_ioctls(fd);
	wrong_versions(fd);
	bad_pointers(fd);
	bad_values(fd);
	testcases(fd);
	limits(fd);
	close(fd);
	busy_and_stop();
	stop_by_signal(0, "signal");
	stop_by_signal(SA_RESTART, "signal with SA_RESTART");
	stop_a_waiter();
	kill_one_that_touches();
	waiter_that_is_stopped(false);
	waiter_that_is_stopped(true);
	stop_by_close();
	stop_by_kill();
	return failures != 0;
}
