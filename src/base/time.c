/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "base/cur.h"
#include "base/file.h"

#define US_PER_SECOND INT64_C(1000000)
#define US_PER_DAY    (86400 * US_PER_SECOND)

static const char *const month_names[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
	                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
static const char *const day_names[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };

static struct timespec now(clockid_t clock)
{
	struct timespec ts = { 0 };

	CHECK(clock_gettime(clock, &ts) == 0);
	return ts;
}

boot_ns time_boot_ns(void)
{
	struct timespec ts = now(CLOCK_BOOTTIME);

	return (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

mono_ms time_mono_ms(void)
{
	return time_boot_ns() / 1000000U;
}

wall_us time_wall_us(void)
{
	struct timespec ts = now(CLOCK_REALTIME);

	return (int64_t)ts.tv_sec * US_PER_SECOND + ts.tv_nsec / 1000;
}

/* Days since 1970-01-01 in the proleptic Gregorian calendar and back, by eras
 * of 400 years with March as the first month (so that the leap day is last). */
static int64_t days_of(int64_t y, int64_t m, int64_t d)
{
	int64_t era, yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void civil_of(int64_t days, int *year, int *month, int *day)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	*day = (int)(doy - (153 * mp + 2) / 5 + 1);
	*month = (int)(mp < 10 ? mp + 3 : mp - 9);
	*year = (int)(yoe + era * 400 + (*month <= 2));
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static int weekday_of(int64_t day)
{
	return (int)(((day + 4) % 7 + 7) % 7);
}

struct parts {
	int year, month, day, hour, minute, second;
	int64_t us;
	int weekday;
};

static struct parts parts_of(wall_us t)
{
	static const int64_t first = INT64_C(-62135596800) * US_PER_SECOND;    /* year 1 */
	static const int64_t last = INT64_C(253402300800) * US_PER_SECOND - 1; /* year 9999 */
	int64_t day, rest;
	struct parts p;

	t = t < first ? first : t > last ? last : t;
	day = floor_div(t, US_PER_DAY);
	rest = t - day * US_PER_DAY;
	civil_of(day, &p.year, &p.month, &p.day);
	p.us = rest % US_PER_SECOND;
	rest /= US_PER_SECOND;
	p.hour = (int)(rest / 3600);
	p.minute = (int)(rest / 60 % 60);
	p.second = (int)(rest % 60);
	p.weekday = weekday_of(day);
	return p;
}

void time_rfc3339(wall_us t, char ret[TIME_RFC3339_MAX])
{
	struct parts p = parts_of(t);

	(void)snprintf(ret, TIME_RFC3339_MAX, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", p.year,
	               p.month, p.day, p.hour, p.minute, p.second, (int)p.us);
}

void time_http(wall_us t, char ret[TIME_RFC3339_MAX])
{
	struct parts p = parts_of(t);

	(void)snprintf(ret, TIME_RFC3339_MAX, "%s, %02d %s %04d %02d:%02d:%02d GMT",
	               day_names[p.weekday], p.day, month_names[p.month - 1], p.year, p.hour,
	               p.minute, p.second);
}

static int number(struct cur *c, size_t digits, int min, int max)
{
	struct str s = cur_bytes(c, digits);
	uint64_t v = 0;

	if (cur_bad(c) || str_to_u64(s, (uint64_t)min, (uint64_t)max, &v) < 0) {
		cur_fail(c);
		return min;
	}
	return (int)v;
}

static void literal(struct cur *c, const char *text)
{
	if (!str_is(cur_bytes(c, strlen(text)), text))
		cur_fail(c);
}

static int month_days(int year, int month)
{
	return (int)(days_of(year + month / 12, month % 12 + 1, 1) - days_of(year, month, 1));
}

/* A leap second (:60) is read as the second after it. */
static wall_us join(const struct parts *p)
{
	return ((days_of(p->year, p->month, p->day) * 24 + p->hour) * 60 + p->minute) * 60 *
	           US_PER_SECOND +
	       p->second * US_PER_SECOND + p->us;
}

static char peek(const struct cur *c)
{
	if (cur_left(c) == 0)
		return 0;
	return *c->at_;
}

static void fraction(struct cur *c, struct parts *p)
{
	int64_t unit = US_PER_SECOND / 10;
	int digits = 0;

	literal(c, ".");
	for (; peek(c) >= '0' && peek(c) <= '9' && digits <= 9; digits++) {
		p->us += number(c, 1, 0, 9) * unit;
		unit /= 10;
	}
	if (digits == 0 || digits > 9)
		cur_fail(c);
}

/* Minutes east of UTC. */
static int offset(struct cur *c)
{
	char sign = peek(c);
	int minutes;

	if (sign == 'Z') {
		literal(c, "Z");
		return 0;
	}
	if (sign != '+' && sign != '-') {
		cur_fail(c);
		return 0;
	}
	(void)cur_u8(c);
	minutes = number(c, 2, 0, 23) * 60;
	literal(c, ":");
	minutes += number(c, 2, 0, 59);
	return sign == '-' ? -minutes : minutes;
}

static void clock_of(struct cur *c, struct parts *p)
{
	p->hour = number(c, 2, 0, 23);
	literal(c, ":");
	p->minute = number(c, 2, 0, 59);
	literal(c, ":");
	p->second = number(c, 2, 0, 60);
}

int time_parse_rfc3339(struct str s, wall_us *ret)
{
	struct cur c = cur_of(s);
	struct parts p = { 0 };
	int east;

	p.year = number(&c, 4, 1, 9999);
	literal(&c, "-");
	p.month = number(&c, 2, 1, 12);
	literal(&c, "-");
	p.day = number(&c, 2, 1, 31);
	literal(&c, "T");
	clock_of(&c, &p);
	if (peek(&c) == '.')
		fraction(&c, &p);
	east = offset(&c);
	if (!cur_done(&c) || p.day > month_days(p.year, p.month))
		return -EINVAL;
	*ret = join(&p) - (int64_t)east * 60 * US_PER_SECOND;
	return 0;
}

static int name_in(struct cur *c, const char *const *names, int n)
{
	struct str s = cur_bytes(c, 3);

	for (int i = 0; i < n; i++) {
		if (str_is(s, names[i]))
			return i;
	}
	cur_fail(c);
	return 0;
}

int time_parse_http(struct str s, wall_us *ret)
{
	struct cur c = cur_of(s);
	struct parts p = { 0 };

	p.weekday = name_in(&c, day_names, ARRAY_LEN(day_names));
	literal(&c, ", ");
	p.day = number(&c, 2, 1, 31);
	literal(&c, " ");
	p.month = name_in(&c, month_names, ARRAY_LEN(month_names)) + 1;
	literal(&c, " ");
	p.year = number(&c, 4, 1, 9999);
	literal(&c, " ");
	clock_of(&c, &p);
	literal(&c, " GMT");
	if (!cur_done(&c) || p.day > month_days(p.year, p.month))
		return -EINVAL;
	if (weekday_of(days_of(p.year, p.month, p.day)) != p.weekday)
		return -EINVAL;
	*ret = join(&p);
	return 0;
}

wall_us time_month_start(int year, int month)
{
	int64_t months = (int64_t)year * 12 + month - 1;
	int64_t y = floor_div(months, 12);

	return days_of(y, months - y * 12 + 1, 1) * US_PER_DAY;
}

void time_ymd(wall_us t, int *year, int *month, int *day)
{
	struct parts p = parts_of(t);

	*year = p.year;
	*month = p.month;
	*day = p.day;
}

int time_boot_id(char ret[37])
{
	struct buf b = BUF(64);
	int r = file_read(-1, "/proc/sys/kernel/random/boot_id", &b, NULL);

	if (r == 0 && buf_len(&b) < 36)
		r = -EIO;
	if (r == 0) {
		memcpy(ret, buf_str(&b).ptr, 36);
		ret[36] = 0;
	}
	buf_fini(&b);
	return r;
}
