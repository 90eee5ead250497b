/* SPDX-License-Identifier: Apache-2.0 */
/* The table of wire.h as data, and one encoder and decoder that walk it. */
#include "proto/wire.h"

#include <errno.h>

#include "base/cur.h"
#include "proto/journal.h"

enum kind { KIND_U32, KIND_U64, KIND_I64, KIND_STR };

struct field {
	const char *name;
	enum kind kind;
	size_t at;    /* offset in the message's struct */
	uint32_t max; /* bytes of a string */
};

struct schema {
	enum wire_type type, answer;
	const char *name, *from;
	size_t at; /* offset of the message's struct in struct wire_msg */
	const struct field *fields;
	size_t n;
};

/* One array of fields per message. The field macros only get a field's name,
 * so each message has a local twin of its struct with a fixed name. */
#define FIELD_U32_(f)   { #f, KIND_U32, offsetof(struct this_, f), 0 },
#define FIELD_U64_(f)   { #f, KIND_U64, offsetof(struct this_, f), 0 },
#define FIELD_I64_(f)   { #f, KIND_I64, offsetof(struct this_, f), 0 },
#define FIELD_S_(f, m)  { #f, KIND_STR, offsetof(struct this_, f), (m) },
#define MEMBER_U32_(f)  uint32_t f;
#define MEMBER_U64_(f)  uint64_t f;
#define MEMBER_I64_(f)  int64_t f;
#define MEMBER_S_(f, m) struct str f;

#define SCHEMA_CASE_(id, NAME, name_, from_, answer_)                                    \
	case WIRE_##NAME: {                                                              \
		struct this_ {                                                           \
			WIRE_F_##name_(MEMBER_U32_, MEMBER_U64_, MEMBER_I64_, MEMBER_S_) \
		};                                                                       \
		static const struct field fields[] = { WIRE_F_##name_(                   \
		    FIELD_U32_, FIELD_U64_, FIELD_I64_, FIELD_S_){ 0 } };                \
		static const struct schema s = {                                         \
			WIRE_##NAME,                                                     \
			WIRE_##answer_,                                                  \
			#NAME,                                                           \
			from_,                                                           \
			offsetof(struct wire_msg, name_),                                \
			fields,                                                          \
			ARRAY_LEN(fields) - 1,                                           \
		};                                                                       \
		_Static_assert(sizeof(struct this_) == sizeof(struct wire_##name_),      \
		               "the local struct is the public one");                    \
		return &s;                                                               \
	}

static const struct schema *schema_of(enum wire_type t)
{
	switch (t) {
		WIRE_TABLE(SCHEMA_CASE_)
	case WIRE_NONE:
	default:
		return NULL;
	}
}

static const enum wire_type types[] = {
#define TYPE_(id, NAME, name, from, answer) WIRE_##NAME,
	WIRE_TABLE(TYPE_)
#undef TYPE_
};

static const void *const_at(const struct wire_msg *m, const struct schema *s,
                            const struct field *f)
{
	return (const char *)m + s->at + f->at;
}

static void *at(struct wire_msg *m, const struct schema *s, const struct field *f)
{
	return (char *)m + s->at + f->at;
}

/* Numbers at the end that came later than the message did. */
static size_t late_of(enum wire_type t)
{
	return t == WIRE_SESSION_START || t == WIRE_SESSION_DEADLINE ? 2
	       : t == WIRE_SESSION_STATS_OK                          ? 3
	       : t == WIRE_HOST_FACTS_OK                             ? 1
	                                                             : 0;
}

/* The end of the fields that are sent: late ones only if one of them is set. */
static const struct field *sent_end(const struct wire_msg *m, const struct schema *s)
{
	const struct field *end = s->fields + s->n, *least = end - late_of(s->type);

	for (const struct field *f = least; f < end; f++)
		if (*(const uint64_t *)const_at(m, s, f) != 0)
			return end;
	return least;
}

static size_t field_size(const struct wire_msg *m, const struct schema *s,
                         const struct field *f)
{
	switch (f->kind) {
	case KIND_U32:
		return 4;
	case KIND_U64:
	case KIND_I64:
		return 8;
	case KIND_STR:
		break;
	}
	return 4 + ((const struct str *)const_at(m, s, f))->len;
}

/* The length field's value, or -errno when a string can't be sent. */
static int64_t measure(const struct wire_msg *m, const struct schema *s, struct err *err)
{
	const struct field *end = sent_end(m, s);
	size_t total = WIRE_HEAD - 4;

	for (const struct field *f = s->fields; f < end; f++) {
		if (f->kind == KIND_STR) {
			const struct str *v = const_at(m, s, f);

			if (v->len > f->max)
				return ERR(err, -E2BIG, "%s.%s has %zu bytes, at most %u fit",
				           s->name, f->name, v->len, f->max);
			if (v->len && memchr(v->ptr, 0, v->len))
				return ERR(err, -EINVAL, "%s.%s holds a NUL byte", s->name,
				           f->name);
		}
		total += field_size(m, s, f);
	}
	if (total > WIRE_FRAME_MAX)
		return ERR(err, -E2BIG, "%s has %zu bytes, at most %u fit", s->name, total,
		           WIRE_FRAME_MAX);
	return (int64_t)total;
}

static void put_field(struct buf *b, const void *v, enum kind kind)
{
	switch (kind) {
	case KIND_U32:
		buf_put_u32le(b, *(const uint32_t *)v);
		break;
	case KIND_U64:
		buf_put_u64le(b, *(const uint64_t *)v);
		break;
	case KIND_I64:
		buf_put_u64le(b, (uint64_t) * (const int64_t *)v);
		break;
	case KIND_STR: {
		const struct str *s = v;

		buf_put_u32le(b, (uint32_t)s->len);
		buf_put_str(b, *s);
		break;
	}
	}
}

int wire_put(struct buf *b, const struct wire_msg *m, struct err *err)
{
	const struct schema *s = schema_of(m->type);
	const struct field *end;
	int64_t length;

	if (!s)
		return ERR(err, -EINVAL, "there is no message of type %d", (int)m->type);
	end = sent_end(m, s);
	length = measure(m, s, err);
	if (length < 0)
		return (int)length;
	if (buf_error(b) || buf_room(b) < (size_t)length + 4)
		return ERR(err, -E2BIG, "no room for %s of %lld bytes", s->name,
		           (long long)length);
	/* All the memory before the first byte, so that no half frame is left. */
	if (!buf_reserve(b, (size_t)length + 4))
		return ERR(err, buf_error(b), "no memory for %s", s->name);
	buf_put_u32le(b, (uint32_t)length);
	buf_put_u16le(b, (uint16_t)m->type);
	buf_put_u16le(b, 0);
	buf_put_u32le(b, m->seq);
	for (const struct field *f = s->fields; f < end; f++)
		put_field(b, const_at(m, s, f), f->kind);
	return 0;
}

static int get_field(struct cur *c, const struct schema *s, const struct field *f, void *v,
                     struct err *err)
{
	switch (f->kind) {
	case KIND_U32:
		*(uint32_t *)v = cur_u32le(c);
		break;
	case KIND_U64:
		*(uint64_t *)v = cur_u64le(c);
		break;
	case KIND_I64:
		*(int64_t *)v = (int64_t)cur_u64le(c);
		break;
	case KIND_STR: {
		uint32_t n = cur_u32le(c);
		struct str text;

		if (n > f->max)
			return ERR(err, -EBADMSG, "%s.%s says %u bytes, at most %u fit",
			           s->name, f->name, n, f->max);
		text = cur_bytes(c, n);
		if (text.len && memchr(text.ptr, 0, text.len))
			return ERR(err, -EBADMSG, "%s.%s holds a NUL byte", s->name, f->name);
		*(struct str *)v = text;
		break;
	}
	}
	return 0;
}

int wire_get(struct str in, struct wire_msg *ret, size_t *ret_used, struct err *err)
{
	struct cur head = cur_of(in), c;
	uint32_t length = cur_u32le(&head);
	const struct schema *s;
	struct wire_msg m;

	if (cur_bad(&head))
		return WIRE_GET_MORE;
	if (length < WIRE_HEAD - 4 || length > WIRE_FRAME_MAX)
		return ERR(err, length > WIRE_FRAME_MAX ? -E2BIG : -EBADMSG,
		           "a frame of %u bytes can't be", length);
	if (cur_left(&head) < length)
		return WIRE_GET_MORE;

	c = cur_of(cur_bytes(&head, length));
	memset(&m, 0, sizeof(m));
	m.type = cur_u16le(&c);
	s = schema_of(m.type);
	if (!s)
		return ERR(err, -EBADMSG, "there is no message of type %d", (int)m.type);
	if (cur_u16le(&c) != 0)
		return ERR(err, -EBADMSG, "%s has flags that nobody knows", s->name);
	m.seq = cur_u32le(&c);
	for (size_t i = 0; i < s->n; i++) {
		const struct field *f = &s->fields[i];
		int r;

		if (i == s->n - late_of(s->type) && cur_done(&c))
			break; /* 0 */
		r = get_field(&c, s, f, at(&m, s, f), err);
		if (r < 0)
			return r;
	}
	if (!cur_done(&c))
		return ERR(err, -EBADMSG, "%s is not as long as its fields", s->name);
	*ret = m;
	*ret_used = (size_t)length + 4;
	return WIRE_GET_DONE;
}

const char *wire_name(enum wire_type t)
{
	const struct schema *s = schema_of(t);

	return s ? s->name : "?";
}

enum wire_type wire_answer(enum wire_type t)
{
	const struct schema *s = schema_of(t);

	return s ? s->answer : WIRE_NONE;
}

static void dump_str(struct buf *b, const struct field *f, struct str s)
{
	/* What is not for a log, and users' texts. */
	if (strcmp(f->name, "env") == 0 || strcmp(f->name, "body") == 0) {
		buf_printf(b, "(%zu bytes)", s.len);
		return;
	}
	for (size_t i = 0; i < s.len && i < 64; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if (c <= ' ' || c >= 0x7f || c == '\\')
			buf_printf(b, "\\x%02x", c);
		else
			buf_put_c(b, (char)c);
	}
	if (s.len > 64)
		buf_put_z(b, "...");
}

void wire_dump(struct buf *b, const struct wire_msg *m)
{
	const struct schema *s = schema_of(m->type);

	buf_printf(b, "%s seq=%u", s ? s->name : "?", m->seq);
	for (size_t i = 0; s && i < s->n; i++) {
		const struct field *f = &s->fields[i];
		const void *v = const_at(m, s, f);

		buf_printf(b, " %s=", f->name);
		if (f->kind == KIND_STR)
			dump_str(b, f, *(const struct str *)v);
		else if (f->kind == KIND_U32)
			buf_printf(b, "%u", *(const uint32_t *)v);
		else if (f->kind == KIND_U64)
			buf_printf(b, "%llu", (unsigned long long)*(const uint64_t *)v);
		else
			buf_printf(b, "%lld", (long long)*(const int64_t *)v);
	}
}

void wire_reference(struct buf *b)
{
	static const char *const kinds[] = { "u32", "u64", "i64", "str" };

	buf_put_z(b, "| type | message | sent by | fields | answer |\n|---|---|---|---|---|\n");
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		const struct schema *s = schema_of(types[i]);

		buf_printf(b, "| %d | `%s` | %s | ", (int)s->type, s->name, s->from);
		for (const struct field *f = s->fields; f < s->fields + s->n; f++) {
			buf_printf(b, "%s%s %s", f == s->fields ? "" : ", ", f->name,
			           kinds[f->kind]);
			if (f->kind == KIND_STR)
				buf_printf(b, "(%u)", f->max);
		}
		if (s->answer)
			buf_printf(b, " | `%s` |\n", wire_name(s->answer));
		else
			buf_put_z(b, " | |\n");
	}
}

void wire_from_journal(const struct journal_rec *r, struct wire_ev_run *ret)
{
	*ret = (struct wire_ev_run){
		.session = { r->session, strnlen(r->session, sizeof(r->session)) },
		.epoch = r->epoch,
		.segment = r->segment,
		.record = r->seq,
		.kind = r->kind,
		.boot_id = { r->boot_id, strnlen(r->boot_id, 36) },
		.boottime_ns = r->boottime_ns,
		.wall_us = r->wall_us,
		.reason = { r->reason, strnlen(r->reason, sizeof(r->reason) - 1) },
		.cpu_ns = r->cpu_ns,
		.mem_peak_bytes = r->mem_peak_bytes,
		.oom_kills = r->oom_kills,
		.exit_status = r->exit_status,
		.estimated = r->estimated,
		.evidence = { r->evidence, strnlen(r->evidence, sizeof(r->evidence) - 1) },
	};
}

static bool copy_field(char *to, size_t n, struct str s)
{
	if (s.len >= n)
		return false;
	memcpy(to, s.ptr ? s.ptr : "", s.len);
	return true;
}

int wire_to_journal(const struct wire_ev_run *m, struct journal_rec *ret)
{
	struct journal_rec r = {
		.epoch = m->epoch,
		.segment = m->segment,
		.seq = m->record,
		.kind = m->kind,
		.boottime_ns = m->boottime_ns,
		.wall_us = m->wall_us,
		.cpu_ns = m->cpu_ns,
		.mem_peak_bytes = m->mem_peak_bytes,
		.oom_kills = m->oom_kills,
		.exit_status = (int32_t)m->exit_status,
		.estimated = m->estimated,
	};

	if (!copy_field(r.session, sizeof(r.session), m->session) ||
	    !copy_field(r.boot_id, sizeof(r.boot_id), m->boot_id) ||
	    !copy_field(r.reason, sizeof(r.reason), m->reason) ||
	    !copy_field(r.evidence, sizeof(r.evidence), m->evidence) ||
	    r.exit_status != m->exit_status)
		return -EBADMSG;
	*ret = r;
	return 0;
}
