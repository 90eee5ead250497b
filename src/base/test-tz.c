/* SPDX-License-Identifier: Apache-2.0 */
/* Against Python's own zones for many years: test/integration/test_tz.py. */
#include "base/tz.h"

#include <errno.h>

#include "base/file.h"
#include "test.h"

#define US INT64_C(1000000)

static wall_us at(const char *rfc3339)
{
	wall_us t = 0;

	T_EQ(time_parse_rfc3339(str_of(rfc3339), &t), 0);
	return t;
}

static struct tz *zone(const char *name)
{
	struct tz *z = NULL;
	struct err err = ERR_NONE;

	if (tz_load(str_of(name), &z, &err) < 0)
		printf("# %s\n", err.msg);
	T_OK(z);
	return z;
}

static void utc_needs_no_file(void)
{
	struct tz *z = zone("UTC");
	struct tz_local l = { 2026, 11, 31, 25, 0, 0 };
	wall_us t;

	T_EQ(tz_offset_s(z, at("2026-11-21T10:00:00Z")), 0);
	T_EQ(tz_from_local(z, &l, &t), TZ_ONCE);
	T_EQ(t, at("2026-12-02T01:00:00Z"));
	T_EQ(tz_day_start(z, 2026, 13, 1), at("2027-01-01T00:00:00Z"));
	free(z);
}

static void gaps_and_folds(void)
{
	struct tz *z = zone("Europe/Berlin");
	struct tz_local l = { 2026, 3, 29, 2, 30, 0 };
	wall_us t;

	T_EQ(tz_from_local(z, &l, &t), TZ_GAP);
	T_EQ(t, at("2026-03-29T03:00:00+02:00"));
	l = (struct tz_local){ 2026, 10, 25, 2, 30, 0 };
	T_EQ(tz_from_local(z, &l, &t), TZ_FOLD);
	T_EQ(t, at("2026-10-25T02:30:00+02:00"));
	l = (struct tz_local){ 2026, 10, 25, 3, 0, 0 };
	T_EQ(tz_from_local(z, &l, &t), TZ_ONCE);
	T_EQ(t, at("2026-10-25T03:00:00+01:00"));
	/* Beyond the file's table its rule holds. */
	l = (struct tz_local){ 2150, 7, 1, 12, 0, 0 };
	T_EQ(tz_from_local(z, &l, &t), TZ_ONCE);
	T_EQ(t, at("2150-07-01T12:00:00+02:00"));
	T_EQ(tz_day_start(z, 2026, 11, 1), at("2026-11-01T00:00:00+01:00"));
	free(z);
}

static void days_that_begin_late(void)
{
	struct tz *z = zone("America/Sao_Paulo"), *apia = zone("Pacific/Apia"),
	          *howe = zone("Australia/Lord_Howe");
	struct tz_local l = { 2011, 12, 30, 12, 0, 0 };
	wall_us t;

	/* Summer time began at midnight. */
	T_EQ(tz_day_start(z, 2018, 11, 4), at("2018-11-04T01:00:00-02:00"));
	/* Samoa left a day out. */
	T_EQ(tz_from_local(apia, &l, &t), TZ_GAP);
	T_EQ(t, at("2011-12-31T00:00:00+14:00"));
	/* Half an hour. */
	T_EQ(tz_offset_s(howe, at("2026-01-01T00:00:00Z")), 11 * 3600);
	T_EQ(tz_offset_s(howe, at("2026-07-01T00:00:00Z")), 10 * 3600 + 1800);
	free(z);
	free(apia);
	free(howe);
}

static void weekdays(void)
{
	T_EQ(tz_weekday(2026, 11, 21), 5);
	T_EQ(tz_weekday(2024, 2, 29), 3);
	T_EQ(tz_weekday(1969, 12, 28), 6);
}

static void names_are_checked(void)
{
	static const struct {
		const char *name;
		int r;
	} cases[] = {
		{ "", -EINVAL },
		{ "../../etc/passwd", -EINVAL },
		{ "/etc/passwd", -EINVAL },
		{ "Europe//Berlin", -EINVAL },
		{ "Europe/Berlin/", -EINVAL },
		{ "Europe/Ber\nlin", -EINVAL },
		{ "Europe/Atlantis", -ENOENT },
		{ "Europe", -ENOENT },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = ERR_NONE;
		struct tz *z = NULL;

		T_EQ(tz_load(str_of(cases[i].name), &z, &err), cases[i].r);
		T_OK(!z && str_find(str_of(err.msg), STR("Europe/Berlin")) < strlen(err.msg));
	}
}

/* Every part of a good file, and a good file with any byte changed: refused,
 * or read to the end without harm. */
static void broken_files_are_refused(void)
{
	struct buf b = BUF(TZ_FILE_MAX);
	static struct tz z;
	struct str file;
	char *copy;

	T_EQ(file_read(-1, SOURCE_ROOT "/test/fuzz/corpus/tz/Berlin", &b, NULL), 0);
	file = buf_str(&b);
	T_EQ(tz_parse(file, &z, NULL), 0);
	for (size_t n = 0; n < file.len; n++)
		T_EQ(tz_parse(str_sub(file, 0, n), &z, NULL), -EBADMSG);
	copy = malloc(file.len);
	T_OK(copy);
	memcpy(copy, file.ptr, file.len);
	for (size_t i = 0; i < file.len; i++) {
		copy[i] ^= 0x40;
		if (tz_parse((struct str){ copy, file.len }, &z, NULL) == 0)
			(void)tz_day_start(&z, 2026, 3, 29);
		copy[i] ^= 0x40;
	}
	free(copy);
	buf_fini(&b);
}

TEST_MAIN({ "UTC needs no file, and parts may be out of range", utc_needs_no_file },
          { "a time that is left out or comes twice", gaps_and_folds },
          { "days that begin late or not at all", days_that_begin_late },
          { "weekdays", weekdays }, { "names are checked", names_are_checked },
          { "broken files are refused", broken_files_are_refused })
