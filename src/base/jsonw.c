/* SPDX-License-Identifier: Apache-2.0 */
/* The writer: it owns commas, colons and escapes; the buffer owns failure. */
#include <errno.h>

#include "base/encode.h"
#include "base/json.h"
#include "base/time.h"

#define DEPTH_MAX 64U

/* Before any value or key: the comma that separates it from its elder. */
static void separate(struct jsonw *w)
{
	uint64_t bit;

	if (w->key_) {
		w->key_ = false;
		return;
	}
	if (w->depth_ == 0)
		return;
	bit = (uint64_t)1 << (w->depth_ - 1);
	if (w->comma_ & bit)
		buf_put_c(w->b, ',');
	w->comma_ |= bit;
}

static void open_with(struct jsonw *w, char c)
{
	separate(w);
	CHECK(w->depth_ < DEPTH_MAX);
	w->comma_ &= ~((uint64_t)1 << w->depth_++);
	buf_put_c(w->b, c);
}

static void close_with(struct jsonw *w, char c)
{
	CHECK(w->depth_ > 0 && !w->key_);
	w->depth_--;
	buf_put_c(w->b, c);
}

void jw_obj(struct jsonw *w)
{
	open_with(w, '{');
}

void jw_obj_end(struct jsonw *w)
{
	close_with(w, '}');
}

void jw_arr(struct jsonw *w)
{
	open_with(w, '[');
}

void jw_arr_end(struct jsonw *w)
{
	close_with(w, ']');
}

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

static void put_escape(struct buf *b, unsigned char c)
{
	static const char short_for[0x20] = {
		['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'
	};

	if (c == '"' || c == '\\') {
		buf_put_c(b, '\\');
		buf_put_c(b, (char)c);
	} else if (short_for[c]) {
		buf_put_c(b, '\\');
		buf_put_c(b, short_for[c]);
	} else {
		buf_printf(b, "\\u%04x", (unsigned)c);
	}
}

/* Length of the whole UTF-8 character at the start of s, 0 if it is broken. */
static size_t char_len(struct str s)
{
	for (size_t n = 2; n <= 4 && n <= s.len; n++) {
		if (utf8_valid(str_sub(s, 0, n)))
			return n;
	}
	return 0;
}

static void put_quoted(struct buf *b, struct str s)
{
	size_t from = 0, i = 0;

	buf_put_c(b, '"');
	while (i < s.len) {
		unsigned char c = (unsigned char)s.ptr[i];
		size_t n = 1;

		if (!is_plain(c)) {
			if (c >= 0x80)
				n = char_len(str_sub(s, i, s.len));
			if (c < 0x80 || n == 0) {
				buf_put(b, s.ptr + from, i - from);
				if (c < 0x80)
					put_escape(b, c);
				else
					buf_put_z(b, "\xEF\xBF\xBD");
				from = i + 1;
				n = 1;
			}
		}
		i += n;
	}
	if (from < s.len)
		buf_put(b, s.ptr + from, s.len - from);
	buf_put_c(b, '"');
}

void jw_key_str(struct jsonw *w, struct str key)
{
	CHECK(w->depth_ > 0 && !w->key_);
	separate(w);
	put_quoted(w->b, key);
	buf_put_c(w->b, ':');
	w->key_ = true;
}

void jw_key(struct jsonw *w, const char *key)
{
	jw_key_str(w, str_of(key));
}

void jw_str(struct jsonw *w, struct str s)
{
	separate(w);
	put_quoted(w->b, s);
}

void jw_z(struct jsonw *w, const char *z)
{
	if (z)
		jw_str(w, str_of(z));
	else
		jw_null(w);
}

void jw_i64(struct jsonw *w, int64_t v)
{
	separate(w);
	buf_printf(w->b, "%lld", (long long)v);
}

void jw_u64(struct jsonw *w, uint64_t v)
{
	separate(w);
	buf_printf(w->b, "%llu", (unsigned long long)v);
}

void jw_bool(struct jsonw *w, bool v)
{
	separate(w);
	buf_put_z(w->b, v ? "true" : "false");
}

void jw_null(struct jsonw *w)
{
	separate(w);
	buf_put_z(w->b, "null");
}

void jw_raw(struct jsonw *w, struct str json)
{
	separate(w);
	buf_put_str(w->b, json);
}

void jw_kv_str(struct jsonw *w, const char *key, struct str s)
{
	jw_key(w, key);
	jw_str(w, s);
}

void jw_kv_z(struct jsonw *w, const char *key, const char *z)
{
	jw_key(w, key);
	jw_z(w, z);
}

void jw_kv_i64(struct jsonw *w, const char *key, int64_t v)
{
	jw_key(w, key);
	jw_i64(w, v);
}

void jw_kv_u64(struct jsonw *w, const char *key, uint64_t v)
{
	jw_key(w, key);
	jw_u64(w, v);
}

void jw_kv_bool(struct jsonw *w, const char *key, bool v)
{
	jw_key(w, key);
	jw_bool(w, v);
}

void jw_kv_null(struct jsonw *w, const char *key)
{
	jw_key(w, key);
	jw_null(w);
}

void jw_kv_raw(struct jsonw *w, const char *key, struct str json)
{
	jw_key(w, key);
	jw_raw(w, json);
}

void jw_kv_time(struct jsonw *w, const char *key, int64_t wall)
{
	char text[TIME_RFC3339_MAX];

	time_rfc3339(wall, text);
	jw_kv_z(w, key, text);
}
