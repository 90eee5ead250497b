/* SPDX-License-Identifier: Apache-2.0 */
/* The two forms in which browsers speak (legacy without a subprotocol, and v1). */
#include "proto/jmsg.h"

#include <errno.h>

#include "base/cur.h"
#include "base/json.h"
#include "proto/jspan.h"

static uint64_t u64le_at(struct str s, uint64_t at)
{
	struct cur c = cur_of(str_sub(s, (size_t)at, s.len));

	return cur_u64le(&c);
}

int jmsg_from_ws_v1(struct arena *a, struct str frame, struct jmsg *ret, struct err *err)
{
	struct jmsg m = { 0 };
	struct str *part;
	uint64_t n, from;
	int r;

	if (frame.len < 8)
		return ERR(err, -EBADMSG, "the frame is too short");
	n = u64le_at(frame, 0);
	if (n < 6 || n > 6 + JMSG_BUFFERS_MAX || 8 * (n + 1) > frame.len)
		return ERR(err, -EBADMSG, "the frame says it has %llu offsets",
		           (unsigned long long)n);
	part = ARENA_NEWS(a, struct str, (size_t)n - 1);
	if (!part)
		return ERR(err, -ENOMEM, "no memory for a message");
	from = u64le_at(frame, 8);
	if (from != 8 * (n + 1))
		return ERR(err, -EBADMSG, "the frame's first offset is not where its data are");
	for (uint64_t i = 0; i + 1 < n; i++) {
		uint64_t to = u64le_at(frame, 8 * (i + 2));

		if (to < from || to > frame.len)
			return ERR(err, -EBADMSG, "the frame's offsets are out of order");
		part[i] = str_sub(frame, (size_t)from, (size_t)to);
		from = to;
	}
	if (from != frame.len)
		return ERR(err, -EBADMSG, "the frame's last offset is not its end");
	if (jmsg_channel_of(part[0], &m.channel) < 0)
		return ERR(err, -EBADMSG, "there is no channel %.*s",
		           STR_ARG(str_sub(part[0], 0, 32)));
	m.header = part[1];
	m.parent = part[2];
	m.metadata = part[3];
	m.content = part[4];
	m.buffers = part + 5;
	m.nbuffers = (size_t)n - 6;
	r = jmsg_read_headers(a, &m, err);
	if (r < 0)
		return r;
	*ret = m;
	return 0;
}

struct legacy {
	struct jmsg m;
	struct str channel;
};

/* Each of the parts at most once. Others (msg_id, msg_type, buffers) repeat
 * what is known. */
static bool take_legacy(struct str key, struct str raw, void *arg)
{
	struct legacy *l = arg;
	struct str *to;

	if (str_is(key, "header"))
		to = &l->m.header;
	else if (str_is(key, "parent_header"))
		to = &l->m.parent;
	else if (str_is(key, "metadata"))
		to = &l->m.metadata;
	else if (str_is(key, "content"))
		to = &l->m.content;
	else if (str_is(key, "channel"))
		to = &l->channel;
	else
		return true;
	if (to->ptr)
		return false;
	*to = raw;
	return true;
}

static int split_legacy(struct arena *a, struct str frame, struct str *ret_json, struct jmsg *m,
                        struct err *err)
{
	struct cur c = cur_of(frame);
	uint32_t n = cur_u32be(&c), from;
	struct str *part;

	if (cur_bad(&c) || n < 1 || n > 1 + JMSG_BUFFERS_MAX || cur_left(&c) < 4 * (size_t)n)
		return ERR(err, -EBADMSG, "the frame says it has %u parts", n);
	part = ARENA_NEWS(a, struct str, n);
	if (!part)
		return ERR(err, -ENOMEM, "no memory for a message");
	from = cur_u32be(&c);
	if (from != 4 * (n + 1))
		return ERR(err, -EBADMSG, "the frame's first offset is not where its data are");
	for (uint32_t i = 0; i < n; i++) {
		size_t to = i + 1 < n ? cur_u32be(&c) : frame.len;

		if (to < from || to > frame.len)
			return ERR(err, -EBADMSG, "the frame's offsets are out of order");
		part[i] = str_sub(frame, from, to);
		from = (uint32_t)to;
	}
	*ret_json = part[0];
	m->buffers = part + 1;
	m->nbuffers = n - 1;
	return 0;
}

int jmsg_from_ws_legacy(struct arena *a, struct str frame, bool binary, struct jmsg *ret,
                        struct err *err)
{
	struct legacy l = { 0 };
	struct str json = frame;
	int r = 0;

	if (frame.len > UINT32_MAX)
		return ERR(err, -EBADMSG, "the frame is too long");
	if (binary)
		r = split_legacy(a, frame, &json, &l.m, err);
	if (r < 0)
		return r;
	if (!jspan_members(json, take_legacy, &l, NULL) || !l.m.header.ptr)
		return ERR(err, -EBADMSG, "the frame is no message in JSON with a header");
	if (!l.m.parent.ptr || str_is(l.m.parent, "null"))
		l.m.parent = STR("{}");
	if (!l.m.metadata.ptr || str_is(l.m.metadata, "null"))
		l.m.metadata = STR("{}");
	if (!l.m.content.ptr || str_is(l.m.content, "null"))
		l.m.content = STR("{}");
	if (l.channel.len >= 2 && l.channel.ptr[0] == '"' &&
	    jmsg_channel_of(str_sub(l.channel, 1, l.channel.len - 1), &l.m.channel) < 0)
		return ERR(err, -EBADMSG, "there is no channel %.*s",
		           STR_ARG(str_sub(l.channel, 0, 32)));
	r = jmsg_read_headers(a, &l.m, err);
	if (r < 0)
		return r;
	*ret = l.m;
	return 0;
}

int jmsg_to_ws_v1(struct arena *a, const struct jmsg *m, struct jmsg_frame *ret)
{
	size_t n = 6 + m->nbuffers, head = 8 * (n + 1);
	struct jmsg_frame f = { 0 };
	struct str *p = jmsg_frame_new(a, n, &f);
	uint8_t *offsets = arena_alloc(a, head);
	uint64_t at = head;

	if (!p || !offsets)
		return -ENOMEM;
	p[0] = (struct str){ (const char *)offsets, head };
	p[1] = str_of(jmsg_channel_name(m->channel));
	p[2] = m->header;
	p[3] = m->parent;
	p[4] = m->metadata;
	p[5] = m->content;
	for (size_t i = 0; i < m->nbuffers; i++)
		p[6 + i] = m->buffers[i];
	for (size_t i = 0; i <= n; i++) {
		uint64_t v = i == 0 ? n : at;

		for (unsigned k = 0; k < 8; k++)
			offsets[8 * i + k] = (uint8_t)(v >> 8 * k);
		if (i > 0 && i < n)
			at += p[i].len;
	}
	*ret = f;
	return 0;
}

static struct str json_quoted(struct arena *a, struct str s)
{
	struct buf b = BUF((size_t)2 * JMSG_HEADER_MAX);
	struct jsonw w = JSONW(&b);
	struct str q = STR_NONE;

	jw_str(&w, s);
	if (!buf_error(&b))
		q = arena_str(a, buf_str(&b));
	buf_fini(&b);
	return q;
}

/* The keys are those of jupyter_client's message dictionary. */
static int legacy_json(struct arena *a, const struct jmsg *m, struct str p[13])
{
	p[0] = STR("{\"header\":");
	p[1] = m->header;
	p[2] = STR(",\"msg_id\":");
	p[3] = json_quoted(a, m->head.id);
	p[4] = STR(",\"msg_type\":");
	p[5] = json_quoted(a, m->head.type);
	p[6] = STR(",\"parent_header\":");
	p[7] = m->parent;
	p[8] = STR(",\"metadata\":");
	p[9] = m->metadata;
	p[10] = STR(",\"content\":");
	p[11] = m->content;
	p[12] = arena_printf(a, ",\"buffers\":[],\"channel\":\"%s\"}",
	                     jmsg_channel_name(m->channel));
	return p[3].ptr && p[5].ptr && p[12].ptr ? 0 : -ENOMEM;
}

int jmsg_to_ws_legacy(struct arena *a, const struct jmsg *m, struct jmsg_frame *ret)
{
	size_t n = 13 + (m->nbuffers ? 1 + m->nbuffers : 0), head = 4 * (m->nbuffers + 2);
	struct jmsg_frame f = { .text = m->nbuffers == 0 };
	struct str *p = jmsg_frame_new(a, n, &f);
	uint8_t *offsets = arena_alloc(a, head);
	size_t at = head;
	int r;

	if (!p || !offsets)
		return -ENOMEM;
	r = legacy_json(a, m, m->nbuffers ? p + 1 : p);
	if (r < 0 || f.text) {
		if (r == 0)
			*ret = f;
		return r;
	}
	p[0] = (struct str){ (const char *)offsets, head };
	for (size_t i = 0; i < m->nbuffers; i++)
		p[14 + i] = m->buffers[i];
	for (size_t i = 0; i < m->nbuffers + 2; i++) {
		size_t v = i == 0 ? m->nbuffers + 1 : at;

		for (unsigned k = 0; k < 4; k++)
			offsets[4 * i + k] = (uint8_t)(v >> (24 - 8 * k));
		if (i == 1) {
			for (size_t k = 1; k < 14; k++)
				at += p[k].len;
		} else if (i > 1) {
			at += p[12 + i].len;
		}
	}
	*ret = f;
	return at <= UINT32_MAX ? 0 : -E2BIG;
}
