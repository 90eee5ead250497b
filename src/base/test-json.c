/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <errno.h>

#include "test.h"

/* Where jansson is installed, it is the second opinion on what is JSON. */
#if __has_include(<jansson.h>)
/* Its type names are ours too: give it others. */
#	define JSON_OBJECT JANSSON_OBJECT
#	define JSON_ARRAY  JANSSON_ARRAY
#	define JSON_STRING JANSSON_STRING
#	define JSON_TRUE   JANSSON_TRUE
#	define JSON_FALSE  JANSSON_FALSE
#	define JSON_NULL   JANSSON_NULL
#	include <jansson.h>
#	undef JSON_OBJECT
#	undef JSON_ARRAY
#	undef JSON_STRING
#	undef JSON_TRUE
#	undef JSON_FALSE
#	undef JSON_NULL
#	define HAS_JANSSON 1
#else
#	define HAS_JANSSON 0
#endif

static int parse(struct arena *a, const char *text, const struct json_limits *lim,
                 struct json **ret, struct err *err)
{
	return json_parse(a, str_of(text), lim, ret, err);
}

static void values_come_back_with_their_exact_source(void)
{
	static const char text[] = " { \"a\" : [1, 2.50e+3 ,\"x\\u00e9\\n\"] , \"b\":{} ,"
	                           "\"big\":123456789012345678901234567890 }\n";
	struct arena a = ARENA(1 << 16);
	struct json *root = NULL;
	struct err err = ERR_NONE;

	T_EQ(parse(&a, text, NULL, &root, &err), 0);
	T_EQ(root->type, JSON_OBJECT);
	T_EQ(root->n, 3);
	T_STR(root->raw, str_sub(str_of(text), 1, sizeof(text) - 2));
	const struct json *arr = json_get(root, "a");
	T_STR(arr->raw, STR("[1, 2.50e+3 ,\"x\\u00e9\\n\"]"));
	T_EQ(arr->n, 3);
	T_STR(json_at(arr, 1)->raw, STR("2.50e+3"));
	T_STR(json_at(arr, 1)->text, STR("2.50e+3"));
	T_STR(json_at(arr, 2)->text, STR("x\xc3\xa9\n"));
	T_STR(json_at(arr, 2)->raw, STR("\"x\\u00e9\\n\""));
	T_OK(!json_at(arr, 3));
	T_STR(json_get(root, "b")->raw, STR("{}"));
	T_STR(json_get(root, "big")->raw, STR("123456789012345678901234567890"));
	T_OK(!json_get(root, "c") && !json_get(arr, "a") && !json_at(root, 0) &&
	     !json_get(NULL, "x"));
	arena_fini(&a);
}

static void typed_look_ups_tell_absent_from_wrong(void)
{
	static const char text[] =
	    "{\"s\":\"t\",\"n\":42,\"m\":-1,\"f\":1.5,\"t\":true,\"z\":null}";
	struct arena a = ARENA(1 << 16);
	struct json *o = NULL;
	struct str s = STR("old");
	uint64_t n = 7;
	bool b = false;

	T_EQ(parse(&a, text, NULL, &o, NULL), 0);
	T_EQ(json_get_str(o, "n", &s), -EINVAL);
	T_EQ(json_get_str(o, "z", &s), -ENOENT);
	T_EQ(json_get_str(o, "no", &s), -ENOENT);
	T_STR(s, STR("old"));
	T_EQ(json_get_str(o, "s", &s), 0);
	T_STR(s, STR("t"));
	T_EQ(json_get_u64(o, "m", 100, &n), -EINVAL);
	T_EQ(json_get_u64(o, "f", 100, &n), -EINVAL);
	T_EQ(json_get_u64(o, "n", 41, &n), -EINVAL);
	T_EQ(json_get_u64(o, "s", 41, &n), -EINVAL);
	T_EQ(n, 7);
	T_EQ(json_get_u64(o, "n", 42, &n), 0);
	T_EQ(n, 42);
	T_EQ(json_get_bool(o, "n", &b), -EINVAL);
	T_EQ(json_get_bool(o, "t", &b), 0);
	T_OK(b);
	T_STR(json_str_or(o, "s", STR("d")), STR("t"));
	T_STR(json_str_or(o, "n", STR("d")), STR("d"));
	arena_fini(&a);
}

/* clang-format off */
static const char *const good[] = {
	"0", "-0", "1e5", "1E+5", "-12.5e-3", "true", "false", "null", "\"\"", "[]", "{}", " [ ] ",
	"[[],[[]],{}]", "{\"a\":{\"b\":[{}]}}", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\"",
	"\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80 \xe2\x82\xac \xc2\xa2\"", "\"\x7f\"", "[1,2,3]",
	"\"\\u0000\"", "{\"\":1}", "123456789012345678901234567890.5", "\t\r\n 1 \t\r\n",
	"\"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\"",
};
static const char *const bad[] = {
	"", " ", "nul", "nulll", "True", "+1", "01", "-", "1.", ".5", "1e", "1e+", "- 1", "0x10",
	"\"", "\"a", "'a'", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\u123g\"", "\"\n\"", "\"\t\"", "\"\x1f\"",
	"[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1}", "{", "}", "{\"a\"", "{\"a\":", "{\"a\":1",
	"{\"a\":1,}", "{,}", "{a:1}", "{\"a\" 1}", "{1:2}", "{\"a\":1]", "[1]]", "1 2", "[] []",
	"\"\\ud83d\"", "\"\\ude00\"", "\"\\ud83d\\u0041\"", "\"\\ud83dx\"", "\"\xc0\x80\"", "\"\xc1\xbf\"",
	"\"\xe0\x9f\xbf\"", "\"\xed\xa0\x80\"", "\"\xf0\x8f\xbf\xbf\"", "\"\xf4\x90\x80\x80\"",
	"\"\xf5\x80\x80\x80\"", "\"\x80\"", "\"\xc3\"", "\"\xe2\x82\"", "\"\xf0\x9f\x98\"", "\xef\xbb\xbf" "1",
	"NaN", "Infinity", "-Infinity", "{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}", "// c\n1", "\"\\\xc3\xa9\"",
};
/* clang-format on */

static void what_is_json_and_what_is_not(void)
{
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct arena a = ARENA(1 << 16);
		struct json *v = NULL;
		struct err err = ERR_NONE;

		if (parse(&a, good[i], NULL, &v, &err) != 0)
			printf("# %s: %s\n", good[i], err.msg);
		T_EQ(err.code, 0);
		T_OK(v);
		arena_fini(&a);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct arena a = ARENA(1 << 16);
		struct json *v = NULL;
		struct err err = ERR_NONE;

		if (parse(&a, bad[i], NULL, &v, &err) == 0)
			printf("# accepted: %s\n", bad[i]);
		T_EQ(err.code, -EINVAL);
		T_OK(!v);
		T_OK(strncmp(err.msg, "JSON byte ", 10) == 0);
		arena_fini(&a);
	}
}

static void a_nul_byte_is_no_end(void)
{
	struct arena a = ARENA(1 << 16);
	struct json *v = NULL;

	T_EQ(json_parse(&a, (struct str){ "1\0", 2 }, NULL, &v, NULL), -EINVAL);
	T_EQ(json_parse(&a, (struct str){ "\"a\0\"", 4 }, NULL, &v, NULL), -EINVAL);
	T_EQ(json_parse(&a, STR("\"a\\u0000b\""), NULL, &v, NULL), 0);
	T_STR(v->text, ((struct str){ "a\0b", 3 }));
	arena_fini(&a);
}

static void python_dialects_are_taken_only_when_asked_for(void)
{
	const struct json_limits lim = { .lax_dup = true, .lax_surrogates = true, .nan = true };
	struct arena a = ARENA(1 << 16);
	struct json *v = NULL;

	T_EQ(parse(&a, "[NaN,Infinity,-Infinity,-1]", &lim, &v, NULL), 0);
	T_EQ(v->n, 4);
	T_STR(json_at(v, 2)->text, STR("-Infinity"));
	T_EQ(json_at(v, 0)->type, JSON_NUMBER);
	T_EQ(parse(&a, "-Infinit", &lim, &v, NULL), -EINVAL);
	T_EQ(parse(&a, "{\"a\":1,\"a\":2}", &lim, &v, NULL), 0);
	T_EQ(v->n, 2);
	T_STR(json_get(v, "a")->text, STR("2"));
	T_EQ(parse(&a, "\"\\ud83dx\\ude00\"", &lim, &v, NULL), 0);
	T_STR(v->text, STR("\xef\xbf\xbdx\xef\xbf\xbd"));
	T_EQ(parse(&a, "\"\\ud83d\\ud83d\\ude00\"", &lim, &v, NULL), 0);
	T_STR(v->text, STR("\xef\xbf\xbd\xf0\x9f\x98\x80"));
	arena_fini(&a);
}

static void depth_and_count_have_limits(void)
{
	const struct json_limits deep = { .depth = 1000 }, few = { .values = 3 };
	char text[2100];
	struct arena a = ARENA(1 << 20);
	struct json *v = NULL;

	for (size_t n = 1; n <= 1000; n++) {
		memset(text, '[', n);
		memset(text + n, ']', n);
		T_EQ(json_parse(&a, (struct str){ text, 2 * n }, NULL, &v, NULL),
		     n <= 32 ? 0 : -E2BIG);
		if (n % 100 == 0)
			T_EQ(json_parse(&a, (struct str){ text, 2 * n }, &deep, &v, NULL), 0);
		arena_fini(&a);
	}
	T_EQ(parse(&a, "[1,2]", &few, &v, NULL), 0);
	T_EQ(parse(&a, "[1,2,3]", &few, &v, NULL), -E2BIG);
	arena_fini(&a);
	struct arena tiny = ARENA(2048);
	memset(text, ' ', sizeof(text));
	for (size_t i = 0; i < 100; i++)
		memcpy(text + 2 * i, i ? ",1" : "[1", 2);
	text[200] = ']';
	T_EQ(json_parse(&tiny, (struct str){ text, 201 }, NULL, &v, NULL), -ENOMEM);
	arena_fini(&tiny);
}

static void many_keys_are_checked_for_duplicates_too(void)
{
	struct buf b = BUF(1 << 20);
	struct jsonw w = JSONW(&b);
	struct arena a = ARENA(1 << 22);
	struct json *v = NULL;
	char key[32];

	jw_obj(&w);
	for (int i = 0; i < 5000; i++) {
		(void)snprintf(key, sizeof(key), "k%d", i);
		jw_kv_i64(&w, key, i);
	}
	size_t before = buf_len(&b);
	jw_obj_end(&w);
	T_EQ(json_parse(&a, buf_str(&b), NULL, &v, NULL), 0);
	T_EQ(v->n, 5000);
	T_STR(json_get(v, "k4999")->text, STR("4999"));
	struct buf c = BUF(1 << 20);
	buf_put_str(&c, str_sub(buf_str(&b), 0, before));
	buf_put_z(&c, ",\"k17\":0}");
	T_EQ(json_parse(&a, buf_str(&c), NULL, &v, NULL), -EINVAL);
	buf_fini(&b);
	buf_fini(&c);
	arena_fini(&a);
}

/* Every cut of a text is refused, from an allocation of exactly that size, so
 * that the sanitizer sees a read past the end. */
static void every_cut_is_refused(void)
{
	static const char text[] =
	    "{\"a\":[1.5e3,true,null,\"\\ud83d\\ude00\xf0\x9f\x98\x80\"],\"bb\":{}}";
	struct arena a = ARENA(1 << 20);
	struct json *v = NULL;

	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		char *p = malloc(n ? n : 1);

		T_OK(p);
		memcpy(p, text, n);
		T_EQ(json_parse(&a, (struct str){ p, n }, NULL, &v, NULL), -EINVAL);
		free(p);
	}
	T_EQ(json_parse(&a, STR(text), NULL, &v, NULL), 0);
	arena_fini(&a);
}

/* A quote or a control at every offset of the eight-byte scanner. */
static void the_fast_scanner_misses_nothing(void)
{
	static const char stop[] = { '"', '\\', '\x1f', '\0', '\x80', '\xff', '\n' };
	struct arena a = ARENA(1 << 22);
	struct json *v = NULL;
	char text[80];

	for (size_t len = 0; len < 40; len++) {
		for (size_t at = 0; at < len; at++) {
			for (size_t k = 0; k < sizeof(stop); k++) {
				memset(text, 'x', sizeof(text));
				text[0] = '"';
				text[len + 1] = '"';
				T_EQ(json_parse(&a, (struct str){ text, len + 2 }, NULL, &v,
				                NULL),
				     0);
				T_EQ(v->text.len, len);
				text[at + 1] = stop[k];
				T_EQ(json_parse(&a, (struct str){ text, len + 2 }, NULL, &v,
				                NULL),
				     -EINVAL);
				arena_fini(&a);
			}
		}
	}
}

#if HAS_JANSSON
/* The same tree in both? Numbers are compared by value where jansson has one. */
static bool same(const struct json *v, const json_t *j)
{
	const json_t *m;

	switch (v->type) {
	case JSON_NULL:
		return json_typeof(j) == JANSSON_NULL;
	case JSON_TRUE:
		return json_typeof(j) == JANSSON_TRUE;
	case JSON_FALSE:
		return json_typeof(j) == JANSSON_FALSE;
	case JSON_NUMBER: {
		char z[64] = "";

		if (v->text.len >= sizeof(z))
			return json_is_number(j);
		memcpy(z, v->text.ptr, v->text.len);
		return json_is_number(j) && json_number_value(j) == strtod(z, NULL);
	}
	case JSON_STRING:
		return json_typeof(j) == JANSSON_STRING &&
		       str_eq(v->text,
		              (struct str){ json_string_value(j), json_string_length(j) });
	case JSON_ARRAY: {
		size_t i = 0;

		if (json_typeof(j) != JANSSON_ARRAY || json_array_size(j) != v->n)
			return false;
		json_for_each(c, v)
		{
			if (!same(c, json_array_get(j, i++)))
				return false;
		}
		return true;
	}
	case JSON_OBJECT:
		if (json_typeof(j) != JANSSON_OBJECT || json_object_size(j) != v->n)
			return false;
		json_for_each(c, v)
		{
			char key[256];

			if (c->key.len >= sizeof(key))
				return true;
			memcpy(key, c->key.ptr, c->key.len);
			key[c->key.len] = '\0';
			m = json_object_get(j, key);
			if (!m || !same(c, m))
				return false;
		}
		return true;
	}
	return false;
}

static uint64_t xorshift(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	return *s ^= *s << 17;
}

static void compare(const char *text, size_t n)
{
	struct arena a = ARENA(1 << 20);
	struct json *v = NULL;
	json_error_t e;
	json_t *j =
	    json_loadb(text, n, JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &e);
	int r = json_parse(&a, (struct str){ text, n }, NULL, &v, NULL);
	bool agree = (r == 0) == (j != NULL) && (r != 0 || same(v, j));

	/* It knows no number beyond 64 bits or a double, and no NUL in a key. */
	if (r == 0 && !j &&
	    (json_error_code(&e) == json_error_numeric_overflow ||
	     json_error_code(&e) == json_error_null_byte_in_key))
		agree = true;
	/* It goes 2048 deep. */
	if (r == -E2BIG && j)
		agree = true;
	if (!agree)
		printf("# we say %d, jansson: %s\n# %.*s\n", r, j ? "fine" : e.text, (int)n,
		       text);
	T_OK(agree);
	if (j)
		json_decref(j);
	arena_fini(&a);
}

static void jansson_agrees(void)
{
	static const char alphabet[] =
	    "{}[]\":,0123456789.eE+-\\ubfnrt/ truefalsn\x80\xc3\xa9\xed\xf0\x9f";
	uint64_t seed = 0x9E3779B97F4A7C15U;

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		compare(good[i], strlen(good[i]));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		compare(bad[i], strlen(bad[i]));
	for (int round = 0; round < 60000; round++) {
		const char *from =
		    round & 1 ? good[xorshift(&seed) % ARRAY_LEN(good)]
		              : "{\"a\":[1,2.5e1,\"x\\u00e9\\n\",true],\"b\":{\"c\":null}}";
		char text[128];
		size_t n = strlen(from);

		memcpy(text, from, n + 1);
		for (uint64_t k = xorshift(&seed) % 4; n && k > 0; k--)
			text[xorshift(&seed) % n] =
			    alphabet[xorshift(&seed) % (sizeof(alphabet) - 1)];
		compare(text, n);
	}
}
#else
static void jansson_agrees(void)
{
	printf("# jansson is not installed: nothing was compared\n");
}
#endif

TEST_MAIN({ "values come back with their exact source",
            values_come_back_with_their_exact_source },
          { "typed look-ups tell absent from wrong", typed_look_ups_tell_absent_from_wrong },
          { "what is JSON, and what is not", what_is_json_and_what_is_not },
          { "a NUL byte is no end", a_nul_byte_is_no_end },
          { "Python's dialects are taken only when asked for",
            python_dialects_are_taken_only_when_asked_for },
          { "depth and count have limits", depth_and_count_have_limits },
          { "many keys are checked for duplicates too",
            many_keys_are_checked_for_duplicates_too },
          { "every cut of a text is refused", every_cut_is_refused },
          { "the fast scanner misses nothing", the_fast_scanner_misses_nothing },
          { "jansson agrees on good, bad and mutated texts", jansson_agrees })
