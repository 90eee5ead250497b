/* SPDX-License-Identifier: Apache-2.0 */
/* What a terminal begins with: the pty and the user's shell on it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "agent/spawn.h"
#include "agent/term.h"

#define ENV_MAX 256U

static bool env_is(const char *e, const char *key)
{
	size_t n = strlen(key);

	return strncmp(e, key, n) == 0 && e[n] == '=';
}

static const char *env_of(const struct agent *a, const char *key)
{
	for (char *const *e = a->cfg->env; *e; e++)
		if (env_is(*e, key))
			return *e + strlen(key) + 1;
	return NULL;
}

static const char *shell(const struct agent *a)
{
	const char *sh = env_of(a, "SHELL");

	if (sh && sh[0] == '/' && access(sh, X_OK) == 0)
		return sh;
	return access("/bin/bash", X_OK) == 0 ? "/bin/bash" : "/bin/sh";
}

int term_spawn(const struct agent *a, int tty, const char *cwd, pid_t *ret_pid, struct err *err)
{
	const char *env[ENV_MAX], *sh = shell(a);
	const char *argv[] = { sh, NULL };
	struct spawn s = SPAWN_NONE;
	char root[PATH_MAX + 32], url[256];
	size_t n = 0;
	int r;

	for (char *const *e = a->cfg->env; *e && n < ENV_MAX - 8; e++)
		if (!env_is(*e, "TERM") && !env_is(*e, "COLUMNS") && !env_is(*e, "LINES"))
			env[n++] = *e;
	(void)snprintf(root, sizeof(root), "JUPYTER_SERVER_ROOT=%s", a->cfg->root);
	(void)snprintf(url, sizeof(url), "JUPYTER_SERVER_URL=http://%.64s:%u%.128s",
	               a->cfg->ip ? a->cfg->ip : "localhost", a->cfg->port, a->cfg->base_url);
	env[n++] = "TERM=xterm-256color";
	env[n++] = "COLORTERM=truecolor";
	env[n++] = root;
	env[n++] = url;
	env[n] = NULL;
	s.argv = argv;
	s.env = env;
	s.cwd = cwd;
	s.tty = tty;
	r = spawn_start(a, &s, ret_pid, err);
	return r < 0 ? err_wrap(err, r, "the shell did not start") : 0;
}

int term_open_pty(int *ret_pty, int *ret_tty, struct err *err)
{
	struct winsize ws = { .ws_row = 24, .ws_col = 80 };
	autoclose int pty = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	int tty;

	if (pty < 0)
		return ERR(err, -errno, "no terminal can be opened: %m");
	if (unlockpt(pty) < 0)
		return ERR(err, -errno, "the terminal can't be unlocked: %m");
	tty = ioctl(pty, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (tty < 0)
		return ERR(err, -errno, "the terminal has no other side: %m");
	(void)ioctl(pty, TIOCSWINSZ, &ws);
	*ret_pty = steal_fd(&pty);
	*ret_tty = tty;
	return 0;
}
