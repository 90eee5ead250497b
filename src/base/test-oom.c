/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Out of memory at every place: the linker gives us the library's calls of
 * malloc and friends, and the n-th of them fails, for every n until one run
 * needs no more. Sanitizers see leaks and bad frees on the way.
 */
#include <errno.h>
#include <fcntl.h>

#include "base/file.h"
#include "base/json.h"
#include "base/map.h"
#include "test.h"

static int countdown; /* 0: never */

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

static bool fails(void)
{
	return countdown > 0 && --countdown == 0;
}

void *__wrap_malloc(size_t n)
{
	return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
	return fails() ? NULL : __real_realloc(p, n);
}

/* Runs fn until it succeeds; each run before that ends in -ENOMEM. */
static int until_it_works(int (*fn)(void))
{
	for (int n = 1; n < 1000; n++) {
		int r;

		countdown = n;
		r = fn();
		if (countdown > 0) {
			countdown = 0;
			T_EQ(r, 0);
			return n - 1;
		}
		T_EQ(r, -ENOMEM);
	}
	T_OK(!"still failing");
	return 0;
}

static int use_buf(void)
{
	struct buf b = BUF(100000);
	int r;

	for (int i = 0; i < 2000; i++) {
		buf_printf(&b, "%d,", i);
		if (i % 3 == 0 && !buf_error(&b))
			buf_consume(&b, 2);
	}
	r = buf_error(&b);
	buf_fini(&b);
	return r;
}

static int use_arena(void)
{
	struct arena a = ARENA(1 << 20);
	int r;

	for (int i = 0; i < 300; i++)
		(void)arena_printf(&a, "%*d", i * 7, i);
	r = arena_failed(&a) ? -ENOMEM : 0;
	arena_fini(&a);
	return r;
}

static int use_map(void)
{
	struct map m;
	int r = 0;

	map_init(&m, 100);
	for (int i = 0; i < 100 && r == 0; i++) {
		char key[16];
		struct str k = { key, (size_t)snprintf(key, sizeof(key), "%d", i) };

		r = map_set(&m, k, &m, NULL);
		if (r == 0 && i % 3 == 0 && map_del(&m, k) != &m)
			r = -EIO;
	}
	map_fini(&m);
	return r;
}

static int use_json(void)
{
	struct arena a = ARENA(1 << 16);
	struct json *root;
	int r = json_parse(&a, STR("{\"a\":[1,2,{\"b\":\"\\u00e9\"}],\"c\":[[[[[[1]]]]]]}"),
	                   NULL, &root, NULL);

	arena_fini(&a);
	return r;
}

static int use_file(void)
{
	struct buf b = BUF(1 << 16);
	int r = file_write_atomic(AT_FDCWD, "/tmp/carrel-test-oom", STR("text"), 0600, NULL);

	if (r == 0)
		r = file_read(AT_FDCWD, "/tmp/carrel-test-oom", &b, NULL);
	if (r == 0 && !str_eq(buf_str(&b), STR("text")))
		r = -EIO;
	if (r == 0)
		r = file_mkdirs("/tmp", 0700, NULL);
	buf_fini(&b);
	(void)unlink("/tmp/carrel-test-oom");
	return r;
}

static void buffers(void)
{
	T_OK(until_it_works(use_buf) > 3);
}

static void arenas(void)
{
	T_OK(until_it_works(use_arena) > 3);
}

static void maps(void)
{
	T_OK(until_it_works(use_map) > 100);
}

static void json(void)
{
	T_OK(until_it_works(use_json) >= 1);
}

static void files(void)
{
	int before = open_fds();

	T_OK(until_it_works(use_file) >= 3);
	T_EQ(open_fds(), before);
}

TEST_MAIN({ "buffers survive any failed allocation", buffers },
          { "arenas survive any failed allocation", arenas },
          { "maps survive any failed allocation", maps },
          { "JSON survives any failed allocation", json },
          { "files survive any failed allocation", files })
