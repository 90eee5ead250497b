/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a TZif file: RFC 9636, section 3. */
#include <errno.h>

#include "base/cur.h"
#include "base/tz.h"

#define HOUR        3600
#define OFFSET_MAX  (26 * HOUR) /* RFC 9636, 3.2: beyond -25 h to 26 h is not */
#define OFFSET_MIN  (-25 * HOUR)
#define RULE_AT_MAX (167 * HOUR)

struct head {
	uint32_t isutcnt, isstdcnt, leapcnt, timecnt, typecnt, charcnt;
};

/* The header; *ret_version is 0 or a digit. */
static bool get_head(struct cur *c, struct head *h, uint8_t *ret_version)
{
	bool magic = str_is(cur_bytes(c, 4), "TZif");

	*ret_version = cur_u8(c);
	(void)cur_bytes(c, 15);
	h->isutcnt = cur_u32be(c);
	h->isstdcnt = cur_u32be(c);
	h->leapcnt = cur_u32be(c);
	h->timecnt = cur_u32be(c);
	h->typecnt = cur_u32be(c);
	h->charcnt = cur_u32be(c);
	return magic && !cur_bad(c);
}

/* The first block, with times of 32 bits, is for readers of long ago. */
static void skip_old(struct cur *c, const struct head *h)
{
	uint64_t n = (uint64_t)h->timecnt * 5 + (uint64_t)h->typecnt * 6 + h->charcnt +
	             (uint64_t)h->leapcnt * 8 + h->isstdcnt + h->isutcnt;

	if (n > TZ_FILE_MAX)
		cur_fail(c);
	else
		(void)cur_bytes(c, (size_t)n);
}

static const char *check_head(const struct head *h)
{
	if (h->leapcnt)
		return "it counts leap seconds; use the zone without right/ in front";
	if (h->timecnt > TZ_MOVES_MAX || h->typecnt == 0 || h->typecnt > TZ_OFFSETS_MAX ||
	    h->charcnt == 0 || h->charcnt > TZ_FILE_MAX ||
	    (h->isstdcnt && h->isstdcnt != h->typecnt) ||
	    (h->isutcnt && h->isutcnt != h->typecnt))
		return "its header makes no sense";
	return NULL;
}

static bool get_moves(struct cur *c, const struct head *h, struct tz *z)
{
	int32_t offsets[TZ_OFFSETS_MAX];
	struct str index;

	z->nmoves = h->timecnt;
	for (size_t i = 0; i < z->nmoves; i++) {
		z->move_s[i] = (int64_t)cur_u64be(c);
		if (i && z->move_s[i] <= z->move_s[i - 1])
			return false;
	}
	index = cur_bytes(c, h->timecnt);
	for (size_t i = 0; i < h->typecnt; i++) {
		offsets[i] = (int32_t)cur_u32be(c);
		if (cur_u8(c) > 1 || cur_u8(c) >= h->charcnt || offsets[i] < OFFSET_MIN ||
		    offsets[i] > OFFSET_MAX)
			return false;
	}
	(void)cur_bytes(c, h->charcnt + (size_t)h->isstdcnt + h->isutcnt);
	if (cur_bad(c))
		return false;
	z->first_s = offsets[0];
	for (size_t i = 0; i < z->nmoves; i++) {
		uint8_t type = (uint8_t)index.ptr[i];

		if (type >= h->typecnt)
			return false;
		z->offset_s[i] = offsets[type];
	}
	return true;
}

/* --- the footer: "CET-1CEST,M3.5.0,M10.5.0/3" --- */

static char peek(const struct cur *c)
{
	return (char)(cur_left(c) ? *c->at_ : 0);
}

static bool take(struct cur *c, char what)
{
	if (peek(c) != what)
		return false;
	(void)cur_u8(c);
	return true;
}

static int number(struct cur *c, int max)
{
	int v = 0, digits = 0;

	while (peek(c) >= '0' && peek(c) <= '9' && v <= max) {
		v = v * 10 + (cur_u8(c) - '0');
		digits++;
	}
	if (digits == 0 || v > max) {
		cur_fail(c);
		return 0;
	}
	return v;
}

static void skip_name(struct cur *c)
{
	bool quoted = take(c, '<');
	int n = 0;

	for (char k = peek(c); k; k = peek(c), n++) {
		bool letter = (k >= 'A' && k <= 'Z') || (k >= 'a' && k <= 'z');

		if (!letter && !(quoted && ((k >= '0' && k <= '9') || k == '+' || k == '-')))
			break;
		(void)cur_u8(c);
	}
	if (n < 3 || (quoted && !take(c, '>')))
		cur_fail(c);
}

/* [+-]hh[:mm[:ss]] in seconds. */
static int32_t seconds(struct cur *c, int hours_max)
{
	bool minus = take(c, '-');
	int32_t s;

	if (!minus)
		(void)take(c, '+');
	s = number(c, hours_max) * HOUR;
	if (take(c, ':'))
		s += number(c, 59) * 60;
	if (peek(c) == ':' && take(c, ':'))
		s += number(c, 59);
	return minus ? -s : s;
}

static void get_day(struct cur *c, struct tz_rule_day *r)
{
	if (take(c, 'J')) {
		r->kind = TZ_JULIAN;
		r->day = number(c, 365);
		if (r->day == 0)
			cur_fail(c);
	} else if (take(c, 'M')) {
		r->kind = TZ_MONTH_WEEK;
		r->month = number(c, 12);
		if (!take(c, '.'))
			cur_fail(c);
		r->week = number(c, 5);
		if (!take(c, '.') || r->month == 0 || r->week == 0)
			cur_fail(c);
		r->day = number(c, 6);
	} else {
		r->kind = TZ_DAY;
		r->day = number(c, 365);
	}
	r->at_s = take(c, '/') ? seconds(c, RULE_AT_MAX / HOUR) : 2 * HOUR;
}

static bool get_footer(struct str text, struct tz *z)
{
	struct cur c = cur_of(text);

	if (text.len == 0)
		return true; /* nobody knows: the last offset holds */
	z->has_footer = true;
	skip_name(&c);
	z->std_s = -seconds(&c, 24); /* here west is positive */
	z->dst_s = z->std_s;
	if (cur_done(&c))
		return true;
	z->has_dst = true;
	skip_name(&c);
	z->dst_s = peek(&c) == ',' ? z->std_s + HOUR : -seconds(&c, 24);
	if (!take(&c, ','))
		return false;
	get_day(&c, &z->dst_from);
	if (!take(&c, ','))
		return false;
	get_day(&c, &z->dst_to);
	return cur_done(&c);
}

int tz_parse(struct str file, struct tz *ret, struct err *err)
{
	autofree struct tz *z = xcalloc(1, sizeof(*z));
	struct cur c = cur_of(file);
	const char *why;
	struct head h;
	uint8_t version;
	struct str rest;

	if (file.len > TZ_FILE_MAX || !get_head(&c, &h, &version))
		return ERR(err, -EBADMSG, "it is not a TZif file");
	if (version < '2')
		return ERR(err, -EBADMSG, "it has no times of 64 bits");
	skip_old(&c, &h);
	if (!get_head(&c, &h, &version) || version < '2')
		return ERR(err, -EBADMSG, "its second header is not there");
	why = check_head(&h);
	if (why)
		return ERR(err, -EBADMSG, "%s", why);
	if (!get_moves(&c, &h, z))
		return ERR(err, -EBADMSG, "its table of moves is broken");
	rest = cur_bytes(&c, cur_left(&c));
	if (rest.len < 2 || rest.ptr[0] != '\n' || rest.ptr[rest.len - 1] != '\n' ||
	    !get_footer(str_sub(rest, 1, rest.len - 1), z))
		return ERR(err, -EBADMSG, "its rule for years to come is broken");
	*ret = *z;
	return 0;
}
