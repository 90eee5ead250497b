/* SPDX-License-Identifier: Apache-2.0 */
#include "store/home.h"

#include "store/rows.h"
#include "store/workspaces.h"

#define IDS_MAX 64U

int store_read_begin(struct db *db)
{
	struct q q = db_q(db, "BEGIN");

	return q_run(&q, NULL);
}

void store_read_end(struct db *db)
{
	struct q q = db_q(db, "COMMIT");

	if (!sqlite3_get_autocommit(db->h) && q_run(&q, NULL) < 0)
		return; /* a reader has nothing to lose */
}

int home_running(struct db *db, struct str account_id, unsigned limit, home_session_fn *fn,
                 void *arg)
{
	struct q q = db_q(db, "SELECT " SESSION_COLS(
	                          "s.") " FROM workspace w JOIN session s"
	                                " ON s.id = w.session_id WHERE w.account_id = ?"
	                                " AND w.session_id IS NOT NULL AND w.deleted_us IS NULL"
	                                " ORDER BY s.seq DESC LIMIT ?");
	int r;

	q_str(&q, account_id);
	q_int(&q, limit);
	while ((r = q_row(&q)) > 0) {
		struct session s = { 0 };

		q_get_session(&q, &s);
		fn(arg, &s);
	}
	return q_found(&q, r);
}

int home_workspaces(struct db *db, struct str account_id, unsigned limit, home_workspace_fn *fn,
                    void *arg)
{
	struct q q = db_q(db, "SELECT w.id FROM workspace w LEFT JOIN session s ON s.id ="
	                      " coalesce(w.session_id, w.last_session_id)"
	                      " WHERE w.account_id = ? AND w.deleted_us IS NULL"
	                      " ORDER BY w.session_id IS NOT NULL DESC,"
	                      " max(w.created_us, coalesce(s.created_us, 0),"
	                      " coalesce(s.stopped_us, 0)) DESC LIMIT ?");
	char ids[IDS_MAX][ID_MAX];
	struct workspace_view *v;
	unsigned n = 0;
	int r;

	q_str(&q, account_id);
	q_int(&q, limit < IDS_MAX ? limit : IDS_MAX);
	while ((r = q_row(&q)) > 0)
		q_get_text(&q, ids[n++], ID_MAX);
	r = q_found(&q, r);
	v = xcalloc(1, sizeof(*v));
	for (unsigned i = 0; i < n && r >= 0; i++) {
		r = workspace_get(db, account_id, str_of(ids[i]), v);
		if (r > 0)
			fn(arg, v, 0);
	}
	free(v);
	return r < 0 ? r : 0;
}

int home_counts(struct db *db, struct str account_id, int64_t *ret_now, int64_t *ret_ever)
{
	/* No index finds deleted workspaces: they are looked for only where there is
	 * neither another one nor a session that one of them had. */
	struct q q =
	    db_q(db, "SELECT (SELECT count(*) FROM workspace WHERE account_id = ?1"
	             " AND deleted_us IS NULL), CASE WHEN EXISTS(SELECT 1 FROM workspace"
	             " WHERE account_id = ?1 AND deleted_us IS NULL) THEN 1"
	             " WHEN EXISTS(SELECT 1 FROM session WHERE account_id = ?1) THEN 1"
	             " ELSE EXISTS(SELECT 1 FROM workspace WHERE account_id = ?1) END");
	int r;

	q_str(&q, account_id);
	r = q_row(&q);
	if (r > 0) {
		*ret_now = q_get_int(&q);
		*ret_ever = q_get_int(&q);
	}
	return q_found(&q, r);
}
