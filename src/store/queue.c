/* SPDX-License-Identifier: Apache-2.0 */
#include "store/queue.h"

#include "store/rows.h"

#define COLS(t)                                                                            \
	t "seq," t "id," t "account_id," t "workspace_id," t "state," t "instance_type," t \
	  "gpu_class," t "cpu_milli," t "gpu_count," t "max_s," t "memory_bytes," t        \
	  "priority," t "created_us," t "boot_id," t "state_boot," t "started_boot," t     \
	  "stop_at," t "queued_boot," t "held_until," t "on_turn," t "reason," t           \
	  "fallback_types"

static int each(struct q *q, queue_row_fn *fn, void *arg)
{
	int r;

	while ((r = q_row(q)) > 0) {
		struct queue_row row = { .seq = q_get_int(q) };

		q_get_text(q, row.id, sizeof(row.id));
		q_get_text(q, row.account_id, sizeof(row.account_id));
		q_get_text(q, row.workspace_id, sizeof(row.workspace_id));
		if (session_state_parse(q_get_str(q), &row.state) < 0)
			row.state = SESSION_FAILED;
		q_get_text(q, row.instance_type, sizeof(row.instance_type));
		q_get_text(q, row.gpu_class, sizeof(row.gpu_class));
		row.cpu_milli = (uint32_t)q_get_int(q);
		row.gpu_count = (uint32_t)q_get_int(q);
		row.max_s = (uint32_t)q_get_int(q);
		row.memory_bytes = (uint64_t)q_get_int(q);
		row.priority = (int32_t)q_get_int(q);
		row.created = q_get_int(q);
		q_get_text(q, row.boot_id, sizeof(row.boot_id));
		row.state_boot = (boot_ns)q_get_int(q);
		row.started_boot = (boot_ns)q_get_int(q);
		row.stop_at = (boot_ns)q_get_int(q);
		row.queued_boot = (boot_ns)q_get_int(q);
		row.held_until = (boot_ns)q_get_int(q);
		row.hold_turn = str_is(q_get_str(q), "hold");
		q_get_text(q, row.reason, sizeof(row.reason));
		q_get_text(q, row.fallback_types, sizeof(row.fallback_types));
		fn(arg, &row);
	}
	return q_found(q, r);
}

int queue_list_using(struct db *db, queue_row_fn *fn, void *arg)
{
	/* In these words the partial index session_live serves. */
	struct q q = db_q(db, "SELECT " COLS("") " FROM session WHERE"
	                                         " state IN ('queued','starting','running',"
	                                         "'stopping') AND state <> 'queued'"
	                                         " ORDER BY seq");

	return each(&q, fn, arg);
}

#define QUEUED " s.state IN ('queued','starting','running','stopping') AND s.state = 'queued' "

int queue_list_waiting(struct db *db, queue_row_fn *fn, void *arg)
{
	struct q q =
	    db_q(db, "SELECT " COLS("s.") " FROM session s WHERE" QUEUED "AND s.image_id <> ''"
	                                  " AND NOT EXISTS(SELECT 1 FROM session p WHERE"
	                                  " p.workspace_id = s.workspace_id AND p.id <> s.id"
	                                  " AND p.state IN ('queued','starting','running',"
	                                  "'stopping')) ORDER BY s.seq");

	return each(&q, fn, arg);
}

int queue_list_imageless(struct db *db, unsigned limit, queue_row_fn *fn, void *arg)
{
	struct q q =
	    db_q(db, "SELECT " COLS("s.") " FROM session s WHERE" QUEUED
	                                  "AND s.image_id = '' ORDER BY s.seq LIMIT ?");

	q_int(&q, limit);
	return each(&q, fn, arg);
}

int queue_any(struct db *db)
{
	struct q q = db_q(db, "SELECT 1 FROM session s WHERE" QUEUED "LIMIT 1");

	return q_found(&q, q_row(&q));
}
