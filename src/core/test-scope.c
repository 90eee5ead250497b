/* SPDX-License-Identifier: Apache-2.0 */
#include "core/scope.h"

#include <errno.h>

#include "test.h"

#define S1 "s_01234567890123456789012345"
#define S2 "s_a1234567890123456789012345"

static void rights(void)
{
	static const struct {
		const char *scopes;
		/* read write secrets session(S1) program(S1) program(S2) */
		const char *may;
	} t[] = {
		{ "*", "xxxxxx" },
		{ "account", "xxxxxx" },
		{ "read", "x..x.." },
		{ "session:" S1, "...xx." },
		{ "read session:" S1, "x..xx." },
		{ "", "......" },
		{ "accounts", "......" },
		{ "session:", "......" },
		{ "session:*", "......" },
		{ "read account", "xxxxxx" },
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		struct str sc = str_of(t[i].scopes);
		bool got[6] = {
			scope_allows(sc, RIGHT_READ, STR_NONE),
			scope_allows(sc, RIGHT_WRITE, STR_NONE),
			scope_allows(sc, RIGHT_SECRETS, STR_NONE),
			scope_allows(sc, RIGHT_SESSION, STR(S1)),
			scope_allows(sc, RIGHT_PROGRAM, STR(S1)),
			scope_allows(sc, RIGHT_PROGRAM, STR(S2)),
		};

		for (int k = 0; k < 6; k++)
			T_EQ(got[k], t[i].may[k] == 'x');
	}
}

static void checks(void)
{
	struct err err = ERR_NONE;

	T_EQ(scope_check(STR("account"), &err), 0);
	T_EQ(scope_check(STR("session:" S1), &err), 0);
	T_EQ(scope_check(STR("session:x"), &err), -EINVAL);
	T_EQ(scope_check(STR("session:s_0123456789012345678901234 "), &err), -EINVAL);
	T_EQ(scope_check(STR("*"), &err), -EINVAL);
	T_EQ(scope_check(STR(""), &err), -EINVAL);
}

/* Nobody grants more than he holds, for all pairs. */
static void grants(void)
{
	static const char *const sc[] = { "account", "read", "session:" S1, "session:" S2 };

	for (int a = 0; a < 4; a++)
		for (int b = 0; b < 4; b++)
			T_EQ(scope_may_grant(str_of(sc[a]), str_of(sc[b])), a == 0 || a == b);
}

TEST_MAIN({ "a scope allows what its line says", rights },
          { "only known scopes are taken", checks },
          { "nobody grants more than he holds", grants })
