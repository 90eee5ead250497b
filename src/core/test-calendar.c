/* SPDX-License-Identifier: Apache-2.0 */
#include "core/calendar.h"

#include <errno.h>

#include "test.h"

static wall_us at(const char *rfc3339)
{
	wall_us t = 0;

	T_EQ(time_parse_rfc3339(str_of(rfc3339), &t), 0);
	return t;
}

static void many_ways_to_write_it(void)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "", "" },
		{ "  ", "" },
		{ "19:00", "19:00 UTC" },
		{ "9:05 Europe/Berlin", "09:05 Europe/Berlin" },
		{ "19:00 mon-fri Europe/Berlin", "19:00 mon-fri Europe/Berlin" },
		{ " 19:00  MON-Fri   Europe/Berlin ", "19:00 mon-fri Europe/Berlin" },
		{ "19:00 mon,tue,wed,thu,fri", "19:00 mon-fri UTC" },
		{ "00:00 fri-mon", "00:00 mon,fri-sun UTC" },
		{ "00:00 mon,wed", "00:00 mon,wed UTC" },
		{ "00:00 mon,tue,fri", "00:00 mon,tue,fri UTC" },
		{ "00:00 mon-sun", "00:00 UTC" },
		{ "19:00 mon-fri; 13:30 sat Asia/Kolkata",
		  "19:00 mon-fri UTC; 13:30 sat Asia/Kolkata" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char text[CALENDAR_TEXT_MAX], again[CALENDAR_TEXT_MAX];
		struct calendar c;

		T_EQ(calendar_parse(str_of(cases[i].in), "UTC", &c, NULL), 0);
		calendar_text(&c, text);
		T_STREQ(text, cases[i].out);
		T_EQ(calendar_parse(str_of(text), "Europe/Paris", &c, NULL), 0);
		calendar_text(&c, again);
		T_STREQ(again, text);
	}
}

static void what_is_none_is_refused_in_words(void)
{
	static const char *const bad[] = {
		"noon",
		"24:00",
		"19:60",
		"19",
		"7:5",
		"-1:00",
		"19:00 mon-",
		"19:00 mon-fri Europe/Berlin Europe/Paris",
		"19:00 mon-fri sat Europe/Paris",
		"19:00 Europe/Berlin mon-fri",
		"19:00;",
		";19:00",
		"19:00 mon, tue",
		"1:00;2:00;3:00;4:00;5:00;6:00;7:00;8:00;9:00",
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err err = ERR_NONE;
		struct calendar c = { .n = 77 };
		int r = calendar_parse(str_of(bad[i]), "UTC", &c, &err);

		/* "mon-" and the like may be names of zones: those are looked for later. */
		if (r == 0) {
			struct tz *z = NULL;

			T_OK(c.n == 1 && tz_load(str_of(c.items[0].zone), &z, &err) < 0);
			continue;
		}
		T_EQ(r, -EINVAL);
		T_EQ(c.n, 77);
		T_OK(err.msg[0]);
	}
}

struct zoned {
	struct calendar c;
	struct tz *z[CALENDAR_ITEMS_MAX];
};

static struct zoned zoned(const char *text)
{
	struct zoned x = { 0 };

	T_EQ(calendar_parse(str_of(text), "UTC", &x.c, NULL), 0);
	for (size_t i = 0; i < x.c.n; i++)
		T_EQ(tz_load(str_of(x.c.items[i].zone), &x.z[i], NULL), 0);
	return x;
}

static void nexts(const char *text, const char *from, const char *const *want, size_t n)
{
	struct zoned x = zoned(text);
	wall_us t = at(from);

	for (size_t i = 0; i < n; i++) {
		T_OK(calendar_next(&x.c, (const struct tz *const *)x.z, t, &t));
		if (t != at(want[i])) {
			char got[TIME_RFC3339_MAX];

			time_rfc3339(t, got);
			printf("# %s: %s, not %s\n", text, got, want[i]);
		}
		T_EQ(t, at(want[i]));
	}
	for (size_t i = 0; i < x.c.n; i++)
		free(x.z[i]);
}

static void stops_follow_each_other(void)
{
	static const char *const week[] = { "2026-11-20T19:00:00+01:00",
		                            "2026-11-23T19:00:00+01:00",
		                            "2026-11-24T19:00:00+01:00" };
	static const char *const two[] = { "2026-11-21T08:00:00Z", "2026-11-21T12:00:00Z",
		                           "2026-11-22T12:00:00Z", "2026-11-23T12:00:00Z" };
	static const char *const year[] = { "2026-12-31T23:59:00Z", "2027-01-01T23:59:00Z" };

	nexts("19:00 mon-fri Europe/Berlin", "2026-11-20T12:00:00Z", week, 3);
	/* Exactly at a stop the one after it is next. */
	nexts("19:00 mon-fri Europe/Berlin", "2026-11-20T18:00:00Z", week + 1, 2);
	nexts("12:00; 13:30 sat Asia/Kolkata", "2026-11-21T07:59:59Z", two, 4);
	nexts("23:59", "2026-12-31T00:00:00Z", year, 2);
}

static void once_a_day_also_when_the_clocks_are_moved(void)
{
	/* Put forward over 02:30: at the jump, then as ever. */
	static const char *const gap[] = { "2026-03-28T02:30:00+01:00",
		                           "2026-03-29T03:00:00+02:00",
		                           "2026-03-30T02:30:00+02:00" };
	/* 02:30 comes twice: the first one only. */
	static const char *const fold[] = { "2026-10-24T02:30:00+02:00",
		                            "2026-10-25T02:30:00+02:00",
		                            "2026-10-26T02:30:00+01:00" };
	/* Noon stays noon; the day has 23 h, or 25. */
	static const char *const noon[] = { "2026-03-28T12:00:00+01:00",
		                            "2026-03-29T12:00:00+02:00" };
	/* A country that left 30 December 2011 out: its stop is at the jump. */
	static const char *const apia[] = { "2011-12-29T09:00:00-10:00",
		                            "2011-12-31T00:00:00+14:00",
		                            "2011-12-31T09:00:00+14:00" };
	static const char *const south[] = { "2026-10-04T02:30:00+11:00",
		                             "2026-10-05T02:15:00+11:00" };

	nexts("02:30 Europe/Berlin", "2026-03-27T12:00:00Z", gap, 3);
	nexts("02:30 Europe/Berlin", "2026-10-23T12:00:00Z", fold, 3);
	nexts("12:00 Europe/Berlin", "2026-03-27T12:00:00Z", noon, 2);
	nexts("09:00 Pacific/Apia", "2011-12-28T23:00:00Z", apia, 3);
	nexts("02:15 Australia/Lord_Howe", "2026-10-03T12:00:00Z", south, 2);
}

static void the_empty_one_never_stops(void)
{
	struct calendar c = { 0 };
	wall_us t = 5;

	T_OK(!calendar_next(&c, NULL, 0, &t));
	T_EQ(t, 5);
}

TEST_MAIN({ "many ways to write it, one to write it back", many_ways_to_write_it },
          { "what is none is refused in words", what_is_none_is_refused_in_words },
          { "stops follow each other", stops_follow_each_other },
          { "once a day, also when the clocks are moved",
            once_a_day_also_when_the_clocks_are_moved },
          { "the empty one never stops", the_empty_one_never_stops })
