/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replays a corpus: fuzz-x DIR [ROUNDS]. Each file is one TAP test; the target
 * is fed the file, each of its prefixes up to a limit, and ROUNDS mutations of
 * it from a fixed seed (so that a failure comes back). Aborts are failures.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "fuzz.h"

#define FILE_MAX_BYTES ((size_t)1 << 20)
#define PREFIXES       300U
#define ROUNDS         400U

static uint64_t seed = 0x9e3779b97f4a7c15;

static uint32_t next(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)((seed >> 33) % (below ? below : 1));
}

static void feed(struct str s)
{
	uint8_t *copy = malloc(s.len ? s.len : 1);

	CHECK(copy);
	if (s.len)
		memcpy(copy, s.ptr, s.len);
	(void)LLVMFuzzerTestOneInput(copy, s.len);
	free(copy);
}

static void mutate_once(char *p, size_t *n, size_t cap)
{
	static const char sharp[] = "\0\xff\x7f\x80%\"\\\r\n :;,{}[]()=09-+/.\t";
	uint32_t at = next((uint32_t)*n), len;

	switch (next(6)) {
	case 0:
		p[at] = (char)next(256);
		break;
	case 1:
		p[at] = sharp[next(sizeof(sharp) - 1)];
		break;
	case 2:
		p[at] = (char)(p[at] ^ (1 << next(8)));
		break;
	case 3: /* cut a piece out */
		len = 1 + next(8);
		if (at + len < *n) {
			memmove(p + at, p + at + len, *n - at - len);
			*n -= len;
		}
		break;
	case 4: /* say a piece twice */
		len = 1 + next(32);
		if (at + len <= *n && *n + len <= cap) {
			memmove(p + at + len, p + at, *n - at);
			*n += len;
		}
		break;
	default:
		p[at] = (char)(p[at] + (next(2) ? 1 : -1));
	}
}

static void mutate(struct str s, unsigned rounds)
{
	size_t cap = s.len * 2 + 64;
	char *p = malloc(cap);

	CHECK(p);
	for (unsigned i = 0; i < rounds && s.len; i++) {
		size_t n = s.len;

		memcpy(p, s.ptr, n);
		for (uint32_t edits = 1 + next(4); edits > 0 && n > 0; edits--)
			mutate_once(p, &n, cap);
		feed((struct str){ p, n });
	}
	free(p);
}

static int replay(int dir, const char *name, unsigned rounds)
{
	struct buf b = BUF(FILE_MAX_BYTES);
	struct err err = ERR_NONE;
	int r = file_read(dir, name, &b, &err);

	if (r < 0) {
		printf("# %s\n", err.msg);
		return r;
	}
	for (size_t n = 0; n < buf_len(&b) && n < PREFIXES; n++)
		feed(str_sub(buf_str(&b), 0, n));
	feed(buf_str(&b));
	mutate(buf_str(&b), rounds);
	buf_fini(&b);
	return 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_input(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

int main(int argc, char **argv)
{
	uint64_t rounds = ROUNDS;
	struct dirent **names;
	int n, dir, failed = 0;

	if (argc < 2 || (argc > 2 && str_to_u64(str_of(argv[2]), 0, 1U << 30, &rounds) < 0)) {
		(void)fprintf(stderr, "usage: %s CORPUS_DIR [ROUNDS]\n", argv[0]);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	dir = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	n = scandir(argv[1], &names, is_input, by_name);
	if (dir < 0 || n <= 0) {
		printf("1..1\nnot ok 1 - %s holds at least one input\n", argv[1]);
		return 1;
	}
	printf("1..%d\n", n);
	for (int i = 0; i < n; i++) {
		bool ok = replay(dir, names[i]->d_name, (unsigned)rounds) == 0;

		printf("%sok %d - %s\n", ok ? "" : "not ", i + 1, names[i]->d_name);
		failed += !ok;
		free(names[i]);
	}
	free(names);
	close(dir);
	return failed != 0;
}
