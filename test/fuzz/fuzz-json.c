/* SPDX-License-Identifier: Apache-2.0 */
/* What is accepted, written again from the tree, parses to the same tree; every
 * value's source span lies in the input and parses by itself. */
#include "fuzz.h"

#include "base/json.h"

static void write_again(struct jsonw *w, const struct json *v)
{
	switch (v->type) {
	case JSON_OBJECT:
		jw_obj(w);
		json_for_each(c, v)
		{
			jw_key_str(w, c->key);
			write_again(w, c);
		}
		jw_obj_end(w);
		break;
	case JSON_ARRAY:
		jw_arr(w);
		json_for_each(c, v) write_again(w, c);
		jw_arr_end(w);
		break;
	case JSON_STRING:
		jw_str(w, v->text);
		break;
	case JSON_NUMBER:
		jw_raw(w, v->text);
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		jw_bool(w, v->type == JSON_TRUE);
		break;
	case JSON_NULL:
		jw_null(w);
		break;
	}
}

static void same(const struct json *a, const struct json *b)
{
	const struct json *y = b->first;

	CHECK(a->type == b->type && a->n == b->n);
	CHECK(str_eq(a->key, b->key) && str_eq(a->text, b->text));
	json_for_each(x, a)
	{
		CHECK(y);
		same(x, y);
		y = y->next;
	}
	CHECK(!y);
}

static void check_spans(struct str in, const struct json *v)
{
	CHECK(v->raw.ptr >= in.ptr && v->raw.ptr + v->raw.len <= in.ptr + in.len);
	CHECK(v->raw.len > 0);
	json_for_each(c, v)
	{
		CHECK(c->raw.ptr > v->raw.ptr);
		CHECK(c->raw.ptr + c->raw.len < v->raw.ptr + v->raw.len);
		check_spans(in, c);
	}
}

static void one(struct str in, const struct json_limits *lim)
{
	struct arena a = ARENA(16U << 20);
	struct buf b = BUF(16U << 20);
	struct jsonw w = JSONW(&b);
	struct json *v, *again, *alone;

	if (json_parse(&a, in, lim, &v, NULL) == 0) {
		check_spans(in, v);
		write_again(&w, v);
		CHECK(!buf_error(&b));
		CHECK(json_parse(&a, buf_str(&b), lim, &again, NULL) == 0);
		same(v, again);
		CHECK(json_parse(&a, v->raw, lim, &alone, NULL) == 0);
		same(v, alone);
	}
	buf_fini(&b);
	arena_fini(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct json_limits lax = { .lax_dup = true,
		                                .lax_surrogates = true,
		                                .nan = true };

	one(fuzz_str(data, size), NULL);
	one(fuzz_str(data, size), &lax);
	return 0;
}
