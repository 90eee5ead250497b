/* SPDX-License-Identifier: Apache-2.0 */
#include "store/spans.h"

#include <errno.h>
#include <stdio.h>

#include "store/rows.h"

#define SPANS_MAX 256U /* in one transaction */
#define SPAN_COLS "seq, volume_id, workspace_id, account_id, bytes, charged_us, to_us"

struct span {
	int64_t seq;
	char volume_id[ID_MAX], workspace_id[ID_MAX], account_id[ID_MAX];
	uint64_t bytes;
	wall_us charged, to; /* to: INT64_MAX while it is open */
};

static void get_span(struct q *q, struct span *ret)
{
	ret->seq = q_get_int(q);
	q_get_text(q, ret->volume_id, sizeof(ret->volume_id));
	q_get_text(q, ret->workspace_id, sizeof(ret->workspace_id));
	q_get_text(q, ret->account_id, sizeof(ret->account_id));
	ret->bytes = (uint64_t)q_get_int(q);
	ret->charged = q_get_int(q);
	ret->to = q_is_null(q) ? INT64_MAX : q_get_int(q);
}

static int span_price(void *arg, wall_us at, money_micro *ret_rate, wall_us *ret_until)
{
	*ret_rate = 0;
	return price_span(arg, "storage", at, ret_rate, ret_until);
}

static void charge_of(const struct span *s, const struct part *p, struct charge *ret)
{
	*ret = (struct charge){ .kind = CHARGE_STORAGE, .p = *p, .bytes = s->bytes };
	(void)snprintf(ret->id, sizeof(ret->id), "ch_%s-%lld", s->volume_id,
	               (long long)p->from);
	(void)snprintf(ret->resource, sizeof(ret->resource), "storage");
	memcpy(ret->account_id, s->account_id, sizeof(ret->account_id));
	memcpy(ret->workspace_id, s->workspace_id, sizeof(ret->workspace_id));
	memcpy(ret->volume_id, s->volume_id, sizeof(ret->volume_id));
}

/* What costs nothing is no line: a site without a price for storage would have
 * one a day and volume. */
static int charge_to(struct db *db, const struct books *b, const struct span *s, wall_us to,
                     struct err *err)
{
	struct tariff t = { b->months, span_price, NULL, db };
	struct span_cut cut = { &t, s->charged, to, s->bytes };
	struct charge c;
	struct part p;
	struct q q;
	int r;

	while ((r = span_cut_next(&cut, &p)) > 0) {
		if (p.rate == 0)
			continue;
		charge_of(s, &p, &c);
		r = charge_post(db, b, &c, err);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return ERR(err, r, "volume %s can't be charged", s->volume_id);
	q = db_q(db, "UPDATE storage_span SET charged_us = max(charged_us, ?) WHERE seq = ?");
	q_int(&q, to);
	q_int(&q, s->seq);
	return q_run(&q, err);
}

static int open_span(struct db *db, struct str volume_id, struct span *ret)
{
	struct q q = db_q(db, "SELECT " SPAN_COLS " FROM storage_span WHERE volume_id = ?"
	                      " AND to_us IS NULL");
	int r;

	q_str(&q, volume_id);
	r = q_row(&q);
	if (r > 0)
		get_span(&q, ret);
	return q_found(&q, r);
}

/* A clock that was stepped back ends the span where it had been charged to, one
 * that was stepped forward where that can be believed. */
static int close_span(struct db *db, const struct books *b, const struct span *s, wall_us at,
                      struct err *err)
{
	wall_us sure = b->most && b->most < at ? b->most : at;
	wall_us end = sure > s->charged ? sure : s->charged;
	struct q q;
	int r = charge_to(db, b, s, end, err);

	if (r < 0)
		return r;
	q = db_q(db, "UPDATE storage_span SET to_us = ? WHERE seq = ?");
	q_int(&q, end);
	q_int(&q, s->seq);
	return q_run(&q, err);
}

int span_end(struct db *db, const struct books *b, struct str volume_id, struct err *err)
{
	struct span s;
	int r = open_span(db, volume_id, &s);

	return r <= 0 ? r : close_span(db, b, &s, b->now, err);
}

/* The next one begins where this one ended: two never overlap, and charges of
 * a volume are known by where they begin. */
static int insert_span(struct db *db, struct str volume_id, uint64_t bytes, wall_us now,
                       struct err *err)
{
	struct q q = db_q(
	    db, "INSERT INTO storage_span(volume_id, workspace_id, account_id, bytes, from_us,"
	        " to_us, charged_us) SELECT v.id, w.id, v.account_id, ?1, t.at, NULL, t.at"
	        " FROM volume v JOIN workspace w ON w.volume_id = v.id,"
	        " (SELECT max(?2, coalesce((SELECT max(to_us) FROM storage_span"
	        " WHERE volume_id = ?3), 0)) AS at) t"
	        " WHERE v.id = ?3 AND v.delete_us IS NULL");

	q_int(&q, (int64_t)bytes);
	q_int(&q, now);
	q_str(&q, volume_id);
	return q_run(&q, err);
}

int span_made(struct db *db, const struct books *b, struct str volume_id, uint64_t bytes,
              struct err *err)
{
	struct span s;
	int r = open_span(db, volume_id, &s);

	if (r > 0 && s.bytes == bytes)
		return 0;
	if (r > 0)
		r = close_span(db, b, &s, b->now, err);
	return r < 0 ? r : insert_span(db, volume_id, bytes, b->now, err);
}

/* Volumes whose span does not fit: of before spans were kept, or a release
 * that kept none was here for a while. */
static const char unfit[] =
    "SELECT v.id, CASE WHEN v.delete_us IS NULL THEN v.made_bytes ELSE 0 END,"
    " coalesce((SELECT max(w.deleted_us) FROM workspace w WHERE w.volume_id = v.id), "
    "v.delete_us,"
    " s.charged_us, 0) FROM volume v LEFT JOIN storage_span s"
    " ON s.volume_id = v.id AND s.to_us IS NULL WHERE CASE WHEN v.delete_us IS NULL"
    " THEN v.made_bytes ELSE 0 END <> coalesce(s.bytes, 0) LIMIT ?";

struct unfit {
	char id[ID_MAX];
	uint64_t bytes;
	wall_us gone; /* since when it costs nothing */
};

int spans_adopt(struct db *db, const struct books *b, struct err *err)
{
	struct unfit list[64];
	struct q q = db_q(db, unfit);
	size_t n = 0;
	int r = 0;

	q_int(&q, ARRAY_LEN(list));
	while (n < ARRAY_LEN(list) && (r = q_row(&q)) > 0) {
		q_get_text(&q, list[n].id, sizeof(list[n].id));
		list[n].bytes = (uint64_t)q_get_int(&q);
		list[n++].gone = q_get_int(&q);
	}
	q_end(&q);
	if (r < 0)
		return ERR(err, r, "The volumes can't be read.");
	r = 0;
	for (size_t i = 0; r == 0 && i < n; i++) {
		struct span s;

		if (list[i].bytes)
			r = span_made(db, b, str_of(list[i].id), list[i].bytes, err);
		else if ((r = open_span(db, str_of(list[i].id), &s)) > 0)
			r = close_span(db, b, &s, list[i].gone, err);
	}
	return r < 0 ? r : 0;
}

int spans_charge(struct db *db, const struct books *b, wall_us to, unsigned limit,
                 struct err *err)
{
	struct span *list;
	struct q q = db_q(db, "SELECT " SPAN_COLS " FROM storage_span WHERE (to_us IS NULL OR"
	                      " to_us > charged_us) AND charged_us <"
	                      " min(?, coalesce(to_us, ?1)) ORDER BY seq LIMIT ?");
	unsigned n = 0;
	int r = 0, end;

	limit = limit < SPANS_MAX ? limit : SPANS_MAX;
	list = xcalloc(limit, sizeof(*list));
	q_int(&q, to);
	q_int(&q, limit);
	while (n < limit && (r = q_row(&q)) > 0)
		get_span(&q, &list[n++]);
	q_end(&q);
	r = r < 0 ? ERR(err, r, "storage spans") : 0;
	for (unsigned i = 0; r == 0 && i < n; i++)
		r = charge_to(db, b, &list[i], to < list[i].to ? to : list[i].to, err);
	end = r < 0 ? r : (int)n;
	free(list);
	return end;
}
