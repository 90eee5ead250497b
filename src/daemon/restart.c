/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "daemon/restart.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/file.h"
#include "base/proc.h"
#include "base/time.h"
#include "daemon/roles.h"

#define WAIT_S  30U
#define STEP_MS 20

/* The lines "NAME pid start" of the status file for what is to be replaced. */
static int read_lines(const struct runtime *rt, const char *what, struct buf *ret,
                      struct err *err)
{
	struct buf b = BUF(65536);
	struct str rest, line;
	char path[64];
	int r;

	(void)snprintf(path, sizeof(path), "%s/status", rt->dir);
	r = file_read(AT_FDCWD, path, &b, err);
	rest = buf_str(&b);
	while (r == 0 && str_split(&rest, '\n', &line)) {
		struct str name = str_sub(line, 0, str_chr(line, ' ', 0));
		bool role =
		    str_is(name, "edge") || str_is(name, "core") || str_is(name, "engine");

		if (!role || (what && !str_is(name, what)))
			continue;
		buf_put_str(ret, line);
		buf_put_c(ret, '\n');
	}
	buf_fini(&b);
	return r;
}

static bool has_line(struct str lines, struct str wanted)
{
	struct str line;

	while (str_split(&lines, '\n', &line))
		if (line.len == wanted.len && memcmp(line.ptr, wanted.ptr, line.len) == 0)
			return true;
	return false;
}

/* As many as before, and none of them the same. */
static bool all_new(struct str before, struct str after)
{
	size_t had = 0, have = 0;
	struct str line;

	for (size_t i = 0; i < after.len; i++)
		have += after.ptr[i] == '\n';
	while (str_split(&before, '\n', &line)) {
		had += line.len > 0;
		if (line.len && has_line(after, line))
			return false;
	}
	return have >= had;
}

static int send_signal(const struct runtime_process *p, int signo, struct err *err)
{
	autoclose int pidfd = (int)syscall(SYS_pidfd_open, p->pid, 0);

	if (pidfd < 0 || proc_start_time(p->pid) != p->start)
		return ERR(err, -ESRCH, "carreld (pid %d) has just ended", (int)p->pid);
	if (syscall(SYS_pidfd_send_signal, pidfd, signo, NULL, 0) < 0)
		return ERR(err, -errno, "asking carreld (pid %d): %m", (int)p->pid);
	return 0;
}

static int wait_new(const struct runtime *rt, const char *what, struct str before,
                    struct err *err)
{
	mono_ms end = time_mono_ms() + 1000ULL * WAIT_S;
	struct buf now = BUF(65536);
	bool done = false;
	int r = 0;

	while (r == 0 && !done && time_mono_ms() < end) {
		(void)poll(NULL, 0, STEP_MS);
		buf_clear(&now);
		r = read_lines(rt, what, &now, err);
		done = r == 0 && all_new(before, buf_str(&now));
	}
	buf_fini(&now);
	if (r == 0 && !done)
		r = ERR(err, -ETIMEDOUT, "not all are new after %u s: carreld's log says why",
		        WAIT_S);
	return r;
}

int client_restart(const struct config *c, const struct client_arg *arg, struct err *err)
{
	static const char *const names[] = { "edge", "core", "engine" };
	const int signals[] = { RESTART_EDGE, RESTART_CORE, RESTART_ENGINE };
	const char *what =
	    arg->operand && strcmp(arg->operand, "all") != 0 ? arg->operand : NULL;
	struct buf before = BUF(65536);
	struct runtime_process parent;
	int r, signo = what ? 0 : RESTART_ALL;
	struct runtime rt;

	for (size_t i = 0; what && i < ARRAY_LEN(names); i++)
		if (strcmp(what, names[i]) == 0)
			signo = signals[i];
	if (!signo)
		return ERR(err, -EINVAL, "restart takes edge, core, engine or all, not %s",
		           what);
	r = client_find(c, &rt, &parent, err);
	if (r == 0)
		r = read_lines(&rt, what, &before, err);
	if (r == 0)
		r = send_signal(&parent, signo, err);
	if (r == 0)
		r = wait_new(&rt, what, buf_str(&before), err);
	buf_fini(&before);
	if (r == 0)
		r = client_wait_ready(c, WAIT_S, err);
	if (r == 0)
		(void)printf("Restarted %s.\n", what ? what : "all of it");
	return r;
}
