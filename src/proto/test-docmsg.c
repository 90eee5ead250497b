/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/docmsg.h"

#include <errno.h>

#include "test.h"

static struct arena arena = ARENA(DOC_ARENA_MAX);

static int get(const char *json, struct docmsg *ret)
{
	arena_fini(&arena);
	return docmsg_get(&arena, str_of(json), ret, NULL);
}

static void each_message_comes_back_whole(void)
{
	struct doc_item items[] = { { STR("a"), 1, 2 }, { STR("a b/ä.py"), 3, 4 } };
	const struct docmsg all[] = {
		{ .op = DOC_PUT,
		  .path = STR("d/a.ipynb"),
		  .notebook = true,
		  .changed = 5,
		  .size = 6,
		  .title = STR("T"),
		  .heads = STR("T U"),
		  .text = STR("say \"x\" \\ ä") },
		{ .op = DOC_GONE, .path = STR("d") },
		{ .op = DOC_MOVE, .path = STR("d"), .to = STR("e") },
		{ .op = DOC_SEEN, .path = STR("d"), .what = DOC_RUN, .at = 7 },
		{ .op = DOC_LIST,
		  .after = STR(""),
		  .upto = STR("b"),
		  .items = items,
		  .nitems = 2 },
		{ .op = DOC_KERNELS, .items = items, .nitems = 1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct buf b = BUF(DOC_BODY_MAX), again = BUF(DOC_BODY_MAX);
		struct docmsg got;

		T_EQ(docmsg_put(&b, &all[i]), 0);
		arena_fini(&arena);
		T_EQ(docmsg_get(&arena, buf_str(&b), &got, NULL), 0);
		T_EQ(docmsg_put(&again, &got), 0);
		T_STR(buf_str(&again), buf_str(&b));
		buf_fini(&b);
		buf_fini(&again);
	}
}

static void what_is_not_one_of_them_is_refused(void)
{
	static const char *const bad[] = {
		"",
		"[]",
		"{}",
		"{\"op\":\"drop\",\"path\":\"a\"}",
		"{\"op\":\"gone\"}",
		"{\"op\":\"gone\",\"path\":\"\"}",
		"{\"op\":\"gone\",\"path\":\"/a\"}",
		"{\"op\":\"gone\",\"path\":\"a/\"}",
		"{\"op\":\"gone\",\"path\":\"a//b\"}",
		"{\"op\":\"gone\",\"path\":\"a/../b\"}",
		"{\"op\":\"gone\",\"path\":\"./b\"}",
		"{\"op\":\"gone\",\"path\":\"a\\u0000b\"}",
		"{\"op\":\"gone\",\"path\":\"a\\nb\"}",
		"{\"op\":\"gone\",\"path\":5}",
		"{\"op\":\"gone\",\"path\":\"a\",\"path\":\"b\"}",
		"{\"op\":\"move\",\"path\":\"a\"}",
		"{\"op\":\"seen\",\"path\":\"a\",\"what\":\"eaten\",\"at\":1}",
		"{\"op\":\"seen\",\"path\":\"a\",\"what\":\"run\",\"at\":-1}",
		"{\"op\":\"seen\",\"path\":\"a\",\"what\":\"run\",\"at\":1e3}",
		"{\"op\":\"seen\",\"path\":\"a\",\"what\":\"run\",\"at\":9223372036854775807}",
		"{\"op\":\"put\",\"path\":\"a\",\"notebook\":1,\"changed\":1,\"size\":1,"
		"\"title\":\"\",\"heads\":\"\",\"text\":\"\"}",
		"{\"op\":\"put\",\"path\":\"a\",\"notebook\":true,\"changed\":1,\"size\":1,"
		"\"title\":\"\",\"heads\":\"\"}",
		"{\"op\":\"list\",\"after\":\"\",\"upto\":\"\"}",
		"{\"op\":\"list\",\"after\":\"\",\"upto\":\"\",\"items\":[[\"a\",1]]}",
		"{\"op\":\"list\",\"after\":\"\",\"upto\":\"\",\"items\":[[\"b\",1,1],[\"a\",1,"
		"1]]}",
		"{\"op\":\"list\",\"after\":\"\",\"upto\":\"\",\"items\":[[\"a\",1,1],[\"a\",1,"
		"1]]}",
		"{\"op\":\"list\",\"after\":\"b\",\"upto\":\"\",\"items\":[[\"a\",1,1]]}",
		"{\"op\":\"list\",\"after\":\"\",\"upto\":\"b\",\"items\":[[\"c\",1,1]]}",
		"{\"op\":\"list\",\"after\":\"..\",\"upto\":\"\",\"items\":[]}",
		"{\"op\":\"kernels\",\"items\":[[[[[[]]]]]]}",
		"{\"op\":\"gone\",\"path\":\"\xff\"}",
	};
	struct docmsg m;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (get(bad[i], &m) >= 0) {
			printf("# %s\n", bad[i]);
			T_OK(false);
		}
}

static void texts_are_bounded_and_clean(void)
{
	struct buf b = BUF(1U << 20);
	struct docmsg m;

	T_EQ(get("{\"op\":\"put\",\"path\":\"a\",\"notebook\":false,\"changed\":1,\"size\":1,"
	         "\"title\":\"a\\tb\",\"heads\":\"\\u007f\",\"text\":\"x\\u0000\\ny\"}",
	         &m),
	     0);
	T_STR(m.title, STR("a b"));
	T_STR(m.heads, STR(" "));
	T_STR(m.text, STR("x  y"));
	buf_put_z(&b,
	          "{\"op\":\"put\",\"path\":\"a\",\"notebook\":false,\"changed\":1,\"size\":1,"
	          "\"title\":\"\",\"heads\":\"\",\"text\":\"");
	for (unsigned i = 0; i <= DOC_TEXT_MAX; i++)
		buf_put_c(&b, 'x');
	buf_put_z(&b, "\"}");
	T_EQ(docmsg_get(&arena, buf_str(&b), &m, NULL), -EBADMSG);
	for (unsigned i = 0; i < DOC_BODY_MAX; i++)
		buf_put_c(&b, ' ');
	T_EQ(docmsg_get(&arena, buf_str(&b), &m, NULL), -E2BIG);
	buf_fini(&b);
}

static void what_is_wanted_travels_as_hex(void)
{
	bool want[DOC_ITEMS_MAX] = { false };
	char text[DOC_WANT_BYTES];

	for (size_t n = 0; n <= DOC_ITEMS_MAX; n += n < 10 ? 1 : 99) {
		for (size_t i = 0; i < n; i++)
			want[i] = i * 7 % 3 == 0;
		doc_want_put(want, n, text);
		for (size_t i = 0; i < n; i++)
			T_EQ(doc_want_get(str_of(text), i), want[i]);
		T_OK(!doc_want_get(str_of(text), n + 4));
	}
	T_OK(!doc_want_get(STR("zz"), 1));
}

TEST_MAIN({ "each message comes back whole", each_message_comes_back_whole },
          { "what is not one of them is refused", what_is_not_one_of_them_is_refused },
          { "texts are bounded and clean", texts_are_bounded_and_clean },
          { "what is wanted travels as hex", what_is_wanted_travels_as_hex })
