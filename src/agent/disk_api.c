/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What uses the storage (api/carrel/disk), and files by name (api/carrel/names).
 * Both walk a tree that may be large: some thousand entries a turn, so that
 * everybody else is served meanwhile, and not for ever.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/statvfs.h>

#include "agent/contents.h"
#include "agent/names.h"
#include "agent/walk.h"

#define TURN_ENTRIES 2000U
#define ALL_ENTRIES  500000U
#define ALL_MS       10000U
#define LIMIT_MAX    200U

struct item {
	char name[NAME_MAX + 1];
	mode_t mode;
	uint64_t bytes, files;
};

struct look {
	struct call *c;
	struct ev_timer turn;
	struct walk walk;
	mono_ms began;
	unsigned seen;
	unsigned limit, n;
	bool truncated;
	struct str path;    /* disk: of the folder */
	struct item now;    /* disk: the entry of the top that is being added up */
	struct item *items; /* disk: the largest, in no order */
	uint64_t bytes;     /* disk: of all */
	struct buf q, out;  /* names: lower case; the answer so far */
	struct jsonw w;
	void (*entry)(struct look *l, const struct walk_entry *e);
	void (*end)(struct look *l);
};

static void on_free(struct http_req *r)
{
	struct look *l = call_of(r)->ctx;

	ev_timer_stop(&l->turn);
	walk_fini(&l->walk);
	buf_fini(&l->q);
	buf_fini(&l->out);
	free(l->items);
	free(l);
}

static void on_turn(struct ev_timer *t)
{
	struct look *l = CONTAINER_OF(t, struct look, turn);
	struct walk_entry e;

	for (unsigned i = 0; i < TURN_ENTRIES; i++) {
		if (l->seen >= ALL_ENTRIES || l->truncated || !walk_next(&l->walk, &e)) {
			l->truncated |= l->seen >= ALL_ENTRIES;
			l->end(l);
			return;
		}
		l->seen++;
		l->entry(l, &e);
	}
	l->truncated |= time_mono_ms() - l->began > ALL_MS;
	ev_timer_start(l->c->a->ev, t, 0, on_turn);
}

/* Answers by itself when the folder can't be looked at. */
static struct look *look_new(struct call *c, struct str path, bool hidden)
{
	uint64_t limit = 20;
	struct look *l;
	int fd, r;

	if (url_param(&c->r->url, "limit").ptr &&
	    str_to_u64(url_param(&c->r->url, "limit"), 1, LIMIT_MAX, &limit) < 0) {
		agent_json_error(c->r, 400, NULL, "limit must be 1 to %u", LIMIT_MAX);
		return NULL;
	}
	fd = place_open(c->a, path, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
	if (fd < 0) {
		contents_fail(c, fd, path, "look at");
		return NULL;
	}
	l = xcalloc(1, sizeof(*l));
	l->c = c;
	l->path = path;
	l->limit = (unsigned)limit;
	l->began = time_mono_ms();
	l->q = BUF(1024);
	l->out = BUF(4U << 20);
	l->w = JSONW(&l->out);
	r = walk_init(&l->walk, fd, hidden);
	c->ctx = l;
	c->r->on_free = on_free;
	if (r < 0) {
		contents_fail(c, r, path, "look at");
		return NULL;
	}
	return l;
}

/* ---- disk ---- */

static void keep(struct look *l)
{
	struct item *small = NULL;

	if (!l->now.name[0])
		return;
	if (l->n < l->limit) {
		l->items[l->n++] = l->now;
		return;
	}
	for (unsigned i = 0; i < l->n; i++)
		if (!small || l->items[i].bytes < small->bytes)
			small = &l->items[i];
	if (small && small->bytes < l->now.bytes)
		*small = l->now;
}

static void disk_entry(struct look *l, const struct walk_entry *e)
{
	uint64_t bytes = (uint64_t)e->st.st_blocks * 512;

	if (e->depth == 1) {
		keep(l);
		l->now = (struct item){ .mode = e->st.st_mode };
		(void)snprintf(l->now.name, sizeof(l->now.name), "%s", e->name);
	}
	/* A file of several names is there once for each, and counts so much less. */
	if (!S_ISDIR(e->st.st_mode) && e->st.st_nlink > 1)
		bytes /= e->st.st_nlink;
	l->now.bytes += bytes;
	l->now.files += !S_ISDIR(e->st.st_mode);
	l->bytes += bytes;
}

static int by_size(const void *x, const void *y)
{
	const struct item *a = x, *b = y;

	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? 1 : -1;
	return strcmp(a->name, b->name);
}

static const char *type_of(mode_t mode)
{
	return S_ISDIR(mode) ? "directory" : "file";
}

static void disk_end(struct look *l)
{
	struct jsonw *w = &l->w;
	struct statvfs fs = { 0 };

	keep(l);
	qsort(l->items, l->n, sizeof(*l->items), by_size);
	(void)fstatvfs(l->c->a->root_fd, &fs);
	jw_obj(w);
	jw_kv_u64(w, "size_bytes", (uint64_t)fs.f_blocks * fs.f_frsize);
	jw_kv_u64(w, "used_bytes", (uint64_t)(fs.f_blocks - fs.f_bfree) * fs.f_frsize);
	jw_kv_u64(w, "free_bytes", (uint64_t)fs.f_bavail * fs.f_frsize);
	jw_kv_str(w, "path", l->path);
	jw_kv_u64(w, "bytes", l->bytes);
	jw_kv_bool(w, "truncated", l->truncated);
	jw_key(w, "items");
	jw_arr(w);
	for (unsigned i = 0; i < l->n; i++) {
		struct str name = str_of(l->items[i].name);

		jw_obj(w);
		jw_kv_str(w, "name", name);
		jw_kv_str(w, "path", place_child(&l->c->r->arena, l->path, name));
		jw_kv_z(w, "type", type_of(l->items[i].mode));
		jw_kv_u64(w, "bytes", l->items[i].bytes);
		jw_kv_u64(w, "files", l->items[i].files);
		jw_obj_end(w);
	}
	jw_arr_end(w);
	jw_obj_end(w);
	call_reply(l->c, 200, &l->out);
}

static void disk(struct call *c)
{
	struct str path = STR("");
	struct look *l;

	if (place_clean(&c->r->arena, url_param(&c->r->url, "path"), &path) < 0) {
		contents_not_found(c, url_param(&c->r->url, "path"));
		return;
	}
	l = look_new(c, path, true);
	if (!l)
		return;
	l->items = xcalloc(l->limit, sizeof(*l->items));
	l->entry = disk_entry;
	l->end = disk_end;
	on_turn(&l->turn);
}

/* ---- names ---- */

static void lower(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c + ('a' - 'A'));
		buf_put_c(b, c);
	}
}

static void names_entry(struct look *l, const struct walk_entry *e)
{
	struct buf name = BUF(NAME_MAX + 1);
	struct str q = buf_str(&l->q);

	lower(&name, str_of(e->name));
	if (str_find(buf_str(&name), q) < buf_len(&name) && !name_is_clutter(str_of(e->name)) &&
	    (S_ISDIR(e->st.st_mode) || S_ISREG(e->st.st_mode))) {
		if (l->n++ < l->limit) {
			jw_obj(&l->w);
			jw_kv_str(&l->w, "path", e->path);
			jw_kv_z(&l->w, "type",
			        S_ISDIR(e->st.st_mode)             ? "directory"
			        : str_ends(e->path, STR(".ipynb")) ? "notebook"
			                                           : "file");
			jw_obj_end(&l->w);
		} else {
			l->truncated = true;
		}
	}
	buf_fini(&name);
}

static void names_end(struct look *l)
{
	jw_arr_end(&l->w);
	jw_kv_bool(&l->w, "truncated", l->truncated);
	jw_obj_end(&l->w);
	call_reply(l->c, 200, &l->out);
}

static void names(struct call *c)
{
	struct str q = str_trim(url_param(&c->r->url, "q"));
	struct look *l;

	if (!q.len || q.len > NAME_MAX) {
		agent_json_error(c->r, 400, NULL, "q must say what the name holds");
		return;
	}
	l = look_new(c, STR(""), false);
	if (!l)
		return;
	lower(&l->q, q);
	jw_obj(&l->w);
	jw_key(&l->w, "items");
	jw_arr(&l->w);
	l->entry = names_entry;
	l->end = names_end;
	on_turn(&l->turn);
}

const struct route disk_routes[] = {
	{ "GET", "api/carrel/disk", disk, ROUTE_API },
	{ "GET", "api/carrel/names", names, ROUTE_API },
	{ 0 },
};
