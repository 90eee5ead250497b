/* SPDX-License-Identifier: Apache-2.0 */
#include "core/calendar.h"

#include <errno.h>
#include <stdio.h>

#define EVERY_DAY 0x7fU
#define EXAMPLE   "write it like 19:00 mon-fri Europe/Berlin"

static const char *const day_names[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };

static bool get_time(struct str s, struct calendar_item *ret)
{
	size_t colon = str_chr(s, ':', 0);
	struct str hour = str_sub(s, 0, colon), minute = str_sub(s, colon + 1, s.len);
	uint64_t h, m;

	if (hour.len < 1 || hour.len > 2 || minute.len != 2 ||
	    str_to_u64(hour, 0, 23, &h) < 0 || str_to_u64(minute, 0, 59, &m) < 0)
		return false;
	ret->hour = (int)h;
	ret->minute = (int)m;
	return true;
}

static bool get_day(struct str s, unsigned *ret)
{
	for (unsigned i = 0; i < ARRAY_LEN(day_names); i++) {
		if (str_ieq(s, str_of(day_names[i]))) {
			*ret = i;
			return true;
		}
	}
	return false;
}

/* "mon", "mon-fri", "fri-mon", "mon,wed,fri" */
static bool get_days(struct str s, unsigned *ret)
{
	unsigned days = 0, from, to;
	struct str part;

	while (str_split(&s, ',', &part)) {
		size_t dash = str_chr(part, '-', 0);

		if (!get_day(str_sub(part, 0, dash), &from))
			return false;
		to = from;
		if (dash < part.len && !get_day(str_sub(part, dash + 1, part.len), &to))
			return false;
		for (unsigned d = from;; d = (d + 1) % 7) {
			days |= 1U << d;
			if (d == to)
				break;
		}
	}
	*ret = days;
	return true;
}

static int get_item(struct str text, const char *site_zone, struct calendar_item *ret,
                    struct err *err)
{
	struct calendar_item item = { .days = EVERY_DAY };
	struct str word, zone = str_of(site_zone);
	unsigned n = 0;

	for (text = str_trim(text); str_split(&text, ' ', &word);) {
		if (word.len == 0)
			continue;
		n++;
		if (n == 1 && !get_time(word, &item))
			return ERR(err, -EINVAL, "%.*s is no time of day; " EXAMPLE ".",
			           STR_ARG(str_sub(word, 0, 40)));
		if (n == 1 || (n == 2 && get_days(word, &item.days)))
			continue;
		if (n > 3 || (n == 3 && !str_eq(zone, str_of(site_zone))))
			return ERR(err, -EINVAL,
			           "%.*s is one word too many; put a semicolon between two "
			           "times, and " EXAMPLE ".",
			           STR_ARG(str_sub(word, 0, 40)));
		if (word.len >= TZ_NAME_MAX)
			return ERR(err, -EINVAL,
			           "%.*s… is neither days nor a time zone; " EXAMPLE ".",
			           STR_ARG(str_sub(word, 0, 40)));
		zone = word;
	}
	if (n == 0)
		return ERR(err, -EINVAL, "A time of day is missing; " EXAMPLE ".");
	memcpy(item.zone, zone.ptr, zone.len);
	*ret = item;
	return 0;
}

int calendar_parse(struct str text, const char *site_zone, struct calendar *ret,
                   struct err *err)
{
	struct calendar c = { 0 };
	struct str part;
	int r;

	text = str_trim(text);
	if (text.len == 0)
		text = STR_NONE;
	while (text.ptr && str_split(&text, ';', &part)) {
		if (c.n == CALENDAR_ITEMS_MAX)
			return ERR(err, -EINVAL, "At most %d times fit; leave some out.",
			           CALENDAR_ITEMS_MAX);
		r = get_item(part, site_zone, &c.items[c.n], err);
		if (r < 0)
			return r;
		c.n++;
	}
	*ret = c;
	return 0;
}

/* "mon-fri,sun"; a range from three days on. */
static void put_days(struct buf *b, unsigned days)
{
	const char *comma = " ";

	if (days == EVERY_DAY)
		return;
	for (unsigned d = 0; d < 7; d++) {
		unsigned last = d;

		if (!(days & 1U << d))
			continue;
		while (last + 1 < 7 && days & 1U << (last + 1))
			last++;
		if (last - d < 2)
			last = d;
		buf_printf(b, "%s%s", comma, day_names[d]);
		if (last > d)
			buf_printf(b, "-%s", day_names[last]);
		comma = ",";
		d = last;
	}
}

void calendar_text(const struct calendar *c, char ret[CALENDAR_TEXT_MAX])
{
	struct buf b = BUF(CALENDAR_ITEMS_MAX * (TZ_NAME_MAX + 40));

	for (size_t i = 0; i < c->n; i++) {
		const struct calendar_item *it = &c->items[i];

		buf_printf(&b, "%s%02d:%02d", i ? "; " : "", it->hour, it->minute);
		put_days(&b, it->days);
		buf_printf(&b, " %s", it->zone);
	}
	(void)snprintf(ret, CALENDAR_TEXT_MAX, "%.*s", STR_ARG(buf_str(&b)));
	buf_fini(&b);
}

static bool item_next(const struct calendar_item *it, const struct tz *z, wall_us t,
                      wall_us *ret)
{
	struct tz_local today = tz_local_of(z, t);

	/* From the day before: a time that was jumped over with its whole day
	 * stops on another date. */
	for (int d = -1; d <= 8; d++) {
		struct tz_local l = { .year = today.year,
			              .month = today.month,
			              .day = today.day + d };
		wall_us at;

		if (!(it->days & 1U << tz_weekday(l.year, l.month, l.day)))
			continue;
		l.hour = it->hour;
		l.minute = it->minute;
		(void)tz_from_local(z, &l, &at);
		if (at > t) {
			*ret = at;
			return true;
		}
	}
	return false;
}

bool calendar_next(const struct calendar *c, const struct tz *const *zones, wall_us t,
                   wall_us *ret)
{
	bool found = false;
	wall_us at;

	for (size_t i = 0; i < c->n; i++) {
		if (!item_next(&c->items[i], zones[i], t, &at) || (found && at >= *ret))
			continue;
		*ret = at;
		found = true;
	}
	return found;
}
