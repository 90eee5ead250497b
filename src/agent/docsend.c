/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>

#include "agent/docs-priv.h"
#include "agent/place.h"
#include "agent/shimlink.h"
#include "base/encode.h"
#include "proto/wire.h"

#define READ_TURN   (128U << 10)
#define READ_MAX    ((uint64_t)256 << 20) /* of a larger one only the name is known */
#define TABLE_MAX   4096U
#define PATIENCE_MS 15000U
#define RETRY_MS    50U

/* --- parts --- */

static void on_patience(struct ev_timer *t)
{
	struct docs *d = CONTAINER_OF(t, struct docs, patience);

	if (!buf_len(&d->body))
		return;
	d->part = 0;
	docsend_more(d);
	/* One part more than there is credit for is a knock at the shim's door, and core will hear it. */
	if (d->part < d->parts) {
		d->credit = DOC_PART_MAX;
		docsend_more(d);
	}
	ev_timer_start(d->a->ev, t, PATIENCE_MS, on_patience);
}

void docsend_start(struct docs *d)
{
	d->gen++;
	d->part = 0;
	d->parts = (uint32_t)((buf_len(&d->body) + DOC_PART_MAX - 1) / DOC_PART_MAX);
	ev_timer_start(d->a->ev, &d->patience, PATIENCE_MS, on_patience);
	docsend_more(d);
}

void docsend_more(struct docs *d)
{
	while (d->part < d->parts) {
		struct wire_msg m = { .type = WIRE_AGENT_DOC };
		size_t from = (size_t)d->part * DOC_PART_MAX;
		struct str body = str_sub(buf_str(&d->body), from, from + DOC_PART_MAX);

		if (body.len > d->credit)
			return;
		m.agent_doc = (struct wire_agent_doc){ d->gen, d->part, d->parts, body };
		if (!shimlink_send(d->a, &m)) {
			docs_pump(d, RETRY_MS);
			return;
		}
		d->credit -= (uint32_t)body.len;
		d->part++;
	}
}

/* --- a document's text --- */

void docs_read_stop(struct docs *d)
{
	struct docs_reading *r = &d->read;

	if (!r->path)
		return;
	own_close(&r->fd);
	doctext_fini(&r->out);
	nbtext_fini(&r->nb);
	buf_fini(&r->plain);
	free(STEAL(r->path));
}

static void put_gone(struct docs *d, struct str path)
{
	const struct docmsg m = { .op = DOC_GONE, .path = path };

	buf_clear(&d->body);
	if (docmsg_put(&d->body, &m) < 0)
		buf_clear(&d->body);
}

/* Text that is mostly what JSON must escape is shortened until it fits. */
static void put_text(struct docs *d)
{
	struct docs_reading *r = &d->read;
	struct docmsg m = { .op = DOC_PUT,
		            .path = str_of(r->path),
		            .notebook = r->kind == DOC_NOTEBOOK,
		            .changed = (int64_t)r->st.st_mtim.tv_sec * 1000000 +
		                       r->st.st_mtim.tv_nsec / 1000,
		            .size = (uint64_t)r->st.st_size,
		            .title = str_of(r->out.title),
		            .heads = buf_str(&r->out.heads),
		            .text = buf_str(&r->out.text) };

	m.heads.len = utf8_whole(m.heads);
	for (int i = 0; i < 8; i++) {
		m.text.len = utf8_whole(m.text);
		buf_clear(&d->body);
		if (docmsg_put(&d->body, &m) == 0)
			return;
		m.text.len /= 2;
	}
	buf_clear(&d->body);
}

static void finish(struct docs *d)
{
	struct docs_reading *r = &d->read;

	if (r->kind != DOC_NOTEBOOK) {
		struct str plain = buf_str(&r->plain);

		plain.len = utf8_whole(plain);
		doctext_add(&r->out, plain, r->kind == DOC_MARKDOWN);
	}
	put_text(d);
	docs_read_stop(d);
}

/* A piece. False: that was the last. */
static bool step(struct docs *d)
{
	struct docs_reading *r = &d->read;
	char piece[8192];

	for (unsigned i = 0; i < READ_TURN / sizeof(piece); i++) {
		ssize_t n = read(r->fd, piece, sizeof(piece));
		struct str s = { piece, n > 0 ? (size_t)n : 0 };

		if (n <= 0)
			return false;
		r->done += s.len;
		if (r->kind == DOC_NOTEBOOK)
			nbtext_feed(&r->nb, s);
		else
			buf_put_str(&r->plain, str_sub(s, 0, buf_room(&r->plain)));
		if (r->done >= READ_MAX || (r->kind == DOC_NOTEBOOK && r->nb.done) ||
		    (r->kind != DOC_NOTEBOOK && buf_room(&r->plain) == 0))
			return false;
	}
	return true;
}

static void on_read(struct ev_timer *t)
{
	struct docs *d = CONTAINER_OF(t, struct docs, reader);

	if (!d->read.path)
		return;
	if (step(d)) {
		ev_timer_start(d->a->ev, t, 0, on_read);
		return;
	}
	finish(d);
	docs_pump(d, 0);
}

void docs_read_begin(struct docs *d, struct str path)
{
	struct docs_reading *r = &d->read;
	char *copy = str_dup_z(path);

	if (!copy)
		return;
	*r = (struct docs_reading){ .fd = place_open(d->a, path,
		                                     O_RDONLY | O_NONBLOCK | O_NOFOLLOW),
		                    .kind = doc_kind_of(path) };
	if (r->fd < 0 || fstat(r->fd, &r->st) < 0 || !S_ISREG(r->st.st_mode) ||
	    r->st.st_mtim.tv_sec < 0) {
		own_close(&r->fd);
		put_gone(d, path);
		free(copy);
		return;
	}
	r->path = copy;
	doctext_init(&r->out);
	nbtext_init(&r->nb, &r->out);
	r->plain = BUF(r->kind == DOC_TABLE ? TABLE_MAX : DOC_TEXT_MAX * 2);
	if ((uint64_t)r->st.st_size > READ_MAX)
		finish(d);
	else
		ev_timer_start(d->a->ev, &d->reader, 0, on_read);
}
