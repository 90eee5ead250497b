/* SPDX-License-Identifier: Apache-2.0 */
/* /api/carrel/uploads: what doc/internals/files.md promises of them. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "agent/contents.h"
#include "agent/resume.h"

#define PIECE_MAX  (UINT64_C(64) << 20)
#define LENGTH_MAX (UINT64_C(1) << 46)
#define SOURCE_MAX 64U

static void reply(struct call *c, unsigned status, const struct resume *u)
{
	struct buf b = BUF(65536);
	struct jsonw w = JSONW(&b);

	resume_put(&w, u);
	call_reply(c, status, &b);
	buf_fini(&b);
}

static void fail(struct call *c, int code, struct str path, const struct err *err)
{
	if (err && err->code)
		call_err(c, err);
	else if (code == -EEXIST)
		agent_json_error(c->r, 409, NULL, "%.*s is there already", STR_ARG(path));
	else if (code == -EISDIR)
		agent_json_error(c->r, 409, NULL, "%.*s is a folder", STR_ARG(path));
	else
		contents_fail(c, code, path, "upload");
}

/* Answers by itself when there is none. */
static bool find(struct call *c, int *ret_dir, struct resume *u)
{
	int dir = resume_folder(c->a, false);

	if (dir >= 0 && resume_load(&c->r->arena, dir, c->arg[0], u) == 0) {
		*ret_dir = dir;
		return true;
	}
	own_close(&dir);
	agent_json_error(c->r, 404, NULL,
	                 "There is no such upload: it was given up, or is older than a day");
	return false;
}

/* ---- begin, list, ask, give up ---- */

static void on_begin(struct call *c, const struct json *body)
{
	struct resume u = { 0 };
	struct err err = ERR_NONE;
	struct str raw = STR_NONE;
	struct place at = PLACE_NONE;
	struct entry e;
	int r;

	if (json_get_str(body, "path", &raw) < 0 ||
	    json_get_u64(body, "size", LENGTH_MAX, &u.size) < 0 ||
	    json_get_bool(body, "replace", &u.replace) == -EINVAL ||
	    json_get_str(body, "source", &u.source) == -EINVAL || u.source.len > SOURCE_MAX) {
		agent_json_error(
		    c->r, 400, NULL,
		    "An upload needs path and size, and may say replace and source "
		    "(64 characters at most)");
		return;
	}
	if (place_clean(&c->r->arena, raw, &u.path) < 0 || !u.path.len) {
		contents_not_found(c, raw);
		return;
	}
	if (place_hidden(u.path)) {
		agent_json_error(c->r, 400, NULL, "%.*s is hidden: it can't be uploaded here",
		                 STR_ARG(u.path));
		return;
	}
	r = entry_load(c->a, u.path, &e);
	if (r == 0 && (e.type == ENTRY_DIR || !u.replace)) {
		fail(c, e.type == ENTRY_DIR ? -EISDIR : -EEXIST, u.path, NULL);
		return;
	}
	r = place_of(c->a, u.path, &at);
	place_fini(&at);
	if (r == 0)
		r = resume_begin(c->a, &u, &err);
	if (r < 0) {
		fail(c, r, u.path, &err);
		return;
	}
	call_touch(c, ACT_UPLOAD);
	reply(c, 201, &u);
}

static void begin(struct call *c)
{
	call_read_json(c, CALL_JSON_MAX, on_begin);
}

static void put_one(const struct resume *u, void *arg)
{
	resume_put(arg, u);
}

static void list(struct call *c)
{
	struct buf b = BUF(8U << 20);
	struct jsonw w = JSONW(&b);
	autoclose int dir = resume_folder(c->a, false);

	jw_obj(&w);
	jw_key(&w, "items");
	jw_arr(&w);
	if (dir >= 0)
		(void)resume_each(dir, put_one, &w);
	jw_arr_end(&w);
	jw_obj_end(&w);
	call_reply(c, 200, &b);
	buf_fini(&b);
}

static void show(struct call *c)
{
	struct resume u;
	int dir;

	if (!find(c, &dir, &u))
		return;
	(void)close(dir);
	reply(c, 200, &u);
}

static void give_up(struct call *c)
{
	struct resume u;
	int dir;

	if (!find(c, &dir, &u))
		return;
	resume_drop(dir, &u);
	(void)close(dir);
	call_empty(c, 204);
}

/* ---- a piece ---- */

struct piece {
	struct resume u;
	int fd;
	uint64_t from, at;
	int failed; /* -errno: the rest is read and dropped */
};

static void on_free(struct http_req *r)
{
	struct piece *p = call_of(r)->ctx;

	call_of(r)->a->activity.transfers--;
	own_close(&p->fd);
}

static void end_piece(struct call *c, struct piece *p)
{
	own_close(&p->fd); /* and its lock: the next may come at once */
	p->u.offset = p->at;
	if (p->failed) {
		fail(c, p->failed, p->u.path, NULL);
		return;
	}
	call_touch(c, ACT_UPLOAD);
	reply(c, 200, &p->u);
}

static void on_bytes(struct http_req *r, struct str data)
{
	struct piece *p = call_of(r)->ctx;
	uint64_t before = p->at;

	if (!data.len) {
		end_piece(call_of(r), p);
		return;
	}
	while (data.len && !p->failed) {
		ssize_t n = pwrite(p->fd, data.ptr, data.len, (off_t)p->at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			p->failed = n < 0 ? -errno : -ENOSPC;
			break;
		}
		p->at += (uint64_t)n;
		data = str_sub(data, (size_t)n, data.len);
	}
	resume_wrote(p->fd, before, p->at);
}

/* Another request has its bytes: one that was cut, and nobody has noticed yet. */
static void busy(struct call *c)
{
	http_hdr(c->r, "Retry-After", STR("1"));
	agent_json_error(c->r, 503, NULL, "Another request is writing this upload: try again");
}

static void append(struct call *c)
{
	struct piece *p = ARENA_NEW(&c->r->arena, struct piece);
	uint64_t offset, left;
	int dir;

	if (!p || str_to_u64(url_param(&c->r->url, "offset"), 0, LENGTH_MAX, &offset) < 0) {
		agent_json_error(c->r, 400, NULL, "offset must say where this piece begins");
		return;
	}
	if (!find(c, &dir, &p->u))
		return;
	p->fd = p->u.done ? -ENOENT : resume_open(dir, &p->u);
	(void)close(dir);
	if (p->fd == -EBUSY) {
		busy(c);
		return;
	}
	if (p->fd < 0 && !p->u.done) {
		fail(c, p->fd, p->u.path, NULL);
		return;
	}
	if (p->fd < 0 || offset != p->u.offset) {
		own_close(&p->fd);
		reply(c, 409, &p->u); /* where it stands by now: go on from there */
		return;
	}
	p->from = p->at = offset;
	left = p->u.size - offset;
	c->ctx = p;
	c->r->on_free = on_free;
	c->a->activity.transfers++;
	http_stream_body(c->r, left < PIECE_MAX ? left : PIECE_MAX, on_bytes);
}

static void finish(struct call *c)
{
	struct err err = ERR_NONE;
	struct resume u;
	int dir, r;

	if (!find(c, &dir, &u))
		return;
	r = resume_finish(c->a, dir, &u, &err);
	(void)close(dir);
	if (r == -EBUSY) {
		busy(c);
		return;
	}
	if (r == -EILSEQ) {
		reply(c, 409, &u);
		return;
	}
	if (r < 0) {
		fail(c, r, u.path, &err);
		return;
	}
	call_touch(c, ACT_UPLOAD);
	contents_event(c, "upload", u.path, STR_NONE);
	contents_reply(c, 200, u.path, NULL);
}

const struct route resume_routes[] = {
	{ "GET", "api/carrel/uploads", list, ROUTE_API },
	{ "POST", "api/carrel/uploads", begin, ROUTE_API },
	{ "GET", "api/carrel/uploads/:id", show, ROUTE_API },
	{ "PATCH", "api/carrel/uploads/:id", append, ROUTE_API },
	{ "DELETE", "api/carrel/uploads/:id", give_up, ROUTE_API },
	{ "POST", "api/carrel/uploads/:id/finish", finish, ROUTE_API },
	{ 0 },
};
