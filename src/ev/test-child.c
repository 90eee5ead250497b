/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "ev/ev.h"
#include "test.h"

static struct ev *ev;
static int calls, code, status;

static void on_exit_of(struct ev_child *c, int how, int value)
{
	calls++;
	code = how;
	status = value;
	T_EQ(c->pidfd, -1);
}

static pid_t spawn(int exit_status)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (exit_status < 0)
			(void)pause();
		_exit(exit_status);
	}
	return pid;
}

static void wait_for_it(void)
{
	while (!calls)
		T_EQ(ev_turn(ev, 5000, NULL), 0);
}

static void a_child_is_reaped_and_reported_once(void)
{
	struct ev_child c = { 0 };
	int before = open_fds();
	pid_t pid = spawn(7);

	calls = 0;
	T_EQ(ev_new(&ev, NULL), 0);
	T_EQ(ev_child_start(ev, &c, pid, on_exit_of, NULL), 0);
	wait_for_it();
	T_EQ(code, CLD_EXITED);
	T_EQ(status, 7);
	T_EQ(waitpid(pid, NULL, 0), -1);
	ev_child_stop(&c);
	T_EQ(ev_turn(ev, 0, NULL), 0);
	T_EQ(calls, 1);
	ev_free(ev);
	T_EQ(open_fds(), before);
}

static void a_killed_child_says_which_signal(void)
{
	struct ev_child c = { 0 };
	pid_t pid = spawn(-1);

	calls = 0;
	T_EQ(ev_new(&ev, NULL), 0);
	T_EQ(ev_child_start(ev, &c, pid, on_exit_of, NULL), 0);
	T_EQ(kill(pid, SIGKILL), 0);
	wait_for_it();
	T_EQ(code, CLD_KILLED);
	T_EQ(status, SIGKILL);
	ev_free(ev);
}

static void a_stopped_watcher_leaves_the_child_alone(void)
{
	struct ev_child c = { 0 };
	int before = open_fds();
	pid_t pid = spawn(0);

	calls = 0;
	ev_child_stop(&c); /* zeroed: nothing happens, descriptor 0 stays open */
	T_EQ(open_fds(), before);
	T_EQ(ev_new(&ev, NULL), 0);
	T_EQ(ev_child_start(ev, &c, pid, on_exit_of, NULL), 0);
	ev_child_stop(&c);
	T_EQ(waitpid(pid, NULL, 0), pid);
	T_EQ(ev_turn(ev, 0, NULL), 0);
	T_EQ(calls, 0);
	T_OK(ev_child_start(ev, &c, pid, on_exit_of, NULL) < 0);
	ev_free(ev);
	T_EQ(open_fds(), before);
}

TEST_MAIN({ "a child is reaped and reported once", a_child_is_reaped_and_reported_once },
          { "a killed child says which signal", a_killed_child_says_which_signal },
          { "a stopped watcher leaves the child alone",
            a_stopped_watcher_leaves_the_child_alone })
