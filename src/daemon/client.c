/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "daemon/client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/json.h"
#include "base/proc.h"
#include "base/time.h"
#include "daemon/client-http.h"
#include "daemon/parent.h"
#include "daemon/runtime.h"
#include "daemon/stop-all.h"

#define STEP_MS         50
#define STOP_PARENT_MS  45000
#define ENGINE_START_MS 10000

static void pause_ms(int ms)
{
	(void)poll(NULL, 0, ms);
}

int client_find(const struct config *c, struct runtime *rt, struct runtime_process *ret,
                struct err *err)
{
	int r = runtime_find(c->state, rt, err);

	if (r < 0)
		return r;
	r = runtime_parent(rt, ret);
	if (r < 0)
		return ERR(err, r, "Carrel does not run on %s: start it first", rt->state);
	return 0;
}

/* The status of /readyz, if the parent of this state runs: it alone has the
 * port then, and the answer is not another Carrel's. -errno otherwise. */
static int ask_ready(const struct config *c, struct buf *body, struct err *err)
{
	bool v6 = strchr(c->address, ':') != NULL;
	struct runtime_process parent;
	struct runtime rt;
	char addr[96];
	int r = client_find(c, &rt, &parent, err);

	if (r < 0)
		return r;
	(void)snprintf(addr, sizeof(addr), v6 ? "tcp:[%s]:%llu" : "tcp:%s:%llu", c->address,
	               (unsigned long long)c->port);
	return client_http(addr, "GET", "/readyz", strstr(c->console_url, "//") + 2, 5, body,
	                   err);
}

int client_wait_ready(const struct config *c, unsigned wait_s, struct err *err)
{
	mono_ms end = time_mono_ms() + 1000ULL * wait_s;
	struct buf body = BUF(65536);
	int r;

	do {
		buf_clear(&body);
		r = ask_ready(c, &body, err);
		if (r != 200)
			pause_ms(STEP_MS);
	} while (r != 200 && time_mono_ms() < end);
	if (r >= 0 && r != 200)
		r = ERR(err, -EAGAIN, "/readyz answers %d: %.*s", r,
		        buf_len(&body) > 100 ? 100 : (int)buf_len(&body), buf_str(&body).ptr);
	buf_fini(&body);
	return r < 0 ? err_wrap(err, r, "Carrel is not ready after %u s", wait_s) : 0;
}

/* Core answers {"code": "XXXX-XXXX", "account": …} to root, and to root only. */
static int print_code(struct str body, struct err *err)
{
	struct arena a = ARENA(65536);
	struct str code, account;
	struct json *doc;
	int r = json_parse(&a, body, NULL, &doc, err);

	if (r == 0 && (json_get_str(doc, "code", &code) < 0 ||
	               json_get_str(doc, "account", &account) < 0))
		r = ERR(err, -EBADMSG, "core's answer holds no code");
	if (r == 0)
		(void)printf("Sign in as %.*s with the one-time code %.*s\n", STR_ARG(account),
		             STR_ARG(code));
	arena_fini(&a);
	return r;
}

int client_sign_in_code(const struct config *c, unsigned wait_s, struct err *err)
{
	mono_ms end = time_mono_ms() + 1000ULL * wait_s;
	struct buf body = BUF(65536);
	struct runtime_process parent;
	struct runtime rt;
	char addr[64];
	int r = client_find(c, &rt, &parent, err);

	if (r < 0)
		return r;
	(void)snprintf(addr, sizeof(addr), "unix:%s/edge/core.sock", rt.dir);
	do {
		buf_clear(&body);
		r = client_http(addr, "POST", "/internal/sign-in-code", "localhost", 10, &body,
		                err);
		if (r < 0)
			pause_ms(STEP_MS); /* core is just starting again */
	} while (r < 0 && time_mono_ms() < end && runtime_parent(&rt, &parent) == 0);
	if (r == 200 || r == 201)
		r = print_code(buf_str(&body), err);
	else if (r >= 0)
		r = ERR(err, -EACCES,
		        "core refuses a sign-in code (%d): it gives one to root only", r);
	buf_fini(&body);
	return r;
}

int client_stop_all(const struct config *c, struct err *err)
{
	struct runtime_process parent;
	struct runtime rt;
	int r = client_find(c, &rt, &parent, err);

	return r < 0 ? r : stop_all(&rt, (unsigned)c->grace_s, err);
}

int client_upgrade_sessions(const struct config *c, struct err *err)
{
	struct runtime_process parent;
	struct runtime rt;
	int r = client_find(c, &rt, &parent, err);

	return r < 0 ? r : upgrade_all(&rt, err);
}

static int end_parent(const struct runtime_process *p, struct err *err)
{
	autoclose int pidfd = (int)syscall(SYS_pidfd_open, p->pid, 0);
	struct pollfd gone = { .fd = pidfd, .events = POLLIN };

	if (pidfd < 0 || proc_start_time(p->pid) != p->start)
		return 0; /* it has ended meanwhile */
	if (syscall(SYS_pidfd_send_signal, pidfd, SIGTERM, NULL, 0) < 0)
		return ERR(err, -errno, "asking carreld (pid %d) to end: %m", (int)p->pid);
	if (poll(&gone, 1, STOP_PARENT_MS) == 1)
		return 0;
	(void)syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	return ERR(err, -ETIMEDOUT, "carreld (pid %d) did not end by itself and was killed",
	           (int)p->pid);
}

/* The parent was killed and sessions may live on: an engine of our own ends them. */
static int stop_orphans(const struct config *c, struct runtime *rt, struct err *err)
{
	struct runtime_process p;
	struct err child_err = ERR_NONE;
	mono_ms end = time_mono_ms() + ENGINE_START_MS;
	pid_t pid = fork();
	int r, ended;

	if (pid < 0)
		return ERR(err, -errno, "fork: %m");
	if (pid == 0) {
		r = parent_run_engine(c, &child_err);
		if (r < 0)
			(void)fprintf(stderr, "carreld: %s\n", child_err.msg);
		_exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
	}
	while (runtime_parent(rt, &p) < 0 && time_mono_ms() < end)
		pause_ms(STEP_MS);
	r = stop_all(rt, (unsigned)c->grace_s, err);
	p = (struct runtime_process){ .pid = pid, .start = proc_start_time(pid) };
	ended = end_parent(&p, r < 0 ? NULL : err);
	(void)waitpid(pid, NULL, 0);
	return r < 0 ? r : ended;
}

int client_stop(const struct config *c, struct err *err)
{
	struct runtime_process parent;
	struct runtime rt;
	char sessions[64];
	int r, ended;

	if (access(c->state, F_OK) < 0) {
		(void)printf("Nothing runs: there is no %s.\n", c->state);
		return 0;
	}
	r = runtime_find(c->state, &rt, err);
	if (r < 0)
		return r;
	if (runtime_parent(&rt, &parent) == 0) {
		r = stop_all(&rt, (unsigned)c->grace_s, err);
		ended = end_parent(&parent, r < 0 ? NULL : err);
		return r < 0 ? r : ended;
	}
	(void)snprintf(sessions, sizeof(sessions), "%s/sessions", rt.dir);
	return access(sessions, F_OK) == 0 ? stop_orphans(c, &rt, err) : 0;
}

int client_status(const struct config *c, struct err *err)
{
	struct runtime_process parent;
	struct buf b = BUF(65536);
	struct runtime rt;
	char path[64];
	int r = client_find(c, &rt, &parent, err);

	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), "%s/status", rt.dir);
	r = file_read(AT_FDCWD, path, &b, err);
	if (r == 0)
		(void)fwrite(buf_str(&b).ptr, 1, buf_len(&b), stdout);
	buf_fini(&b);
	return r;
}
