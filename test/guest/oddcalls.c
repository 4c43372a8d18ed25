// SPDX-License-Identifier: GPL-2.0
/*
 * oddcalls HOW: make calls of munmap(2) that begin, continue or end unusually.
 * Prints the number of calls that the kernel has begun to execute.
 *
 * Long calls sleep in userfaultfd(2), whose events are not read.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT 10
#define PAGE 4096

static void *map(int flags)
{
	void *start = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	if (start == MAP_FAILED) {
		perror("oddcalls: mmap");
		exit(1);
	}
	return start;
}

static void die(const char *what)
{
	fprintf(stderr, "oddcalls: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void *unmap(void *start)
{
	munmap(start, PAGE);
	return NULL;
}

static pthread_t thread;

/* Starts a thread that is in munmap(2) when this returns, until the event is read. */
static int start_call(void)
{
	struct uffdio_api api = {
		.api = UFFD_API,
		.features = UFFD_FEATURE_EVENT_UNMAP,
	};
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct pollfd ready = { .events = POLLIN };
	void *start = map(0);

	ready.fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	range.range.start = (unsigned long)start;
	range.range.len = PAGE;
	if (ready.fd < 0 || ioctl(ready.fd, UFFDIO_API, &api) ||
	    ioctl(ready.fd, UFFDIO_REGISTER, &range))
		die("userfaultfd");
	if (pthread_create(&thread, NULL, unmap, start))
		die("pthread_create");
	if (poll(&ready, 1, -1) != 1 || ready.revents != POLLIN)
		die("poll");
	return ready.fd;
}

static void end_call(int fd)
{
	struct uffd_msg message;

	if (read(fd, &message, sizeof(message)) != sizeof(message))
		die("read");
	pthread_join(thread, NULL);
}

/* A call that lasts until SIGUSR1 comes. */
static int hold(void)
{
	sigset_t told;
	int fd, signal;

	sigemptyset(&told);
	sigaddset(&told, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &told, NULL);
	fd = start_call();
	printf("1\n");
	fflush(stdout);
	sigwait(&told, &signal);
	end_call(fd);
	return 0;
}

/* The thread is killed in its call by another one's execve(2). */
static int exec(void)
{
	static char *const none[] = { NULL };
	static char *const arguments[] = { "oddcalls", "nothing", NULL };

	start_call();
	printf("1\n");
	fflush(stdout);
	execve("/proc/self/exe", arguments, none);
	die("execve");
	return 1;
}

/* The thread is killed in its call by another one's exit_group(2). */
static int leave(void)
{
	start_call();
	printf("1\n");
	return 0;
}

/* Another thread forks during the call. */
static int forking(void)
{
	int fd = start_call(), status;
	pid_t child = fork();

	if (child == 0) {
		munmap(map(0), PAGE);
		_exit(0);
	}
	if (child < 0 || wait(&status) != child || status)
		die("fork");
	end_call(fd);
	printf("2\n");
	return 0;
}

/* seccomp(2) makes the call fail before it begins. */
static int filtered(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_munmap, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = 4, .filter = code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		die("seccomp");
	for (int i = 0; i < COUNT; i++)
		if (munmap(map(0), PAGE) == 0 || errno != EPERM)
			die("munmap under seccomp");
	printf("0\n");
	return 0;
}

#if defined(__x86_64__)

/*
 * A debugger replaces call number `from` by `to`, COUNT times; if `back` is set,
 * it restores the number before the call ends.
 */
static int traced(long from, long to, int back)
{
	pid_t child = fork();
	int status, calls = 0, entry = 1;

	if (child < 0)
		die("fork");
	if (child == 0) {
		char *start = map(0);

		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		for (int i = 0; i < COUNT; i++)
			syscall(from, start, PAGE, 0, 0, 0, 0);
		_exit(0);
	}
	waitpid(child, &status, 0);
	ptrace(PTRACE_SETOPTIONS, child, NULL, (void *)PTRACE_O_TRACESYSGOOD);
	while (ptrace(PTRACE_SYSCALL, child, NULL, NULL) == 0 &&
	       waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
		struct user_regs_struct regs;

		if (WSTOPSIG(status) != (SIGTRAP | 0x80))
			continue;
		ptrace(PTRACE_GETREGS, child, NULL, &regs);
		if (entry && (long)regs.orig_rax == from) {
			regs.orig_rax = to;
			ptrace(PTRACE_SETREGS, child, NULL, &regs);
			calls++;
		} else if (!entry && back) {
			regs.orig_rax = from;
			ptrace(PTRACE_SETREGS, child, NULL, &regs);
		}
		entry = !entry;
	}
	if (calls != COUNT || !WIFEXITED(status) || WEXITSTATUS(status))
		die("the debugger");
	printf("%d\n", to == SYS_munmap ? COUNT : 0);
	return 0;
}

static long by_int80(long nr, void *first, long second)
{
	long result;

	asm volatile("int $0x80" : "=a"(result)
		     : "a"(nr), "b"(first), "c"(second), "d"(0)
		     : "memory", "r8", "r9", "r10", "r11");
	return result;
}

/*
 * The calls of 32-bit programs, in which munmap has another number, and the
 * number of 64-bit munmap is that of execve.
 */
static int compat(void)
{
	const int munmap_32 = 91, execve_32 = 11;
	int calls = 0;

	for (int i = 0; i < COUNT; i++) {
		calls += by_int80(munmap_32, map(MAP_32BIT), PAGE) == 0;
		if (by_int80(execve_32, NULL, 0) == 0)
			return 1;
	}
	printf("%d\n", calls);
	return 0;
}

/* The calls of x32 programs, which many kernels do not support. */
static int x32(void)
{
	const long munmap_x32 = 0x40000000 | SYS_munmap;
	int calls = 0;

	for (int i = 0; i < COUNT; i++)
		calls += syscall(munmap_x32, map(MAP_32BIT), PAGE) == 0;
	printf("%d\n", calls);
	return 0;
}

#endif

static int nothing(void)
{
	return 0;
}

#if defined(__x86_64__)
static int skipped(void)
{
	return traced(SYS_munmap, -1, 0);
}

static int changed_from(void)
{
	return traced(SYS_munmap, SYS_getppid, 1);
}

static int changed_to(void)
{
	return traced(SYS_getppid, SYS_munmap, 1);
}
#endif

static const struct {
	const char *name;
	int (*make)(void);
} hows[] = {
	{ "hold", hold },
	{ "exec", exec },
	{ "exit", leave },
	{ "fork", forking },
	{ "seccomp", filtered },
#if defined(__x86_64__)
	{ "ptrace-skips", skipped },
	{ "ptrace-from", changed_from },
	{ "ptrace-to", changed_to },
	{ "int80", compat },
	{ "x32", x32 },
#endif
	{ "nothing", nothing },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(hows) / sizeof(*hows); i++)
		if (argc == 2 && !strcmp(argv[1], hows[i].name))
			return hows[i].make();
	fprintf(stderr, "usage: oddcalls HOW\n");
	return 2;
}
