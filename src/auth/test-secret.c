/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/secret.h"

#include <errno.h>

#include "auth/seal.h"
#include "test.h"

static void tokens(void)
{
	struct token_text t, u;
	char bad[TOKEN_TEXT_LEN + 2];

	auth_init();
	for (int i = 0; i < 200; i++) {
		token_make(&t);
		T_EQ(strlen(t.text), TOKEN_TEXT_LEN);
		T_OK(str_starts(str_of(t.text), STR("carrel_pat_")));
		T_EQ(token_parse(str_of(t.text), &u), 0);
		T_STREQ(u.lookup, t.lookup);
		T_EQ(hash_equal(u.hash, t.hash), true);
	}
	/* Any one changed character is noticed, and so is any other length. */
	for (size_t i = 0; i < TOKEN_TEXT_LEN; i++) {
		memcpy(bad, t.text, sizeof(t.text));
		bad[i] = bad[i] == 'x' ? 'y' : 'x';
		T_EQ(token_parse((struct str){ bad, TOKEN_TEXT_LEN }, &u), -EINVAL);
		T_EQ(token_parse((struct str){ t.text, i }, &u), -EINVAL);
	}
	memcpy(bad, t.text, sizeof(t.text));
	bad[TOKEN_TEXT_LEN] = 'x';
	T_EQ(token_parse((struct str){ bad, TOKEN_TEXT_LEN + 1 }, &u), -EINVAL);
	T_EQ(token_parse(STR_NONE, &u), -EINVAL);
}

static void codes(void)
{
	char code[CODE_LEN + 1], typed[32];
	uint8_t a[HASH_LEN], b[HASH_LEN];

	auth_init();
	for (int i = 0; i < 100; i++) {
		size_t n = 0;

		code_make(code, a);
		T_EQ(strlen(code), CODE_LEN);
		T_EQ(code[4], '-');
		T_EQ(code_hash(str_of(code), b), 0);
		T_OK(memcmp(a, b, HASH_LEN) == 0);
		for (const char *c = code; *c; c++) {
			if (*c == '-')
				continue;
			typed[n] = *c;
			if (*c == '0')
				typed[n] = 'o';
			else if (*c == '1')
				typed[n] = 'l';
			else if (*c >= 'A')
				typed[n] = (char)(*c - 'A' + 'a');
			n++;
			if (n == 3)
				typed[n++] = ' ';
		}
		T_EQ(code_hash((struct str){ typed, n }, b), 0);
		T_OK(memcmp(a, b, HASH_LEN) == 0);
	}
	T_EQ(code_hash(STR("ABCD-EFG"), b), -EINVAL);
	T_EQ(code_hash(STR("ABCD-EFGHJ"), b), -EINVAL);
	T_EQ(code_hash(STR("ABCD-EFG!"), b), -EINVAL);
	T_EQ(code_hash(STR("ABCD-EFG\0"), b), -EINVAL);
	T_EQ(code_hash(STR_NONE, b), -EINVAL);
}

static void secrets(void)
{
	char s[SECRET_LEN + 1];
	uint8_t a[HASH_LEN], b[HASH_LEN];

	auth_init();
	secret_make(s, a);
	T_EQ(strlen(s), SECRET_LEN);
	T_EQ(secret_hash(str_of(s), b), 0);
	T_OK(memcmp(a, b, HASH_LEN) == 0);
	s[3] = ';';
	T_EQ(secret_hash(str_of(s), b), -EINVAL);
	T_EQ(secret_hash(STR("short"), b), -EINVAL);
}

static void seals(void)
{
	struct buf sealed = BUF(1000), plain = BUF(1000);
	struct idem i, j;

	auth_init();
	idem_init(&i, STR("key-1"), STR("POST"), STR("/x"), STR("{}"));
	idem_seal(&i, STR("the answer"), &sealed);
	T_EQ(idem_open(&i, buf_str(&sealed), &plain), 0);
	T_STR(buf_str(&plain), STR("the answer"));
	T_OK(str_find(buf_str(&sealed), STR("answer")) == buf_len(&sealed));

	idem_init(&j, STR("key-1"), STR("POST"), STR("/x"), STR("{ }"));
	T_OK(memcmp(i.key_hash, j.key_hash, HASH_LEN) == 0);
	T_OK(memcmp(i.request, j.request, HASH_LEN) != 0);
	idem_init(&j, STR("key-2"), STR("POST"), STR("/x"), STR("{}"));
	buf_clear(&plain);
	T_EQ(idem_open(&j, buf_str(&sealed), &plain), -EBADMSG);
	T_EQ(idem_open(&i, STR("short"), &plain), -EBADMSG);
	buf_fini(&sealed);
	buf_fini(&plain);
}

TEST_MAIN({ "a token reads back, a typo does not", tokens },
          { "a sign-in code forgives how people type", codes },
          { "a cookie's secret has one form", secrets },
          { "a sealed answer opens with its own key only", seals })
