/* SPDX-License-Identifier: Apache-2.0 */
#include "core/money.h"

#include <errno.h>

#include "test.h"

#define HOUR UINT64_C(3600000000000)

static void rounds_half_to_even(void)
{
	static const struct {
		money_micro rate;
		uint64_t ns;
		money_micro amount;
	} t[] = {
		{ 0, HOUR, 0 },
		{ 60000, HOUR, 60000 },
		{ 60000, HOUR / 2, 30000 },
		{ 1, HOUR / 2, 0 },     /* 0.5 -> 0 */
		{ 1, HOUR / 2 + 1, 1 }, /* a hair over */
		{ 3, HOUR / 2, 2 },     /* 1.5 -> 2 */
		{ 5, HOUR / 2, 2 },     /* 2.5 -> 2 */
		{ 7, HOUR / 2, 4 },     /* 3.5 -> 4 */
		{ 1, HOUR / 2 - 1, 0 },
		{ 3600000000, 1000000, 1000 }, /* 1 per second for 1 ms */
		{ 1, 0, 0 },
		{ MONEY_RATE_MAX, 24 * HOUR, MONEY_RATE_MAX * 24 },
		{ MONEY_RATE_MAX, 24 * HOUR * 365, MONEY_RATE_MAX * 24 * 365 },
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		money_micro m = -1;

		T_EQ(money_of(t[i].rate, t[i].ns, &m), 0);
		T_EQ(m, t[i].amount);
	}
}

static void refuses_what_could_overflow(void)
{
	money_micro m = 7;

	T_EQ(money_of(-1, 1, &m), -ERANGE);
	T_EQ(money_of(MONEY_RATE_MAX + 1, 1, &m), -ERANGE);
	T_EQ(money_of(1, UINT64_MAX, &m), -ERANGE);
	T_EQ(m, 7);
}

/* A long run cut into pieces may differ by rounding: at most half a
 * micro-unit for each piece. */
static void pieces_are_near_the_whole(void)
{
	uint64_t x = 88172645463325252u;

	for (int round = 0; round < 200; round++) {
		uint64_t total = 0;
		money_micro sum = 0, whole, one;

		for (int i = 0; i < 20; i++) {
			x ^= x << 13, x ^= x >> 7, x ^= x << 17;
			uint64_t ns = x % (2 * HOUR);

			T_EQ(money_of(123457, ns, &one), 0);
			sum += one;
			total += ns;
		}
		T_EQ(money_of(123457, total, &whole), 0);
		T_OK(sum - whole <= 10 && whole - sum <= 10);
	}
}

static void prints(void)
{
	static const struct {
		money_micro m;
		const char *text;
	} t[] = {
		{ 0, "0.00" },           { 60000, "0.06" },
		{ 1, "0.000001" },       { 1500000, "1.50" },
		{ 1234567, "1.234567" }, { -60000, "-0.06" },
		{ 123400, "0.1234" },    { INT64_MIN, "-9223372036854.775808" },
	};
	char s[MONEY_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		money_text(t[i].m, s);
		T_STREQ(s, t[i].text);
	}
	seconds_text(0, s);
	T_STREQ(s, "0");
	seconds_text(63123456789, s);
	T_STREQ(s, "63.123456789");
	seconds_text(1500000000, s);
	T_STREQ(s, "1.5");
	seconds_text(1, s);
	T_STREQ(s, "0.000000001");
}

static void prints_cents(void)
{
	static const struct {
		money_micro m;
		const char *text;
	} t[] = {
		{ 0, "0.00" },
		{ 4999, "0.00" },
		{ 5000, "0.01" },
		{ -4999, "0.00" },
		{ -5000, "-0.01" },
		{ 60000, "0.06" },
		{ 1234567, "1.23" },
		{ 1995000, "2.00" },
		{ 99999999, "100.00" },
		{ INT64_MAX, "9223372036854.78" },
		{ INT64_MIN, "-9223372036854.78" },
	};
	char s[MONEY_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		money_cents(t[i].m, s);
		T_STREQ(s, t[i].text);
	}
}

TEST_MAIN({ "an amount is rounded once, half to even", rounds_half_to_even },
          { "what could overflow is refused", refuses_what_could_overflow },
          { "the sum of pieces is near the whole", pieces_are_near_the_whole },
          { "money and seconds print exactly", prints },
          { "sentences have cents", prints_cents })
