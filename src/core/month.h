/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Months and days of the site's books, as values: the rules ask for the month
 * that holds a moment, and get its borders. Whose time zone that is the caller
 * knows; here are those of UTC.
 */
#pragma once

#include "base/str.h"
#include "base/time.h"

#define MONTH_LEN 7

struct month {
	char name[MONTH_LEN + 1]; /* "2026-11" */
	wall_us from, to;         /* [from, to) */
};

struct months {
	const char *zone; /* its name */
	/* The month that holds `at`. */
	void (*of)(const struct months *m, wall_us at, struct month *ret);
	/* The first midnight after `at`. */
	wall_us (*day_end)(const struct months *m, wall_us at);
	const void *arg;
};

extern const struct months months_utc;

/* "2026-11", from 1970-01 to 9998-12; -EINVAL on anything else. */
MUST_CHECK int month_parse(struct str s, int *ret_year, int *ret_month);
/* The named month in this zone. */
void month_of(const struct months *m, int year, int month, struct month *ret);
/* The months of a zone; z lives as long as *ret. */
struct tz;
void months_of_zone(const struct tz *z, struct months *ret);
