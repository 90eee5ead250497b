/* SPDX-License-Identifier: Apache-2.0 */
/* PUT /api/contents/…: saves and uploads. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "agent/contents.h"
#include "agent/jsontree.h"
#include "agent/nbformat.h"
#include "agent/nbtrust.h"
#include "agent/runs.h"
#include "agent/save.h"
#include "base/encode.h"
#include "base/sha256.h"

#define TRUST_MAX ((size_t)16 << 20)

struct put {
	struct call *c;
	struct str path;
	const struct json *body;
	struct json *tree;     /* the same: a notebook in it is changed on its way to disk */
	struct arena *arena;   /* holds it, which may be large */
	bool existed, guarded; /* guarded: only over the file that base_hash names */
	char message[200], hash[65];
	struct nb nb; /* a notebook that was saved, as it is on disk; else nothing */
};

static int bad(struct err *err, const char *what)
{
	return ERR(err, -EINVAL, "%s", what);
}

struct out {
	struct save *s;
	struct err *err;
	int r;
};

static void on_piece(void *arg, struct str piece)
{
	struct out *o = arg;

	if (o->r == 0)
		o->r = save_write(o->s, piece, o->err);
}

static int put_notebook(struct put *p, struct err *err)
{
	struct json *content = jt_get(p->tree, "content");
	struct save s = SAVE_NONE;
	struct out o = { &s, err, 0 };
	char digest[NBTRUST_HEX + 1];
	uint64_t major;
	struct nb *nb = &p->nb;
	bool trusted;
	int r;

	if (!content || content->type != JSON_OBJECT)
		return bad(err, "The content of a notebook must be a JSON object");
	/* Old formats are converted, which needs the whole tree. */
	if (json_get_u64(content, "nbformat", 3, &major) == 0)
		r = nb_parse(p->arena, content->raw, nb, err);
	else
		r = nb_of(p->arena, content, nb, err);
	if (r < 0)
		return r;
	if (nb->problem[0])
		(void)snprintf(p->message, sizeof(p->message), "Notebook validation failed: %s",
		               nb->problem);
	trusted = nb_cells_trusted(nb);
	r = nb_for_disk(p->arena, nb);
	if (r == 0)
		r = save_begin(p->c->a, p->path, &s, err);
	if (r < 0)
		return r;
	r = nb_print_disk(nb, on_piece, &o);
	if (r == 0)
		r = o.r;
	if (r == 0)
		r = save_commit(&s, err);
	save_fini(&s);
	if (r == 0 && trusted && nbtrust_digest(p->c->a, nb, digest) == 0)
		nbtrust_remember(p->c->a, digest);
	if (r == 0 && !checkpoint_exists(p->c->a, p->path))
		(void)(checkpoint_make(p->c->a, p->path, NULL) == 0);
	return r;
}

static void put_hash(struct str data, char ret[65])
{
	uint8_t d[SHA256_LEN];
	struct buf hex = BUF(80);
	struct sha256 h;

	sha256_init(&h);
	sha256_add(&h, data);
	sha256_end(&h, d);
	hex_put(&hex, (struct str){ (const char *)d, sizeof(d) });
	memcpy(ret, buf_cstr(&hex), 65);
	buf_fini(&hex);
}

/* A notebook that was trusted stays so when its editor saves it as text. */
static int put_bytes(struct put *p, struct str data, struct err *err)
{
	bool trusted = p->guarded && p->existed && data.len <= TRUST_MAX &&
	               str_ends(p->path, STR(".ipynb")) &&
	               contents_is_trusted(p->c->a, p->path);
	struct save s = SAVE_NONE;
	int r = save_begin(p->c->a, p->path, &s, err);

	if (r < 0)
		return r;
	r = save_write(&s, data, err);
	if (r == 0)
		r = save_commit(&s, err);
	save_fini(&s);
	if (r < 0)
		return r;
	if (p->guarded)
		put_hash(data, p->hash);
	if (trusted)
		(void)(contents_trust_file(p->c->a, p->path, NULL) == 0);
	return 0;
}

static int chunk_number(struct put *p, int64_t *ret, struct err *err)
{
	const struct json *v = json_get(p->body, "chunk");

	*ret = 0;
	if (!v || v->type == JSON_NULL)
		return 0;
	if (v->type != JSON_NUMBER || str_to_i64(v->text, -1, 1 << 24, ret) < 0)
		return bad(err, "chunk must be 1, 2, … or -1 for the last");
	return 0;
}

static int put_file(struct put *p, struct err *err)
{
	struct str format = json_str_or(p->body, "format", STR("")), text = STR_NONE;
	const struct json *content = json_get(p->body, "content");
	struct buf raw = BUF(CONTENTS_BODY_MAX);
	int64_t chunk;
	int r = chunk_number(p, &chunk, err);

	if (r < 0)
		return r;
	if (!str_is(format, "text") && !str_is(format, "base64"))
		return bad(err, "Must specify format of file contents as 'text' or 'base64'");
	if (!content || content->type != JSON_STRING)
		return bad(err, "The content of a file must be a string");
	r = json_text(p->arena, content, &text);
	if (r < 0)
		return ERR(err, r, "%.*s is too large to be saved", STR_ARG(p->path));
	if (str_is(format, "base64")) {
		r = base64_get(&raw, text, true);
		if (r == 0)
			r = buf_error(&raw);
		if (r < 0) {
			buf_fini(&raw);
			return bad(err, "The content is not base64");
		}
		text = buf_str(&raw);
	}
	if (chunk != 0) {
		bool existed = p->existed;

		r = upload_chunk(p->c->a, p->path, chunk, text, &existed, err);
		p->existed = existed;
	} else {
		r = put_bytes(p, text, err);
	}
	buf_fini(&raw);
	return r;
}

static int put_dir(struct put *p, struct err *err)
{
	struct place at = PLACE_NONE;
	int r;

	if (p->existed) {
		struct entry e;

		if (entry_load(p->c->a, p->path, &e) == 0 && e.type == ENTRY_DIR)
			return 0;
		return ERR(err, -EINVAL, "Not a directory: %.*s", STR_ARG(p->path));
	}
	r = place_of(p->c->a, p->path, &at);
	if (r == 0 && mkdirat(at.dir, at.name, 0777) < 0)
		r = -errno;
	if (r == 0)
		(void)!place_sync(&at);
	place_fini(&at);
	return r;
}

static int put(struct put *p, struct err *err)
{
	struct str type = json_str_or(p->body, "type", STR(""));
	const struct json *content = json_get(p->body, "content");

	if (!type.len && p->existed)
		return bad(err, "No file type provided");
	if (!type.len)
		type = str_ends(p->path, STR(".ipynb")) ? STR("notebook") : STR("file");
	if (str_is(type, "directory"))
		return put_dir(p, err);
	if (!content && (p->existed || json_get(p->body, "chunk")))
		return bad(err, "No file content provided");
	if (!content && !str_is(type, "notebook"))
		return put_bytes(p, STR(""), err);
	if (!content)
		return put_bytes(
		    p,
		    STR("{\n \"cells\": [],\n \"metadata\": {},\n \"nbformat\": 4,\n"
		        " \"nbformat_minor\": 5\n}\n"),
		    err);
	if (str_is(type, "notebook"))
		return put_notebook(p, err);
	return put_file(p, err);
}

/* `base_hash` names the bytes that the new ones were made from, null for no
 * file: whatever else is there was written by somebody else, and stays. */
static bool base_fits(struct put *p)
{
	const struct json *v = json_get(p->body, "base_hash");
	char hex[65] = "";
	bool utf8;
	int fd, r;

	if (!v)
		return true;
	p->guarded = true;
	if (p->existed) {
		fd = place_open(p->c->a, p->path, O_RDONLY | O_NONBLOCK);
		r = fd < 0 ? fd : contents_scan(fd, &utf8, hex);
		own_close(&fd);
		if (r < 0) {
			contents_fail(p->c, r, p->path, "read");
			return false;
		}
	}
	if (v->type == JSON_STRING ? str_is(v->text, hex) : !hex[0])
		return true;
	agent_json_error(p->c->r, 409, "changed",
	                 "%.*s was changed by somebody else since it was read",
	                 STR_ARG(p->path));
	return false;
}

static bool allowed(struct put *p)
{
	struct call *c = p->c;
	struct str other = STR_NONE, clean;

	if (p->body->type != JSON_OBJECT) {
		agent_json_error(c->r, 400, NULL, "The body must be a JSON object");
		return false;
	}
	if (json_str_or(p->body, "copy_from", STR("")).len) {
		agent_json_error(c->r, 400, NULL, "Cannot copy with PUT, only POST");
		return false;
	}
	if (json_get_str(p->body, "path", &other) == 0 &&
	    (place_clean(&c->r->arena, other, &clean) < 0 || place_hidden(clean))) {
		agent_json_error(c->r, 400, NULL, "Cannot create file or directory %.*s",
		                 STR_ARG(other));
		return false;
	}
	return contents_path(c, 400, &p->path);
}

static void finish(struct put *p, int r, const struct err *err)
{
	struct call *c = p->c;
	bool chunked = json_get(p->body, "chunk") != NULL, existed = p->existed;
	struct entry e;

	if (r < 0 && err->code) {
		call_err(c, err);
		return;
	}
	if (r < 0) {
		contents_fail(c, r, p->path, "save");
		return;
	}
	call_touch(c, chunked || !existed ? ACT_UPLOAD : ACT_SAVE);
	if (upload_entry(c->a, p->path, &e)) {
		contents_reply_entry(c, existed ? 200 : 201, &e, NULL);
		return;
	}
	runs_on_save(c->a, p->path, p->nb.root ? &p->nb : NULL);
	contents_event(c, existed ? "save" : "upload", p->path, STR_NONE);
	if (p->hash[0])
		contents_reply_hash(c, existed ? 200 : 201, p->path, p->hash);
	else
		contents_reply(c, existed ? 200 : 201, p->path,
		               p->message[0] ? p->message : NULL);
}

/* A lean reading leaves long strings alone; but for the content they are wanted. */
static int decode_members(struct arena *a, struct json *body)
{
	int r = 0;

	for (struct json *v = body->type == JSON_OBJECT ? body->first : NULL; v && r == 0;
	     v = v->next)
		if (v->type == JSON_STRING && !str_is(v->key, "content"))
			r = json_text(a, v, &v->text);
	return r;
}

static void on_body(struct http_req *r, struct str body)
{
	struct json_limits lim = { .depth = NB_DEPTH_MAX + 2,
		                   .values = 8000000,
		                   .lax_surrogates = true,
		                   .nan = true,
		                   .lean = true };
	struct call *c = call_of(r);
	struct arena arena = ARENA(NB_ARENA_MAX);
	struct err err = ERR_NONE;
	struct put p = { .c = c, .arena = &arena };
	struct entry e;
	struct json *j = NULL;
	int rc;

	if (str_trim(body).len == 0)
		body = STR("{}");
	rc = json_parse(&arena, body, &lim, &j, &err);
	if (rc == 0)
		rc = decode_members(&arena, j);
	p.body = p.tree = j;
	if (rc == -EINVAL) {
		agent_json_error(r, 400, NULL, "Invalid JSON in body of request: %s", err.msg);
	} else if (rc < 0) {
		call_err(c, &err);
	} else if (allowed(&p)) {
		p.existed = entry_load(c->a, p.path, &e) == 0;
		/* Nothing said about a folder: a new file in it, as the peers have it. */
		if (p.existed && e.type == ENTRY_DIR && j->n == 0) {
			contents_untitled(c, p.path, NULL);
			arena_fini(&arena);
			return;
		}
		if (base_fits(&p)) {
			rc = put(&p, &err);
			finish(&p, rc, &err);
		}
	}
	arena_fini(&arena);
}

void contents_put(struct call *c)
{
	http_read_body(c->r, CONTENTS_BODY_MAX, on_body);
}
