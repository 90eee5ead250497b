/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET of a notebook: read whole, because it is rewritten on the way, and sent
 * piece by piece from there. Of 100 MB it takes little more than 100 MB.
 */
#include <errno.h>

#include "agent/contents.h"
#include "agent/jsonout.h"
#include "agent/nbformat.h"
#include "agent/nbtrust.h"
#include "agent/pump.h"
#include "base/file.h"

/* A notebook on its way out. Its text and a lean tree of it stay in memory until
 * the browser has taken the last piece. */
struct nb_reply {
	struct pump pump;
	struct arena arena;
	struct buf text;
	struct buf head; /* the model before its content */
	struct nb nb;
	struct json_out out;
};

static enum pump_step nb_step(struct pump *p, struct buf *out)
{
	struct nb_reply *n = CONTAINER_OF(p, struct nb_reply, pump);

	if (buf_len(&n->head)) {
		buf_put_str(out, buf_str(&n->head));
		buf_clear(&n->head);
	}
	if (json_out_step(&n->out, out, PUMP_PIECE))
		return PUMP_MORE;
	if (n->nb.problem[0]) {
		struct str m = arena_printf(&p->c->r->arena, "Notebook validation failed: %s",
		                            n->nb.problem);
		struct jsonw w = JSONW(out);

		buf_put_z(out, ",\"message\":");
		jw_str(&w, m);
	}
	buf_put_c(out, '}');
	return PUMP_DONE;
}

static void nb_fini(struct pump *p)
{
	struct nb_reply *n = CONTAINER_OF(p, struct nb_reply, pump);

	arena_fini(&n->arena);
	buf_fini(&n->text);
	buf_fini(&n->head);
	free(n);
}

/* Trust is found on the disk form, then the browser's form is made. */
static int nb_prepare(struct call *c, struct nb_reply *n, struct err *err)
{
	char digest[NBTRUST_HEX + 1];
	bool trusted;
	int r = nb_parse_lean(&n->arena, buf_str(&n->text), &n->nb, err);

	if (r == 0)
		r = nb_for_disk(&n->arena, &n->nb);
	if (r < 0)
		return r;
	trusted = nbtrust_digest(c->a, &n->nb, digest) == 0 && nbtrust_known(c->a, digest);
	r = nb_for_browser(&n->arena, &n->nb);
	if (r == 0)
		r = nb_mark_trusted(&n->arena, &n->nb, trusted);
	return r;
}

static void nb_head(struct nb_reply *n, const struct entry *e, const char *hex)
{
	struct jsonw w = JSONW(&n->head);

	jw_obj(&w);
	entry_put(&w, e, NULL);
	contents_put_hash(&w, hex);
	jw_kv_z(&w, "format", "json");
	jw_key(&w, "content");
}

void contents_get_notebook(struct call *c, const struct entry *e, int fd, bool hash)
{
	struct nb_reply *n = xcalloc(1, sizeof(*n));
	struct err err = ERR_NONE;
	char hex[65];
	bool utf8;
	int r;

	n->pump.step = nb_step;
	n->pump.fini = nb_fini;
	arena_init(&n->arena, NB_ARENA_MAX);
	buf_init(&n->text, (size_t)CONTENTS_READ_MAX);
	buf_init(&n->head, 65536);
	r = file_read_fd(fd, &n->text, &err);
	if (r == 0 && hash)
		r = contents_scan(fd, &utf8, hex);
	(void)close(fd);
	if (r < 0) {
		contents_fail(c, r, e->path, "read");
		nb_fini(&n->pump);
		return;
	}
	r = nb_prepare(c, n, &err);
	if (r == 0) {
		nb_head(n, e, hash ? hex : NULL);
		json_out_init(&n->out, n->nb.root);
		call_touch(c, ACT_OPEN);
		http_hdr(c->r, "Content-Type", STR("application/json"));
		pump_start(&n->pump, c, 200);
		return;
	}
	nb_fini(&n->pump);
	if (r == -ENOMEM || r == -E2BIG)
		agent_json_error(c->r, 413, NULL, "%.*s is too large to open as a notebook",
		                 STR_ARG(e->path));
	else
		agent_json_error(c->r, 400, NULL, "Unreadable Notebook: %.*s %s",
		                 STR_ARG(e->path), err.msg);
}
