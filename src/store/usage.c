/* SPDX-License-Identifier: Apache-2.0 */
#include "store/usage.h"

#include <errno.h>

#include "store/rows.h"

/* c: the charge. */
/* Of one account, or of all: each has an index of its own. */
#define MONTHS " AND c.from_us >= ?2 AND c.from_us < ?3 "
#define OWN    " c.account_id = ?1" MONTHS
#define ALL    " ?1 = ''" MONTHS
/* Both forms of a statement; each has its place in the cache. */
#define FOR(of, head, rest) ((of)->account_id.len ? head OWN rest : head ALL rest)
#define SUMS                                                                                 \
	" coalesce(sum(c.amount), 0),"                                                       \
	" coalesce(sum(CASE c.kind WHEN 'compute' THEN c.ns ELSE 0 END), 0),"                \
	" coalesce(sum(CASE WHEN c.kind = 'compute' AND c.free <> 0 THEN c.ns ELSE 0 END), " \
	"0),"                                                                                \
	" count(*) "

static void put_of(struct q *q, const struct usage_of *of)
{
	q_str(q, of->account_id);
	q_int(q, of->from);
	q_int(q, of->to);
}

static void get_sum(struct q *q, struct usage_sum *ret)
{
	ret->amount = q_get_int(q);
	ret->ns = (uint64_t)q_get_int(q);
	ret->free_ns = (uint64_t)q_get_int(q);
	ret->lines = q_get_int(q);
}

static void get_charge(struct q *q, struct charge *c)
{
	c->seq = q_get_int(q);
	q_get_text(q, c->id, sizeof(c->id));
	q_get_text(q, c->account_id, sizeof(c->account_id));
	if (charge_kind_parse(q_get_str(q), &c->kind) < 0)
		c->kind = CHARGE_CORRECTION; /* not reached: the table checks it */
	q_get_text(q, c->p.month, sizeof(c->p.month));
	q_get_text(q, c->workspace_id, sizeof(c->workspace_id));
	q_get_text(q, c->session_id, sizeof(c->session_id));
	c->epoch = (uint32_t)q_get_int(q);
	c->segment = (uint32_t)q_get_int(q);
	c->part = (uint32_t)q_get_int(q);
	q_get_text(q, c->volume_id, sizeof(c->volume_id));
	q_get_text(q, c->resource, sizeof(c->resource));
	c->p.from = q_get_int(q);
	c->p.to = q_get_int(q);
	c->p.ns = (uint64_t)q_get_int(q);
	c->bytes = (uint64_t)q_get_int(q);
	c->p.rate = q_get_int(q);
	c->p.free = q_get_int(q) != 0;
	c->p.amount = q_get_int(q);
	c->estimated = q_get_int(q) != 0;
	q_get_text(q, c->reason, sizeof(c->reason));
	q_get_text(q, c->corrects, sizeof(c->corrects));
	c->at = q_get_int(q);
}

#define LINES                                                                 \
	"SELECT c.seq, c.id, c.account_id, c.kind, c.month, c.workspace_id,"  \
	" c.session_id, c.epoch, c.segment, c.part, c.volume_id, c.resource," \
	" c.from_us, c.to_us, c.ns, c.bytes, c.rate, c.free, c.amount,"       \
	" c.estimated, c.reason, c.corrects, c.at_us, coalesce(w.name, ''),"  \
	" coalesce(a.email, '') FROM charge c"                                \
	" LEFT JOIN workspace w ON w.id = c.workspace_id"                     \
	" LEFT JOIN account a ON a.id = c.account_id WHERE"

int usage_list(struct db *db, const struct usage_of *of, int64_t before, unsigned limit,
               usage_fn *fn, void *arg)
{
	struct q q = db_q(db, FOR(of, LINES, "AND c.seq < ?4 ORDER BY c.seq DESC LIMIT ?5"));
	int r;

	put_of(&q, of);
	q_int(&q, before);
	q_int(&q, limit);
	while ((r = q_row(&q)) > 0) {
		struct charge c = { 0 };
		char name[NAME_BYTES_MAX + 1], email[EMAIL_MAX + 1];

		get_charge(&q, &c);
		q_get_text(&q, name, sizeof(name));
		q_get_text(&q, email, sizeof(email));
		fn(arg, &c, name, email);
	}
	return q_found(&q, r);
}

int usage_sum(struct db *db, const struct usage_of *of, struct usage_sum *ret)
{
	struct q q = db_q(db, FOR(of, "SELECT" SUMS "FROM charge c WHERE", ""));
	int r;

	put_of(&q, of);
	r = q_row(&q);
	if (r > 0)
		get_sum(&q, ret);
	return q_found(&q, r);
}

/* clang-format off */
#define GROUPS(whose) { \
	[USAGE_BY_WORKSPACE] = "SELECT c.workspace_id, coalesce(w.name, '')," SUMS \
	    "FROM charge c LEFT JOIN workspace w ON w.id = c.workspace_id WHERE" whose \
	    "GROUP BY c.workspace_id ORDER BY sum(c.amount) DESC, c.workspace_id", \
	[USAGE_BY_TYPE] = "SELECT c.resource, c.resource," SUMS \
	    "FROM charge c WHERE" whose \
	    "GROUP BY c.resource ORDER BY sum(c.amount) DESC, c.resource", \
	[USAGE_BY_ACCOUNT] = "SELECT c.account_id, coalesce(a.email, '')," SUMS \
	    "FROM charge c LEFT JOIN account a ON a.id = c.account_id WHERE" whose \
	    "GROUP BY c.account_id ORDER BY sum(c.amount) DESC, c.account_id", \
}
/* clang-format on */
static const char *const own[] = GROUPS(OWN);
static const char *const everybody[] = GROUPS(ALL);

int usage_groups(struct db *db, const struct usage_of *of, enum usage_group by,
                 usage_group_fn *fn, void *arg)
{
	struct q q = db_q(db, of->account_id.len ? own[by] : everybody[by]);
	int r;

	put_of(&q, of);
	while ((r = q_row(&q)) > 0) {
		char key[ID_MAX + TYPE_ID_MAX], name[EMAIL_MAX + NAME_BYTES_MAX];
		struct usage_sum s;

		q_get_text(&q, key, sizeof(key));
		q_get_text(&q, name, sizeof(name));
		get_sum(&q, &s);
		fn(arg, key, name, &s);
	}
	return q_found(&q, r);
}

int usage_moments(struct db *db, const struct usage_of *of, usage_moment_fn *fn, void *arg)
{
	struct q q = db_q(db, FOR(of, "SELECT c.from_us," SUMS "FROM charge c WHERE",
	                          "GROUP BY c.from_us ORDER BY c.from_us"));
	int r;

	put_of(&q, of);
	while ((r = q_row(&q)) > 0) {
		wall_us from = q_get_int(&q);
		struct usage_sum s;

		get_sum(&q, &s);
		fn(arg, from, &s);
	}
	return q_found(&q, r);
}
