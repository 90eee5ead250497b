/* SPDX-License-Identifier: Apache-2.0 */
#include "store/catalogue.h"

#include <errno.h>
#include <stdio.h>

#include "store/rows.h"

/* Of all rows for a moment the last one counts, and of the moments up to ?2
 * the newest. */
#define RATE_AT(resource, t)                                                      \
	"(SELECT rate FROM price WHERE resource = " resource " AND from_us <= " t \
	" ORDER BY from_us DESC, seq DESC LIMIT 1)"

#define TYPE_COLS                                                                             \
	"id, name, cpu_milli, memory_bytes, pids, gpu_class, gpu_count, preemptible, source," \
	" retired, coalesce(" RATE_AT("'type:' || id", "?1") ", 0)"

static void get_type(struct q *q, struct instance_type *ret, enum type_source *ret_source)
{
	*ret = (struct instance_type){ 0 };
	q_get_text(q, ret->id, sizeof(ret->id));
	q_get_text(q, ret->name, sizeof(ret->name));
	ret->cpu_milli = (uint32_t)q_get_int(q);
	ret->memory_bytes = (uint64_t)q_get_int(q);
	ret->pids = (uint32_t)q_get_int(q);
	q_get_text(q, ret->gpu_class, sizeof(ret->gpu_class));
	ret->gpu_count = (uint32_t)q_get_int(q);
	ret->preemptible = q_get_int(q) != 0;
	*ret_source = str_is(q_get_str(q), "config") ? TYPE_FROM_CONFIG : TYPE_FROM_CATALOGUE;
	ret->retired = q_get_int(q) != 0;
	ret->price_per_hour = q_get_int(q);
}

void resource_of_type(const char *type_id, char ret[RESOURCE_MAX])
{
	(void)snprintf(ret, RESOURCE_MAX, "type:%s", type_id);
}

int type_list(struct db *db, wall_us at, type_fn *fn, void *arg)
{
	struct q q = db_q(db, "SELECT " TYPE_COLS " FROM instance_type"
	                      " ORDER BY 11, cpu_milli, memory_bytes, id");
	int r;

	q_int(&q, at);
	while ((r = q_row(&q)) > 0) {
		struct instance_type t;
		enum type_source source;

		get_type(&q, &t, &source);
		fn(arg, &t, source);
	}
	return q_found(&q, r);
}

int type_get(struct db *db, struct str id, wall_us at, struct instance_type *ret,
             enum type_source *ret_source)
{
	struct q q = db_q(db, "SELECT " TYPE_COLS " FROM instance_type WHERE id = ?2");
	enum type_source source;
	int r;

	q_int(&q, at);
	q_str(&q, id);
	r = q_row(&q);
	if (r > 0) {
		get_type(&q, ret, &source);
		if (ret_source)
			*ret_source = source;
	}
	return q_found(&q, r);
}

int type_put(struct db *db, const struct instance_type *t, enum type_source source, wall_us now,
             struct err *err)
{
	struct q q =
	    db_q(db, "INSERT OR REPLACE INTO instance_type(id, name, cpu_milli, memory_bytes,"
	             " pids, gpu_class, gpu_count, preemptible, source, retired, updated_us)"
	             " VALUES(?,?,?,?,?,?,?,?,?,?,?)");

	q_text(&q, t->id);
	q_text(&q, t->name);
	q_int(&q, t->cpu_milli);
	q_int(&q, (int64_t)t->memory_bytes);
	q_int(&q, t->pids);
	q_text(&q, t->gpu_class);
	q_int(&q, t->gpu_count);
	q_int(&q, t->preemptible);
	q_text(&q, source == TYPE_FROM_CONFIG ? "config" : "catalogue");
	q_int(&q, t->retired);
	q_int(&q, now);
	return q_run(&q, err);
}

#define PLAN_COLS(t)                                                                          \
	t "id," t "name," t "sessions_max," t "storage_bytes_max," t "session_max_s," t       \
	  "auto_stop_min_s," t "auto_stop_max_s," t "types," t "private," t "free_s_month," t \
	  "credit_new," t "priority," t "price_mode," t "notice_s," t "hold_s," t             \
	  "is_default," t "retired"

static void get_plan(struct q *q, struct plan *ret)
{
	*ret = (struct plan){ 0 };
	q_get_text(q, ret->id, sizeof(ret->id));
	q_get_text(q, ret->name, sizeof(ret->name));
	ret->sessions_max = (uint32_t)q_get_int(q);
	ret->storage_bytes_max = (uint64_t)q_get_int(q);
	ret->session_max_s = (uint32_t)q_get_int(q);
	ret->auto_stop_min_s = (uint32_t)q_get_int(q);
	ret->auto_stop_max_s = (uint32_t)q_get_int(q);
	q_get_text(q, ret->types, sizeof(ret->types));
	ret->may_be_private = q_get_int(q) != 0;
	ret->free_s_month = (uint32_t)q_get_int(q);
	ret->credit_new = q_get_int(q);
	ret->priority = (int32_t)q_get_int(q);
	ret->price_mode = str_is(q_get_str(q), "follow") ? PRICE_FOLLOW : PRICE_KEEP;
	ret->notice_s = (uint32_t)q_get_int(q);
	ret->hold_s = (uint32_t)q_get_int(q);
	ret->is_default = q_get_int(q) != 0;
	ret->retired = q_get_int(q) != 0;
}

int plan_list(struct db *db, plan_fn *fn, void *arg)
{
	struct q q = db_q(db, "SELECT " PLAN_COLS("") " FROM plan ORDER BY priority, id");
	int r;

	while ((r = q_row(&q)) > 0) {
		struct plan p;

		get_plan(&q, &p);
		fn(arg, &p);
	}
	return q_found(&q, r);
}

int plan_get(struct db *db, struct str id, struct plan *ret)
{
	struct q q = db_q(db, "SELECT " PLAN_COLS("") " FROM plan WHERE id = ?");
	int r;

	q_str(&q, id);
	r = q_row(&q);
	if (r > 0)
		get_plan(&q, ret);
	return q_found(&q, r);
}

int plan_put(struct db *db, const struct plan *p, wall_us now, struct err *err)
{
	/* Not REPLACE: that would quietly drop another plan that is the default. */
	struct q q =
	    db_q(db, "INSERT INTO plan(" PLAN_COLS(
	                 "") ", updated_us) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
	                     " ON CONFLICT(id) DO UPDATE SET name = excluded.name,"
	                     " sessions_max = excluded.sessions_max,"
	                     " storage_bytes_max = excluded.storage_bytes_max,"
	                     " session_max_s = excluded.session_max_s,"
	                     " auto_stop_min_s = excluded.auto_stop_min_s,"
	                     " auto_stop_max_s = excluded.auto_stop_max_s,"
	                     " types = excluded.types, private = excluded.private,"
	                     " free_s_month = excluded.free_s_month,"
	                     " credit_new = excluded.credit_new, priority = excluded.priority,"
	                     " price_mode = excluded.price_mode, notice_s = excluded.notice_s,"
	                     " hold_s = excluded.hold_s, is_default = excluded.is_default,"
	                     " retired = excluded.retired, updated_us = excluded.updated_us");

	q_text(&q, p->id);
	q_text(&q, p->name);
	q_int(&q, p->sessions_max);
	q_int(&q, (int64_t)p->storage_bytes_max);
	q_int(&q, p->session_max_s);
	q_int(&q, p->auto_stop_min_s);
	q_int(&q, p->auto_stop_max_s);
	q_text(&q, p->types);
	q_int(&q, p->may_be_private);
	q_int(&q, p->free_s_month);
	q_int(&q, p->credit_new);
	q_int(&q, p->priority);
	q_text(&q, p->price_mode == PRICE_FOLLOW ? "follow" : "keep");
	q_int(&q, p->notice_s);
	q_int(&q, p->hold_s);
	q_int(&q, p->is_default);
	q_int(&q, p->retired);
	q_int(&q, now);
	return q_run(&q, err);
}

int plan_clear_default(struct db *db, struct err *err)
{
	struct q q = db_q(db, "UPDATE plan SET is_default = 0 WHERE is_default = 1");

	return q_run(&q, err);
}

int plan_of_account(struct db *db, struct str account_id, struct plan *ret)
{
	struct q q = db_q(
	    db,
	    "SELECT " PLAN_COLS("p.") " FROM account a JOIN plan p"
	                              " ON p.id = a.plan_id OR p.is_default = 1 WHERE a.id = ?"
	                              " ORDER BY p.id = a.plan_id DESC LIMIT 1");
	int r;

	q_str(&q, account_id);
	r = q_row(&q);
	if (r > 0)
		get_plan(&q, ret);
	return q_found(&q, r);
}

#define WANTED "state IN ('queued','starting','running')"

int plan_use_of(struct db *db, struct str account_id, struct plan_use *ret)
{
	/* By the workspaces, which are few, and not by all sessions there ever were. */
	struct q q = db_q(db, "SELECT count(s.id), coalesce(sum(w.storage_bytes), 0)"
	                      " FROM workspace w LEFT JOIN session s ON s.workspace_id = w.id"
	                      " AND s." WANTED " WHERE w.account_id = ?"
	                      " AND w.deleted_us IS NULL");
	int r;

	q_str(&q, account_id);
	r = q_row(&q);
	if (r > 0) {
		ret->sessions = (uint32_t)q_get_int(&q);
		ret->storage_bytes = (uint64_t)q_get_int(&q);
	}
	return q_found(&q, r);
}

static int get_people(struct q *q, struct plan_people *ret)
{
	int r = q_row(q);

	if (r > 0) {
		ret->accounts = q_get_int(q);
		ret->workspaces = q_get_int(q);
		ret->sessions = q_get_int(q);
	}
	return q_found(q, r);
}

int plan_people_of(struct db *db, const struct plan *p, struct plan_people *ret)
{
	struct q q = db_q(
	    db,
	    "WITH who AS (SELECT id FROM account WHERE plan_id = ?1 OR (?2 AND plan_id = ''))"
	    " SELECT (SELECT count(*) FROM who), (SELECT count(*) FROM workspace"
	    " WHERE deleted_us IS NULL AND account_id IN who), (SELECT count(*) FROM session"
	    " WHERE " WANTED " AND account_id IN who)");

	q_text(&q, p->id);
	q_int(&q, p->is_default);
	return get_people(&q, ret);
}

int type_people_of(struct db *db, struct str type_id, struct plan_people *ret)
{
	struct q q = db_q(
	    db,
	    "SELECT (SELECT count(DISTINCT account_id) FROM workspace WHERE deleted_us IS NULL"
	    " AND instance_type = ?1), (SELECT count(*) FROM workspace WHERE deleted_us IS NULL"
	    " AND instance_type = ?1), (SELECT count(*) FROM session WHERE " WANTED
	    " AND instance_type = ?1)");

	q_str(&q, type_id);
	return get_people(&q, ret);
}

int storage_people_of(struct db *db, struct plan_people *ret)
{
	struct q q = db_q(db, "SELECT count(DISTINCT account_id), count(*), 0 FROM workspace"
	                      " WHERE deleted_us IS NULL");

	return get_people(&q, ret);
}

int plan_over_of(struct db *db, const struct plan *p, int64_t *ret)
{
	struct q q = db_q(
	    db,
	    "SELECT count(*) FROM account a WHERE (a.plan_id = ?1 OR (?2 AND a.plan_id = ''))"
	    " AND ((SELECT count(*) FROM workspace w JOIN session s ON s.workspace_id = w.id"
	    " AND s." WANTED " WHERE w.account_id = a.id AND w.deleted_us IS NULL) > ?3"
	    " OR (?4 > 0 AND (SELECT coalesce(sum(w.storage_bytes), 0) FROM workspace w"
	    " WHERE w.account_id = a.id AND w.deleted_us IS NULL) > ?4))");
	int r;

	q_text(&q, p->id);
	q_int(&q, p->is_default);
	q_int(&q, p->sessions_max);
	q_int(&q, (int64_t)p->storage_bytes_max);
	r = q_row(&q);
	if (r > 0)
		*ret = q_get_int(&q);
	return q_found(&q, r);
}

int type_use_of(struct db *db, struct str account_id, type_use_fn *fn, void *arg)
{
	struct q q = db_q(db, "SELECT instance_type, count(*) FROM workspace"
	                      " WHERE account_id = ? AND deleted_us IS NULL"
	                      " GROUP BY instance_type");
	int r;

	q_str(&q, account_id);
	while ((r = q_row(&q)) > 0) {
		char type[TYPE_ID_MAX];

		q_get_text(&q, type, sizeof(type));
		fn(arg, type, q_get_int(&q));
	}
	return q_found(&q, r);
}

/* --- prices --- */

int price_at(struct db *db, struct str resource, wall_us t, money_micro *ret, wall_us *ret_from)
{
	struct q q = db_q(db, "SELECT rate, from_us FROM price WHERE resource = ?"
	                      " AND from_us <= ? ORDER BY from_us DESC, seq DESC LIMIT 1");
	int r;

	q_str(&q, resource);
	q_int(&q, t);
	r = q_row(&q);
	if (r > 0) {
		*ret = q_get_int(&q);
		if (ret_from)
			*ret_from = q_get_int(&q);
	}
	return q_found(&q, r);
}

int price_each(struct db *db, struct str resource, wall_us after, price_fn *fn, void *arg)
{
	struct q q = db_q(db, "SELECT p.from_us, p.rate FROM price p WHERE p.resource = ?1"
	                      " AND p.from_us > ?2 AND p.seq = (SELECT max(seq) FROM price x"
	                      " WHERE x.resource = ?1 AND x.from_us = p.from_us)"
	                      " ORDER BY p.from_us");
	int r;

	q_str(&q, resource);
	q_int(&q, after);
	while ((r = q_row(&q)) > 0) {
		wall_us from = q_get_int(&q);

		if (!fn(arg, from, q_get_int(&q)))
			break;
	}
	return r > 0 ? q_found(&q, 0) : q_found(&q, r);
}

struct next {
	money_micro now, rate;
	wall_us from; /* 0: none */
};

static bool on_next(void *arg, wall_us from, money_micro rate)
{
	struct next *n = arg;

	if (rate == n->now)
		return true; /* was planned, and taken back */
	n->rate = rate;
	n->from = from;
	return false;
}

int price_next(struct db *db, struct str resource, wall_us t, money_micro *ret,
               wall_us *ret_from)
{
	struct next n = { 0 };
	int r = price_at(db, resource, t, &n.now, NULL);

	if (r > 0)
		r = price_each(db, resource, t, on_next, &n);
	if (r < 0 || n.from == 0)
		return r < 0 ? r : 0;
	*ret = n.rate;
	*ret_from = n.from;
	return 1;
}

int price_add(struct db *db, struct str resource, wall_us from, money_micro rate,
              const char *actor, wall_us now, struct err *err)
{
	struct q q = db_q(db, "INSERT INTO price(resource, from_us, rate, actor, at_us)"
	                      " VALUES(?,?,?,?,?)");

	q_str(&q, resource);
	q_int(&q, from);
	q_int(&q, rate);
	q_text(&q, actor);
	q_int(&q, now);
	return q_run(&q, err);
}

int price_next_any(struct db *db, wall_us t, wall_us *ret)
{
	struct q q = db_q(db, "SELECT coalesce(min(from_us), 0) FROM price WHERE from_us > ?");
	int r;

	q_int(&q, t);
	r = q_row(&q);
	if (r > 0)
		*ret = q_get_int(&q);
	return q_found(&q, r);
}

/* --- the whole --- */

int catalogue_version(struct db *db, uint64_t *ret)
{
	struct q q = db_q(db, "SELECT CAST(value AS INTEGER) FROM setting"
	                      " WHERE name = 'catalogue_version'");
	int r = q_row(&q);

	if (r > 0)
		*ret = (uint64_t)q_get_int(&q);
	return q_found(&q, r);
}

int catalogue_bump(struct db *db, struct err *err)
{
	struct q q = db_q(db, "UPDATE setting SET value = CAST(value AS INTEGER) + 1"
	                      " WHERE name = 'catalogue_version'");

	return q_run(&q, err);
}
