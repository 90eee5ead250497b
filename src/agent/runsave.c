/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/runsave.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "agent/jsontree.h"
#include "agent/model.h"
#include "agent/nbformat.h"
#include "agent/nbtrust.h"
#include "agent/place.h"
#include "agent/save.h"
#include "base/encode.h"
#include "base/file.h"

#define READ_MAX  ((size_t)256 << 20)
#define TRIES     3
#define PIECE_MAX ((size_t)512 << 20)

static struct runsave_file file_of(const struct stat *st)
{
	return (struct runsave_file){
		.dev = st->st_dev,
		.ino = st->st_ino,
		.size = (uint64_t)st->st_size,
		.mtime_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec,
	};
}

static int open_notebook(const struct agent *a, struct str path, int flags, struct stat *st)
{
	int fd = place_open(a, path, flags);

	if (fd < 0)
		return fd;
	if (fstat(fd, st) == 0 && S_ISREG(st->st_mode))
		return fd;
	(void)close(fd);
	return -EISDIR;
}

int runsave_look(const struct agent *a, struct str path, struct runsave_file *ret)
{
	struct stat st;
	int fd = open_notebook(a, path, O_PATH, &st);

	if (fd < 0)
		return fd;
	(void)close(fd);
	*ret = file_of(&st);
	return 0;
}

/* ---- the cells ---- */

/* The text of a source: a string, a list of strings, or either of them as it
 * stands in the file. */
static int text_of(struct arena *m, const struct json *v, struct str *ret)
{
	struct buf b = BUF(READ_MAX);
	struct json copy = *v, *j = NULL;
	struct str literal;
	int r;

	if (v->type == JSON_ARRAY)
		jt_join(&copy);
	jt_print(&copy, &b);
	literal = arena_str(m, buf_str(&b));
	r = buf_error(&b);
	buf_fini(&b);
	if (r == 0)
		r = json_parse(m, literal, &(struct json_limits){ .lax_surrogates = true }, &j,
		               NULL);
	return r < 0 ? r : json_text(m, j, ret);
}

static bool has_source(const struct json *cell, const uint8_t *code)
{
	const struct json *v = json_get(cell, "source");
	struct arena m = ARENA(READ_MAX * 2);
	struct str text;
	uint8_t d[SHA256_LEN];
	bool same = false;

	if (v && (v->type == JSON_STRING || v->type == JSON_ARRAY) &&
	    text_of(&m, v, &text) == 0) {
		sha256(text, d);
		same = memcmp(d, code, SHA256_LEN) == 0;
	}
	arena_fini(&m);
	return same;
}

static bool is_code(const struct json *cell)
{
	return cell->type == JSON_OBJECT &&
	       str_is(json_str_or(cell, "cell_type", STR("")), "code");
}

/* By id; where cells have none, by the source if only one has it. */
static struct json *find_cell(const struct nb *nb, const struct runsave_cell *want)
{
	struct json *cells = jt_get(nb->root, "cells"), *found = NULL;
	bool by_id = nb->minor >= 5;

	for (struct json *c = cells ? cells->first : NULL; c; c = c->next) {
		if (!is_code(c))
			continue;
		if (by_id ? !str_eq(json_str_or(c, "id", STR("")), want->id)
		          : !has_source(c, want->code))
			continue;
		if (found)
			return NULL;
		found = c;
	}
	return found && has_source(found, want->code) ? found : NULL;
}

bool runsave_count(const struct nb *nb, const struct runsave_cell *c, uint64_t *ret)
{
	const struct json *cell = find_cell(nb, c);

	return cell && json_get_u64(cell, "execution_count", INT64_MAX, ret) == 0;
}

static int hash_piece(struct buf *b, void *arg)
{
	sha256_add(arg, buf_str(b));
	buf_clear(b);
	return 0;
}

/* What a cell shows, as it stands on disk. */
static int digest(const struct json *outputs, const struct json *count, uint8_t d[SHA256_LEN])
{
	struct buf b = BUF(PIECE_MAX);
	struct sha256 h;
	int r;

	sha256_init(&h);
	if (count)
		sha256_add(&h, count->type == JSON_NULL ? STR("null") : count->text);
	sha256_add(&h, STR(" "));
	r = outputs ? jt_print_pretty(outputs, &b, hash_piece, &h) : 0;
	if (r == 0)
		r = hash_piece(&b, &h);
	sha256_end(&h, d);
	buf_fini(&b);
	return r;
}

static struct json *count_value(struct arena *m, const struct runsave_cell *c)
{
	struct json *v = jt_new(m, c->has_count ? JSON_NUMBER : JSON_NULL);

	if (v && c->has_count) {
		v->text = arena_printf(m, "%llu", (unsigned long long)c->count);
		if (!v->text.ptr)
			v = NULL;
	}
	return v;
}

struct work {
	struct arena *m;
	struct nb *nb;
	struct runsave_cell *const *cells;
	size_t n;
	bool changed;
};

/* One cell's outputs can't be made: the others are written all the same. */
static int give_up(struct runsave_cell *c)
{
	c->found = false;
	return 1;
}

/* 1: the cell was left alone, 0: it shows what it shall. */
static int set_cell(struct work *w, struct runsave_cell *c)
{
	struct json *cell = find_cell(w->nb, c), *outputs, *count = count_value(w->m, c);
	uint8_t was[SHA256_LEN], is[SHA256_LEN];
	int r;

	c->found = cell != NULL;
	if (!cell)
		return 1;
	if (!count)
		return -ENOMEM;
	r = digest(jt_get(cell, "outputs"), jt_get(cell, "execution_count"), was);
	if (r == 0 && c->before) {
		outputs = c->before(c);
		if (!outputs)
			return give_up(c);
		r = nb_outputs_for_disk(w->m, outputs);
		if (r == 0)
			r = digest(outputs, jt_get(cell, "execution_count"), is);
		if (r == 0 && memcmp(was, is, sizeof(is)) != 0)
			return 1;
	}
	if (r < 0)
		return r;
	outputs = c->outputs(c);
	if (!outputs)
		return give_up(c);
	r = nb_outputs_for_disk(w->m, outputs);
	if (r == 0)
		r = digest(outputs, count, is);
	if (r < 0 || memcmp(was, is, sizeof(is)) == 0)
		return r;
	jt_set(cell, STR("outputs"), outputs);
	jt_set(cell, STR("execution_count"), count);
	w->changed = true;
	return 0;
}

/* ---- the file ---- */

struct out {
	struct save s;
	struct sha256 h;
	struct err *err;
	int r;
};

static void on_piece(void *arg, struct str piece)
{
	struct out *o = arg;

	sha256_add(&o->h, piece);
	if (o->r == 0)
		o->r = save_write(&o->s, piece, o->err);
}

static void put_hex(struct sha256 *h, char ret[65])
{
	uint8_t d[SHA256_LEN];
	struct buf hex = BUF(80);

	sha256_end(h, d);
	hex_put(&hex, (struct str){ (const char *)d, sizeof(d) });
	memcpy(ret, buf_cstr(&hex), 65);
	buf_fini(&hex);
}

/* -EAGAIN: the file is not the one that was read. */
static int store(struct agent *a, struct str path, const struct nb *nb,
                 struct runsave_done *done, struct err *err)
{
	struct out o = { .s = SAVE_NONE, .err = err };
	struct runsave_file now;
	struct stat st;
	int r = save_begin(a, path, &o.s, err);

	if (r < 0)
		return r;
	sha256_init(&o.h);
	r = nb_print_disk(nb, on_piece, &o);
	if (r == 0)
		r = o.r;
	/* Now, so that next to no time is left between this look and the rename. */
	if (r == 0 && fsync(o.s.fd) < 0)
		r = ERR(err, -errno, "%.*s could not be saved: %m", STR_ARG(path));
	if (r == 0 && (runsave_look(a, path, &now) < 0 || !runsave_same(&now, &done->file)))
		r = -EAGAIN;
	if (r == 0)
		r = save_commit(&o.s, err);
	save_fini(&o.s);
	if (r < 0)
		return r;
	put_hex(&o.h, done->hash);
	done->wrote = true;
	r = open_notebook(a, path, O_PATH, &st);
	if (r >= 0) {
		(void)close(r);
		done->file = file_of(&st);
		done->mtime = stat_mtime(&st);
	}
	return 0;
}

/* A notebook that the user trusts stays so: what was added is what their own
 * code made. */
static int change(struct agent *a, struct str path, struct work *w, struct runsave_done *done,
                  struct err *err)
{
	char before[NBTRUST_HEX + 1], after[NBTRUST_HEX + 1];
	bool trusted;
	int r = 0;

	trusted = nbtrust_digest(a, w->nb, before) == 0 && nbtrust_known(a, before);
	for (size_t i = 0; i < w->n && r >= 0; i++)
		r = set_cell(w, w->cells[i]);
	if (r < 0) /* not that a cell was left alone */
		return ERR(err, r, "there is not enough memory for the outputs of %.*s",
		           STR_ARG(path));
	if (!w->changed)
		return 0;
	r = store(a, path, w->nb, done, err);
	if (r == 0 && trusted && nbtrust_digest(a, w->nb, after) == 0)
		nbtrust_remember(a, after);
	return r;
}

static int attempt(struct agent *a, struct str path, struct runsave_cell *const *cells,
                   size_t n, struct runsave_done *done, struct err *err)
{
	struct arena m = ARENA(NB_ARENA_MAX);
	struct buf text = BUF(READ_MAX);
	struct work w = { .m = &m, .cells = cells, .n = n };
	struct stat st;
	struct nb nb;
	int fd = open_notebook(a, path, O_RDONLY, &st), r = fd;

	if (fd >= 0) {
		done->file = file_of(&st);
		r = file_read_fd(fd, &text, err);
		(void)close(fd);
	}
	if (r == 0) {
		struct sha256 h;

		sha256_init(&h);
		sha256_add(&h, buf_str(&text));
		put_hex(&h, done->read);
		r = nb_parse(&m, buf_str(&text), &nb, err);
	}
	if (r == 0)
		r = nb_for_disk(&m, &nb);
	w.nb = &nb;
	if (r == 0)
		r = change(a, path, &w, done, err);
	arena_fini(&m);
	buf_fini(&text);
	return r;
}

int runsave_write(struct agent *a, struct str path, struct runsave_cell *const *cells, size_t n,
                  struct runsave_done *ret, struct err *err)
{
	int r = -EAGAIN;

	for (int i = 0; i < TRIES && r == -EAGAIN; i++) {
		*ret = (struct runsave_done){ 0 };
		r = attempt(a, path, cells, n, ret, err);
	}
	return r;
}
