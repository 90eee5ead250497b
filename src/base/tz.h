/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time zones: TZif files (RFC 9636) as a value, and local time from and to
 * UTC. A zone is read once; looking things up in it allocates nothing and may
 * be done on any thread.
 *
 *   struct tz *z;
 *   r = tz_load(STR("Europe/Berlin"), &z, &err);     (free(z) at the end)
 *   month = tz_day_start(z, 2026, 11, 1);            midnight there, as UTC
 */
#pragma once

#include "base/err.h"
#include "base/time.h"

#define TZ_FOLDER      "/usr/share/zoneinfo"
#define TZ_NAME_MAX    64 /* with its NUL */
#define TZ_FILE_MAX    65536
#define TZ_MOVES_MAX   2048
#define TZ_OFFSETS_MAX 256

/* A day of each year at which the clocks are moved, from the file's footer. */
struct tz_rule_day {
	enum { TZ_JULIAN, TZ_DAY, TZ_MONTH_WEEK } kind;
	int day;         /* Jn: 1..365 without 29 February; n: 0..365; Mm.w.d: 0..6 */
	int month, week; /* Mm.w.d */
	int32_t at_s;    /* local time of that day; may be negative or beyond it */
};

struct tz {
	char name[TZ_NAME_MAX];
	size_t nmoves;                  /* moments at which the offset may change */
	int64_t move_s[TZ_MOVES_MAX];   /* UTC, ascending */
	int32_t offset_s[TZ_MOVES_MAX]; /* from that moment on, east of UTC */
	int32_t first_s;                /* before the first one */
	/* After the last one. */
	bool has_footer, has_dst;
	int32_t std_s, dst_s;
	struct tz_rule_day dst_from, dst_to;
};

struct tz_local {
	int year, month, day, hour, minute, second;
};

enum tz_kind {
	TZ_ONCE, /* the clocks there show this time once */
	TZ_GAP,  /* never: they were put forward over it */
	TZ_FOLD, /* twice: they were put back over it */
};

/* A whole file. -EBADMSG: it is none, or one that counts leap seconds. */
MUST_CHECK int tz_parse(struct str file, struct tz *ret, struct err *err);
/* By name, from the system's zone files; "UTC" needs none. The caller frees
 * *ret. -EINVAL: not a name, -ENOENT: there is no such zone. */
MUST_CHECK int tz_load(struct str name, struct tz **ret, struct err *err);

/* Seconds east of UTC at that moment. */
int32_t tz_offset_s(const struct tz *z, wall_us t);
struct tz_local tz_local_of(const struct tz *z, wall_us t);
/* The moment at which the clocks there show it. In a gap: when they jump over
 * it; in a fold: the first of the two. Days, hours and so on may be out of
 * range (32 = the month after). */
enum tz_kind tz_from_local(const struct tz *z, const struct tz_local *l, wall_us *ret);
/* When that local day begins. */
wall_us tz_day_start(const struct tz *z, int year, int month, int day);
/* 0 = Monday. */
int tz_weekday(int year, int month, int day);
