/* SPDX-License-Identifier: Apache-2.0 */
#include "store/metrics.h"

#include "store/rows.h"

#define HOUR 3600
#define DAY  86400
/* A row of 60 s holds an hour, one of 600 s ten hours. */
#define SPAN(step) ((step) == METRIC_STEP_MIN ? 60 : (step) == 60 ? HOUR : 10 * HOUR)

static int put_row(struct db *db, const char *session_id, unsigned step, int64_t from_s,
                   const struct metric_point *p, unsigned n, struct err *err)
{
	struct q q = db_q(db, "INSERT OR REPLACE INTO metric(session_id, step, from_s, points)"
	                      " VALUES(?,?,?,?)");
	struct buf b = BUF(METRIC_ROW_MAX * METRIC_BYTES);
	int r;

	for (unsigned i = 0; i < n; i++)
		metric_put(&b, &p[i]);
	q_text(&q, session_id);
	q_int(&q, step);
	q_int(&q, from_s);
	q_blob(&q, buf_str(&b).ptr, buf_len(&b));
	r = q_run(&q, err);
	buf_fini(&b);
	return r;
}

/* What is there already is added to. */
static int get_row(struct db *db, const char *session_id, unsigned step, int64_t from_s,
                   struct metric_point *p, unsigned n)
{
	struct q q = db_q(db, "SELECT points FROM metric WHERE session_id = ? AND step = ?"
	                      " AND from_s = ?");
	int r;

	q_text(&q, session_id);
	q_int(&q, step);
	q_int(&q, from_s);
	r = q_row(&q);
	if (r > 0) {
		struct str row = q_get_bytes(&q);

		for (unsigned i = 0; i < n; i++)
			p[i] = metric_get(row, i);
	}
	return q_found(&q, r);
}

int metric_save(struct db *db, const char *session_id, int64_t from_s,
                const struct metric_point *points, unsigned n, struct err *err)
{
	struct metric_point p[6] = { 0 };
	int r = get_row(db, session_id, METRIC_STEP_MIN, from_s, p, ARRAY_LEN(p));

	if (r < 0)
		return r;
	for (unsigned i = 0; i < n && i < ARRAY_LEN(p); i++)
		metric_add(&p[i], &points[i]);
	return put_row(db, session_id, METRIC_STEP_MIN, from_s, p, ARRAY_LEN(p), err);
}

struct folding {
	unsigned step, to;
	int64_t from_s; /* of the row that is made */
	struct metric_point p[METRIC_ROW_MAX];
};

static void fold_row(struct folding *f, int64_t from_s, struct str row)
{
	for (unsigned i = 0; i < METRIC_ROW_MAX; i++) {
		struct metric_point p = metric_get(row, i);
		int64_t at = (from_s + (int64_t)i * f->step - f->from_s) / f->to;

		if (at >= 0 && at < METRIC_ROW_MAX)
			metric_add(&f->p[at], &p);
	}
}

static int oldest(struct db *db, const char *session_id, unsigned step, int64_t *ret)
{
	struct q q = db_q(db, "SELECT from_s FROM metric WHERE session_id = ? AND step = ?"
	                      " ORDER BY from_s LIMIT 1");
	int r;

	q_text(&q, session_id);
	q_int(&q, step);
	r = q_row(&q);
	if (r > 0)
		*ret = q_get_int(&q);
	return q_found(&q, r);
}

/* Rows of [f->from_s, end) into one of the longer step; then they go. */
static int fold(struct db *db, const char *session_id, struct folding *f, int64_t end,
                struct err *err)
{
	struct q q = db_q(db, "SELECT from_s, points FROM metric WHERE session_id = ?"
	                      " AND step = ? AND from_s >= ? AND from_s < ?");
	int r = get_row(db, session_id, f->to, f->from_s, f->p, METRIC_ROW_MAX);

	if (r < 0)
		return r;
	q_text(&q, session_id);
	q_int(&q, f->step);
	q_int(&q, f->from_s);
	q_int(&q, end);
	while ((r = q_row(&q)) > 0) {
		int64_t from = q_get_int(&q);

		fold_row(f, from, q_get_bytes(&q));
	}
	r = q_found(&q, r);
	if (r == 0)
		r = put_row(db, session_id, f->to, f->from_s, f->p, METRIC_ROW_MAX, err);
	if (r < 0)
		return r;
	q = db_q(db, "DELETE FROM metric WHERE session_id = ? AND step = ? AND from_s >= ?"
	             " AND from_s < ?");
	q_text(&q, session_id);
	q_int(&q, f->step);
	q_int(&q, f->from_s);
	q_int(&q, end);
	return q_run(&q, err);
}

/* Whole rows of the longer step, some at a time. */
static int age(struct db *db, const char *session_id, unsigned step, unsigned to, int64_t keep,
               int64_t now_s, struct err *err)
{
	int r = 1;

	for (int turn = 0; turn < 8 && r > 0; turn++) {
		struct folding f = { .step = step, .to = to };
		int64_t from = 0, span = SPAN(to), end;

		r = oldest(db, session_id, step, &from);
		if (r <= 0)
			break;
		f.from_s = from - from % span;
		end = f.from_s + span;
		if (end > now_s - keep)
			break;
		r = fold(db, session_id, &f, end, err);
		r = r < 0 ? r : 1;
	}
	return r < 0 ? r : 0;
}

int metric_age(struct db *db, const char *session_id, int64_t now_s, struct err *err)
{
	int r = age(db, session_id, METRIC_STEP_MIN, 60, HOUR, now_s, err);

	return r < 0 ? r : age(db, session_id, 60, METRIC_STEP_MAX, DAY, now_s, err);
}

#define FORGET_ROWS     2000
#define FORGET_SESSIONS 16U

/* Running ones do that themselves: a row that is a day and one long row old is
 * of a session that ended. */
static int age_ended(struct db *db, int64_t now_s, struct err *err)
{
	struct q q = db_q(db, "SELECT DISTINCT session_id FROM metric INDEXED BY metric_from"
	                      " WHERE from_s < ? AND step < ? LIMIT ?");
	char ids[FORGET_SESSIONS][ID_MAX];
	unsigned n = 0;
	int r;

	q_int(&q, now_s - DAY - SPAN(METRIC_STEP_MAX));
	q_int(&q, METRIC_STEP_MAX);
	q_int(&q, FORGET_SESSIONS);
	while ((r = q_row(&q)) > 0)
		q_get_text(&q, ids[n++], sizeof(ids[0]));
	r = q_found(&q, r);
	for (unsigned i = 0; i < n && r == 0; i++)
		r = metric_age(db, ids[i], now_s, err);
	return r < 0 ? r : n == FORGET_SESSIONS;
}

int metric_forget(struct db *db, int64_t now_s, struct err *err)
{
	struct q q = db_q(db, "DELETE FROM metric WHERE (session_id, step, from_s) IN"
	                      " (SELECT session_id, step, from_s FROM metric"
	                      " WHERE from_s < ? LIMIT ?)");
	int r;

	q_int(&q, now_s - (int64_t)METRIC_KEEP_DAYS * DAY);
	q_int(&q, FORGET_ROWS);
	r = q_run(&q, err);
	if (r < 0)
		return r;
	return db_changes(db) == FORGET_ROWS ? 1 : age_ended(db, now_s, err);
}

int metric_list(struct db *db, struct str session_id, int64_t from_s, int64_t to_s,
                metric_row_fn *fn, void *arg)
{
	struct q q = db_q(db, "SELECT step, from_s, points FROM metric WHERE session_id = ?"
	                      " AND step = ? AND from_s > ? AND from_s < ? ORDER BY from_s");
	static const unsigned steps[] = { METRIC_STEP_MAX, 60, METRIC_STEP_MIN };
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(steps) && r == 0; i++) {
		q_str(&q, session_id);
		q_int(&q, steps[i]);
		q_int(&q, from_s - SPAN(steps[i]));
		q_int(&q, to_s);
		while ((r = q_row(&q)) > 0) {
			unsigned step = (unsigned)q_get_int(&q);
			int64_t from = q_get_int(&q);

			fn(arg, step, from, q_get_bytes(&q));
		}
		r = q_found(&q, r);
		q.at = q.col = 0;
	}
	return r;
}
