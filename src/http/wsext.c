/* SPDX-License-Identifier: Apache-2.0 */
#include "http/wsext.h"

#include "http/chars.h"

#define FIELD "Sec-WebSocket-Extensions"

/* What comes next, without the white space around it. */
static bool take(struct str *s, char c)
{
	*s = str_trim(*s);
	if (s->len == 0 || s->ptr[0] != c)
		return false;
	*s = str_trim(str_sub(*s, 1, s->len));
	return true;
}

static size_t token_len(struct str s)
{
	size_t n = 0;

	while (n < s.len && HC(s.ptr[n]) & HC_TOKEN)
		n++;
	return n;
}

static struct str take_token(struct str *s)
{
	size_t n = token_len(*s);
	struct str t = str_sub(*s, 0, n);

	*s = str_trim(str_sub(*s, n, s->len));
	return t;
}

/* token / quoted-string, which must be a token within its quotes (RFC 6455
 * 9.1): so no escapes, and nothing that could look like a separator. */
static bool take_value(struct str *s, struct str *ret)
{
	struct str rest = str_sub(*s, 1, s->len);
	size_t n = token_len(rest);

	if (s->len == 0 || s->ptr[0] != '"') {
		*ret = take_token(s);
		return ret->len > 0;
	}
	*ret = str_sub(rest, 0, n);
	*s = str_trim(str_sub(rest, n + 1, rest.len));
	return n > 0 && n < rest.len && rest.ptr[n] == '"';
}

/* 8 to 15, without leading zeros (RFC 7692 7.1.2). */
static bool bits(struct str v, uint8_t *ret)
{
	uint64_t n;

	if (*ret || v.len == 0 || v.ptr[0] == '0' || str_to_u64(v, 8, WSEXT_BITS_MAX, &n) < 0)
		return false;
	*ret = (uint8_t)n;
	return true;
}

static bool flag(struct str v, bool *ret)
{
	if (*ret || v.ptr)
		return false;
	return *ret = true;
}

/* v.ptr is NULL where there was no '='. */
static bool param(struct wsext *x, struct str name, struct str v)
{
	if (str_is(name, "server_no_context_takeover"))
		return flag(v, &x->server_fresh);
	if (str_is(name, "client_no_context_takeover"))
		return flag(v, &x->client_fresh);
	if (str_is(name, "server_max_window_bits"))
		return bits(v, &x->server_bits);
	if (!str_is(name, "client_max_window_bits"))
		return false;
	if (v.ptr)
		return bits(v, &x->client_bits);
	if (x->client_bits)
		return false;
	x->client_bits = WSEXT_BITS_ANY;
	return true;
}

enum element { ELEMENT_DEFLATE, ELEMENT_OTHER, ELEMENT_BAD };

/* One extension with its parameters off *s. OTHER: one that we don't know, or
 * that says what can't be. */
static enum element take_element(struct str *s, struct wsext *ret)
{
	struct str name = take_token(s);
	struct wsext x = { .deflate = true };
	bool fine = str_is(name, "permessage-deflate");

	if (name.len == 0)
		return ELEMENT_BAD;
	while (take(s, ';')) {
		struct str key = take_token(s), value = STR_NONE;

		if (key.len == 0 || (take(s, '=') && !take_value(s, &value)))
			return ELEMENT_BAD;
		fine = fine && param(&x, key, value);
	}
	if (!fine)
		return ELEMENT_OTHER;
	*ret = x;
	return ELEMENT_DEFLATE;
}

/* The first usable permessage-deflate of a field's value; *ret_n: how many
 * elements there were up to it. */
static bool read_field(struct str v, struct wsext *ret, size_t *ret_n)
{
	v = str_trim(v);
	do {
		enum element e = take_element(&v, ret);

		if (e == ELEMENT_BAD)
			return false;
		++*ret_n;
		if (e == ELEMENT_DEFLATE) {
			if (v.len == 0 || v.ptr[0] == ',')
				return true;
			*ret = (struct wsext){ 0 };
		}
	} while (take(&v, ','));
	return false;
}

struct wsext wsext_offer(const struct http_head *h)
{
	struct wsext x = { 0 };

	for (size_t i = 0; i < h->n; i++) {
		size_t n = 0;

		if (str_ieq(h->fields[i].name, STR(FIELD)) &&
		    read_field(h->fields[i].value, &x, &n))
			return x;
	}
	return x;
}

bool wsext_answer(const struct http_head *h, struct wsext offer, struct wsext *ret)
{
	struct str v = http_get(h, FIELD);
	struct wsext x = { 0 };

	if (!v.ptr) {
		*ret = x;
		return true;
	}
	v = str_trim(v);
	if (!offer.deflate || http_count(h, FIELD) != 1 ||
	    take_element(&v, &x) != ELEMENT_DEFLATE || v.len)
		return false;
	if ((offer.server_fresh && !x.server_fresh) || x.client_bits == WSEXT_BITS_ANY ||
	    (x.client_bits && !offer.client_bits) ||
	    (offer.client_bits > WSEXT_BITS_ANY && x.client_bits > offer.client_bits))
		return false;
	if (offer.server_bits && (!x.server_bits || x.server_bits > offer.server_bits))
		return false;
	*ret = x;
	return true;
}

void wsext_put(struct buf *b, struct wsext x)
{
	if (!x.deflate)
		return;
	buf_put_z(b, "permessage-deflate");
	if (x.server_fresh)
		buf_put_z(b, "; server_no_context_takeover");
	if (x.client_fresh)
		buf_put_z(b, "; client_no_context_takeover");
	if (x.server_bits)
		buf_printf(b, "; server_max_window_bits=%u", (unsigned)x.server_bits);
	if (x.client_bits)
		buf_put_z(b, "; client_max_window_bits");
	if (x.client_bits > WSEXT_BITS_ANY)
		buf_printf(b, "=%u", (unsigned)x.client_bits);
}
