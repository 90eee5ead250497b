/* SPDX-License-Identifier: Apache-2.0 */
#include "store/recents.h"

#include "store/rows.h"

static const char *const names[] = { "opened", "saved", "run" };

const char *recent_what_name(enum recent_what w)
{
	return names[w];
}

static int prune(struct db *db, const char *workspace_id, struct err *err)
{
	struct q q = db_q(db, "DELETE FROM recent WHERE workspace_id = ?1 AND path IN"
	                      " (SELECT path FROM recent WHERE workspace_id = ?1"
	                      " ORDER BY at_us DESC LIMIT -1 OFFSET ?2)");

	q_text(&q, workspace_id);
	q_int(&q, RECENTS_KEEP);
	return q_run(&q, err);
}

int recent_add(struct db *db, const char *account_id, const char *workspace_id, struct str path,
               enum recent_what what, wall_us at, struct err *err)
{
	/* Opened again within the hour after it was saved or run: it stays that. */
	struct q q = db_q(db, "INSERT INTO recent(workspace_id, path, account_id, what, at_us)"
	                      " VALUES(?,?,?,?,?) ON CONFLICT DO UPDATE SET"
	                      " what = CASE WHEN excluded.what = 'opened' AND recent.at_us >"
	                      " excluded.at_us - 3600000000 THEN recent.what ELSE excluded.what"
	                      " END, at_us = max(recent.at_us, excluded.at_us)");
	int r;

	q_text(&q, workspace_id);
	q_str(&q, path);
	q_text(&q, account_id);
	q_text(&q, names[what]);
	q_int(&q, at);
	r = q_run(&q, err);
	return r < 0 ? r : prune(db, workspace_id, err);
}

int recent_follow(struct db *db, const char *workspace_id, struct str path, struct str to,
                  struct err *err)
{
	struct q q;
	int r;

	if (to.ptr) {
		q = db_q(db, "UPDATE OR REPLACE recent SET path = ?3 || substr(path,"
		             " length(?2) + 1) WHERE workspace_id = ?1 AND (path = ?2 OR"
		             " (path > ?2 || '/' AND path < ?2 || '0'))");
		q_text(&q, workspace_id);
		q_str(&q, path);
		q_str(&q, to);
		return q_run(&q, err);
	}
	q = db_q(db, "DELETE FROM recent WHERE workspace_id = ?1 AND (path = ?2 OR"
	             " (path > ?2 || '/' AND path < ?2 || '0'))");
	q_text(&q, workspace_id);
	q_str(&q, path);
	r = q_run(&q, err);
	return r;
}

int recent_list(struct db *db, struct str account_id, struct str workspace_id, unsigned limit,
                recent_fn *fn, void *arg)
{
	struct q q =
	    db_q(db, "SELECT r.workspace_id, w.name, w.label, coalesce(w.session_id, ''),"
	             " r.at_us, r.what, r.path FROM recent r JOIN workspace w"
	             " ON w.id = r.workspace_id WHERE r.account_id = ?1 AND"
	             " (?2 = '' OR r.workspace_id = ?2) AND w.deleted_us IS NULL"
	             " ORDER BY r.at_us DESC LIMIT ?3");
	int r;

	q_str(&q, account_id);
	q_str(&q, workspace_id);
	q_int(&q, limit);
	while ((r = q_row(&q)) > 0) {
		struct recent x = { 0 };

		q_get_text(&q, x.workspace_id, sizeof(x.workspace_id));
		q_get_text(&q, x.workspace_name, sizeof(x.workspace_name));
		q_get_text(&q, x.label, sizeof(x.label));
		q_get_text(&q, x.session_id, sizeof(x.session_id));
		x.at = q_get_int(&q);
		x.what = q_get_str(&q);
		x.path = q_get_str(&q);
		fn(arg, &x);
	}
	return q_found(&q, r);
}
