/* SPDX-License-Identifier: Apache-2.0 */
/*
 * files get of a folder: its files one after the other, with their times.
 * What is here already, by size and time, stays; so the same command goes on
 * where it was cut.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/sha256.h"
#include "base/time.h"
#include "cli/files-get.h"
#include "cli/find.h"
#include "cli/text.h"

#define LIST_MEMORY ((size_t)256 << 20)
#define DEPTH_MAX   100
#define SHOW_NS     INT64_C(200000000)

/* What came of a folder so far. */
struct tree {
	uint64_t folders, files, same, failed, bytes;
	bool tty;
	int64_t shown_ns;
};

/* The next line of any kind is written over it. */
static void show_progress(struct tree *t)
{
	char size[SIZE_TEXT_MAX];
	struct timespec now;
	int64_t ns;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
	if (!t->tty || ns - t->shown_ns < SHOW_NS)
		return;
	t->shown_ns = ns;
	size_text(t->bytes, size);
	(void)fprintf(stderr, "\033[K  %llu files, %s\r", (unsigned long long)t->files, size);
}

void files_tree_came(struct tree *t, size_t bytes)
{
	t->bytes += bytes;
	show_progress(t);
}

/* One that is being copied, and what it is in. */
struct level {
	const struct level *up;
	struct str path;
	const char *to;
	unsigned depth;
	uint8_t sum[SHA256_LEN]; /* of its list */
};

/* A name of theirs becomes one of ours: it may lead nowhere else. */
static bool is_name(struct str s)
{
	return s.len && s.len <= NAME_MAX && !str_is(s, ".") && !str_is(s, "..") &&
	       str_chr(s, '/', 0) == s.len && str_chr(s, '\0', 0) == s.len;
}

/* A link counts as what it leads to, and may lead back to a folder that it
 * lies in. That folder is known by its list: names, sizes and both times. */
static bool is_loop(struct level *l, const struct json *list)
{
	static const char *const keys[] = { "name", "type", "created", "last_modified" };
	struct sha256 h;

	sha256_init(&h);
	json_for_each(e, list)
	{
		uint64_t size = 0;

		for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
			sha256_add(&h, json_str_or(e, keys[i], STR("")));
			sha256_add(&h, STR("/"));
		}
		(void)json_get_u64(e, "size", UINT64_MAX, &size);
		sha256_add(&h, (struct str){ (const char *)&size, sizeof(size) });
	}
	sha256_end(&h, l->sum);
	for (const struct level *up = l->up; up && list && list->n; up = up->up)
		if (memcmp(up->sum, l->sum, sizeof(l->sum)) == 0)
			return true;
	return false;
}

static struct timespec time_of(struct str changed)
{
	wall_us at = 0;

	if (time_parse_rfc3339(changed, &at) < 0)
		return (struct timespec){ .tv_nsec = UTIME_OMIT };
	return (struct timespec){ at / 1000000, at % 1000000 * 1000 };
}

static bool is_here(const struct get *g, struct timespec changed)
{
	struct stat st;

	return lstat(g->to, &st) == 0 && S_ISREG(st.st_mode) &&
	       (uint64_t)st.st_size == g->size && st.st_mtim.tv_sec == changed.tv_sec &&
	       st.st_mtim.tv_nsec / 1000 == changed.tv_nsec / 1000;
}

/* The rest still comes: one odd entry must not be in its way on every run. */
static int pass_over(struct cli *c, struct tree *t, struct str path)
{
	t->failed++;
	(void)cli_say(c, CLI_FAILED, "%.*s was not copied", STR_ARG(path));
	return CLI_OK;
}

static int tree_file(struct tree *t, struct get *g)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, time_of(g->changed) };
	int r;

	if (is_here(g, times[1])) {
		t->same++;
		return CLI_OK;
	}
	r = files_get_one(g);
	if (r == CLI_OK) {
		t->files++;
		(void)utimensat(AT_FDCWD, g->to, times, 0);
		show_progress(t);
	} else if (g->passing) {
		r = pass_over(g->c, t, g->at.path);
	}
	return r;
}

static int tree_folder(struct cli *c, struct tree *t, const char *id, struct level *l);

static int tree_entry(struct cli *c, struct tree *t, const char *id, const struct level *l,
                      const struct json *e)
{
	struct str name = json_str_or(e, "name", STR(""));
	struct get g = { .c = c, .fd = -1, .tree = t, .at.id = id };

	g.at.path = l->path.len
	                ? arena_printf(&c->arena, "%.*s/%.*s", STR_ARG(l->path), STR_ARG(name))
	                : name;
	if (!is_name(name))
		return pass_over(c, t, g.at.path);
	g.to = arena_printf(&c->arena, "%s/%.*s", l->to, STR_ARG(name)).ptr;
	g.changed = json_str_or(e, "last_modified", STR(""));
	if (files_is_folder(e)) {
		struct level sub = {
			.up = l, .path = g.at.path, .to = g.to, .depth = l->depth + 1
		};

		return tree_folder(c, t, id, &sub);
	}
	if (json_get_u64(e, "size", UINT64_MAX, &g.size) < 0)
		return pass_over(c, t, g.at.path);
	return tree_file(t, &g);
}

static int make_folder(struct cli *c, struct tree *t, const struct level *l, bool *ret_made)
{
	struct stat st;
	int e;

	if (mkdir(l->to, 0777) < 0 &&
	    (errno != EEXIST || stat(l->to, &st) < 0 || !S_ISDIR(st.st_mode))) {
		e = errno;
		(void)cli_say(c, CLI_FAILED, "%s: %s", l->to, strerror(e));
		return l->up && files_is_refusal_here(e) ? pass_over(c, t, l->path)
		                                         : CLI_FAILED;
	}
	t->folders++;
	*ret_made = true;
	return CLI_OK;
}

static int tree_folder(struct cli *c, struct tree *t, const char *id, struct level *l)
{
	struct api_request q = { .method = "GET" };
	struct arena keep = c->arena; /* lists of folders that are done with are not kept */
	const struct json *list = NULL;
	struct api_reply reply;
	bool made = false;
	int r = CLI_OK;

	if (l->depth > DEPTH_MAX) {
		(void)cli_say(c, CLI_FAILED, "%.*s: folders are too deep", STR_ARG(l->path));
		return pass_over(c, t, l->path);
	}
	c->arena = ARENA(LIST_MEMORY);
	r = files_call(c, id, &q, files_contents(c, l->path, "?content=1&type=directory"),
	               &reply);
	if (r == CLI_OK)
		list = json_get(reply.json, "content");
	if (r != CLI_OK && l->up && files_is_refusal(reply.status)) {
		r = pass_over(c, t, l->path); /* not theirs to read, or gone meanwhile */
	} else if (r == CLI_OK && !is_loop(l, list)) {
		r = make_folder(c, t, l, &made);
		json_for_each(e, list)
		{
			if (r == CLI_OK && made)
				r = tree_entry(c, t, id, l, e);
		}
	}
	arena_fini(&c->arena);
	c->arena = keep;
	return r;
}

static void tree_json(const struct tree *t, const struct level *l)
{
	struct buf b = BUF(65536);
	struct jsonw w = JSONW(&b);

	jw_obj(&w);
	jw_kv_str(&w, "path", l->path);
	jw_kv_z(&w, "to", l->to);
	jw_kv_u64(&w, "folders", t->folders);
	jw_kv_u64(&w, "files", t->files);
	jw_kv_u64(&w, "unchanged", t->same);
	jw_kv_u64(&w, "failed", t->failed);
	jw_kv_u64(&w, "bytes", t->bytes);
	jw_obj_end(&w);
	cli_json(buf_str(&b));
	buf_fini(&b);
}

int files_get_tree(struct cli *c, const char *id, struct str path, const char *to)
{
	struct level top = { .path = path, .to = to };
	struct tree t = { .tty = !c->json && isatty(STDERR_FILENO) };
	char size[SIZE_TEXT_MAX];
	int r;

	if (str_is(str_of(to), "-"))
		return cli_say(c, CLI_USAGE,
		               "a folder can't go to standard output: say where it goes");
	r = tree_folder(c, &t, id, &top);
	if (t.tty)
		(void)fputs("\033[K", stderr);
	if (r != CLI_OK)
		return r;
	size_text(t.bytes, size);
	if (c->json)
		tree_json(&t, &top);
	else if (t.same)
		cli_note(c, "%llu files, %s, are in %s; %llu were there already.",
		         (unsigned long long)t.files, size, to, (unsigned long long)t.same);
	else
		cli_note(c, "%llu files, %s, are in %s.", (unsigned long long)t.files, size,
		         to);
	if (t.failed)
		return cli_say(c, CLI_FAILED,
		               "%llu could not be copied; the same command tries them again",
		               (unsigned long long)t.failed);
	return CLI_OK;
}
