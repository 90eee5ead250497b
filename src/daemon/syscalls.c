/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/syscalls.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "base/str.h"

/* What the sanitizers' run-time does beside the program: threads of its own,
 * its maps for a report, its alternative stacks. Not in a release build. */
#if defined(__SANITIZE_ADDRESS__)
#	define SANITIZER                                                                     \
		{ "sanitizer build: reports",                                                 \
		  "openat readlink readlinkat sched_getaffinity sigaltstack mincore getppid " \
		  "clone wait4 ptrace getdents64 lseek pipe2 uname sysinfo" },
#else
#	define SANITIZER
#endif

#define COMMON                                                                            \
	{ "the loop",                                                                     \
	  "epoll_wait epoll_pwait poll epoll_ctl epoll_create1 signalfd4 eventfd2" },     \
	    { "bytes in and out",                                                         \
	      "read write readv writev close recvmsg recvfrom sendmsg sendto" },          \
	    { "connections",                                                              \
	      "accept4 connect shutdown getsockopt setsockopt getsockname getpeername" }, \
	    { "memory", "brk munmap mremap madvise" },                                    \
	    { "clocks and random numbers",                                                \
	      "clock_gettime clock_getres gettimeofday getrandom" },                      \
	    { "descriptors", "fstat fcntl dup" },                                         \
	    { "signals of its own loop", "rt_sigprocmask rt_sigaction rt_sigreturn" },    \
	    { "locks within the process", "futex restart_syscall sched_yield" },          \
	    { "who am I, what do I use",                                                  \
	      "getpid gettid getuid geteuid getgid getegid getrusage" },                  \
	    { "the end, abort() included", "exit exit_group tgkill" }, SANITIZER

const struct syscalls_group syscalls_edge[] = {
	COMMON{ "", "" },
};

const struct syscalls_group syscalls_core[] = {
	COMMON{ "threads: the store's writer, password hashes",
	        "clone3 clone set_robust_list rseq sched_getaffinity" },
	{ "the database's files, beneath the one folder that Landlock leaves",
	  "openat open newfstatat stat lstat access faccessat faccessat2 pread64 pwrite64 "
	  "fsync "
	  "fdatasync ftruncate fallocate unlink unlinkat mkdir lseek readlink getcwd fchmod "
	  "statfs fstatfs utimensat flock" },
	{ "a copy of the store takes its name when it is whole", "rename renameat renameat2" },
	{ "waiting in SQLite's busy handler and in the kernel's clock",
	  "clock_nanosleep nanosleep" },
	{ "pages that hold secrets", "mlock munlock" },
	{ "memory's size, for password hashes", "sysinfo uname prlimit64" },
	{ "", "" },
};

/* Calls that are fine only with certain arguments; both roles. */
static int add_filtered(scmp_filter_ctx ctx)
{
	int r;

	/* The only sockets a role makes go to its neighbours on this machine. */
	r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
	                     SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
	if (r == 0) /* no page is ever made executable */
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
		                     SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (r == 0)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
		                     SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (r == 0) /* fstat() of this C library, and nothing with a name */
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1,
		                     SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH));
	if (r == 0)
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
		                     SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
	return r;
}

static int add_group(scmp_filter_ctx ctx, const struct syscalls_group *g, struct err *err)
{
	struct str rest = str_of(g->calls), one;

	while (str_split(&rest, ' ', &one)) {
		char name[32];
		int call, r;

		(void)snprintf(name, sizeof(name), "%.*s", STR_ARG(one));
		call = seccomp_syscall_resolve_name(name);
		if (call == __NR_SCMP_ERROR)
			return ERR(err, -EINVAL, "seccomp: this libseccomp knows no call %s",
			           name);
		r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call, 0);
		/* EACCES: what a filtered rule allowed is allowed whole. */
		if (r < 0 && r != -EEXIST)
			return ERR(err, r, "seccomp: rule for %s: %s", name, strerror(-r));
	}
	return 0;
}

int syscalls_apply(const struct syscalls_group *table, enum syscalls_mode mode, struct err *err)
{
	scmp_filter_ctx ctx =
	    seccomp_init(mode == SYSCALLS_LOG ? SCMP_ACT_LOG : SCMP_ACT_KILL_PROCESS);
	int r = 0;

	if (!ctx)
		return ERR(err, -ENOMEM, "seccomp: out of memory");
	for (const struct syscalls_group *g = table; r == 0 && g->calls[0]; g++)
		r = add_group(ctx, g, err);
	if (r == 0) {
		r = add_filtered(ctx);
		if (r < 0)
			r = ERR(err, r, "seccomp: rules with arguments: %s", strerror(-r));
	}
	if (r == 0) {
		r = seccomp_load(ctx);
		if (r < 0)
			r = ERR(err, r, "seccomp: the kernel refused the filter: %s",
			        strerror(-r));
	}
	seccomp_release(ctx);
	return r;
}
