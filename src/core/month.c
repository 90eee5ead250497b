/* SPDX-License-Identifier: Apache-2.0 */
#include "core/month.h"

#include <errno.h>
#include <stdio.h>

#include "base/tz.h"
#include "core/clock.h"

#define DAY_US (INT64_C(86400) * US_PER_S)

static void utc_of(const struct months *m, wall_us at, struct month *ret)
{
	int year, month, day;

	time_ymd(at, &year, &month, &day);
	(void)snprintf(ret->name, sizeof(ret->name), "%04d-%02d", year % 10000, month % 100);
	ret->from = time_month_start(year, month);
	ret->to = time_month_start(year, month + 1);
}

static wall_us utc_day_end(const struct months *m, wall_us at)
{
	wall_us into = at % DAY_US;

	return at - (into < 0 ? into + DAY_US : into) + DAY_US;
}

const struct months months_utc = { .zone = "UTC", .of = utc_of, .day_end = utc_day_end };

static void zone_of(const struct months *m, wall_us at, struct month *ret)
{
	struct tz_local l = tz_local_of(m->arg, at);

	(void)snprintf(ret->name, sizeof(ret->name), "%04d-%02d", l.year % 10000,
	               l.month % 100);
	ret->from = tz_day_start(m->arg, l.year, l.month, 1);
	ret->to = tz_day_start(m->arg, l.year, l.month + 1, 1);
}

static wall_us zone_day_end(const struct months *m, wall_us at)
{
	struct tz_local l = tz_local_of(m->arg, at);

	return tz_day_start(m->arg, l.year, l.month, l.day + 1);
}

void months_of_zone(const struct tz *z, struct months *ret)
{
	*ret = (struct months){ z->name, zone_of, zone_day_end, z };
}

int month_parse(struct str s, int *ret_year, int *ret_month)
{
	uint64_t year, month;

	if (s.len != MONTH_LEN || s.ptr[4] != '-' ||
	    str_to_u64(str_sub(s, 0, 4), 1970, 9998, &year) < 0 ||
	    str_to_u64(str_sub(s, 5, 7), 1, 12, &month) < 0)
		return -EINVAL;
	*ret_year = (int)year;
	*ret_month = (int)month;
	return 0;
}

/* The middle of the month is in it in every zone. */
void month_of(const struct months *m, int year, int month, struct month *ret)
{
	m->of(m, time_month_start(year, month) + 14 * DAY_US, ret);
}
