/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sessions.h"

#include <errno.h>

#include "store/rows.h"
#include "store/starts.h"

/* What session_update writes, in this order. */
static void put_changing(struct q *q, const struct session *s)
{
	q_text(q, session_state_name(s->state));
	q_int(q, s->phase);
	q_text(q, s->phases);
	q_text(q, s->reason);
	q_text(q, s->message);
	q_text(q, s->evidence);
	q_int(q, s->auto_stop_s);
	q_int(q, s->started);
	q_int(q, s->stopped);
	q_int(q, (int64_t)s->state_boot);
	q_text(q, s->boot_id);
	q_int(q, (int64_t)s->started_boot);
	q_int(q, (int64_t)s->extend_until);
	q_int(q, (int64_t)s->stop_at);
	q_int(q, (int64_t)s->warned_stop_at);
	q_text(q, s->stop_why);
	q_int(q, (int64_t)s->metered_ns);
	q_int(q, s->cost);
	q_int(q, (int64_t)s->queued_boot);
	q_text(q, s->hold_turn ? "hold" : "start");
	q_int(q, (int64_t)s->held_until);
	q_text(q, s->fallback_types);
	q_int(q, (int64_t)s->calendar_at);
	q_int(q, (int64_t)s->lease_until);
	q_int(q, (int64_t)s->warned_early_at);
	q_int(q, s->noticed_s);
}

/* What a session is made of: its machine and its price. */
static void put_type(struct q *q, const struct session *s)
{
	q_text(q, s->instance_type);
	q_int(q, s->cpu_milli);
	q_int(q, (int64_t)s->memory_bytes);
	q_int(q, s->pids);
	q_text(q, s->gpu_class);
	q_int(q, s->gpu_count);
	q_int(q, s->preemptible);
	q_int(q, s->price_per_hour);
}

int session_insert(struct db *db, const struct session *s, struct err *err)
{
	struct q q = db_q(
	    db,
	    "INSERT INTO session(state, phase, phases, reason, message, evidence,"
	    " auto_stop_s, started_us, stopped_us, state_boot, boot_id, started_boot,"
	    " extend_until, stop_at, warned_stop_at, stop_why, metered_ns, cost, queued_boot,"
	    " on_turn, held_until, fallback_types, calendar_at, lease_until, warned_early_at,"
	    " noticed_s, instance_type, cpu_milli, memory_bytes, pids, gpu_class, gpu_count,"
	    " preemptible, price_per_hour, id, account_id, workspace_id, epoch, image_id,"
	    " max_s, plan_id, price_mode, free_s_month, priority, created_us)"
	    " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,"
	    "?,?,?,?,?,?,?,?,?)");
	int r;

	put_changing(&q, s);
	put_type(&q, s);
	q_text(&q, s->id);
	q_text(&q, s->account_id);
	q_text(&q, s->workspace_id);
	q_int(&q, s->epoch);
	q_text(&q, s->image_id);
	q_int(&q, s->max_s);
	q_text(&q, s->plan_id);
	q_text(&q, s->price_mode == PRICE_FOLLOW ? "follow" : "keep");
	q_int(&q, (int64_t)s->free_s_month);
	q_int(&q, s->priority);
	q_int(&q, s->created);
	r = q_run(&q, err);
	if (r == 0)
		starts_note(db, s->id);
	return r;
}

int session_update(struct db *db, const struct session *s, struct err *err)
{
	struct q q = db_q(
	    db,
	    "UPDATE session SET state = ?, phase = ?, phases = ?, reason = ?, message = ?,"
	    " evidence = ?, auto_stop_s = ?, started_us = ?, stopped_us = ?, state_boot = ?,"
	    " boot_id = ?, started_boot = ?, extend_until = ?, stop_at = ?,"
	    " warned_stop_at = ?, stop_why = ?, metered_ns = ?, cost = ?, queued_boot = ?,"
	    " on_turn = ?, held_until = ?, fallback_types = ?, calendar_at = ?,"
	    " lease_until = ?, warned_early_at = ?, noticed_s = ?, image_id = ?"
	    " WHERE id = ? AND epoch = ?");

	put_changing(&q, s);
	q_text(&q, s->image_id);
	q_text(&q, s->id);
	q_int(&q, s->epoch);
	return q_run(&q, err);
}

int session_update_type(struct db *db, const struct session *s, struct err *err)
{
	struct q q =
	    db_q(db, "UPDATE session SET instance_type = ?, cpu_milli = ?, memory_bytes = ?,"
	             " pids = ?, gpu_class = ?, gpu_count = ?, preemptible = ?,"
	             " price_per_hour = ? WHERE id = ? AND epoch = ? AND state = 'queued'");

	put_type(&q, s);
	q_text(&q, s->id);
	q_int(&q, s->epoch);
	return q_run(&q, err);
}

int session_set_activity(struct db *db, struct str id, struct str json, struct err *err)
{
	struct q q = db_q(db, "UPDATE session SET activity = ? WHERE id = ?");

	q_str(&q, json);
	q_str(&q, id);
	return q_run(&q, err);
}

int session_get_activity(struct db *db, struct str account_id, struct str id, struct buf *b)
{
	struct q q = db_q(db, "SELECT activity FROM session WHERE id = ?"
	                      " AND (? = '' OR account_id = ?)");
	int r;

	q_str(&q, id);
	q_str(&q, account_id);
	q_str(&q, account_id);
	r = q_row(&q);
	if (r > 0)
		buf_put_str(b, q_get_str(&q));
	return q_found(&q, r);
}

int session_get(struct db *db, struct str account_id, struct str id, struct session *ret)
{
	struct q q = db_q(db, "SELECT " SESSION_COLS("") " FROM session"
	                                                 " WHERE id = ? AND account_id = ?");
	int r;

	q_str(&q, id);
	q_str(&q, account_id);
	r = q_row(&q);
	if (r > 0)
		q_get_session(&q, ret);
	return q_found(&q, r);
}

int session_by_id(struct db *db, struct str id, struct session *ret)
{
	struct q q = db_q(db, "SELECT " SESSION_COLS("") " FROM session WHERE id = ?");
	int r;

	q_str(&q, id);
	r = q_row(&q);
	if (r > 0)
		q_get_session(&q, ret);
	return q_found(&q, r);
}

static int each_session(struct q *q, session_fn *fn, void *arg)
{
	int r;

	while ((r = q_row(q)) > 0) {
		struct session s = { 0 };
		int64_t seq = q_get_int(q);

		q_get_session(q, &s);
		fn(arg, &s, seq);
	}
	return q_found(q, r);
}

int session_list(struct db *db, const struct list_of *of, struct str state,
                 struct str workspace_id, session_fn *fn, void *arg)
{
	struct q q =
	    db_q(db, "SELECT seq," SESSION_COLS(
	                 "") " FROM session"
	                     " WHERE account_id = ? AND seq < ? AND (? = '' OR state = ?)"
	                     " AND (? = '' OR workspace_id = ?)"
	                     " ORDER BY seq DESC LIMIT ?");

	q_str(&q, of->account_id);
	q_int(&q, of->before);
	q_str(&q, state);
	q_str(&q, state);
	q_str(&q, workspace_id);
	q_str(&q, workspace_id);
	q_int(&q, of->limit);
	return each_session(&q, fn, arg);
}

#define LIVE " state IN ('queued','starting','running','stopping') "

int session_list_live(struct db *db, session_fn *fn, void *arg)
{
	struct q q = db_q(db, "SELECT seq," SESSION_COLS("") " FROM session"
	                                                     " WHERE" LIVE "ORDER BY seq");

	return each_session(&q, fn, arg);
}

int session_list_live_after(struct db *db, int64_t after, unsigned limit, session_fn *fn,
                            void *arg)
{
	struct q q =
	    db_q(db, "SELECT seq," SESSION_COLS("") " FROM session WHERE" LIVE
	                                            "AND seq > ? ORDER BY seq LIMIT ?");

	q_int(&q, after);
	q_int(&q, limit);
	return each_session(&q, fn, arg);
}

int session_set_lease(struct db *db, struct str id, uint32_t epoch, boot_ns lease_until,
                      struct err *err)
{
	struct q q = db_q(db, "UPDATE session SET lease_until = ? WHERE id = ? AND epoch = ?");

	q_int(&q, (int64_t)lease_until);
	q_str(&q, id);
	q_int(&q, epoch);
	return q_run(&q, err);
}

int session_count_live(struct db *db, int64_t ret[SESSION_STATE_MAX_])
{
	struct q q =
	    db_q(db, "SELECT state, count(*) FROM session WHERE" LIVE "GROUP BY state");
	int r;

	memset(ret, 0, SESSION_STATE_MAX_ * sizeof(*ret));
	while ((r = q_row(&q)) > 0) {
		enum session_state s;

		if (session_state_parse(q_get_str(&q), &s) == 0)
			ret[s] = q_get_int(&q);
	}
	return q_found(&q, r);
}

int session_has_newer(struct db *db, const struct session *than)
{
	/* Wall clocks are stepped; an epoch grows, and comes twice after a restore only. */
	struct q q = db_q(db, "SELECT 1 FROM session WHERE workspace_id = ?1 AND (epoch > ?2"
	                      " OR (epoch = ?2 AND created_us > ?3)) AND" LIVE "LIMIT 1");

	q_text(&q, than->workspace_id);
	q_int(&q, than->epoch);
	q_int(&q, than->created);
	return q_found(&q, q_row(&q));
}

int session_has_predecessor(struct db *db, struct str workspace_id, struct str but)
{
	struct q q = db_q(db, "SELECT 1 FROM session WHERE workspace_id = ? AND id <> ?"
	                      " AND" LIVE "LIMIT 1");

	q_str(&q, workspace_id);
	q_str(&q, but);
	return q_found(&q, q_row(&q));
}

int session_next_epoch(struct db *db, struct str workspace_id, uint32_t *ret)
{
	struct q q = db_q(db, "SELECT coalesce(max(epoch), 0) + 1 FROM session"
	                      " WHERE workspace_id = ?");
	int r;

	q_str(&q, workspace_id);
	r = q_row(&q);
	if (r > 0)
		*ret = (uint32_t)q_get_int(&q);
	return q_found(&q, r);
}

int session_count_account(struct db *db, struct str account_id, unsigned *ret)
{
	struct q q = db_q(db, "SELECT count(*) FROM session WHERE account_id = ? AND" LIVE);
	int r;

	q_str(&q, account_id);
	r = q_row(&q);
	if (r > 0)
		*ret = (unsigned)q_get_int(&q);
	return q_found(&q, r);
}

/* The newest; the browsers of older ones ask the console again. */
#define TICKETS_PER_ACCOUNT 1000
#define ENTRY_COLS(t) \
	t "account_id," t "workspace_id," t "login_id," t "token_id," EXPIRY_COLS(t)

static void put_entry(struct q *q, const struct entry *e, const uint8_t hash[HASH_LEN])
{
	q_blob(q, hash, HASH_LEN);
	q_text(q, e->account_id);
	q_text(q, e->workspace_id);
	q_text_or_null(q, e->login_id);
	q_text_or_null(q, e->token_id);
	q_expiry(q, &e->expiry);
}

static void get_entry(struct q *q, struct entry *ret)
{
	q_get_text(q, ret->account_id, sizeof(ret->account_id));
	q_get_text(q, ret->workspace_id, sizeof(ret->workspace_id));
	q_get_text(q, ret->login_id, sizeof(ret->login_id));
	q_get_text(q, ret->token_id, sizeof(ret->token_id));
	q_get_expiry(q, &ret->expiry);
}

int entry_code_insert(struct db *db, const struct entry *e, const uint8_t hash[HASH_LEN],
                      struct err *err)
{
	struct q q = db_q(
	    db, "INSERT INTO entry_code(hash," ENTRY_COLS("") ")"
	                                                      " VALUES(?,?,?,?,?,?,?,?,?)");

	put_entry(&q, e, hash);
	return q_run(&q, err);
}

int entry_code_take(struct db *db, const uint8_t hash[HASH_LEN], struct entry *ret)
{
	struct q q = db_q(db, "SELECT " ENTRY_COLS("") " FROM entry_code WHERE hash = ?");
	int r, r2;

	q_blob(&q, hash, HASH_LEN);
	r = q_row(&q);
	if (r > 0)
		get_entry(&q, ret);
	q_end(&q);
	if (r <= 0)
		return r;
	q = db_q(db, "DELETE FROM entry_code WHERE hash = ?");
	q_blob(&q, hash, HASH_LEN);
	r2 = q_run(&q, NULL);
	return r2 < 0 ? r2 : r;
}

int ticket_insert(struct db *db, const struct entry *e, const uint8_t hash[HASH_LEN],
                  struct err *err)
{
	struct q q =
	    db_q(db, "INSERT INTO ticket(hash," ENTRY_COLS("") ")"
	                                                       " VALUES(?,?,?,?,?,?,?,?,?)");
	int r;

	put_entry(&q, e, hash);
	r = q_run(&q, err);
	if (r < 0)
		return r;
	q = db_q(db, "DELETE FROM ticket WHERE account_id = ?1 AND rowid NOT IN (SELECT rowid"
	             " FROM ticket WHERE account_id = ?1 ORDER BY rowid DESC LIMIT ?2)");
	q_text(&q, e->account_id);
	q_int(&q, TICKETS_PER_ACCOUNT);
	return q_run(&q, err);
}

int ticket_get(struct db *db, const uint8_t hash[HASH_LEN], struct entry *ret,
               struct expiry *ret_source, struct account *ret_account)
{
	struct q q = db_q(
	    db,
	    "SELECT " ENTRY_COLS(
	        "t.") ","
	              " coalesce(l.made_us, k.made_us), coalesce(l.made_boot, k.made_boot),"
	              " coalesce(l.boot_id, k.boot_id), coalesce(l.ttl_s, "
	              "k.ttl_s)," ACCOUNT_COLS(
	                  "a.") " FROM ticket t"
	                        " JOIN account a ON a.id = t.account_id"
	                        " LEFT JOIN login l ON l.id = t.login_id"
	                        " LEFT JOIN token k ON k.id = t.token_id"
	                        " WHERE t.hash = ? AND (l.id IS NOT NULL OR k.id IS NOT NULL)");
	int r;

	q_blob(&q, hash, HASH_LEN);
	r = q_row(&q);
	if (r > 0) {
		get_entry(&q, ret);
		q_get_expiry(&q, ret_source);
		q_get_account(&q, ret_account);
	}
	return q_found(&q, r);
}
