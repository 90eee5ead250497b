/* SPDX-License-Identifier: Apache-2.0 */
/* carreld: the parent, its roles, and the commands that go with them. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "base/log.h"
#include "daemon/backup.h"
#include "daemon/client.h"
#include "daemon/config.h"
#include "daemon/parent.h"
#include "daemon/restart.h"
#include "daemon/role.h"

#define CONFIG_DEFAULT "/etc/carrel/carrel.conf"
#define EXIT_USAGE     2
#define READY_WAIT_S   60

static const char usage[] =
    "usage: carreld [--config FILE | --no-config] [COMMAND] [KEY=VALUE...]\n"
    "\n"
    "Without a command: runs Carrel in the foreground until SIGTERM.\n"
    "\n"
    "  sign-in-code   prints a fresh one-time code for the administrator\n"
    "  wait           waits until the running instance answers\n"
    "  status         prints what runs, line by line\n"
    "  stop-all       ends all sessions\n"
    "  upgrade-sessions   running sessions go on with the agent installed now\n"
    "  stop           ends all sessions, then Carrel itself\n"
    "  restart [WHAT] new processes for edge, core, engine or all (default), as the\n"
    "                 program installed now; no request and no WebSocket is lost\n"
    "  backup DIR     a copy of the store and the journals into a new directory\n"
    "  restore DIR    puts such a copy in place; --replace: instead of what is there\n"
    "  downgrade-store N  prepares the store for an older release (schema N)\n"
    "  check          reads the configuration, says what is wrong with it\n"
    "  version        prints the version\n"
    "\n"
    "  --config FILE      instead of " CONFIG_DEFAULT "\n"
    "  --no-config        reads no file\n"
    "  --config-help      every key with its default, range and meaning\n"
    "  --config-example   the same as a commented file\n"
    "  --config-man       the same as a manual page\n";

struct args {
	const char *config; /* NULL: the default file, where there is one */
	bool no_config;
	const char *command;
	struct client_arg arg;
	char **settings; /* KEY=VALUE… */
	int n;
};

static const struct {
	const char *name;
	int (*fn)(const struct config *c, const struct client_arg *arg, struct err *err);
} commands_arg[] = {
	{ "restart", client_restart },
	{ "backup", client_backup },
	{ "restore", client_restore },
	{ "downgrade-store", client_downgrade_store },
};

static bool takes_operand(const char *command)
{
	for (size_t i = 0; i < ARRAY_LEN(commands_arg); i++)
		if (strcmp(command, commands_arg[i].name) == 0)
			return true;
	return false;
}

static int parse_args(int argc, char **argv, struct args *ret, struct err *err)
{
	struct args a = { 0 };
	int i = 1;

	for (; i < argc && !strchr(argv[i], '='); i++) {
		if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
			a.config = argv[++i];
		else if (strcmp(argv[i], "--no-config") == 0)
			a.no_config = true;
		else if (strcmp(argv[i], "--replace") == 0)
			a.arg.replace = true;
		else if (!a.command)
			a.command = argv[i];
		else if (!a.arg.operand && takes_operand(a.command))
			a.arg.operand = argv[i];
		else
			return ERR(err, -EINVAL, "unexpected argument %s", argv[i]);
	}
	a.settings = argv + i;
	a.n = argc - i;
	*ret = a;
	return 0;
}

static int load(const struct args *a, struct config *c, struct err *err)
{
	struct stat st;
	int r = config_init(c, err);

	if (r == 0 && a->config)
		r = config_read(c, a->config, err);
	else if (r == 0 && !a->no_config && stat(CONFIG_DEFAULT, &st) == 0)
		r = config_read(c, CONFIG_DEFAULT, err);
	for (int i = 0; r == 0 && i < a->n; i++)
		r = config_arg(c, a->settings[i], err);
	return r < 0 ? r : config_finish(c, err);
}

static enum log_level log_level(const struct config *c)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(c->log_level, names[i]) == 0)
			return (enum log_level)i;
	return LOG_INFO;
}

static int print(void (*fn)(struct buf *b))
{
	struct buf b = BUF(256 * 1024);

	fn(&b);
	(void)fwrite(buf_str(&b).ptr, 1, buf_len(&b), stdout);
	buf_fini(&b);
	return fflush(stdout) == 0 ? 0 : -EIO;
}

static int check(const struct config *c, struct err *err)
{
	(void)err;
	(void)printf("The configuration is fine: %s, state in %s.\n", c->console_url, c->state);
	return 0;
}

static int sign_in_code(const struct config *c, struct err *err)
{
	return client_sign_in_code(c, READY_WAIT_S, err);
}

static int wait_ready(const struct config *c, struct err *err)
{
	return client_wait_ready(c, READY_WAIT_S, err);
}

static const struct {
	const char *name;
	int (*fn)(const struct config *c, struct err *err);
} commands[] = {
	{ "sign-in-code", sign_in_code },
	{ "wait", wait_ready },
	{ "status", client_status },
	{ "stop-all", client_stop_all },
	{ "stop", client_stop },
	{ "check", check },
	{ "upgrade-sessions", client_upgrade_sessions },
};

static int run_command(const struct args *a, struct err *err)
{
	int (*fn)(const struct config *c, struct err *err) = a->command ? NULL : parent_run;
	int (*fn_arg)(const struct config *c, const struct client_arg *arg, struct err *err) =
	    NULL;
	struct config c;
	int r;

	for (size_t i = 0; a->command && i < ARRAY_LEN(commands); i++)
		if (strcmp(a->command, commands[i].name) == 0)
			fn = commands[i].fn;
	for (size_t i = 0; a->command && i < ARRAY_LEN(commands_arg); i++)
		if (strcmp(a->command, commands_arg[i].name) == 0)
			fn_arg = commands_arg[i].fn;
	if (!fn && !fn_arg) {
		(void)fputs(usage, stderr);
		return ERR(err, -EINVAL, "there is no command %s", a->command);
	}
	r = load(a, &c, err);
	if (r == 0) {
		log_init("carreld", log_level(&c));
		r = fn ? fn(&c, err) : fn_arg(&c, &a->arg, err);
	}
	config_fini(&c);
	return r;
}

static int run_role(const char *name,
                    int (*fn)(const struct config *c, int listen_fd, struct err *err),
                    struct err *err)
{
	struct config c;
	int r = role_config(&c, err);
	char comm[16];

	if (r == 0) {
		/* Executed by way of /proc/self/exe, it would show as "exe". */
		(void)snprintf(comm, sizeof(comm), "carreld-%s", name);
		(void)prctl(PR_SET_NAME, comm, 0, 0, 0);
		log_init(name, log_level(&c));
		r = fn(&c, ROLE_LISTEN_FD, err);
	}
	config_fini(&c);
	return r;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*fn)(const struct config *c, int listen_fd, struct err *err);
	} roles[] = { { "edge", role_edge }, { "core", role_core }, { "engine", role_engine } };
	static const struct {
		const char *name;
		void (*fn)(struct buf *b);
	} texts[] = { { "--config-help", config_help },
		      { "--config-example", config_example },
		      { "--config-man", config_man } };
	struct err err = ERR_NONE;
	struct args a = { 0 };
	int r;

	(void)signal(SIGPIPE, SIG_IGN);
	log_init("carreld", LOG_INFO);
	for (size_t i = 0; argc == 3 && i < ARRAY_LEN(roles); i++) {
		if (strcmp(argv[1], roles[i].name) != 0)
			continue;
		r = run_role(roles[i].name, roles[i].fn, &err);
		if (r < 0)
			log_err(LOG_ERROR, "role_failed", &err);
		return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	}
	for (size_t i = 0; argc == 2 && i < ARRAY_LEN(texts); i++)
		if (strcmp(argv[1], texts[i].name) == 0)
			return print(texts[i].fn) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	if (argc == 2 && (strcmp(argv[1], "version") == 0 || strcmp(argv[1], "--version") == 0))
		return puts("carreld " CARREL_VERSION) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0))
		return fputs(usage, stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	r = parse_args(argc, argv, &a, &err);
	if (r == 0)
		r = run_command(&a, &err);
	if (r < 0)
		(void)fprintf(stderr, "carreld: %s\n", err.msg);
	return r == -EINVAL ? EXIT_USAGE : r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
