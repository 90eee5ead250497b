/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "daemon/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/log.h"

#define ENV_NAME  "CARREL_HANDOVER"
#define TEXT_MAX  65536
#define ARGS_MAX  512
#define CHECK_MAX 16384

void handover_address(const struct config *c, char ret[256])
{
	(void)snprintf(ret, 256, "%.200s %llu", c->address, (unsigned long long)c->port);
}

/* --- the side that goes --- */

static int *fds_of(struct handover *h, size_t i)
{
	int *const all[] = { &h->lock_fd, &h->net_fd, &h->listeners.tcp, &h->listeners.core,
		             &h->listeners.engine };

	return i < ARRAY_LEN(all) ? all[i] : NULL;
}

static int write_text(const struct handover *h, int *ret, struct err *err)
{
	autoclose int fd = memfd_create("carrel-handover", 0);
	struct handover copy = *h;
	struct buf b = BUF(TEXT_MAX);
	int r;

	buf_printf(&b, "state %s\naddress %s\nslot %u\nfds", h->state, h->address, h->slot);
	for (size_t i = 0; fds_of(&copy, i); i++)
		buf_printf(&b, " %d", *fds_of(&copy, i));
	buf_put_c(&b, '\n');
	for (size_t i = 0; i < h->nchildren; i++)
		buf_printf(&b, "%s %s %d\n", h->child[i].leaving ? "leaving" : "child",
		           h->child[i].name, (int)h->child[i].pid);
	if (fd < 0)
		r = ERR(err, -errno, "memfd: %m");
	else
		r = buf_error(&b) ? -E2BIG : file_write_all(fd, buf_str(&b), err);
	buf_fini(&b);
	if (r == 0)
		*ret = steal_fd(&fd);
	return r;
}

/* Our own arguments, with room for one more after the first. */
static int read_args(struct buf *b, char *argv[ARGS_MAX], struct err *err)
{
	int r = file_read(AT_FDCWD, "/proc/self/cmdline", b, err), n = 0;
	char *at;

	if (r < 0)
		return r;
	buf_put_c(b, '\0');
	at = (char *)(uintptr_t)buf_str(b).ptr;
	for (char *end = at + buf_len(b) - 1; at < end && n < ARGS_MAX - 2;
	     at += strlen(at) + 1) {
		argv[n++] = at;
		if (n == 1)
			argv[n++] = NULL;
	}
	argv[n] = NULL;
	return n < 2 ? ERR(err, -EINVAL, "/proc/self/cmdline is empty") : 0;
}

/* Where this program was started from: what is there now is to be run. */
static int program_path(char *ret, size_t size, struct err *err)
{
	static const char deleted[] = " (deleted)";
	ssize_t n = readlink("/proc/self/exe", ret, size - 1);
	size_t tail = sizeof(deleted) - 1;

	if (n < 0)
		return ERR(err, -errno, "/proc/self/exe: %m");
	ret[n] = '\0';
	if ((size_t)n > tail && strcmp(ret + n - tail, deleted) == 0)
		ret[(size_t)n - tail] = '\0';
	return 0;
}

/* Would it start? A program or a configuration that is broken must not take
 * the place of one that runs. */
static int try_it(const char *program, char *argv[ARGS_MAX], struct err *err)
{
	char check[] = "check";
	sigset_t none;
	int status = -1;
	pid_t pid;

	argv[1] = check;
	pid = fork();
	if (pid == 0) {
		(void)sigemptyset(&none);
		(void)sigprocmask(SIG_SETMASK, &none, NULL);
		(void)execv(program, argv);
		_exit(127);
	}
	argv[1] = NULL;
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return ERR(err, -errno, "trying %s: %m", program);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return ERR(err, -EINVAL,
		           "`%s check` fails (status %d), so the running program goes on; the "
		           "lines above say why",
		           program, WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	return 0;
}

static void keep_over_exec(const struct handover *h, bool keep)
{
	struct handover copy = *h;

	for (size_t i = 0; fds_of(&copy, i); i++)
		if (*fds_of(&copy, i) >= 0)
			(void)fcntl(*fds_of(&copy, i), F_SETFD, keep ? 0 : FD_CLOEXEC);
}

int handover_exec(const struct handover *h, struct err *err)
{
	struct buf args = BUF(CHECK_MAX * 4);
	char *argv[ARGS_MAX], path[1024], number[16];
	autoclose int fd = -1;
	int r = read_args(&args, argv, err);

	if (r == 0)
		r = program_path(path, sizeof(path), err);
	if (r == 0)
		r = try_it(path, argv, err);
	if (r == 0)
		r = write_text(h, &fd, err);
	if (r == 0) {
		(void)snprintf(number, sizeof(number), "%d", fd);
		(void)setenv(ENV_NAME, number, 1);
		keep_over_exec(h, true);
		argv[1] = argv[0];
		(void)execv(path, argv + 1);
		r = ERR(err, -errno, "%s: %m", path);
		keep_over_exec(h, false);
		(void)unsetenv(ENV_NAME);
	}
	buf_fini(&args);
	return r;
}

/* --- the side that comes --- */

static int number_of(struct str *rest, int64_t max, int *ret)
{
	struct str word;
	int64_t n;

	if (!str_split(rest, ' ', &word) || str_to_i64(word, -1, max, &n) < 0)
		return -EINVAL;
	*ret = (int)n;
	return 0;
}

static int take_child(struct handover *h, struct str rest, bool leaving)
{
	struct str name;
	int pid;

	if (h->nchildren == ARRAY_LEN(h->child) || !str_split(&rest, ' ', &name) ||
	    name.len >= sizeof(h->child[0].name) || number_of(&rest, INT_MAX, &pid) < 0)
		return -EINVAL;
	(void)snprintf(h->child[h->nchildren].name, sizeof(h->child[0].name), "%.*s",
	               STR_ARG(name));
	h->child[h->nchildren].pid = pid;
	h->child[h->nchildren++].leaving = leaving;
	return 0;
}

static int take_line(struct handover *h, struct str line)
{
	size_t space = str_chr(line, ' ', 0);
	struct str key = str_sub(line, 0, space), rest = str_sub(line, space + 1, line.len);
	int slot = 0, r = 0;

	if (str_is(key, "state"))
		(void)snprintf(h->state, sizeof(h->state), "%.*s", STR_ARG(rest));
	else if (str_is(key, "address"))
		(void)snprintf(h->address, sizeof(h->address), "%.*s", STR_ARG(rest));
	else if (str_is(key, "slot"))
		r = number_of(&rest, RUNTIME_SLOTS, &slot);
	else if (str_is(key, "child") || str_is(key, "leaving"))
		r = take_child(h, rest, str_is(key, "leaving"));
	else if (str_is(key, "fds"))
		for (size_t i = 0; r == 0 && fds_of(h, i); i++)
			r = number_of(&rest, INT_MAX, fds_of(h, i));
	if (str_is(key, "slot"))
		h->slot = (unsigned)slot;
	return r;
}

/* Everything from 3 on that is not ours to keep. */
static void close_others(struct handover *h)
{
	int keep[8], n = 0;
	unsigned from = 3;

	for (size_t i = 0; fds_of(h, i); i++)
		if (*fds_of(h, i) >= 0)
			keep[n++] = *fds_of(h, i);
	for (;;) {
		unsigned next = ~0U;

		for (int i = 0; i < n; i++)
			if ((unsigned)keep[i] >= from && (unsigned)keep[i] < next)
				next = (unsigned)keep[i];
		if (next > from)
			(void)syscall(SYS_close_range, from, next == ~0U ? ~0U : next - 1, 0);
		if (next == ~0U)
			return;
		from = next + 1;
	}
}

static int read_handover(struct handover *h, const char *env, struct err *err)
{
	struct buf b = BUF(TEXT_MAX);
	struct str rest, line;
	uint64_t fd = 0;
	int r = str_to_u64(str_of(env), 3, INT_MAX, &fd);

	if (r == 0 && lseek((int)fd, 0, SEEK_SET) < 0)
		r = -errno;
	if (r == 0)
		r = file_read_fd((int)fd, &b, err);
	rest = buf_str(&b);
	while (r == 0 && str_split(&rest, '\n', &line))
		r = line.len ? take_line(h, line) : 0;
	buf_fini(&b);
	return r < 0 ? ERR(err, r, "what the program before left can't be read") : 0;
}

int handover_take(struct handover *ret, struct err *err)
{
	const char *env = getenv(ENV_NAME);
	struct handover h = { .lock_fd = -1, .net_fd = -1, .listeners = LISTENERS_NONE };
	int r = env ? read_handover(&h, env, err) : 0;

	h.taken = env != NULL;
	(void)unsetenv(ENV_NAME);
	close_others(&h);
	if (r < 0)
		return r;
	keep_over_exec(&h, false);
	*ret = h;
	return 0;
}
