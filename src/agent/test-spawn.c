/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>

#include "test.h"

static const struct agent_cfg cfg = { .home = "/tmp" };
static const struct agent agent = { .cfg = &cfg };

/* Runs a shell line; what it wrote, cut at 4 KiB. */
static void run(const struct agent *a, struct spawn s, const char *script, char ret[4096])
{
	const char *argv[] = { "sh", "-c", script, NULL };
	const char *env[] = { "PATH=/nowhere:/usr/bin:/bin", "MARK=1", NULL };
	struct err err = ERR_NONE;
	int fds[2], status;
	size_t have = 0;
	ssize_t n;
	pid_t pid = -1;

	T_EQ(pipe2(fds, O_CLOEXEC), 0);
	s.argv = argv;
	s.env = env;
	s.out = fds[1];
	T_EQ(spawn_start(a, &s, &pid, &err), 0);
	close(fds[1]);
	while ((n = read(fds[0], ret + have, 4095 - have)) > 0)
		have += (size_t)n;
	ret[have] = '\0';
	close(fds[0]);
	T_EQ(waitpid(pid, &status, 0), pid);
	T_EQ(status, 0);
}

static void a_program_gets_what_it_was_given_and_nothing_else(void)
{
	struct spawn s = SPAWN_NONE;
	char out[4096];
	int before = open_fds(), leak = open("/dev/null", O_RDONLY); /* not close-on-exec */

	s.cwd = "/usr";
	run(&agent, s,
	    "pwd; echo $MARK $HOME; ls /proc/self/fd | wc -l; cat /proc/self/oom_score_adj;"
	    "grep -E 'SigBlk|SigIgn|NoNewPrivs' /proc/self/status; read x || echo eof",
	    out);
	close(leak);
	T_STREQ(out, "/usr\n1\n4\n1000\nSigBlk:\t0000000000000000\n"
	             "SigIgn:\t0000000000000000\nNoNewPrivs:\t1\neof\n");
	T_EQ(open_fds(), before);
}

static void a_program_leads_its_own_session(void)
{
	struct spawn s = SPAWN_NONE;
	char out[4096], want[64];

	run(&agent, s, "echo $$; ps -o pgid=,sid= -p $$ | tr -d ' \\n'", out);
	(void)snprintf(want, sizeof(want), "%.*s", (int)strcspn(out, "\n"), out);
	char both[160];
	(void)snprintf(both, sizeof(both), "%s\n%s%s", want, want, want);
	T_STREQ(out, both);
}

static void a_missing_folder_falls_back_to_home(void)
{
	struct spawn s = SPAWN_NONE;
	char out[4096];

	s.cwd = "/no/such/folder";
	run(&agent, s, "pwd", out);
	T_STREQ(out, "/tmp\n");
}

static void a_program_that_is_not_there_is_told_at_once(void)
{
	const char *argv[] = { "no-such-program", NULL }, *argv2[] = { "/etc/passwd", NULL };
	const char *env[] = { "PATH=/usr/bin:/bin", NULL };
	struct spawn s = SPAWN_NONE;
	struct err err = ERR_NONE;
	int before = open_fds();
	pid_t pid = -7;

	s.argv = argv;
	s.env = env;
	T_EQ(spawn_start(&agent, &s, &pid, &err), -ENOENT);
	T_STREQ(err.msg, "there is no program no-such-program");
	s.argv = argv2;
	T_EQ(spawn_start(&agent, &s, &pid, &err), -EACCES);
	T_EQ(pid, -7);
	T_EQ(waitpid(-1, NULL, WNOHANG), -1);
	T_EQ(errno, ECHILD);
	T_EQ(open_fds(), before);
}

static void a_terminal_becomes_the_controlling_one(void)
{
	struct spawn s = SPAWN_NONE;
	const char *argv[] = { "sh", "-c", "tty; echo $((6*7))", NULL };
	const char *env[] = { "PATH=/usr/bin:/bin", NULL };
	char name[64], out[256] = "";
	int pty, tty, status;
	size_t have = 0;
	ssize_t n;
	pid_t pid;

	T_EQ(openpty(&pty, &tty, name, NULL, NULL), 0);
	s.argv = argv;
	s.env = env;
	s.tty = tty;
	T_EQ(spawn_start(&agent, &s, &pid, NULL), 0);
	close(tty);
	while (have < sizeof(out) - 1 &&
	       (n = read(pty, out + have, sizeof(out) - 1 - have)) > 0)
		have += (size_t)n;
	out[have] = '\0';
	T_OK(strncmp(out, name, strlen(name)) == 0);
	T_OK(strstr(out, "42"));
	T_EQ(waitpid(pid, &status, 0), pid);
	close(pty);
}

/* Only root can become somebody else. */
static void in_a_session_programs_run_as_the_user(void)
{
	const struct agent_cfg other = {
		.home = "/", .session = true, .uid = 1000, .gid = 1000
	};
	const struct agent as_root = { .cfg = &other };
	struct spawn s = SPAWN_NONE;
	char out[4096];

	if (geteuid() != 0) {
		printf("# not root: skipped\n");
		return;
	}
	run(&as_root, s,
	    "id -u; id -g; id -G; grep -E 'Cap(Eff|Prm|Amb)' /proc/self/status;"
	    "cat /proc/self/oom_score_adj",
	    out);
	T_STREQ(out, "1000\n1000\n1000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n"
	             "CapAmb:\t0000000000000000\n1000\n");
}

TEST_MAIN({ "a program gets what it was given, and nothing else",
            a_program_gets_what_it_was_given_and_nothing_else },
          { "a program leads its own session", a_program_leads_its_own_session },
          { "a missing folder falls back to home", a_missing_folder_falls_back_to_home },
          { "a program that is not there is told at once",
            a_program_that_is_not_there_is_told_at_once },
          { "a terminal becomes the controlling one", a_terminal_becomes_the_controlling_one },
          { "in a session programs run as the user", in_a_session_programs_run_as_the_user })
