/* SPDX-License-Identifier: Apache-2.0 */
/* What only root on the hub's own machine may do: asked of carreld there. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/cli.h"

/* The carreld that belongs to this program: installed, or in the build tree. */
static bool find_carreld(char *ret, size_t size)
{
	static const char *const places[] = { "../sbin/carreld", "../daemon/carreld" };
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (n <= 0)
		return false;
	exe[n] = '\0';
	*(strrchr(exe, '/') + 1) = '\0';
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		if ((size_t)snprintf(ret, size, "%s%s", exe, places[i]) < size &&
		    access(ret, X_OK) == 0)
			return true;
	}
	return false;
}

/* Its words go to b, its complaints where ours go. The exit status, or -1. */
static int run(const char *path, char *const argv[], struct buf *b)
{
	int p[2], status = -1;
	pid_t pid;

	if (pipe2(p, O_CLOEXEC) < 0)
		return -1;
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		if (dup2(p[1], STDOUT_FILENO) >= 0)
			(void)execv(path, argv);
		_exit(127);
	}
	close(p[1]);
	if (pid > 0 && file_read_fd(p[0], b, NULL) < 0)
		buf_clear(b);
	close(p[0]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

/* "Sign in as ACCOUNT with the one-time code CODE" as JSON. */
static int say_json(struct cli *c, struct str line)
{
	static const struct str before = { "Sign in as ", 11 },
	                        between = { " with the one-time code ", 24 };
	size_t at = str_find(line, between);
	struct buf b = BUF(4096);
	struct jsonw w = JSONW(&b);

	if (!str_starts(line, before) || at == line.len)
		return cli_say(c, CLI_FAILED, "carreld's answer holds no code");
	jw_obj(&w);
	jw_kv_str(&w, "account", str_sub(line, before.len, at));
	jw_kv_str(&w, "code", str_sub(line, at + between.len, line.len));
	jw_obj_end(&w);
	cli_json(buf_str(&b));
	buf_fini(&b);
	return CLI_OK;
}

int cmd_admin_sign_in_code(struct cli *c)
{
	char name[] = "carreld", verb[] = "sign-in-code", state[PATH_MAX + 8],
	     path[PATH_MAX + 32];
	const char *dir = cli_option(c, "state");
	char *argv[] = { name, verb, dir ? state : NULL, NULL };
	struct buf said = BUF(4096);
	struct str line;
	int r;

	if (geteuid() != 0)
		return cli_say(
		    c, CLI_NOT_ALLOWED,
		    "only root may make a sign-in code: sudo carrel admin sign-in-code");
	if (!find_carreld(path, sizeof(path)))
		return cli_say(c, CLI_FAILED,
		               "carreld is not installed beside this program: "
		               "run this on the hub's own machine");
	if (dir && (size_t)snprintf(state, sizeof(state), "state=%s", dir) >= sizeof(state))
		return cli_say(c, CLI_USAGE, "the state directory's path is too long");
	r = run(path, argv, &said);
	line = str_sub(buf_str(&said), 0, str_chr(buf_str(&said), '\n', 0));
	if (r != 0)
		r = cli_say(c, CLI_FAILED, "carreld gave no sign-in code");
	else if (c->json)
		r = say_json(c, line);
	else
		r = printf("%.*s\n", STR_ARG(line)) < 0 ? CLI_FAILED : CLI_OK;
	buf_fini(&said);
	return r;
}
