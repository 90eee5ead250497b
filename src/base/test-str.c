/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <errno.h>

#include "base/list.h"
#include "test.h"

static void slices_compare_by_bytes(void)
{
	T_OK(str_eq(STR(""), STR_NONE));
	T_OK(!str_eq(STR("a"), STR("b")) && !str_eq(STR("a"), STR("ab")));
	T_OK(str_is(STR("abc"), "abc") && !str_is(STR("abc"), "ab"));
	T_OK(str_ieq(STR("Content-LENGTH"), STR("content-length")));
	T_OK(!str_ieq(STR("["), STR("{")) && !str_ieq(STR("\xc3"), STR("\xe3")));
	T_OK(str_starts(STR("abc"), STR("ab")) && str_starts(STR("abc"), STR("")));
	T_OK(!str_starts(STR("a"), STR("ab")));
	T_OK(str_ends(STR("abc"), STR("bc")) && !str_ends(STR("c"), STR("bc")));
	T_OK(str_cmp(STR("a"), STR("b")) < 0 && str_cmp(STR("ab"), STR("a")) > 0);
	T_OK(str_cmp(STR("\xff"), STR("a")) > 0 && str_cmp(STR_NONE, STR("")) == 0);
	T_OK(str_eq_secret(STR("abc"), STR("abc")) && !str_eq_secret(STR("abc"), STR("abd")));
	T_OK(!str_eq_secret(STR("abc"), STR("ab")) && str_eq_secret(STR_NONE, STR("")));
}

static void parts_are_found(void)
{
	T_STR(str_sub(STR("abc"), 1, 9), STR("bc"));
	T_STR(str_sub(STR("abc"), 5, 9), STR(""));
	T_EQ(str_chr(STR("abcb"), 'b', 2), 3);
	T_EQ(str_chr(STR("abc"), 'x', 0), 3);
	T_EQ(str_chr(STR("abc"), 'a', 7), 3);
	T_EQ(str_find(STR("ababac"), STR("abac")), 2);
	T_EQ(str_find(STR("abab"), STR("abac")), 4);
	T_EQ(str_find(STR("ab"), STR("")), 0);
	T_EQ(str_find(STR(""), STR("x")), 0);
	T_STR(str_trim(STR(" \t a b\t ")), STR("a b"));
	T_STR(str_trim(STR(" \t ")), STR(""));
	T_STR(str_trim(STR("\na")), STR("\na"));
}

static int split_all(const char *text, const char *want)
{
	struct str s = str_of(text), part;
	char got[64] = "";
	size_t at = 0;
	int n = 0;

	while (str_split(&s, ',', &part)) {
		at += (size_t)snprintf(got + at, sizeof(got) - at, "<%.*s>", STR_ARG(part));
		n++;
	}
	T_STREQ(got, want);
	return n;
}

static void a_split_gives_every_part(void)
{
	T_EQ(split_all("a,bb,c", "<a><bb><c>"), 3);
	T_EQ(split_all("a,", "<a><>"), 2);
	T_EQ(split_all(",", "<><>"), 2);
	T_EQ(split_all("", "<>"), 1);
	T_EQ(split_all(NULL, ""), 0);
}

static void numbers_are_digits_in_a_range(void)
{
	static const char *const bad[] = {
		"", " 1", "1 ", "+1", "-1", "0x1", "1.0", "a", "1a"
	};
	uint64_t u = 77;
	int64_t i = 77;

	for (size_t n = 0; n < ARRAY_LEN(bad); n++)
		T_EQ(str_to_u64(str_of(bad[n]), 0, UINT64_MAX, &u), -EINVAL);
	T_EQ(str_to_u64(STR("1\0"), 0, 9, &u), -EINVAL);
	T_EQ(str_to_u64(STR("18446744073709551616"), 0, UINT64_MAX, &u), -ERANGE);
	T_EQ(str_to_u64(STR("99999999999999999999999"), 0, UINT64_MAX, &u), -ERANGE);
	T_EQ(str_to_u64(STR("4"), 5, 6, &u), -ERANGE);
	T_EQ(str_to_u64(STR("7"), 5, 6, &u), -ERANGE);
	T_EQ(u, 77);
	T_EQ(str_to_u64(STR("18446744073709551615"), 0, UINT64_MAX, &u), 0);
	T_OK(u == UINT64_MAX);
	T_EQ(str_to_u64(STR("0007"), 0, 9, &u), 0);
	T_EQ(u, 7);
	T_EQ(str_to_i64(STR("-9223372036854775808"), INT64_MIN, INT64_MAX, &i), 0);
	T_OK(i == INT64_MIN);
	T_EQ(str_to_i64(STR("9223372036854775807"), INT64_MIN, INT64_MAX, &i), 0);
	T_OK(i == INT64_MAX);
	T_EQ(str_to_i64(STR("9223372036854775808"), INT64_MIN, INT64_MAX, &i), -ERANGE);
	T_EQ(str_to_i64(STR("-9223372036854775809"), INT64_MIN, INT64_MAX, &i), -ERANGE);
	T_EQ(str_to_i64(STR("-"), INT64_MIN, INT64_MAX, &i), -EINVAL);
	T_EQ(str_to_i64(STR("--1"), INT64_MIN, INT64_MAX, &i), -EINVAL);
	T_EQ(str_to_i64(STR("-5"), -4, 4, &i), -ERANGE);
}

static void a_nul_inside_never_reaches_libc(void)
{
	autofree char *p = str_dup_z(STR("abc")), *empty = str_dup_z(STR_NONE);

	T_STREQ(p, "abc");
	T_STREQ(empty, "");
	T_OK(!str_dup_z(STR("a\0c")));
}

struct item {
	struct list link;
	int v;
};

static void a_list_keeps_order_and_survives_deletes(void)
{
	struct list l = LIST_INIT(l);
	struct item a = { .v = 1 }, b = { .v = 2 }, c = { .v = 3 };
	int sum = 0;

	T_OK(list_empty(&l));
	list_del(&a.link);
	list_push(&l, &b.link);
	list_push(&l, &c.link);
	list_push_front(&l, &a.link);
	list_for_each (it, &l)
		sum = sum * 10 + LIST_ENTRY(it, struct item, link)->v;
	T_EQ(sum, 123);
	list_for_each_safe (it, &l) {
		if (LIST_ENTRY(it, struct item, link)->v != 2)
			list_del(it);
	}
	list_del(&a.link);
	T_OK(l.next == &b.link && l.prev == &b.link);
	list_del(&b.link);
	T_OK(list_empty(&l));
}

TEST_MAIN({ "slices compare by bytes", slices_compare_by_bytes },
          { "parts are found", parts_are_found },
          { "a split gives every part", a_split_gives_every_part },
          { "numbers are digits in a range", numbers_are_digits_in_a_range },
          { "a NUL inside never reaches libc", a_nul_inside_never_reaches_libc },
          { "a list keeps order and survives deletes",
            a_list_keeps_order_and_survives_deletes })
