/* SPDX-License-Identifier: Apache-2.0 */
#include "store/feed.h"

#include <errno.h>

#include "store/rows.h"

int event_add_data(struct db *db, const char *account_id, const char *kind,
                   const char *object_id, struct str data, struct err *err)
{
	struct q q = db_q(db, "INSERT INTO event(account_id, at_us, kind, object_id, data)"
	                      " VALUES(?,?,?,?,?)");

	q_text(&q, account_id);
	q_int(&q, time_wall_us());
	q_text(&q, kind);
	q_text(&q, object_id);
	q_str(&q, data);
	return q_run(&q, err);
}

int event_add(struct db *db, const char *account_id, const char *kind, const char *object_id,
              struct err *err)
{
	return event_add_data(db, account_id, kind, object_id, STR(""), err);
}

int event_list(struct db *db, struct str account_id, int64_t after, unsigned limit, feed_fn *fn,
               void *arg)
{
	struct q q = db_q(db, "SELECT seq, kind, object_id, data FROM event"
	                      " WHERE account_id = ? AND seq > ? ORDER BY seq LIMIT ?");
	int r;

	q_str(&q, account_id);
	q_int(&q, after);
	q_int(&q, limit);
	while ((r = q_row(&q)) > 0) {
		struct feed_event e = { .seq = q_get_int(&q) };

		q_get_text(&q, e.kind, sizeof(e.kind));
		q_get_text(&q, e.object_id, sizeof(e.object_id));
		e.data = q_get_str(&q);
		if (!fn(arg, &e))
			break;
	}
	return q_found(&q, r < 0 ? r : 0);
}

int event_range(struct db *db, int64_t *ret_first, int64_t *ret_last)
{
	/* Two statements: SQLite answers a lone min() or max() from the index. */
	struct q q =
	    db_q(db, "SELECT coalesce((SELECT min(seq) FROM event), 0),"
	             " coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'event'), 0)");
	int r = q_row(&q);

	if (r > 0) {
		*ret_first = q_get_int(&q);
		*ret_last = q_get_int(&q);
	}
	return q_found(&q, r);
}

int event_prune(struct db *db, struct err *err)
{
	struct q q =
	    db_q(db, "DELETE FROM event WHERE seq <= (SELECT max(seq) FROM event) - ?");

	q_int(&q, FEED_KEEP);
	return q_run(&q, err);
}

int idempotency_get(struct db *db, struct str account_id, const uint8_t key[HASH_LEN],
                    const uint8_t request[HASH_LEN], struct buf *b)
{
	struct q q = db_q(db, "SELECT request_mac, answer FROM idempotency"
	                      " WHERE account_id = ? AND key_hash = ?");
	uint8_t mac[HASH_LEN];
	int r;

	q_str(&q, account_id);
	q_blob(&q, key, HASH_LEN);
	r = q_row(&q);
	if (r > 0) {
		q_get_blob(&q, mac, HASH_LEN);
		if (memcmp(mac, request, HASH_LEN) != 0)
			r = -EEXIST;
		else
			buf_put_str(b, q_get_bytes(&q));
	}
	return q_found(&q, r);
}

int idempotency_put(struct db *db, struct str account_id, const uint8_t key[HASH_LEN],
                    const uint8_t request[HASH_LEN], struct str answer, struct err *err)
{
	struct q q =
	    db_q(db, "INSERT INTO idempotency(account_id, key_hash, request_mac, answer,"
	             " at_us) VALUES(?,?,?,?,?)");

	q_str(&q, account_id);
	q_blob(&q, key, HASH_LEN);
	q_blob(&q, request, HASH_LEN);
	q_blob(&q, answer.ptr, answer.len);
	q_int(&q, time_wall_us());
	return q_run(&q, err);
}

int idempotency_prune(struct db *db, wall_us now, struct err *err)
{
	struct q q = db_q(db, "DELETE FROM idempotency WHERE at_us < ?");

	q_int(&q, now - INT64_C(86400) * IDEMPOTENCY_DAYS * US_PER_S);
	return q_run(&q, err);
}
