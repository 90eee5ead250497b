/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "proto/jmsg.h"

#include <errno.h>

#include "base/json.h"
#include "base/rand.h"
#include "base/sha256.h"
#include "proto/jspan.h"

#define SIGNATURE_LEN    ((size_t)2 * SHA256_LEN)
#define CONTENT_LOOK_MAX 65536U

static const char *const channel_names[JMSG_CHANNEL_MAX_] = {
	[JMSG_SHELL] = "shell",
	[JMSG_CONTROL] = "control",
	[JMSG_STDIN] = "stdin",
	[JMSG_IOPUB] = "iopub",
};

/* What Python's json module writes and JavaScript's does not mind. */
static const struct json_limits lax = { .lax_dup = true, .lax_surrogates = true, .nan = true };

const char *jmsg_channel_name(enum jmsg_channel c)
{
	CHECK(c < JMSG_CHANNEL_MAX_);
	return channel_names[c];
}

int jmsg_channel_of(struct str name, enum jmsg_channel *ret)
{
	for (int c = 0; c < JMSG_CHANNEL_MAX_; c++) {
		if (str_is(name, channel_names[c])) {
			*ret = (enum jmsg_channel)c;
			return 0;
		}
	}
	return -ENOENT;
}

static int read_ids(struct arena *a, struct str text, const char *what, struct jmsg_ids *ret,
                    struct err *err)
{
	struct json *v;
	int r;

	if (text.len > JMSG_HEADER_MAX)
		return ERR(err, -EBADMSG, "the %s has %zu bytes, at most %u fit", what,
		           text.len, JMSG_HEADER_MAX);
	r = json_parse(a, text, &lax, &v, err);
	if (r < 0)
		return err_wrap(err, r == -ENOMEM ? r : -EBADMSG, "%s", what);
	if (v->type != JSON_OBJECT)
		return ERR(err, -EBADMSG, "the %s is not an object", what);
	*ret = (struct jmsg_ids){ .type = json_str_or(v, "msg_type", STR("")),
		                  .id = json_str_or(v, "msg_id", STR("")),
		                  .session = json_str_or(v, "session", STR("")) };
	return 0;
}

/* Header and parent header of a message whose parts are in place. */
int jmsg_read_headers(struct arena *a, struct jmsg *m, struct err *err)
{
	int r = read_ids(a, m->header, "header", &m->head, err);

	if (r < 0)
		return r;
	if (m->head.type.len == 0 || m->head.id.len == 0)
		return ERR(err, -EBADMSG, "the header names no msg_type or no msg_id");
	return read_ids(a, m->parent, "parent_header", &m->up, err);
}

static void sign(const struct jmsg *m, struct str key, char ret[SIGNATURE_LEN])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t mac[SHA256_LEN];
	struct hmac256 h;

	hmac256_init(&h, key);
	hmac256_add(&h, m->header);
	hmac256_add(&h, m->parent);
	hmac256_add(&h, m->metadata);
	hmac256_add(&h, m->content);
	hmac256_end(&h, mac);
	for (size_t i = 0; i < SHA256_LEN; i++) {
		ret[i * 2] = digits[mac[i] >> 4];
		ret[i * 2 + 1] = digits[mac[i] & 15];
	}
}

int jmsg_from_zmq(struct arena *a, enum jmsg_channel c, const struct jmsg_parts *p,
                  struct str key, struct jmsg *ret, struct err *err)
{
	struct jmsg m = { .channel = c };
	char want[SIGNATURE_LEN];
	size_t i = 0, n = p->n;
	const struct str *part = p->part;
	int r;

	while (i < n && !str_is(part[i], "<IDS|MSG>"))
		i++;
	if (i + 6 > n)
		return ERR(err, -EBADMSG,
		           "this is no Jupyter message: no delimiter, or too "
		           "few parts after it");
	m.header = part[i + 2];
	m.parent = part[i + 3];
	m.metadata = part[i + 4];
	m.content = part[i + 5];
	m.buffers = part + i + 6;
	m.nbuffers = n - (i + 6);
	for (size_t k = i + 2; p->dropped && k < n; k++)
		m.dropped += p->dropped[k];
	if (m.nbuffers > JMSG_BUFFERS_MAX)
		return ERR(err, -EBADMSG, "the message has %zu buffers, at most %u fit",
		           m.nbuffers, JMSG_BUFFERS_MAX);
	if (m.dropped) { /* nothing can be checked without all the bytes */
		m.nbuffers = 0;
		if (p->dropped[i + 4])
			m.metadata = STR("{}");
	} else if (key.len) {
		sign(&m, key, want);
		if (!str_eq_secret((struct str){ want, sizeof(want) }, part[i + 1]))
			return ERR(err, -EBADMSG, "the message's signature is wrong");
	}
	r = jmsg_read_headers(a, &m, err);
	if (r < 0)
		return r;
	*ret = m;
	return 0;
}

struct str *jmsg_frame_new(struct arena *a, size_t n, struct jmsg_frame *f)
{
	f->part = ARENA_NEWS(a, struct str, n);
	f->n = n;
	return f->part;
}

int jmsg_to_zmq(struct arena *a, const struct jmsg *m, struct str key, struct jmsg_frame *ret)
{
	struct jmsg_frame f = { 0 };
	struct str *p = jmsg_frame_new(a, 6 + m->nbuffers, &f);
	char *mac = key.len ? arena_alloc(a, SIGNATURE_LEN) : NULL;

	if (!p || (key.len && !mac))
		return -ENOMEM;
	if (mac)
		sign(m, key, mac);
	p[0] = STR("<IDS|MSG>");
	p[1] = mac ? (struct str){ mac, SIGNATURE_LEN } : STR("");
	p[2] = m->header;
	p[3] = m->parent;
	p[4] = m->metadata;
	p[5] = m->content;
	for (size_t i = 0; i < m->nbuffers; i++)
		p[6 + i] = m->buffers[i];
	*ret = f;
	return 0;
}

int jmsg_make(struct arena *a, const struct jmsg_new *n, struct jmsg *ret)
{
	struct buf b = BUF(4096);
	struct jsonw w = JSONW(&b);
	struct jmsg m = { .channel = n->channel, .metadata = STR("{}") };
	char id[37];
	int r;

	rand_uuid(id);
	jw_obj(&w);
	jw_kv_z(&w, "msg_id", id);
	jw_kv_z(&w, "msg_type", n->type);
	jw_kv_z(&w, "username", "carrel");
	jw_kv_str(&w, "session", n->session);
	jw_kv_time(&w, "date", n->now);
	jw_kv_z(&w, "version", JMSG_PROTOCOL);
	jw_obj_end(&w);
	r = buf_error(&b);
	m.header = arena_str(a, buf_str(&b));
	buf_fini(&b);
	m.parent = n->parent.len ? n->parent : STR("{}");
	m.content = n->content.len ? n->content : STR("{}");
	if (r < 0 || !m.header.ptr)
		return r < 0 ? r : -ENOMEM;
	r = jmsg_read_headers(a, &m, NULL);
	if (r == 0)
		*ret = m;
	return r;
}

struct stream {
	struct str name, text; /* as in JSON, with quotes; text perhaps cut */
};

static bool take_stream(struct str key, struct str raw, void *arg)
{
	struct stream *s = arg;

	if (str_is(key, "name"))
		s->name = raw;
	else if (str_is(key, "text"))
		s->text = raw;
	return true;
}

int jmsg_cut_stream(struct arena *a, const struct jmsg *m, size_t max, struct str notice,
                    struct jmsg *ret)
{
	struct stream s = { .name = STR("\"stdout\"") };
	struct jspan_cut cut = { 0 };
	char *p, *o;

	if (!jspan_members(m->content, take_stream, &s, &cut) && str_is(cut.key, "text"))
		s.text = cut.raw;
	s.text = str_sub(s.text, 1, s.text.len);
	s.text.len =
	    jspan_string_cut(s.text, max < s.text.len ? max : s.text.len - !cut.raw.ptr);
	o = p = arena_alloc(a, s.name.len + s.text.len + notice.len + 32);
	if (!p)
		return -ENOMEM;
	o = mempcpy(o, "{\"name\":", 8);
	o = mempcpy(o, s.name.ptr, s.name.len);
	o = mempcpy(o, ",\"text\":\"", 9);
	o = mempcpy(o, s.text.ptr ? s.text.ptr : "", s.text.len);
	o = mempcpy(o, notice.ptr, notice.len);
	o = mempcpy(o, "\"}", 2);
	*ret = *m;
	ret->content = (struct str){ p, (size_t)(o - p) };
	ret->dropped = 0;
	return 0;
}

struct str jmsg_content_str(struct arena *a, const struct jmsg *m, const char *key)
{
	struct json *v;

	if (m->content.len > CONTENT_LOOK_MAX || json_parse(a, m->content, &lax, &v, NULL) < 0)
		return STR("");
	return json_str_or(v, key, STR(""));
}
