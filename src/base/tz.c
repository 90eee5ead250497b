/* SPDX-License-Identifier: Apache-2.0 */
#include "base/tz.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/cur.h"
#include "base/file.h"

#define MINUTE  INT64_C(60)
#define HOUR    (60 * MINUTE)
#define DAY     (24 * HOUR)
#define REACH   (27 * HOUR) /* no offset is as large as this */
#define NO_MOVE INT64_MAX
#define US      INT64_C(1000000)
/* The years 1 to 9999, and no sum here overflows. */
#define FIRST_US (INT64_C(-62135596800) * US)
#define LAST_US  (INT64_C(253402300799) * US)

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* Days since 1970-01-01; month 1..12, any day. */
static int64_t day_of(int64_t year, int month, int64_t day)
{
	return time_month_start((int)year, month) / (DAY * US) + day - 1;
}

static bool is_leap(int64_t y)
{
	return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

static int year_of(int64_t t)
{
	int y, m, d;

	time_ymd(t > LAST_US / US    ? LAST_US
	         : t < FIRST_US / US ? FIRST_US
	                             : t * US,
	         &y, &m, &d);
	return y;
}

int tz_weekday(int year, int month, int day)
{
	int64_t d = day_of(year, month, day);

	return (int)(((d + 3) % 7 + 7) % 7);
}

/* --- the rule for years to come --- */

static int64_t rule_day(const struct tz_rule_day *r, int year)
{
	int64_t first, day;

	switch (r->kind) {
	case TZ_JULIAN: /* 1 March is day 60 in every year */
		return day_of(year, 1, r->day + (is_leap(year) && r->day >= 60));
	case TZ_DAY:
		return day_of(year, 1, 1) + r->day;
	case TZ_MONTH_WEEK:
		break;
	}
	first = day_of(year, r->month, 1);
	/* The rule counts from Sunday, tz_weekday from Monday. */
	day = first + (r->day - (tz_weekday(year, r->month, 1) + 1) % 7 + 7) % 7;
	day += INT64_C(7) * (r->week - 1);
	while (day >= day_of(year, r->month + 1, 1)) /* week 5 is the last one */
		day -= 7;
	return day;
}

/* Summer time of that year begins and ends, UTC. */
static int64_t dst_from(const struct tz *z, int year)
{
	return rule_day(&z->dst_from, year) * DAY + z->dst_from.at_s - z->std_s;
}

static int64_t dst_to(const struct tz *z, int year)
{
	return rule_day(&z->dst_to, year) * DAY + z->dst_to.at_s - z->dst_s;
}

/* The last move at or before t, by the rule: summer or winter? Times of day
 * reach into neighbouring years. */
static int32_t footer_offset(const struct tz *z, int64_t t)
{
	int64_t last = INT64_MIN;
	bool dst = false;

	if (!z->has_dst)
		return z->std_s;
	for (int year = year_of(t) - 2; year <= year_of(t) + 1; year++) {
		int64_t from = dst_from(z, year), to = dst_to(z, year);

		if (from <= t && from >= last) {
			last = from;
			dst = true;
		}
		/* A summer that ends when the next begins goes on for ever. */
		if (to <= t && to > last) {
			last = to;
			dst = false;
		}
	}
	return dst ? z->dst_s : z->std_s;
}

static int64_t footer_next(const struct tz *z, int64_t t)
{
	int64_t next = NO_MOVE;

	if (!z->has_footer || !z->has_dst)
		return next;
	for (int year = year_of(t) - 1; year <= year_of(t) + 2; year++) {
		int64_t both[] = { dst_from(z, year), dst_to(z, year) };

		for (size_t i = 0; i < ARRAY_LEN(both); i++)
			if (both[i] > t && both[i] < next)
				next = both[i];
	}
	return next;
}

/* --- looking up --- */

/* How many moves are at or before t. */
static size_t moves_until(const struct tz *z, int64_t t)
{
	size_t from = 0, to = z->nmoves;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (z->move_s[mid] <= t)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

static int32_t offset_at(const struct tz *z, int64_t t)
{
	size_t n = moves_until(z, t);

	if (n == z->nmoves && z->has_footer)
		return footer_offset(z, t);
	return n ? z->offset_s[n - 1] : z->first_s;
}

/* The first move after t. */
static int64_t next_move(const struct tz *z, int64_t t)
{
	size_t n = moves_until(z, t);

	return n < z->nmoves ? z->move_s[n] : footer_next(z, t);
}

int32_t tz_offset_s(const struct tz *z, wall_us t)
{
	return offset_at(z, floor_div(t, US));
}

struct tz_local tz_local_of(const struct tz *z, wall_us t)
{
	struct tz_local l;
	int64_t local, s;

	t = t < FIRST_US ? FIRST_US : t > LAST_US ? LAST_US : t;
	local = floor_div(t, US) + tz_offset_s(z, t);
	time_ymd(local * US, &l.year, &l.month, &l.day);
	s = local - floor_div(local, DAY) * DAY;
	l.hour = (int)(s / HOUR);
	l.minute = (int)(s / MINUTE % 60);
	l.second = (int)(s % 60);
	return l;
}

/*
 * Every stretch between two moves has one offset; the moment asked for lies in
 * the stretch that holds it when that offset is taken off. Where the clocks
 * are put forward, no stretch does.
 */
static enum tz_kind from_local(const struct tz *z, int64_t local, int64_t *ret)
{
	int64_t from = local - REACH, gap = NO_MOVE;
	unsigned found = 0;

	while (from < local + REACH) {
		int64_t to = next_move(z, from), t = local - offset_at(z, from);

		if (t >= from && t < to && found++ == 0)
			*ret = t;
		/* Before here it is past, after here it is yet to come? */
		if (to != NO_MOVE && local >= to + offset_at(z, from) &&
		    local < to + offset_at(z, to) && gap == NO_MOVE)
			gap = to;
		if (to == NO_MOVE)
			break;
		from = to;
	}
	if (found)
		return found > 1 ? TZ_FOLD : TZ_ONCE;
	/* No offset of a file that tz_parse accepts leaves it without either. */
	*ret = gap != NO_MOVE ? gap : local - offset_at(z, local);
	return TZ_GAP;
}

enum tz_kind tz_from_local(const struct tz *z, const struct tz_local *l, wall_us *ret)
{
	int year = l->year < 1 ? 1 : l->year > 9999 ? 9999 : l->year;
	int64_t t = 0;
	enum tz_kind kind = from_local(z,
	                               day_of(year, l->month, l->day) * DAY + l->hour * HOUR +
	                                   l->minute * MINUTE + l->second,
	                               &t);

	*ret = t * US;
	return kind;
}

wall_us tz_day_start(const struct tz *z, int year, int month, int day)
{
	struct tz_local l = { .year = year, .month = month, .day = day };
	wall_us t;

	(void)tz_from_local(z, &l, &t);
	return t;
}

/* --- names --- */

static bool is_name(struct str s)
{
	struct str part;

	if (s.len == 0 || s.len >= TZ_NAME_MAX)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		      (c >= '0' && c <= '9') || c == '/' || c == '_' || c == '-' || c == '+'))
			return false;
	}
	while (str_split(&s, '/', &part))
		if (part.len == 0)
			return false;
	return true;
}

static int read_zone(const char *name, struct tz *ret, struct err *err)
{
	struct buf b = BUF(TZ_FILE_MAX);
	char path[sizeof(TZ_FOLDER) + TZ_NAME_MAX];
	int r;

	(void)snprintf(path, sizeof(path), TZ_FOLDER "/%s", name);
	if (file_read(AT_FDCWD, path, &b, NULL) < 0)
		r = ERR(err, -ENOENT,
		        "there is no time zone %s; name one such as Europe/Berlin or UTC",
		        name);
	else
		r = tz_parse(buf_str(&b), ret, err);
	buf_fini(&b);
	return r == -EBADMSG ? err_wrap(err, r, "time zone %s", name) : r;
}

int tz_load(struct str name, struct tz **ret, struct err *err)
{
	autofree struct tz *z = xcalloc(1, sizeof(*z));
	char text[TZ_NAME_MAX];
	int r = 0;

	if (!is_name(name))
		return ERR(err, -EINVAL,
		           "that is no name of a time zone; name one such as Europe/Berlin or "
		           "UTC");
	memset(text, 0, sizeof(text));
	memcpy(text, name.ptr, name.len);
	if (strcmp(text, "UTC") != 0)
		r = read_zone(text, z, err);
	if (r < 0)
		return r;
	memcpy(z->name, text, sizeof(z->name));
	*ret = STEAL(z);
	return 0;
}
