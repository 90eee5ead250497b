/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/jsonout.h"

#include "base/jsonstr.h"

/* The most that goes out between two looks at the maximum. */
#define PIECE ((size_t)16 << 10)

void json_put_string(struct buf *b, struct str s)
{
	struct jsonw w = JSONW(b);

	jw_str(&w, s);
}

void json_put_inner(struct buf *b, struct str s)
{
	struct buf one = BUF(s.len * 6 + 16);

	json_put_string(&one, s);
	buf_put_str(b, str_sub(buf_str(&one), 1, buf_len(&one) - 1));
	buf_fini(&one);
}

void json_put_leaf(const struct json *v, struct buf *b)
{
	switch (v->type) {
	case JSON_NULL:
		buf_put_z(b, "null");
		break;
	case JSON_FALSE:
		buf_put_z(b, "false");
		break;
	case JSON_TRUE:
		buf_put_z(b, "true");
		break;
	case JSON_NUMBER:
		buf_put_str(b, v->text);
		break;
	case JSON_STRING:
		json_put_string(b, v->text);
		break;
	case JSON_ARRAY:
	case JSON_OBJECT:
		break;
	}
}

bool jt_next_string(struct str *list, struct str *ret)
{
	struct jsonstr s = { .end = list->ptr + list->len, .lax = true, .keep = 1 };
	struct str one;

	s.p = list->len ? memchr(list->ptr, '"', list->len) : NULL;
	if (!s.p)
		return false;
	ret->ptr = s.p + 1;
	/* It was checked when it was read. */
	if (jsonstr(NULL, &s, &one) < 0)
		return false;
	ret->len = (size_t)(s.p - 1 - ret->ptr);
	*list = str_sub(*list, (size_t)(s.p - list->ptr), list->len);
	return true;
}

static bool ends_line(uint32_t c)
{
	return (c >= '\n' && c <= '\r') || (c >= 0x1c && c <= 0x1e) || c == 0x85 ||
	       c == 0x2028 || c == 0x2029;
}

static uint32_t decode(const char *p, size_t n)
{
	const unsigned char *u = (const unsigned char *)p;

	if (n == 1)
		return u[0];
	if (n == 2)
		return (u[0] & 0x1FU) << 6 | (u[1] & 0x3FU);
	if (n == 3)
		return (u[0] & 0x0FU) << 12 | (u[1] & 0x3FU) << 6 | (u[2] & 0x3FU);
	return 0;
}

/* The character at the start of s: how many bytes it takes. */
static size_t char_at(struct str s, bool escaped, uint32_t *ret)
{
	unsigned char c = s.ptr ? (unsigned char)s.ptr[0] : 0;
	size_t n = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
	char ch[4];

	if (escaped && c == '\\') {
		size_t used = jsonstr_escape(s, ch, &n);

		*ret = decode(ch, n);
		return used;
	}
	n = n > s.len ? s.len : n;
	*ret = decode(s.ptr, n);
	return n;
}

size_t jt_line_len(struct str s, bool escaped)
{
	for (size_t i = 0; i < s.len;) {
		unsigned char b = (unsigned char)s.ptr[i];
		uint32_t c, d;
		size_t n;

		/* Nearly every byte. */
		if (b > 0x1e && b != '\\' && b != 0xC2 && b != 0xE2) {
			i++;
			continue;
		}
		n = char_at(str_sub(s, i, s.len), escaped, &c);
		i += n;
		if (!ends_line(c))
			continue;
		if (c == '\r' && i < s.len) {
			n = char_at(str_sub(s, i, s.len), escaped, &d);
			if (d == '\n')
				i += n;
		}
		return i;
	}
	return s.len;
}

void json_out_init(struct json_out *o, const struct json *root)
{
	*o = (struct json_out){ .root = root };
}

static void number(struct json_out *o, struct str s)
{
	/* Python writes NaN and Infinity; browsers can't read them. */
	if (s.len && (s.ptr[s.len - 1] == 'N' || s.ptr[s.len - 1] == 'y'))
		s = STR("null");
	o->rest = s;
}

static void begin_joined(struct json_out *o, const struct json *v, struct buf *b)
{
	if (jt_is_lean(v) && v->raw.ptr[0] == '"') {
		o->rest = v->raw;
		return;
	}
	buf_put_c(b, '"');
	o->joining = true;
	o->line = v->first;
	o->list = jt_is_lean(v) ? str_sub(v->raw, 1, v->raw.len - 1) : STR_NONE;
}

/* The next of the strings that make one, or its closing quote. */
static void go_on_joining(struct json_out *o, struct buf *b)
{
	const struct json *it = o->line;

	if (it) {
		o->line = it->next;
		/* What stands between the quotes can be joined as it is. */
		if (it->raw.len >= 2)
			o->rest = str_sub(it->raw, 1, it->raw.len - 1);
		else
			json_put_inner(b, it->text);
	} else if (!jt_next_string(&o->list, &o->rest)) {
		o->joining = false;
		buf_put_c(b, '"');
	}
}

static void begin_value(struct json_out *o, const struct json *v, struct buf *b)
{
	if (jt_is_joined(v)) {
		begin_joined(o, v, b);
	} else if ((v->type == JSON_STRING && v->raw.ptr) || jt_is_lean(v)) {
		o->rest = v->raw;
	} else if (v->type == JSON_NUMBER) {
		number(o, v->text);
	} else if (v->type != JSON_OBJECT && v->type != JSON_ARRAY) {
		json_put_leaf(v, b);
	} else if (o->depth >= JSON_OUT_DEPTH) {
		buf_put_z(b, "null"); /* no reader makes such a tree */
	} else {
		buf_put_c(b, v->type == JSON_OBJECT ? '{' : '[');
		o->stack[o->depth].node = v;
		o->stack[o->depth++].next = v->first;
	}
}

bool json_out_step(struct json_out *o, struct buf *b, size_t max)
{
	const struct json *it, *node;

	while (buf_len(b) < max && !buf_error(b)) {
		if (o->rest.len) {
			struct str piece = str_sub(o->rest, 0, PIECE);

			buf_put_str(b, piece);
			o->rest = str_sub(o->rest, piece.len, o->rest.len);
		} else if (o->joining) {
			go_on_joining(o, b);
		} else if (!o->begun) {
			o->begun = true;
			begin_value(o, o->root, b);
		} else if (!o->depth) {
			return false;
		} else {
			node = o->stack[o->depth - 1].node;
			it = o->stack[o->depth - 1].next;
			if (!it) {
				buf_put_c(b, node->type == JSON_OBJECT ? '}' : ']');
				o->depth--;
				continue;
			}
			if (it != node->first)
				buf_put_c(b, ',');
			if (node->type == JSON_OBJECT) {
				json_put_string(b, it->key);
				buf_put_c(b, ':');
			}
			o->stack[o->depth - 1].next = it->next;
			begin_value(o, it, b);
		}
	}
	return !buf_error(b);
}

void jt_print(const struct json *v, struct buf *b)
{
	struct json_out o;

	json_out_init(&o, v);
	while (json_out_step(&o, b, SIZE_MAX))
		;
}
