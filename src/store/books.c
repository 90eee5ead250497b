/* SPDX-License-Identifier: Apache-2.0 */
#include "store/books.h"

#include <errno.h>

#include "core/chain.h"
#include "store/ledger.h"
#include "store/rows.h"

#define RUN_COLS                                                                           \
	"session_id, epoch, segment, kind, boot_id, boottime_ns, wall_us, reason, cpu_ns," \
	" mem_peak_bytes, oom_kills, exit_status, estimated, evidence"

int run_record_insert(struct db *db, const struct run_record *r, struct err *err)
{
	struct q q = db_q(db, "INSERT INTO run_record(" RUN_COLS ")"
	                      " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING");
	int ret;

	q_text(&q, r->session_id);
	q_int(&q, r->epoch);
	q_int(&q, r->segment);
	q_text(&q, r->is_stop ? "stop" : "start");
	q_text(&q, r->boot_id);
	q_int(&q, (int64_t)r->boot);
	q_int(&q, r->wall);
	q_text(&q, r->reason);
	q_int(&q, (int64_t)r->cpu_ns);
	q_int(&q, (int64_t)r->mem_peak_bytes);
	q_int(&q, r->oom_kills);
	q_int(&q, r->exit_status);
	q_int(&q, r->estimated);
	q_text(&q, r->evidence);
	ret = q_run(&q, err);
	return ret < 0 ? ret : db_changes(db) > 0;
}

int run_record_get(struct db *db, struct str session_id, uint32_t epoch, uint32_t segment,
                   bool is_stop, struct run_record *ret)
{
	struct q q = db_q(db, "SELECT " RUN_COLS " FROM run_record WHERE session_id = ?"
	                      " AND epoch = ? AND segment = ? AND kind = ?");
	int r;

	q_str(&q, session_id);
	q_int(&q, epoch);
	q_int(&q, segment);
	q_text(&q, is_stop ? "stop" : "start");
	r = q_row(&q);
	if (r > 0) {
		q_get_text(&q, ret->session_id, sizeof(ret->session_id));
		ret->epoch = (uint32_t)q_get_int(&q);
		ret->segment = (uint32_t)q_get_int(&q);
		q_skip(&q, 1);
		ret->is_stop = is_stop;
		q_get_text(&q, ret->boot_id, sizeof(ret->boot_id));
		ret->boot = (boot_ns)q_get_int(&q);
		ret->wall = q_get_int(&q);
		q_get_text(&q, ret->reason, sizeof(ret->reason));
		ret->cpu_ns = (uint64_t)q_get_int(&q);
		ret->mem_peak_bytes = (uint64_t)q_get_int(&q);
		ret->oom_kills = (uint32_t)q_get_int(&q);
		ret->exit_status = q_get_int(&q);
		ret->estimated = q_get_int(&q) != 0;
		q_get_text(&q, ret->evidence, sizeof(ret->evidence));
	}
	return q_found(&q, r);
}

int segment_insert(struct db *db, const struct segment *g, struct err *err)
{
	struct q q = db_q(db, "INSERT INTO segment(session_id, workspace_id, account_id, epoch,"
	                      " segment, instance_type, started_us, stopped_us, ns,"
	                      " price_per_hour, amount, estimated, reason)"
	                      " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)");

	q_text(&q, g->session_id);
	q_text(&q, g->workspace_id);
	q_text(&q, g->account_id);
	q_int(&q, g->epoch);
	q_int(&q, g->segment);
	q_text(&q, g->instance_type);
	q_int(&q, g->started);
	q_int(&q, g->stopped);
	q_int(&q, (int64_t)g->ns);
	q_int(&q, g->price_per_hour);
	q_int(&q, g->amount);
	q_int(&q, g->estimated);
	q_text(&q, g->reason);
	return q_run(&q, err);
}

int segment_list(struct db *db, const struct list_of *of, wall_us from, wall_us to,
                 segment_fn *fn, void *arg)
{
	struct q q =
	    db_q(db, "SELECT g.seq, g.session_id, g.workspace_id, g.account_id, g.epoch,"
	             " g.segment, g.instance_type, g.started_us, g.stopped_us, g.ns,"
	             " g.price_per_hour, g.amount, g.estimated, g.reason, w.name"
	             " FROM segment g JOIN workspace w ON w.id = g.workspace_id"
	             " WHERE g.account_id = ? AND g.started_us >= ? AND g.started_us < ?"
	             " AND g.seq < ? ORDER BY g.seq DESC LIMIT ?");
	int r;

	q_str(&q, of->account_id);
	q_int(&q, from);
	q_int(&q, to);
	q_int(&q, of->before);
	q_int(&q, of->limit);
	while ((r = q_row(&q)) > 0) {
		struct segment g = { .seq = q_get_int(&q) };
		char name[NAME_BYTES_MAX + 1];

		q_get_text(&q, g.session_id, sizeof(g.session_id));
		q_get_text(&q, g.workspace_id, sizeof(g.workspace_id));
		q_get_text(&q, g.account_id, sizeof(g.account_id));
		g.epoch = (uint32_t)q_get_int(&q);
		g.segment = (uint32_t)q_get_int(&q);
		q_get_text(&q, g.instance_type, sizeof(g.instance_type));
		g.started = q_get_int(&q);
		g.stopped = q_get_int(&q);
		g.ns = (uint64_t)q_get_int(&q);
		g.price_per_hour = q_get_int(&q);
		g.amount = q_get_int(&q);
		g.estimated = q_get_int(&q) != 0;
		q_get_text(&q, g.reason, sizeof(g.reason));
		q_get_text(&q, name, sizeof(name));
		fn(arg, &g, name);
	}
	return q_found(&q, r);
}

int segment_total(struct db *db, struct str account_id, wall_us from, wall_us to,
                  struct usage_total *ret)
{
	struct q q = db_q(db, "SELECT coalesce(sum(amount), 0), coalesce(sum(ns), 0), count(*)"
	                      " FROM segment WHERE account_id = ? AND started_us >= ?"
	                      " AND started_us < ?");
	int r;

	q_str(&q, account_id);
	q_int(&q, from);
	q_int(&q, to);
	r = q_row(&q);
	if (r > 0) {
		ret->amount = q_get_int(&q);
		ret->ns = (uint64_t)q_get_int(&q);
		ret->lines = q_get_int(&q);
	}
	return q_found(&q, r);
}

int audit_add(struct db *db, const struct audit_row *a, struct err *err)
{
	const char *const text[] = { a->account_id, a->actor,  a->verb,      a->object,
		                     a->detail,     a->source, a->request_id };
	uint8_t hash[HASH_LEN];
	struct chain c;
	struct q q;
	int64_t seq;
	int r =
	    chain_last(db, "SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1", &seq, hash);

	if (r < 0)
		return ERR(err, r, "The audit log can't be read.");
	chain_begin(&c, hash);
	chain_int(&c, ++seq);
	chain_int(&c, a->at);
	chain_int(&c, (int64_t)a->boot);
	q = db_q(db, "INSERT INTO audit(seq, at_us, boot_ns, account_id, actor, verb, object,"
	             " detail, source, request_id, hash) VALUES(?,?,?,?,?,?,?,?,?,?,?)");
	q_int(&q, seq);
	q_int(&q, a->at);
	q_int(&q, (int64_t)a->boot);
	for (size_t i = 0; i < ARRAY_LEN(text); i++) {
		const char *s = text[i] ? text[i] : "";

		chain_str(&c, str_of(s));
		q_text(&q, s);
	}
	chain_end(&c, hash);
	q_blob(&q, hash, HASH_LEN);
	return q_run(&q, err);
}

#define AUDIT_HAS(email)                                                                    \
	"instr(lower(u.verb || ' ' || u.object || ' ' || u.actor || ' ' || coalesce(" email \
	", '') || ' ' || u.source || ' ' || u.detail), lower(?1)) > 0"

#define AUDIT_HIT                                         \
	AUDIT_HAS("(SELECT email FROM account WHERE id =" \
	          " coalesce((SELECT account_id FROM token WHERE id = u.actor), u.actor))")

/* What is visited is bounded, not what is found: first the rows are counted, in
 * the index, and only of fewer than `most` each is looked into. */
#define AUDIT_COUNT(of)                                                           \
	"SELECT CASE WHEN ?1 = '' OR n >= ?2 THEN n ELSE"                         \
	" (SELECT count(*) FROM audit u WHERE " of " AND " AUDIT_HIT ") END FROM" \
	" (SELECT count(*) AS n FROM (SELECT 1 FROM audit u WHERE " of " LIMIT ?2))"

int audit_count(struct db *db, struct str account_id, struct str has, unsigned most,
                int64_t *ret)
{
	bool all = account_id.len == 0;
	struct q q = db_q(db, all ? AUDIT_COUNT("1") : AUDIT_COUNT("u.account_id = ?3"));
	int r;

	q_str(&q, has.ptr ? has : STR(""));
	q_int(&q, most);
	if (!all)
		q_str(&q, account_id);
	r = q_row(&q);
	if (r > 0)
		*ret = q_get_int(&q);
	return q_found(&q, r);
}

#define AUDIT_LIST(where)                                                             \
	"SELECT u.seq, u.at_us, u.boot_ns, u.account_id, u.actor, u.verb, u.object,"  \
	" u.detail, u.source, u.request_id, coalesce(a.email, '') FROM audit u"       \
	" LEFT JOIN token k ON k.id = u.actor"                                        \
	" LEFT JOIN account a ON a.id = coalesce(k.account_id, u.actor) WHERE " where \
	"(?1 = '' OR " AUDIT_HAS("a.email") ") AND u.seq < ?2 ORDER BY u.seq DESC LIMIT ?3"

int audit_list(struct db *db, const struct list_of *of, struct str has, audit_fn *fn, void *arg)
{
	bool all = of->account_id.len == 0;
	struct q q = db_q(db, all ? AUDIT_LIST("") : AUDIT_LIST("u.account_id = ?4 AND "));
	int r;

	q_str(&q, has.ptr ? has : STR(""));
	q_int(&q, of->before);
	q_int(&q, of->limit);
	if (!all)
		q_str(&q, of->account_id);
	while ((r = q_row(&q)) > 0) {
		struct audit_row a = { 0 };
		const char **text[] = {
			&a.account_id, &a.actor,  &a.verb,       &a.object,
			&a.detail,     &a.source, &a.request_id, &a.actor_email
		};

		a.seq = q_get_int(&q);
		a.at = q_get_int(&q);
		a.boot = (boot_ns)q_get_int(&q);
		/* SQLite's texts end with a NUL and live until the next row. */
		for (size_t i = 0; i < ARRAY_LEN(text); i++)
			*text[i] = q_get_str(&q).ptr;
		fn(arg, &a);
	}
	return q_found(&q, r);
}
