/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cur.h"

#include "base/buf.h"
#include "test.h"

static void fields_read_back_in_order(void)
{
	struct buf b = BUF(100);
	struct cur c;

	buf_put_c(&b, (char)0xfe);
	buf_put_u16be(&b, 0x8102);
	buf_put_u32be(&b, 0x81020304);
	buf_put_u64be(&b, 0x8102030405060708);
	buf_put_u16le(&b, 0x8102);
	buf_put_u32le(&b, 0x81020304);
	buf_put_u64le(&b, 0x8102030405060708);
	buf_put_z(&b, "rest");
	c = cur_of(buf_str(&b));
	T_EQ(cur_u8(&c), 0xfe);
	T_EQ(cur_u16be(&c), 0x8102);
	T_EQ(cur_u32be(&c), 0x81020304);
	T_EQ(cur_u64be(&c), (long long)0x8102030405060708);
	T_EQ(cur_u16le(&c), 0x8102);
	T_EQ(cur_u32le(&c), 0x81020304);
	T_EQ(cur_u64le(&c), (long long)0x8102030405060708);
	T_OK(!cur_done(&c));
	T_EQ(cur_left(&c), 4);
	T_STR(cur_bytes(&c, 4), STR("rest"));
	T_OK(cur_done(&c));
	T_EQ(cur_bytes(&c, 0).len, 0);
	T_OK(cur_done(&c));
	buf_fini(&b);
}

static void past_the_end_all_is_zero(void)
{
	for (size_t have = 0; have < 8; have++) {
		struct cur c =
		    cur_of(str_sub(STR("\xff\xff\xff\xff\xff\xff\xff\xff"), 0, have));

		T_EQ(cur_u64be(&c), 0);
		T_OK(cur_bad(&c) && !cur_done(&c));
		T_EQ(cur_left(&c), 0);
		T_EQ(cur_u8(&c), 0);
		T_EQ(cur_u64le(&c), 0);
		T_EQ(cur_bytes(&c, 0).len, 0);
		T_OK(cur_bad(&c));
	}
}

static void huge_lengths_are_refused(void)
{
	struct cur c = cur_of(STR("abc"));

	T_OK(!cur_bytes(&c, SIZE_MAX).ptr);
	T_OK(cur_bad(&c));
	c = cur_of(STR_NONE);
	T_OK(cur_done(&c));
	T_EQ(cur_u8(&c), 0);
	T_OK(cur_bad(&c));
}

TEST_MAIN({ "fields read back in order", fields_read_back_in_order },
          { "past the end all is zero", past_the_end_all_is_zero },
          { "huge lengths are refused", huge_lengths_are_refused })
