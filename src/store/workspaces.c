/* SPDX-License-Identifier: Apache-2.0 */
#include "store/workspaces.h"

#include <errno.h>

#include "store/rows.h"

#define WORKSPACE_COLS(t)                                                                    \
	t "id," t "account_id," t "name," t "label," t "image," t "instance_type," t         \
	  "volume_id," t "storage_bytes," t "auto_stop_s," t "created_us," t "updated_us," t \
	  "version," t "session_id," t "last_session_id," t "max_s," t "stop_calendar," t    \
	  "example"
#define VIEW_OF(more)                                                                      \
	"SELECT w.seq," WORKSPACE_COLS("w.") "," SESSION_COLS("s.") "," SESSION_COLS("l.") \
	    more " FROM workspace w LEFT JOIN session s ON s.id = w.session_id"            \
	         " LEFT JOIN session l ON l.id = w.last_session_id"
#define VIEW_SQL VIEW_OF("")
/* Deleted ones whose volume is kept; ?1 is the first moment that is too late. */
#define DELETED_SQL                                                                    \
	VIEW_OF(",w.deleted_us,(SELECT delete_us FROM volume WHERE id = w.volume_id)") \
	" WHERE w.account_id = ?2 AND w.deleted_us IS NOT NULL AND w.volume_id IN"     \
	" (SELECT id FROM volume WHERE account_id = ?2 AND delete_us > ?1)"

static void get_workspace(struct q *q, struct workspace *ret)
{
	q_get_text(q, ret->id, sizeof(ret->id));
	q_get_text(q, ret->account_id, sizeof(ret->account_id));
	q_get_text(q, ret->name, sizeof(ret->name));
	q_get_text(q, ret->label, sizeof(ret->label));
	q_get_text(q, ret->image, sizeof(ret->image));
	q_get_text(q, ret->instance_type, sizeof(ret->instance_type));
	q_get_text(q, ret->volume_id, sizeof(ret->volume_id));
	ret->storage_bytes = (uint64_t)q_get_int(q);
	ret->auto_stop_s = (uint32_t)q_get_int(q);
	ret->created = q_get_int(q);
	ret->updated = q_get_int(q);
	ret->version = (uint32_t)q_get_int(q);
	q_get_text(q, ret->session_id, sizeof(ret->session_id));
	q_get_text(q, ret->last_session_id, sizeof(ret->last_session_id));
	ret->max_s = (uint32_t)q_get_int(q);
	q_get_text(q, ret->stop_calendar, sizeof(ret->stop_calendar));
	ret->example = (uint32_t)q_get_int(q);
}

static int64_t get_view(struct q *q, struct workspace_view *ret)
{
	int64_t seq = q_get_int(q);

	get_workspace(q, &ret->w);
	ret->has_session = !q_is_null(q);
	if (ret->has_session)
		q_get_session(q, &ret->session);
	else
		q_skip(q, SESSION_COLS_N);
	ret->has_last = !q_is_null(q);
	if (ret->has_last)
		q_get_session(q, &ret->last);
	else
		q_skip(q, SESSION_COLS_N);
	ret->deleted = ret->kept_until = 0;
	return seq;
}

static int64_t get_deleted(struct q *q, struct workspace_view *ret)
{
	int64_t seq = get_view(q, ret);

	ret->deleted = q_get_int(q);
	ret->kept_until = q_get_int(q) - WORKSPACE_KEPT_MARGIN;
	return seq;
}

int workspace_insert(struct db *db, const struct workspace *w, struct err *err)
{
	struct q q = db_q(db, "INSERT INTO volume(id, account_id, size_bytes) VALUES(?,?,?)");
	int r;

	q_text(&q, w->volume_id);
	q_text(&q, w->account_id);
	q_int(&q, (int64_t)w->storage_bytes);
	r = q_run(&q, err);
	if (r < 0)
		return r;
	q = db_q(db, "INSERT INTO workspace(" WORKSPACE_COLS(
	                 "") ")"
	                     " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
	q_text(&q, w->id);
	q_text(&q, w->account_id);
	q_text(&q, w->name);
	q_text(&q, w->label);
	q_text(&q, w->image);
	q_text(&q, w->instance_type);
	q_text(&q, w->volume_id);
	q_int(&q, (int64_t)w->storage_bytes);
	q_int(&q, w->auto_stop_s);
	q_int(&q, w->created);
	q_int(&q, w->updated);
	q_int(&q, w->version);
	q_text_or_null(&q, w->session_id);
	q_text_or_null(&q, w->last_session_id);
	q_int(&q, w->max_s);
	q_text(&q, w->stop_calendar);
	q_int(&q, w->example);
	return q_run(&q, err);
}

int workspace_name_taken(struct db *db, const char *account_id, const char *name)
{
	struct q q = db_q(db, "SELECT 1 FROM workspace WHERE account_id = ? AND name = ?"
	                      " AND deleted_us IS NULL");

	q_text(&q, account_id);
	q_text(&q, name);
	return q_found(&q, q_row(&q));
}

int workspace_example_came(struct db *db, const char *id, struct err *err)
{
	struct q q = db_q(db, "UPDATE workspace SET example = 2 WHERE id = ? AND example = 1");

	q_text(&q, id);
	return q_run(&q, err);
}

int workspace_get(struct db *db, struct str account_id, struct str id,
                  struct workspace_view *ret)
{
	struct q q = db_q(db, VIEW_SQL " WHERE w.id = ? AND w.account_id = ?"
	                               " AND w.deleted_us IS NULL");
	int r;

	q_str(&q, id);
	q_str(&q, account_id);
	r = q_row(&q);
	if (r > 0)
		(void)get_view(&q, ret);
	return q_found(&q, r);
}

int workspace_by_id(struct db *db, struct str id, struct workspace *ret)
{
	struct q q = db_q(db, "SELECT " WORKSPACE_COLS("") " FROM workspace WHERE id = ?");
	int r;

	q_str(&q, id);
	r = q_row(&q);
	if (r > 0)
		get_workspace(&q, ret);
	return q_found(&q, r);
}

int workspace_by_label(struct db *db, struct str label, struct workspace *ret)
{
	struct q q =
	    db_q(db, "SELECT " WORKSPACE_COLS("") " FROM workspace"
	                                          " WHERE label = ? AND deleted_us IS NULL");
	int r;

	q_str(&q, label);
	r = q_row(&q);
	if (r > 0)
		get_workspace(&q, ret);
	return q_found(&q, r);
}

int workspace_list(struct db *db, const struct list_of *of, struct str label, workspace_fn *fn,
                   void *arg)
{
	struct q q = db_q(db, VIEW_SQL " WHERE w.account_id = ? AND w.deleted_us IS NULL"
	                               " AND w.seq < ? AND (? = '' OR w.label = ?)"
	                               " ORDER BY w.seq DESC LIMIT ?");
	int r;

	q_str(&q, of->account_id);
	q_int(&q, of->before);
	q_str(&q, label);
	q_str(&q, label);
	q_int(&q, of->limit);
	while ((r = q_row(&q)) > 0) {
		struct workspace_view v = { 0 };
		int64_t seq = get_view(&q, &v);

		fn(arg, &v, seq);
	}
	return q_found(&q, r);
}

int workspace_count(struct db *db, struct str account_id, int64_t *ret)
{
	struct q q = db_q(db, "SELECT count(*) FROM workspace"
	                      " WHERE account_id = ? AND deleted_us IS NULL");
	int r;

	q_str(&q, account_id);
	r = q_row(&q);
	if (r > 0)
		*ret = q_get_int(&q);
	return q_found(&q, r);
}

int workspace_update(struct db *db, struct workspace *w, struct err *err)
{
	struct q q = db_q(db, "UPDATE workspace SET name = ?, image = ?, instance_type = ?,"
	                      " storage_bytes = ?, auto_stop_s = ?, max_s = ?,"
	                      " stop_calendar = ?, updated_us = ?,"
	                      " version = version + 1 WHERE id = ? AND account_id = ?"
	                      " AND deleted_us IS NULL");
	int r;

	q_text(&q, w->name);
	q_text(&q, w->image);
	q_text(&q, w->instance_type);
	q_int(&q, (int64_t)w->storage_bytes);
	q_int(&q, w->auto_stop_s);
	q_int(&q, w->max_s);
	q_text(&q, w->stop_calendar);
	q_int(&q, w->updated);
	q_text(&q, w->id);
	q_text(&q, w->account_id);
	r = q_run(&q, err);
	if (r < 0)
		return r;
	w->version++;
	q = db_q(db, "UPDATE volume SET size_bytes = ? WHERE id = ?");
	q_int(&q, (int64_t)w->storage_bytes);
	q_text(&q, w->volume_id);
	return q_run(&q, err);
}

int workspace_set_sessions(struct db *db, const struct workspace *w, struct err *err)
{
	struct q q = db_q(db, "UPDATE workspace SET session_id = ?, last_session_id = ?"
	                      " WHERE id = ?");

	q_text_or_null(&q, w->session_id);
	q_text_or_null(&q, w->last_session_id);
	q_text(&q, w->id);
	return q_run(&q, err);
}

int workspace_delete(struct db *db, struct str account_id, struct str id, wall_us at,
                     struct err *err)
{
	struct q q = db_q(db, "UPDATE workspace SET deleted_us = ?, updated_us = ?"
	                      " WHERE id = ? AND account_id = ? AND deleted_us IS NULL");
	int r;

	q_int(&q, at);
	q_int(&q, at);
	q_str(&q, id);
	q_str(&q, account_id);
	r = q_run(&q, err);
	return r < 0 ? r : db_changes(db) > 0;
}

int workspace_list_deleted(struct db *db, const struct list_of *of, wall_us now,
                           workspace_fn *fn, void *arg)
{
	struct q q = db_q(db, DELETED_SQL " AND +w.seq < ?3 ORDER BY +w.seq DESC LIMIT ?4");
	int r;

	q_int(&q, now + WORKSPACE_KEPT_MARGIN);
	q_str(&q, of->account_id);
	q_int(&q, of->before);
	q_int(&q, of->limit);
	while ((r = q_row(&q)) > 0) {
		struct workspace_view v = { 0 };
		int64_t seq = get_deleted(&q, &v);

		fn(arg, &v, seq);
	}
	return q_found(&q, r);
}

int workspace_get_deleted(struct db *db, struct str account_id, struct str id, wall_us now,
                          struct workspace_view *ret)
{
	struct q q = db_q(db, DELETED_SQL " AND w.id = ?3");
	int r;

	q_int(&q, now + WORKSPACE_KEPT_MARGIN);
	q_str(&q, account_id);
	q_str(&q, id);
	r = q_row(&q);
	if (r > 0)
		(void)get_deleted(&q, ret);
	return q_found(&q, r);
}

int workspace_restore(struct db *db, struct workspace *w, wall_us at, struct err *err)
{
	struct q q = db_q(db, "UPDATE workspace SET deleted_us = NULL, name = ?,"
	                      " updated_us = ?, version = version + 1 WHERE id = ?"
	                      " AND account_id = ? AND deleted_us IS NOT NULL");
	int r;

	q_text(&q, w->name);
	q_int(&q, at);
	q_text(&q, w->id);
	q_text(&q, w->account_id);
	r = q_run(&q, err);
	if (r < 0)
		return r;
	w->updated = at;
	w->version++;
	q = db_q(db, "UPDATE volume SET delete_us = NULL WHERE id = ?");
	q_text(&q, w->volume_id);
	return q_run(&q, err);
}

int workspaces_kept(struct db *db, struct str account_id, wall_us now, uint64_t *ret_bytes)
{
	struct q q = db_q(db, "SELECT coalesce(sum(size_bytes), 0) FROM volume"
	                      " WHERE account_id = ? AND delete_us > ?");
	int r;

	q_str(&q, account_id);
	q_int(&q, now);
	r = q_row(&q);
	if (r > 0)
		*ret_bytes = (uint64_t)q_get_int(&q);
	return q_found(&q, r);
}

int workspace_let_go(struct db *db, struct str account_id, wall_us now, struct err *err)
{
	struct q q =
	    db_q(db, "UPDATE volume SET delete_us = ?2 WHERE id = (SELECT id FROM volume"
	             " WHERE account_id = ?1 AND delete_us > ?2 ORDER BY delete_us LIMIT 1)");

	q_str(&q, account_id);
	q_int(&q, now);
	return q_run(&q, err);
}

int volume_doom(struct db *db, struct str id, wall_us at, struct err *err)
{
	struct q q = db_q(db, "UPDATE volume SET delete_us = ?1 WHERE id = ?2"
	                      " AND (delete_us IS NULL OR delete_us > ?1)");

	q_int(&q, at);
	q_str(&q, id);
	return q_run(&q, err);
}

int volume_doomed(struct db *db, wall_us now, unsigned limit, volume_fn *fn, void *arg)
{
	struct q q = db_q(db, "SELECT v.id FROM volume v WHERE v.delete_us <= ?"
	                      " AND NOT EXISTS (SELECT 1 FROM workspace w JOIN session s"
	                      " ON s.workspace_id = w.id WHERE w.volume_id = v.id AND s.state"
	                      " IN ('queued','starting','running','stopping')) LIMIT ?");
	int r;

	q_int(&q, now);
	q_int(&q, limit);
	while ((r = q_row(&q)) > 0)
		fn(arg, q_get_str(&q));
	return q_found(&q, r);
}

/* The oldest kept volume that takes room, of anybody. */
static int let_one_go(struct db *db, wall_us now, uint64_t *ret_bytes, struct err *err)
{
	struct q q = db_q(db, "SELECT id, made_bytes FROM volume WHERE delete_us > ?"
	                      " AND made_bytes > 0 ORDER BY delete_us LIMIT 1");
	char id[ID_MAX];
	int r;

	q_int(&q, now);
	r = q_row(&q);
	if (r > 0) {
		q_get_text(&q, id, sizeof(id));
		*ret_bytes = (uint64_t)q_get_int(&q);
	}
	r = q_found(&q, r);
	if (r <= 0)
		return r;
	q = db_q(db, "UPDATE volume SET delete_us = ? WHERE id = ?");
	q_int(&q, now);
	q_text(&q, id);
	r = q_run(&q, err);
	return r < 0 ? r : 1;
}

/* A deletion that takes longer than this gives its room to nobody soon. */
#define SLOW_DELETE_US (INT64_C(600) * US_PER_S)

/* What is on its way out: how many volumes, and how much room they are about to give. */
static int on_the_way(struct db *db, wall_us now, int *ret_n, uint64_t *ret_bytes)
{
	struct q q =
	    db_q(db, "SELECT count(*), coalesce(sum(made_bytes) FILTER (WHERE delete_us > ?),"
	             " 0) FROM volume WHERE delete_us <= ? AND made_bytes > 0");
	int r;

	q_int(&q, now - SLOW_DELETE_US);
	q_int(&q, now);
	r = q_row(&q);
	if (r > 0) {
		*ret_n = (int)q_get_int(&q);
		*ret_bytes = (uint64_t)q_get_int(&q);
	}
	return q_found(&q, r);
}

/* Of those that are kept so many that they had `bytes`; how many, or -errno. */
static int let_go(struct db *db, wall_us now, uint64_t bytes, struct err *err)
{
	uint64_t freed = 0, one = 0;
	int n = 0, r = 1;

	for (; freed < bytes; n++, freed += one) {
		r = let_one_go(db, now, &one, err);
		if (r <= 0)
			break;
	}
	return r < 0 ? ERR(err, r, "kept volumes") : n;
}

int volumes_let_go(struct db *db, wall_us now, uint64_t bytes, struct err *err)
{
	uint64_t leaving = 0;
	int n = 0, r = on_the_way(db, now, &n, &leaving);

	if (r < 0)
		return ERR(err, r, "kept volumes");
	r = let_go(db, now, bytes > leaving ? bytes - leaving : 0, err);
	return r < 0 ? r : n + r;
}

/* What is in use, and what is kept of deleted workspaces. */
static int made(struct db *db, wall_us now, uint64_t *ret_used, uint64_t *ret_kept)
{
	struct q q =
	    db_q(db, "SELECT coalesce(sum(made_bytes) FILTER (WHERE delete_us IS NULL), 0),"
	             " coalesce(sum(made_bytes) FILTER (WHERE delete_us > ?), 0) FROM volume");
	int r;

	q_int(&q, now);
	r = q_row(&q);
	if (r > 0) {
		*ret_used = (uint64_t)q_get_int(&q);
		*ret_kept = (uint64_t)q_get_int(&q);
	}
	return q_found(&q, r);
}

int volumes_make_fit(struct db *db, wall_us now, uint64_t more, uint64_t limit, struct err *err)
{
	uint64_t used = 0, kept = 0, leaving = 0;
	int n = 0, r = made(db, now, &used, &kept);

	if (r >= 0)
		r = on_the_way(db, now, &n, &leaving);
	if (r < 0)
		return ERR(err, r, "kept volumes");
	if (more > limit || used > limit - more)
		return 0;
	used += more;
	r = let_go(db, now, kept > limit - used ? kept - (limit - used) : 0, err);
	return r < 0 ? r : n + r;
}

/* The row stays: workspaces that are shown in old bills refer to it. */
int volume_gone(struct db *db, struct str id, struct err *err)
{
	struct q q =
	    db_q(db, "UPDATE volume SET delete_us = NULL, made_bytes = 0, size_bytes = 0"
	             " WHERE id = ? AND delete_us IS NOT NULL");

	q_str(&q, id);
	return q_run(&q, err);
}

int volume_made(struct db *db, struct str id, uint64_t *ret_bytes)
{
	struct q q = db_q(db, "SELECT made_bytes FROM volume WHERE id = ?");
	int r;

	q_str(&q, id);
	r = q_row(&q);
	if (r > 0)
		*ret_bytes = (uint64_t)q_get_int(&q);
	return q_found(&q, r);
}

int volume_set_made(struct db *db, struct str id, uint64_t bytes, wall_us now, struct err *err)
{
	struct q q =
	    db_q(db, "UPDATE volume SET made_bytes = ?1, delete_us = CASE WHEN size_bytes = 0"
	             " THEN ?2 ELSE delete_us END WHERE id = ?3");

	q_int(&q, (int64_t)bytes);
	q_int(&q, now);
	q_str(&q, id);
	return q_run(&q, err);
}

#define IMAGE_COLS "id, name, digest, size_bytes, ready, first_seen_us"

static void get_image(struct q *q, struct image *ret)
{
	q_get_text(q, ret->id, sizeof(ret->id));
	q_get_text(q, ret->name, sizeof(ret->name));
	q_get_text(q, ret->digest, sizeof(ret->digest));
	ret->size_bytes = (uint64_t)q_get_int(q);
	ret->ready = q_get_int(q) != 0;
	ret->first_seen = q_get_int(q);
}

static int put_image(struct db *db, const struct image *i, wall_us now, struct err *err)
{
	struct q q = db_q(db, "INSERT INTO image(" IMAGE_COLS ", present) VALUES(?,?,?,?,?,?,1)"
	                      " ON CONFLICT(id) DO UPDATE SET name = excluded.name,"
	                      " digest = excluded.digest, size_bytes = excluded.size_bytes,"
	                      " ready = excluded.ready, present = 1");

	q_text(&q, i->id);
	q_text(&q, i->name);
	q_text(&q, i->digest);
	q_int(&q, (int64_t)i->size_bytes);
	q_int(&q, i->ready);
	q_int(&q, now);
	return q_run(&q, err);
}

int images_replace(struct db *db, const struct image *images, size_t n, wall_us now,
                   struct err *err)
{
	struct q q = db_q(db, "UPDATE image SET present = 0 WHERE present = 1");
	int r = q_run(&q, err);

	for (size_t i = 0; r == 0 && i < n; i++)
		r = put_image(db, &images[i], now, err);
	return r;
}

int image_list(struct db *db, image_fn *fn, void *arg)
{
	struct q q = db_q(db, "SELECT " IMAGE_COLS " FROM image WHERE present = 1"
	                      " ORDER BY name, first_seen_us DESC");
	int r;

	while ((r = q_row(&q)) > 0) {
		struct image i;

		get_image(&q, &i);
		fn(arg, &i);
	}
	return q_found(&q, r);
}

int image_find(struct db *db, struct str name_or_id, struct image *ret)
{
	struct q q = db_q(db, "SELECT " IMAGE_COLS " FROM image WHERE present = 1"
	                      " AND (id = ? OR name = ?)"
	                      " ORDER BY id = ? DESC, ready DESC, first_seen_us DESC LIMIT 1");
	int r;

	q_str(&q, name_or_id);
	q_str(&q, name_or_id);
	q_str(&q, name_or_id);
	r = q_row(&q);
	if (r > 0)
		get_image(&q, ret);
	return q_found(&q, r);
}
