/* SPDX-License-Identifier: Apache-2.0 */
/* Stand-alone: a Jupyter server on a TCP port, as the caller's own user. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "agent/handover.h"
#include "agent/reexec.h"
#include "agent/run.h"
#include "base/encode.h"
#include "base/log.h"
#include "base/rand.h"
#include "net/sock.h"

struct options {
	struct agent_cfg cfg;
	struct handover *before; /* NULL: this is the first program */
	struct arena m;
	char root[PATH_MAX], runtime[64], token[65];
};

enum kind { TEXT, PORT, FLAG, SECONDS };

struct option {
	const char *name, *help;
	enum kind kind;
	size_t at;
};
#define OPT(name, kind, field, help)                                \
	{                                                           \
		name, help, kind, offsetof(struct agent_cfg, field) \
	}
/* clang-format off */
static const struct option table[] = {
	OPT("--port", PORT, port, "TCP port (8888)"),
	OPT("--ip", TEXT, ip, "address to listen on (127.0.0.1)"),
	OPT("--root", TEXT, root, "folder with the files (the current one)"),
	OPT("--token", TEXT, token, "secret that clients give; \"\" for none (a new one, printed)"),
	OPT("--base-url", TEXT, base_url, "path under which all is served (/)"),
	OPT("--lab", TEXT, lab, "JupyterLab's files, made by tools/make-lab"),
	OPT("--ide", TEXT, ide, "the notebook IDE's files (ide beside those of --lab)"),
	OPT("--python", TEXT, python, "Python of kernels and nbconvert (python3)"),
	OPT("--data-dir", TEXT, data_dir, "Jupyter data folder (~/.local/share/jupyter)"),
	OPT("--app-settings-dir", TEXT, app_settings_dir, "overrides.json, page_config.json"),
	OPT("--user-settings-dir", TEXT, user_settings_dir, "the user's settings"),
	OPT("--schemas-dir", TEXT, schemas_dir, "settings schemas (of --lab)"),
	OPT("--workspaces-dir", TEXT, workspaces_dir, "window layouts"),
	OPT("--labextensions-dir", TEXT, labextensions_dir, "prebuilt extensions"),
	OPT("--delete-to-trash", FLAG, delete_to_trash, "1: deleted files go to the trash (1)"),
	OPT("--cull-idle-timeout", SECONDS, cull_idle_seconds, "end kernels that are idle for so many seconds; 0: never (0)"),
	OPT("--cull-interval", SECONDS, cull_interval_seconds, "how often idle kernels are looked for, in seconds (300)"),
	OPT("--cull-connected", FLAG, cull_connected, "1: also idle kernels that a page is open at (0)"),
	OPT("--cull-busy", FLAG, cull_busy, "1: also kernels that run a cell (0)"),
	OPT("--convert-seconds", SECONDS, convert_seconds, "longest time an export may take (180)"),
	OPT("--convert-mb", SECONDS, convert_mb, "memory an export may use, in MiB (2048)"),
	OPT("--terminal-cull-seconds", SECONDS, terminal_cull_seconds, "end idle terminals; 0: never (0)"),
	OPT("--state", SECONDS, state_fd, "(its own: what the program before this one left)"),
};
/* clang-format on */

static int usage(void)
{
	(void)fputs("usage: carrel-agent serve [--option value]...\n", stderr);
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		(void)fprintf(stderr, "  %-24s %s\n", table[i].name, table[i].help);
	return 2;
}

static int set(struct agent_cfg *cfg, const struct option *o, const char *value,
               struct err *err)
{
	void *field = (char *)cfg + o->at;
	uint64_t n;

	if (o->kind == TEXT) {
		*(const char **)field = value;
		return 0;
	}
	if (str_to_u64(str_of(value), 0,
	               o->kind == PORT   ? 65535
	               : o->kind == FLAG ? 1
	                                 : 1U << 30,
	               &n) < 0)
		return ERR(err, -EINVAL, "%s can't be %s", o->name, value);
	if (o->kind == FLAG)
		*(bool *)field = n != 0;
	else
		*(unsigned *)field = (unsigned)n;
	return 0;
}

static int parse(int argc, char **argv, struct agent_cfg *cfg, struct err *err)
{
	for (int i = 0; i < argc; i++) {
		const struct option *o = NULL;
		const char *eq = strchr(argv[i], '='), *value = NULL;
		size_t n = eq ? (size_t)(eq - argv[i]) : strlen(argv[i]);
		int r;

		for (size_t k = 0; k < ARRAY_LEN(table); k++)
			if (strlen(table[k].name) == n &&
			    strncmp(table[k].name, argv[i], n) == 0)
				o = &table[k];
		if (!o)
			return ERR(err, -EINVAL, "%s is not an option", argv[i]);
		value = eq ? eq + 1 : i + 1 < argc ? argv[++i] : NULL;
		if (!value)
			return ERR(err, -EINVAL, "%s needs a value", argv[i]);
		r = set(cfg, o, value, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static const char *join(struct arena *m, const char *a, const char *b)
{
	struct str s = arena_printf(m, "%s/%s", a, b);

	CHECK(s.ptr);
	return s.ptr;
}

static const char *env_or(const char *name, const char *fallback)
{
	const char *v = getenv(name);

	return v && v[0] ? v : fallback;
}

static void defaults(struct options *o)
{
	struct agent_cfg *c = &o->cfg;
	const char *conf;

	c->home = env_or("HOME", "/");
	c->user = env_or("USER", "user");
	c->path = env_or("PATH", "/usr/local/bin:/usr/bin:/bin");
	c->env = environ;
	c->uid = getuid();
	c->gid = getgid();
	conf = env_or("JUPYTER_CONFIG_DIR", join(&o->m, c->home, ".jupyter"));
	c->config_dir = conf;
	if (!c->data_dir)
		c->data_dir =
		    env_or("JUPYTER_DATA_DIR", join(&o->m, c->home, ".local/share/jupyter"));
	if (!c->user_settings_dir)
		c->user_settings_dir =
		    env_or("JUPYTERLAB_SETTINGS_DIR", join(&o->m, conf, "lab/user-settings"));
	if (!c->workspaces_dir)
		c->workspaces_dir =
		    env_or("JUPYTERLAB_WORKSPACES_DIR", join(&o->m, conf, "lab/workspaces"));
	if (!c->python)
		c->python = "python3";
}

static int settle(struct options *o, struct err *err)
{
	struct agent_cfg *c = &o->cfg;
	size_t n = strlen(c->base_url);
	uint8_t raw[24];
	struct buf hex = BUF(64);

	if (o->before) {
		(void)snprintf(o->root, sizeof(o->root), "%s", handover_root(o->before));
		c->token = arena_strz(&o->m, str_of(handover_token(o->before)));
		CHECK(c->token);
	} else if (!realpath(c->root ? c->root : ".", o->root))
		return ERR(err, -errno, "the folder %s can't be used: %m",
		           c->root ? c->root : ".");
	c->root = o->root;
	if (c->base_url[0] != '/' || c->base_url[n - 1] != '/')
		return ERR(err, -EINVAL,
		           "--base-url must begin and end with a slash, as in /x/");
	if (!c->token) {
		rand_bytes(raw, sizeof(raw));
		hex_put(&hex, (struct str){ (const char *)raw, sizeof(raw) });
		memcpy(o->token, buf_cstr(&hex), 2 * sizeof(raw) + 1);
		c->token = o->token;
		buf_fini(&hex);
	}
	return 0;
}

static int open_port(const struct agent_cfg *c, int *ret, struct err *err)
{
	struct buf b = BUF(256);
	struct addr at;
	int r;

	buf_printf(&b, strchr(c->ip, ':') ? "tcp:[%s]:%u" : "tcp:%s:%u", c->ip, c->port);
	r = addr_parse(buf_str(&b), &at, err);
	if (r == 0)
		r = sock_listen(&at, 128, 0, ret, err);
	buf_fini(&b);
	if (r == -EADDRINUSE)
		return ERR(err, r, "port %u is taken: choose another with --port", c->port);
	return r;
}

static void on_signal(struct ev *ev, int signo, void *arg)
{
	(void)ev;
	(void)signo;
	agent_stop(arg, "signal", 5);
}

static int run(struct options *o, struct agent *a, char *const *argv, struct err *err)
{
	bool first = true;
	int fd = -1, r = o->before ? 0 : open_port(&o->cfg, &fd, err);

	if (o->before)
		(void)snprintf(o->runtime, sizeof(o->runtime), "%s",
		               handover_runtime_dir(o->before));
	else if (r == 0)
		r = agent_runtime_dir(o->runtime, sizeof(o->runtime), err);
	o->cfg.runtime_dir = o->runtime;
	if (r == 0)
		r = agent_start(a, &o->cfg, err);
	if (r == 0)
		r = reexec_init(a, argv, err);
	if (r == 0 && o->before)
		r = handover_load(o->before, a, err);
	if (r == 0 && o->before) { /* its memory goes before anything is served */
		handover_free(o->before);
		o->before = NULL;
		first = false;
	}
	if (r == 0)
		r = ev_signal(a->ev, SIGTERM, on_signal, a, err);
	if (r == 0)
		r = ev_signal(a->ev, SIGINT, on_signal, a, err);
	if (r < 0) {
		own_close(&fd);
		return r;
	}
	if (first)
		(void)printf("carrel-agent serves http://%s:%u%s%s%s\n", o->cfg.ip, o->cfg.port,
		             o->cfg.base_url, o->token[0] ? "?token=" : "", o->token);
	(void)fflush(stdout);
	return agent_run(a, fd, err);
}

int serve_main(int argc, char **argv)
{
	struct options *o = xcalloc(1, sizeof(*o));
	struct agent *a = xcalloc(1, sizeof(*a));
	struct err err = ERR_NONE;
	int r;

	log_init("carrel-agent", LOG_INFO);
	(void)signal(SIGPIPE, SIG_IGN);
	arena_init(&o->m, 1U << 20);
	o->cfg = (struct agent_cfg){
		.ip = "127.0.0.1", .port = 8888, .base_url = "/", .delete_to_trash = true
	};
	r = parse(argc - 2, argv + 2, &o->cfg, &err);
	if (r == 0 && o->cfg.state_fd)
		r = handover_open((int)o->cfg.state_fd, &o->before, &err);
	if (r == 0) {
		defaults(o);
		r = settle(o, &err);
	}
	if (r < 0) {
		(void)fprintf(stderr, "carrel-agent: %s\n", err.msg);
		arena_fini(&o->m);
		free(o);
		free(a);
		return usage();
	}
	r = run(o, a, argv, &err);
	if (r < 0)
		(void)fprintf(stderr, "carrel-agent: %s\n", err.msg);
	if (a->cfg)
		agent_fini(a);
	handover_free(o->before);
	arena_fini(&o->m);
	free(o);
	free(a);
	return r < 0 ? 1 : 0;
}
