/* SPDX-License-Identifier: Apache-2.0 */
#include "store/notices.h"

#include <stdio.h>

#include "base/json.h"
#include "store/feed.h"
#include "store/rows.h"

#define NOTICE_COLS "seq, id, account_id, kind, object_id, at_us, coalesce(read_us, 0), data"

static int insert(struct db *db, const struct notice *n, struct err *err)
{
	struct q q = db_q(db, "INSERT INTO notice(id, account_id, kind, object_id, data, at_us)"
	                      " VALUES(?,?,?,?,?,?)");

	q_text(&q, n->id);
	q_text(&q, n->account_id);
	q_text(&q, n->kind);
	q_text(&q, n->object_id);
	q_str(&q, n->data);
	q_int(&q, n->at);
	return q_run(&q, err);
}

static int prune(struct db *db, const char *account_id, struct err *err)
{
	struct q q = db_q(db, "DELETE FROM notice WHERE account_id = ?1 AND seq <="
	                      " (SELECT seq FROM notice WHERE account_id = ?1"
	                      " ORDER BY seq DESC LIMIT 1 OFFSET ?2)");

	q_text(&q, account_id);
	q_int(&q, NOTICES_KEEP);
	return q_run(&q, err);
}

int notice_add(struct db *db, const char *account_id, const char *kind, const char *object_id,
               struct str data, wall_us now, struct err *err)
{
	struct notice n = { .data = data, .at = now };
	struct buf b = BUF(8192);
	struct jsonw w = JSONW(&b);
	int r;

	rand_id("n", n.id);
	(void)snprintf(n.account_id, sizeof(n.account_id), "%s", account_id);
	(void)snprintf(n.kind, sizeof(n.kind), "%s", kind);
	(void)snprintf(n.object_id, sizeof(n.object_id), "%s", object_id);
	jw_obj(&w);
	jw_kv_z(&w, "id", n.id);
	jw_kv_z(&w, "kind", kind);
	jw_kv_z(&w, "object_id", object_id);
	jw_kv_raw(&w, "data", data);
	jw_kv_time(&w, "at", now);
	jw_kv_null(&w, "read_at");
	jw_obj_end(&w);
	r = buf_error(&b);
	if (r == 0)
		r = insert(db, &n, err);
	if (r == 0)
		r = prune(db, account_id, err);
	if (r == 0)
		r = event_add_data(db, account_id, "notice", n.id, buf_str(&b), err);
	buf_fini(&b);
	return r;
}

static int each(struct q *q, notice_fn *fn, void *arg)
{
	int r, n = 0;

	while ((r = q_row(q)) > 0) {
		struct notice x = { 0 };
		int64_t seq = q_get_int(q);

		q_get_text(q, x.id, sizeof(x.id));
		q_get_text(q, x.account_id, sizeof(x.account_id));
		q_get_text(q, x.kind, sizeof(x.kind));
		q_get_text(q, x.object_id, sizeof(x.object_id));
		x.at = q_get_int(q);
		x.read = q_get_int(q);
		x.data = q_get_str(q);
		fn(arg, &x, seq);
		n = 1;
	}
	return q_found(q, r < 0 ? r : n);
}

int notice_list(struct db *db, const struct list_of *of, bool unread, notice_fn *fn, void *arg)
{
	struct q q = db_q(db, "SELECT " NOTICE_COLS " FROM notice WHERE account_id = ?"
	                      " AND seq < ? AND (? = 0 OR read_us IS NULL)"
	                      " ORDER BY seq DESC LIMIT ?");
	int r;

	q_str(&q, of->account_id);
	q_int(&q, of->before);
	q_int(&q, unread);
	q_int(&q, of->limit);
	r = each(&q, fn, arg);
	return r < 0 ? r : 0;
}

int notice_get(struct db *db, struct str account_id, struct str id, notice_fn *fn, void *arg)
{
	struct q q = db_q(db, "SELECT " NOTICE_COLS " FROM notice"
	                      " WHERE account_id = ? AND id = ?");

	q_str(&q, account_id);
	q_str(&q, id);
	return each(&q, fn, arg);
}

int notice_count_unread(struct db *db, struct str account_id, int64_t *ret)
{
	struct q q = db_q(db, "SELECT count(*) FROM (SELECT 1 FROM notice WHERE account_id = ?"
	                      " AND read_us IS NULL LIMIT ?)");
	int r;

	q_str(&q, account_id);
	q_int(&q, NOTICES_UNREAD_MAX);
	r = q_row(&q);
	if (r > 0)
		*ret = q_get_int(&q);
	return q_found(&q, r);
}

int notice_read(struct db *db, struct str account_id, struct str id, wall_us now,
                struct err *err)
{
	struct q q = db_q(db, "UPDATE notice SET read_us = coalesce(read_us, ?)"
	                      " WHERE account_id = ? AND id = ?");
	int r;

	q_int(&q, now);
	q_str(&q, account_id);
	q_str(&q, id);
	r = q_run(&q, err);
	return r < 0 ? r : db_changes(db) > 0;
}

int notice_read_all(struct db *db, struct str account_id, wall_us now, struct err *err)
{
	struct q q = db_q(db, "UPDATE notice SET read_us = ? WHERE account_id = ?"
	                      " AND read_us IS NULL");

	q_int(&q, now);
	q_str(&q, account_id);
	return q_run(&q, err);
}

int notice_forget(struct db *db, wall_us now, struct err *err)
{
	struct q q = db_q(db, "DELETE FROM notice WHERE at_us < ?");

	q_int(&q, now - INT64_C(86400) * NOTICES_DAYS * US_PER_S);
	return q_run(&q, err);
}
