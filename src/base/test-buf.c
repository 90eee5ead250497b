/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <errno.h>

#include "test.h"

static void what_is_put_comes_out(void)
{
	struct buf b = BUF(1000);

	T_STR(buf_str(&b), STR(""));
	T_STREQ(buf_cstr(&b), "");
	buf_put_z(&b, "ab");
	buf_put_c(&b, 'c');
	buf_printf(&b, "%d%s", 12, "x");
	buf_put_str(&b, STR("!"));
	buf_put_str(&b, STR_NONE);
	T_STR(buf_str(&b), STR("abc12x!"));
	buf_consume(&b, 3);
	T_STREQ(buf_cstr(&b), "12x!");
	T_EQ(buf_len(&b), 4);
	T_EQ(buf_room(&b), 996);
	buf_unput(&b, 1);
	T_STREQ(buf_cstr(&b), "12x");
	buf_unput(&b, 3);
	T_EQ(buf_room(&b), 1000);
	buf_shrink(&b);
	T_OK(!b.ptr_);
	buf_fini(&b);
	buf_fini(&b);
	T_EQ(b.max_, 1000);
}

static void numbers_have_the_order_of_their_name(void)
{
	struct buf b = BUF(100);

	buf_put_u16be(&b, 0x0102);
	buf_put_u32be(&b, 0x01020304);
	buf_put_u64be(&b, 0x0102030405060708);
	buf_put_u16le(&b, 0x0102);
	buf_put_u32le(&b, 0x01020304);
	buf_put_u64le(&b, 0x0102030405060708);
	T_STR(buf_str(&b), STR("\1\2"
	                       "\1\2\3\4"
	                       "\1\2\3\4\5\6\7\10"
	                       "\2\1"
	                       "\4\3\2\1"
	                       "\10\7\6\5\4\3\2\1"));
	buf_fini(&b);
}

static void a_full_buffer_says_so_once_and_stays_so(void)
{
	struct buf b = BUF(8);

	buf_put_z(&b, "12345678");
	T_EQ(buf_error(&b), 0);
	T_EQ(buf_room(&b), 0);
	T_STREQ(buf_cstr(&b), "12345678"); /* the NUL needs no room */
	buf_put_c(&b, '9');
	T_EQ(buf_error(&b), -E2BIG);
	buf_put_z(&b, "more");
	buf_printf(&b, "more");
	T_OK(!buf_reserve(&b, 1));
	T_STR(buf_str(&b), STR("12345678"));
	T_STREQ(buf_cstr(&b), "");
	buf_clear(&b);
	T_EQ(buf_error(&b), 0);
	T_EQ(buf_len(&b), 0);
	buf_printf(&b, "%s", "123456789");
	T_EQ(buf_error(&b), -E2BIG);
	T_EQ(buf_len(&b), 0);
	buf_fini(&b);
	T_OK(!buf_reserve(&b, SIZE_MAX));
	buf_fini(&b);
}

static void printf_fills_to_the_last_byte(void)
{
	for (int n = 0; n <= 600; n++) {
		struct buf b = BUF(600);

		buf_put_z(&b, "");
		buf_printf(&b, "%*s", n, "");
		T_EQ(buf_error(&b), 0);
		T_EQ(buf_len(&b), n);
		buf_printf(&b, "%*s", 600 - n, "");
		T_EQ(buf_error(&b), 0);
		T_EQ(buf_room(&b), 0);
		buf_fini(&b);
	}
}

/* A queue of numbered bytes, against plain counters. */
static uint8_t in, out;

static size_t put_some(struct buf *b, size_t n)
{
	char *p = n ? buf_reserve(b, n) : NULL;

	for (size_t i = 0; i < n; i++)
		p[i] = (char)in++;
	if (n)
		buf_commit(b, n);
	return n;
}

static size_t take_some(struct buf *b, size_t n)
{
	struct str s = buf_str(b);
	bool same = true;

	n = n > s.len ? s.len : n;
	for (size_t i = 0; i < n; i++)
		same &= (uint8_t)s.ptr[i] == out++;
	T_OK(same);
	buf_consume(b, n);
	return n;
}

static void a_random_stream_passes_in_order(void)
{
	struct buf b = BUF(5000);
	unsigned seed = 3;
	size_t len = 0;

	in = out = 0;
	for (int step = 0; step < 200000; step++) {
		size_t n;

		seed = seed * 1103515245 + 12345;
		n = seed / 65536 % 700;
		if (seed & 0x8000 && n <= buf_room(&b))
			len += put_some(&b, n);
		else
			len -= take_some(&b, n);
		T_EQ(buf_len(&b), len);
		T_OK(b.cap_ <= 5000 + 5000 / 4 + 1);
	}
	T_EQ(buf_error(&b), 0);
	buf_fini(&b);
}

static void a_buffer_without_room_takes_nothing(void)
{
	struct buf b;

	buf_init(&b, 0);
	buf_put_z(&b, "");
	T_EQ(buf_error(&b), 0);
	buf_put_c(&b, 'x');
	T_EQ(buf_error(&b), -E2BIG);
	buf_fini(&b);
}

TEST_MAIN({ "what is put comes out", what_is_put_comes_out },
          { "numbers have the order of their name", numbers_have_the_order_of_their_name },
          { "a full buffer says so once and stays so",
            a_full_buffer_says_so_once_and_stays_so },
          { "printf fills to the last byte", printf_fills_to_the_last_byte },
          { "a random stream passes in order", a_random_stream_passes_in_order },
          { "a buffer without room takes nothing", a_buffer_without_room_takes_nothing })
