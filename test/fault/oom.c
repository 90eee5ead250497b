/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oom-x CORPUS_DIR [N]: a fuzz target with allocations that fail. Each input
 * is read in a process of its own, once for each allocation that it makes (at
 * most N, evenly chosen), the n-th of which fails. It may end normally, with
 * nothing left allocated; or by the house's rule, that a small allocation
 * which fails is a clear line and an abort; or by the target's own property,
 * which need not hold without memory. Any other end is a failure.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "fuzz.h"

#define POINTS_MAX 60U
#define SIZE_LIMIT ((size_t)1 << 20)

static long countdown, made, live;
static bool counting;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void __real_free(void *p);
char *__real_strdup(const char *s);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void __wrap_free(void *p);
char *__wrap_strdup(const char *s);

static bool fails(void)
{
	if (!counting)
		return false;
	made++;
	if (countdown == 0 || --countdown > 0)
		return false;
	errno = ENOMEM;
	return true;
}

static void *got(void *p)
{
	if (p && counting)
		live++;
	return p;
}

void *__wrap_malloc(size_t n)
{
	return fails() ? NULL : got(__real_malloc(n));
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : got(__real_calloc(n, size));
}

char *__wrap_strdup(const char *s)
{
	return fails() ? NULL : got(__real_strdup(s));
}

void *__wrap_realloc(void *p, size_t n)
{
	if (fails())
		return NULL;
	return p ? __real_realloc(p, n) : got(__real_realloc(p, n));
}

void __wrap_free(void *p)
{
	if (p && counting)
		live--;
	__real_free(p);
}

/* In the child: 0 normal, 3 with something left. How many it made goes to fd. */
static _Noreturn void one(struct str in, long n, int fd)
{
	uint8_t *copy = __real_malloc(in.len ? in.len : 1);
	ssize_t w;

	CHECK(copy);
	memcpy(copy, in.ptr, in.len);
	countdown = n;
	counting = true;
	(void)LLVMFuzzerTestOneInput(copy, in.len);
	counting = false;
	__real_free(copy);
	w = write(fd, &made, sizeof(made));
	_exit(w == sizeof(made) && live == 0 ? 0 : 3);
}

/* The line of an abort on purpose: no memory, or the target's own property. */
static bool said_why(int fd)
{
	char text[4096];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	text[n < 0 ? 0 : n] = '\0';
	return strstr(text, "event=check_failed") &&
	       (strstr(text, "out of memory") || strstr(text, "/fuzz-"));
}

/* 0 normal, 1 on purpose, -1 a fault. */
static int run(struct str in, long n, long *ret_made)
{
	FILE *said = tmpfile();
	int p[2], status, r = -1;
	pid_t pid;

	CHECK(said && pipe2(p, O_CLOEXEC) == 0);
	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		(void)dup2(fileno(said), STDERR_FILENO);
		one(in, n, p[1]);
	}
	close(p[1]);
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		r = 0;
	else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && said_why(fileno(said)))
		r = 1;
	if (r < 0)
		printf("# allocation %ld: status %x\n", n, (unsigned)status);
	if (ret_made && read(p[0], ret_made, sizeof(*ret_made)) != sizeof(*ret_made))
		*ret_made = 0;
	close(p[0]);
	(void)fclose(said);
	return r;
}

static bool input(int dir, const char *name, unsigned most, long total[2])
{
	struct buf b = BUF(SIZE_LIMIT);
	long count = 0, step;
	bool ok = file_read(dir, name, &b, NULL) == 0 && run(buf_str(&b), 0, &count) == 0;

	step = count / (long)most + 1;
	for (long n = 1; ok && n <= count; n += step) {
		int r = run(buf_str(&b), n, NULL);

		ok = r >= 0;
		total[0]++;
		total[1] += r > 0;
	}
	buf_fini(&b);
	return ok;
}

static int is_input(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

int main(int argc, char **argv)
{
	uint64_t most = POINTS_MAX;
	struct dirent **names;
	long total[2] = { 0, 0 };
	int n, dir, failed = 0;

	if (argc < 2 || (argc > 2 && str_to_u64(str_of(argv[2]), 1, 1U << 30, &most) < 0)) {
		(void)fprintf(stderr, "usage: %s CORPUS_DIR [POINTS]\n", argv[0]);
		return 2;
	}
	dir = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	n = scandir(argv[1], &names, is_input, alphasort);
	if (dir < 0 || n <= 0)
		return 2;
	printf("1..%d\n", n);
	for (int i = 0; i < n; i++) {
		bool ok = input(dir, names[i]->d_name, (unsigned)most, total);

		printf("%sok %d - %s\n", ok ? "" : "not ", i + 1, names[i]->d_name);
		failed += !ok;
		free(names[i]);
	}
	printf("# %ld allocations failed, %ld of them ended the process on purpose\n", total[0],
	       total[1]);
	free(names);
	close(dir);
	return failed != 0;
}
