/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/nft.h"

#include <errno.h>

#include "test.h"

static bool has(struct buf *b, const char *text)
{
	struct str s = buf_str(b);

	return str_find(s, str_of(text)) < s.len;
}

static void test_text(void)
{
	struct nft_rules r = { 3, STR("10.255.255.53 8.8.8.8"),
		               STR("10.1.0.0/16 192.168.1.7") };
	struct buf b = BUF(65536);

	T_EQ(nft_text(&r, &b, NULL), 0);
	T_OK(has(&b, "table inet carrel_3 {\n"));
	T_OK(has(&b, "iifname \"cv03*\" counter drop\n"));
	T_OK(has(&b, "elements = { 10.255.255.53, 8.8.8.8 }\n"));
	T_OK(has(&b, "elements = { 10.1.0.0/16, 192.168.1.7 }\n"));
	buf_clear(&b);
	r.dns = r.allow = STR("");
	T_EQ(nft_text(&r, &b, NULL), 0);
	T_OK(!has(&b, "elements = {  }"));
	buf_fini(&b);
}

static void test_refusals(void)
{
	static const char *const bad[] = { "1.2.3",    "1.2.3.4/33", "1.2.3.4/0", "x",
		                           "1.2.3.4;", "::1",        "1.2.3.4}" };
	struct buf b = BUF(65536);

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct nft_rules r = { 0, STR(""), str_of(bad[i]) };

		T_EQ(nft_text(&r, &b, NULL), -EINVAL);
		T_EQ(buf_len(&b), 0);
	}
	buf_fini(&b);
}

TEST_MAIN({ "the table names the slot's interfaces, resolvers and exceptions", test_text },
          { "what is no address is refused, with nothing written", test_refusals })
