/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"

#include <errno.h>
#include <time.h>

#include "base/rand.h"
#include "test.h"

static const struct {
	const char *text;
	wall_us t;
} good[] = {
	{ "1970-01-01T00:00:00Z", 0 },
	{ "2026-11-21T10:54:00.123456Z", 1795258440123456 },
	{ "2026-11-21T10:54:00.123456789Z", 1795258440123456 },
	{ "2026-11-21T10:54:00.1Z", 1795258440100000 },
	{ "2026-11-21T12:54:00+02:00", 1795258440000000 },
	{ "2026-11-21T05:24:00-05:30", 1795258440000000 },
	{ "2000-02-29T23:59:59Z", 951868799000000 },
	{ "1969-12-31T23:59:59.5Z", -500000 },
	{ "2016-12-31T23:59:60Z", 1483228800000000 }, /* a leap second */
};

static const char *const bad[] = {
	"",
	"2026-11-21",
	"2026-11-21 10:54:00Z",
	"2026-11-21T10:54:00",
	"2026-11-21T10:54Z",
	"2026-11-21t10:54:00Z",
	"2026-11-21T10:54:00z",
	"2026-13-01T00:00:00Z",
	"2026-00-01T00:00:00Z",
	"2026-02-29T00:00:00Z",
	"2100-02-29T00:00:00Z",
	"2026-04-31T00:00:00Z",
	"2026-11-21T24:00:00Z",
	"2026-11-21T10:60:00Z",
	"2026-11-21T10:54:61Z",
	"2026-11-21T10:54:00.Z",
	"2026-11-21T10:54:00.1234567890Z",
	"2026-11-21T10:54:00+0200",
	"2026-11-21T10:54:00+24:00",
	"2026-11-21T10:54:00Zx",
	"+026-11-21T10:54:00Z",
	"2026-1 -21T10:54:00Z",
	"2026-11-21T10:54:00,5Z",
	"0000-01-01T00:00:00Z",
};

static void rfc_3339_is_read_strictly(void)
{
	wall_us t;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		T_EQ(time_parse_rfc3339(str_of(good[i].text), &t), 0);
		T_EQ(t, good[i].t);
	}
	t = 77;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		T_EQ(time_parse_rfc3339(str_of(bad[i]), &t), -EINVAL);
	T_EQ(t, 77);
}

static void dates_of_http_are_read_strictly(void)
{
	static const char *const no[] = {
		"",
		"Fri, 21 Nov 2026 10:54:00 GMT",
		"Sat, 21 Nov 2026 10:54:00 UTC",
		"Sat, 21 nov 2026 10:54:00 GMT",
		"Sat,21 Nov 2026 10:54:00 GMT",
		"Saturday, 21-Nov-26 10:54:00 GMT",
		"Sat Nov 21 10:54:00 2026",
		"Sat, 21 Nov 2026 10:54:00 GMT ",
		"Sat, 31 Nov 2026 10:54:00 GMT",
	};
	wall_us t = 77;

	T_EQ(time_parse_http(STR("Sat, 21 Nov 2026 10:54:00 GMT"), &t), 0);
	T_EQ(t, 1795258440000000);
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		T_EQ(time_parse_http(str_of(no[i]), &t), -EINVAL);
}

/* Against libc's calendar, over all the years we can write. */
static void random_times_round_trip_and_agree_with_libc(void)
{
	for (int i = 0; i < 20000; i++) {
		wall_us t = (wall_us)(rand_u64() % 253402300800000000) -
		            (i % 3 ? 0 : INT64_C(62135596800000000)),
		        back;
		char text[TIME_RFC3339_MAX], libc[32];
		time_t secs = (time_t)(t / 1000000 - (t % 1000000 < 0));
		struct tm tm;
		int y, m, d;

		T_OK(gmtime_r(&secs, &tm));
		time_rfc3339(t, text);
		T_OK(strftime(libc, sizeof(libc), "%Y-%m-%dT%H:%M:%S", &tm));
		if (tm.tm_year >= -900)
			T_OK(strncmp(text, libc, 19) == 0);
		T_EQ(time_parse_rfc3339(str_of(text), &back), 0);
		T_EQ(back, t);
		time_ymd(t, &y, &m, &d);
		T_OK(y == tm.tm_year + 1900 && m == tm.tm_mon + 1 && d == tm.tm_mday);
		time_http(t, text);
		T_EQ(time_parse_http(str_of(text), &back), 0);
		T_EQ(back, (wall_us)secs * 1000000);
	}
}

static void months_may_run_over(void)
{
	T_EQ(time_month_start(1970, 1), 0);
	T_EQ(time_month_start(2026, 12), 1796083200000000);
	T_EQ(time_month_start(2026, 13), time_month_start(2027, 1));
	T_EQ(time_month_start(2026, 0), time_month_start(2025, 12));
	T_EQ(time_month_start(2026, -11), time_month_start(2025, 1));
}

static void times_out_of_our_years_are_clamped(void)
{
	char text[TIME_RFC3339_MAX];

	time_rfc3339(INT64_MAX, text);
	T_STREQ(text, "9999-12-31T23:59:59.999999Z");
	time_rfc3339(INT64_MIN, text);
	T_STREQ(text, "0001-01-01T00:00:00.000000Z");
}

static void clocks_go_forward(void)
{
	boot_ns a = time_boot_ns(), b = time_boot_ns();
	char id[37];

	T_OK(b >= a && a > 0);
	T_OK(time_mono_ms() >= a / 1000000);
	T_OK(time_wall_us() > INT64_C(1700000000000000));
	T_EQ(time_boot_id(id), 0);
	T_EQ(strlen(id), 36);
	T_EQ(id[8], '-');
}

TEST_MAIN({ "RFC 3339 is read strictly", rfc_3339_is_read_strictly },
          { "dates of HTTP are read strictly", dates_of_http_are_read_strictly },
          { "random times round-trip and agree with libc",
            random_times_round_trip_and_agree_with_libc },
          { "months may run over", months_may_run_over },
          { "times out of our years are clamped", times_out_of_our_years_are_clamped },
          { "clocks go forward", clocks_go_forward })
