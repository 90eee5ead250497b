/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cond.h"

#include "test.h"

#define TAG    "\"a-1-2.3\""
#define BEFORE "Fri, 20 Nov 2026 10:00:00 GMT"
#define AT     "Sat, 21 Nov 2026 10:00:00 GMT"
#define AFTER  "Sun, 22 Nov 2026 10:00:00 GMT"

static struct cond_file file(void)
{
	struct cond_file f = { .tag = STR(TAG) };

	T_EQ(time_parse_http(STR(AT), &f.mtime), 0);
	f.mtime += 999999; /* what a second cannot say must not matter */
	return f;
}

struct fields {
	const char *name, *value, *name2, *value2;
};

static struct http_head head_of(const struct fields *f)
{
	struct http_head h = { 0 };

	if (f->name)
		h.fields[h.n++] = (struct http_field){ str_of(f->name), str_of(f->value) };
	if (f->name2)
		h.fields[h.n++] = (struct http_field){ str_of(f->name2), str_of(f->value2) };
	return h;
}

static void conditions(void)
{
	static const struct {
		struct fields f;
		enum cond want;
	} cases[] = {
		{ { NULL, NULL, NULL, NULL }, COND_SEND },
		{ { "If-None-Match", TAG, NULL, NULL }, COND_SAME },
		{ { "If-None-Match", "W/" TAG, NULL, NULL }, COND_SAME },
		{ { "If-None-Match", "\"x\", " TAG, NULL, NULL }, COND_SAME },
		{ { "If-None-Match", "*", NULL, NULL }, COND_SAME },
		{ { "If-None-Match", "\"x\"", NULL, NULL }, COND_SEND },
		{ { "If-None-Match", "", NULL, NULL }, COND_SEND },
		/* The tag counts, not the date beside it. */
		{ { "If-None-Match", "\"x\"", "If-Modified-Since", AFTER }, COND_SEND },
		{ { "If-Modified-Since", AT, NULL, NULL }, COND_SAME },
		{ { "If-Modified-Since", AFTER, NULL, NULL }, COND_SAME },
		{ { "If-Modified-Since", BEFORE, NULL, NULL }, COND_SEND },
		{ { "If-Modified-Since", "yesterday", NULL, NULL }, COND_SEND },
		{ { "If-Match", TAG, NULL, NULL }, COND_SEND },
		{ { "If-Match", "*", NULL, NULL }, COND_SEND },
		{ { "If-Match", "W/" TAG, NULL, NULL }, COND_FAILED },
		{ { "If-Match", "\"x\"", "If-None-Match", TAG }, COND_FAILED },
		{ { "If-Match", TAG, "If-Unmodified-Since", BEFORE }, COND_SEND },
		{ { "If-Unmodified-Since", BEFORE, NULL, NULL }, COND_FAILED },
		{ { "If-Unmodified-Since", AT, NULL, NULL }, COND_SEND },
	};
	struct cond_file f = file();

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct http_head h = head_of(&cases[i].f);

		T_EQ(cond_check(&h, &f), cases[i].want);
	}
}

static void if_range(void)
{
	static const struct {
		const char *value;
		bool want;
	} cases[] = {
		{ NULL, true },     { TAG, true }, { "W/" TAG, false },
		{ "\"x\"", false }, { AT, true },  { AFTER, false },
		{ BEFORE, false },  { "", false }, { "nonsense", false },
	};
	struct cond_file f = file();

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fields one = { cases[i].value ? "If-Range" : NULL, cases[i].value, NULL,
			              NULL };
		struct http_head h = head_of(&one);

		T_EQ(cond_if_range(&h, &f), cases[i].want);
	}
}

TEST_MAIN({ "conditions are looked at in the order of RFC 9110", conditions },
          { "a range counts for the file that it was meant for only", if_range })
