/* SPDX-License-Identifier: Apache-2.0 */
/* Each case is a child that takes a role's filter and makes one call. */
#define _GNU_SOURCE
#include "daemon/syscalls.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static void do_nothing(void)
{
}
static UNUSED void do_open(void)
{
	(void)!syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY, 0);
}
static void do_execve(void)
{
	(void)!syscall(SYS_execve, "/bin/true", NULL, NULL);
}
static void do_inet(void)
{
	(void)!syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
}
static void do_netlink(void)
{
	(void)!syscall(SYS_socket, AF_NETLINK, SOCK_RAW, 0);
}
static void do_unix(void)
{
	(void)!syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
}
static void do_bind(void)
{
	(void)!syscall(SYS_bind, 0, NULL, 0);
}
static void do_fork(void)
{
	(void)!syscall(SYS_fork);
}
static UNUSED void do_ptrace(void)
{
	(void)!syscall(SYS_ptrace, 0, 0, 0, 0);
}
static void do_mmap_exec(void)
{
	(void)!syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
	               -1, 0);
}
static void do_mmap(void)
{
	(void)!syscall(SYS_mmap, NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
static void do_setuid(void)
{
	(void)!syscall(SYS_setuid, 0);
}
static void do_mount(void)
{
	(void)!syscall(SYS_mount, NULL, NULL, NULL, 0, NULL);
}
static void do_io_uring(void)
{
	(void)!syscall(SYS_io_uring_setup, 1, NULL);
}
static void do_prctl_dumpable(void)
{
	(void)!syscall(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
}

/* How a child ends that takes the filter and makes the call: 0 or a signal. */
static int outcome(const struct syscalls_group *table, enum syscalls_mode mode,
                   void (*call)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (syscalls_apply(table, mode, NULL) < 0)
			_exit(9);
		call();
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

static const struct {
	const char *name;
	void (*call)(void);
	bool edge, core; /* allowed there */
} calls[] = {
	{ "nothing", do_nothing, true, true },
	{ "a unix socket", do_unix, true, true },
	{ "memory", do_mmap, true, true },
	{ "an internet socket", do_inet, false, false },
	{ "a netlink socket", do_netlink, false, false },
	{ "bind", do_bind, false, false },
	{ "execve", do_execve, false, false },
	{ "fork", do_fork, false, false },
	{ "executable memory", do_mmap_exec, false, false },
	{ "setuid", do_setuid, false, false },
	{ "mount", do_mount, false, false },
	{ "io_uring", do_io_uring, false, false },
	{ "prctl(PR_SET_DUMPABLE)", do_prctl_dumpable, false, false },
#ifndef __SANITIZE_ADDRESS__ /* whose reports open files and stop threads */
	{ "open", do_open, false, true },
	{ "ptrace", do_ptrace, false, false },
#endif
};

static void check_table(const struct syscalls_group *table, bool is_edge)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		bool allowed = is_edge ? calls[i].edge : calls[i].core;
		int got = outcome(table, SYSCALLS_ENFORCE, calls[i].call);

		if (got != (allowed ? 0 : SIGSYS))
			test_fail_(__FILE__, __LINE__, calls[i].name);
	}
}

static void the_edge_may_do_what_its_table_says(void)
{
	check_table(syscalls_edge, true);
}

static void core_may_do_what_its_table_says(void)
{
	check_table(syscalls_core, false);
}

static void in_log_mode_nothing_is_killed(void)
{
	T_EQ(outcome(syscalls_edge, SYSCALLS_LOG, do_inet), 0);
}

static void every_group_has_a_reason(void)
{
	for (const struct syscalls_group *g = syscalls_core; g->calls[0]; g++)
		T_OK(g->why[0]);
	for (const struct syscalls_group *g = syscalls_edge; g->calls[0]; g++)
		T_OK(g->why[0]);
}

TEST_MAIN({ "the edge may do what its table says", the_edge_may_do_what_its_table_says },
          { "core may do what its table says", core_may_do_what_its_table_says },
          { "in log mode nothing is killed", in_log_mode_nothing_is_killed },
          { "every group has a reason", every_group_has_a_reason })
