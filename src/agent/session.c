/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PID 1 of a container: uid 0 of its user namespace with exactly SETUID,
 * SETGID and KILL. All files are touched as the user (fsuid); the sockets of
 * /run/carrel belong to uid 0, where the user cannot reach them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <sys/wait.h>

#include "agent/docs.h"
#include "agent/examples.h"
#include "agent/handover.h"
#include "agent/reexec.h"
#include "agent/run.h"
#include "agent/shimlink.h"
#include "base/file.h"
#include "base/log.h"
#include "net/sock.h"

#define RUN_DIR   "/run/carrel"
#define CAPS      "00000000000000e0" /* KILL 5, SETGID 6, SETUID 7 */
#define ORPHAN_MS 50U

struct init {
	struct agent agent;
	struct agent_cfg cfg;
	struct arena strings;
	struct ev_timer orphans;
	pid_t waiting; /* a dead child that may still have a watcher */
	char runtime[64];
};

static struct str status_field(struct str status, const char *name)
{
	struct str line;

	while (status.len && str_split(&status, '\n', &line)) {
		size_t colon = str_chr(line, ':', 0);

		if (str_is(str_sub(line, 0, colon), name))
			return str_trim(str_sub(line, colon + 1, line.len));
	}
	return STR_NONE;
}

int session_check_status(struct str status, struct err *err)
{
	static const struct {
		const char *field, *want, *what;
	} rules[] = {
		{ "CapEff", CAPS, "the capabilities SETUID, SETGID and KILL and no other" },
		{ "CapPrm", CAPS, "the capabilities SETUID, SETGID and KILL and no other" },
		{ "Seccomp", "2", "a seccomp filter" },
		{ "NoNewPrivs", "1", "no_new_privs" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		struct str got = status_field(status, rules[i].field);

		if (!str_is(got, rules[i].want))
			return ERR(
			    err, -EPERM,
			    "this container was not started with %s (%s is %.*s): not serving",
			    rules[i].what, rules[i].field, STR_ARG(got));
	}
	return 0;
}

int session_check_self(struct err *err)
{
	struct buf b = BUF(65536);
	int r = file_read(AT_FDCWD, "/proc/self/status", &b, err);

	if (r == 0)
		r = session_check_status(buf_str(&b), err);
	buf_fini(&b);
	return r;
}

static const char *text(struct arena *m, const struct json *o, const char *key,
                        const char *fallback)
{
	struct str s;
	char *z;

	if (json_get_str(o, key, &s) < 0)
		return fallback;
	z = arena_strz(m, s);
	return z ? z : fallback;
}

static bool env_name_ok(struct str k)
{
	if (!k.len || k.len > 64)
		return false;
	for (size_t i = 0; i < k.len; i++) {
		char c = k.ptr[i], l = (char)(c | 0x20);

		if (!((l >= 'a' && l <= 'z') || c == '_' || (i && c >= '0' && c <= '9')))
			return false;
	}
	return true;
}

static int environment(struct arena *m, const struct json *env, struct agent_cfg *cfg,
                       struct err *err)
{
	size_t n = 0;
	char **list = ARENA_NEWS(m, char *, (env ? env->n : 0) + 8);

	if (!list)
		return ERR(err, -ENOMEM, "the environment is too large");
	list[n++] = arena_strz(m, arena_printf(m, "HOME=%s", cfg->home));
	list[n++] = arena_strz(m, arena_printf(m, "USER=%s", cfg->user));
	list[n++] = arena_strz(m, arena_printf(m, "LOGNAME=%s", cfg->user));
	list[n++] = arena_strz(m, arena_printf(m, "PATH=%s", cfg->path));
	json_for_each(v, env)
	{
		if (v->type != JSON_STRING || !env_name_ok(v->key) ||
		    str_chr(v->text, 0, 0) < v->text.len)
			return ERR(err, -EINVAL, "env holds a name or value that can't be one");
		if (str_is(v->key, "HOME") || str_is(v->key, "USER") ||
		    str_is(v->key, "LOGNAME") || str_is(v->key, "PATH"))
			continue;
		list[n++] = arena_strz(
		    m, arena_printf(m, "%.*s=%.*s", STR_ARG(v->key), STR_ARG(v->text)));
	}
	for (size_t i = 0; i < n; i++)
		if (!list[i])
			return ERR(err, -ENOMEM, "the environment is too large");
	cfg->env = list;
	return 0;
}

int session_config(struct arena *m, struct str in, struct agent_cfg *ret, struct err *err)
{
	struct agent_cfg c = {
		.session = true, .base_url = "/", .token = "", .delete_to_trash = true
	};
	const struct json *user;
	uint64_t uid = 1000, gid = 1000;
	struct json *j;
	int r = json_parse(m, in, NULL, &j, err);

	if (r < 0)
		return r;
	user = json_get(j, "user");
	c.session_id = text(m, j, "session", "");
	c.workspace = text(m, j, "workspace", "");
	c.user = text(m, user, "name", "carrel");
	c.home = text(m, user, "home", "/home/carrel");
	c.root = text(m, j, "root", c.home);
	c.lab = text(m, j, "lab", NULL);
	c.ide = text(m, j, "ide", NULL);
	c.path = text(m, j, "path", "/usr/local/bin:/usr/bin:/bin");
	c.python = text(m, j, "python", "python3");
	if (json_get_u64(user, "uid", UINT32_MAX - 1, &uid) == -EINVAL ||
	    json_get_u64(user, "gid", UINT32_MAX - 1, &gid) == -EINVAL || uid == 0 || gid == 0)
		return ERR(err, -EINVAL, "user.uid and user.gid must be numbers other than 0");
	c.uid = (uid_t)uid;
	c.gid = (gid_t)gid;
	if (c.root[0] != '/' || c.home[0] != '/')
		return ERR(err, -EINVAL, "root and user.home must be absolute paths");
	r = environment(m, json_get(j, "env"), &c, err);
	if (r < 0)
		return r;
	c.data_dir = arena_printf(m, "%s/.local/share/jupyter", c.home).ptr;
	c.config_dir = arena_printf(m, "%s/.jupyter", c.home).ptr;
	c.user_settings_dir = arena_printf(m, "%s/.jupyter/lab/user-settings", c.home).ptr;
	c.workspaces_dir = arena_printf(m, "%s/.jupyter/lab/workspaces", c.home).ptr;
	if (!c.data_dir || !c.config_dir || !c.user_settings_dir || !c.workspaces_dir)
		return ERR(err, -ENOMEM, "the configuration is too large");
	*ret = c;
	return 0;
}

static int read_config(struct init *in, struct err *err)
{
	struct buf b = BUF(1U << 20);
	struct str copy;
	int r = file_read(AT_FDCWD, RUN_DIR "/config.json", &b, err);

	arena_init(&in->strings, 4U << 20);
	copy = r < 0 ? STR_NONE : arena_str(&in->strings, buf_str(&b));
	buf_fini(&b);
	if (r == 0)
		r = session_config(&in->strings, copy, &in->cfg, err);
	return r;
}

static int act_as_user(const struct agent_cfg *cfg, struct err *err)
{
	if (setgroups(0, NULL) < 0)
		return ERR(err, -errno, "setgroups: %m");
	(void)setfsgid(cfg->gid);
	(void)setfsuid(cfg->uid);
	/* They tell the old value, never an error: ask again. */
	if ((gid_t)setfsgid(cfg->gid) != cfg->gid || (uid_t)setfsuid(cfg->uid) != cfg->uid)
		return ERR(err, -EPERM, "files can't be touched as uid %u", (unsigned)cfg->uid);
	return 0;
}

/*
 * Orphans come to PID 1 and must be reaped; our own children are reaped by
 * their watchers. An own child leads its session (spawn.c), so anything else
 * is an orphan at once; a leader still there after a while has no watcher.
 */
static void reap(struct init *in)
{
	siginfo_t si = { 0 };
	pid_t before = in->waiting;

	in->waiting = 0;
	while (waitid(P_ALL, 0, &si, WEXITED | WNOHANG | WNOWAIT) == 0 && si.si_pid) {
		pid_t pid = si.si_pid;

		if (getsid(pid) == pid && pid != before) {
			in->waiting = pid;
			break;
		}
		(void)waitid(P_PID, (id_t)pid, &si, WEXITED | WNOHANG);
		si.si_pid = 0;
	}
}

static void on_orphans(struct ev_timer *t)
{
	struct init *in = CONTAINER_OF(t, struct init, orphans);

	reap(in);
	if (in->waiting)
		ev_timer_start(in->agent.ev, t, ORPHAN_MS, on_orphans);
}

static void on_sigchld(struct ev *ev, int signo, void *arg)
{
	struct init *in = arg;

	(void)signo;
	if (!ev_timer_armed(&in->orphans))
		ev_timer_start(ev, &in->orphans, ORPHAN_MS, on_orphans);
}

static void on_sigterm(struct ev *ev, int signo, void *arg)
{
	struct init *in = arg;

	(void)ev;
	(void)signo;
	agent_stop(&in->agent, "signal", 5);
}

static int serve(struct init *in, struct handover *h, char *const *argv, struct err *err)
{
	struct addr at;
	int fd = -1, r;

	r = addr_parse(STR("unix:" RUN_DIR "/agent.sock"), &at, err);
	if (r == 0 && !h)
		r = sock_listen(&at, 4096, 0666, &fd, err);
	if (r == 0)
		r = act_as_user(&in->cfg, err);
	if (h)
		(void)snprintf(in->runtime, sizeof(in->runtime), "%s", handover_runtime_dir(h));
	else if (r == 0)
		r = agent_runtime_dir(in->runtime, sizeof(in->runtime), err);
	in->cfg.runtime_dir = in->runtime;
	if (r == 0)
		r = agent_start(&in->agent, &in->cfg, err);
	if (r == 0)
		r = reexec_init(&in->agent, argv, err);
	if (r == 0)
		r = ev_signal(in->agent.ev, SIGCHLD, on_sigchld, in, err);
	if (r == 0)
		r = ev_signal(in->agent.ev, SIGTERM, on_sigterm, in, err);
	if (r == 0)
		r = ev_signal(in->agent.ev, SIGINT, on_sigterm, in, err);
	if (r == 0 && h)
		r = handover_load(h, &in->agent, err);
	if (r == 0)
		r = shimlink_init(&in->agent, RUN_DIR "/shim.sock", err);
	if (r == 0 && !h && examples_wanted(&in->cfg))
		examples_put(&in->agent, "/opt/carrel/examples");
	if (r == 0)
		docs_init(&in->agent);
	handover_free(h);
	if (r < 0) {
		own_close(&fd);
		return r;
	}
	return agent_run(&in->agent, fd, err);
}

int session_main(char **argv)
{
	struct init *in = xcalloc(1, sizeof(*in));
	unsigned state = reexec_state_fd(argv);
	struct handover *h = NULL;
	struct err err = ERR_NONE;
	int r;

	log_init("carrel-agent", LOG_INFO);
	(void)signal(SIGPIPE, SIG_IGN);
	in->agent.root_fd = -1;
	r = session_check_self(&err);
	if (r == 0)
		r = read_config(in, &err);
	if (r == 0 && state && handover_open((int)state, &h, &err) < 0)
		log_err(LOG_ERROR, "state_lost", &err); /* better without than not at all */
	if (r == 0)
		r = serve(in, h, argv, &err);
	if (r < 0)
		log_err(LOG_ERROR, "session", &err);
	if (in->agent.cfg)
		agent_fini(&in->agent);
	arena_fini(&in->strings);
	free(in);
	return r < 0 ? 1 : 0;
}
