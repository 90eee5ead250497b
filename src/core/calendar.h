/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times of day at which a session stops: "19:00 mon-fri Europe/Berlin", or
 * several with a semicolon between them. Days are mon … sun, a list or a range
 * of them, or nothing for every day; without a zone the site's holds.
 *
 * Each item stops once on each of its days, also when the clocks are moved: a
 * time that they jump over stops at the jump, one that comes twice the first
 * time.
 */
#pragma once

#include "base/tz.h"

#define CALENDAR_ITEMS_MAX 8
#define CALENDAR_TEXT_MAX  512 /* with its NUL */

struct calendar_item {
	int hour, minute;
	unsigned days; /* bit 0: Monday */
	char zone[TZ_NAME_MAX];
};

struct calendar {
	size_t n; /* 0: it never stops */
	struct calendar_item items[CALENDAR_ITEMS_MAX];
};

/* "" is the empty one. Does not look whether the zones exist. */
MUST_CHECK int calendar_parse(struct str text, const char *site_zone, struct calendar *ret,
                              struct err *err);
/* In the one form that all ways to write it have; parses to the same. */
void calendar_text(const struct calendar *c, char ret[CALENDAR_TEXT_MAX]);
/* The first stop after t; zones[i] is that of items[i]. False: there is none. */
bool calendar_next(const struct calendar *c, const struct tz *const *zones, wall_us t,
                   wall_us *ret);
