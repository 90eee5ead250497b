/* SPDX-License-Identifier: Apache-2.0 */
/* For `carreld backup`: a copy of the store beside it, as db/backup.db. */
#include <stdio.h>

#include "api/do.h"
#include "api/state.h"
#include "base/log.h"

struct backup {
	struct store_backup copy;
	struct call *call;
	char path[512];
};

static int tx_backup(struct db *db, struct call *c, struct err *err)
{
	return call_audit(db, c, "", "", err);
}

static void on_copied(struct store_backup *copy)
{
	struct backup *b = CONTAINER_OF(copy, struct backup, copy);
	struct call *c = b->call;
	struct jsonw w = JSONW(&c->out);

	c->in_flight = false;
	if (copy->result < 0) {
		log_err(LOG_ERROR, "backup", &copy->err);
		call_fail(c, PROBLEM_INTERNAL, NULL, "The store can't be copied: %s",
		          copy->err.msg);
		return;
	}
	jw_obj(&w);
	jw_kv_z(&w, "file", "backup.db");
	jw_obj_end(&w);
	call_reply(c, 200, CONTENT_JSON);
}

static void begin(struct call *c)
{
	struct backup *b = ARENA_NEW(&c->arena, struct backup);
	struct jsonw w = JSONW(&c->out);

	CHECK(b);
	b->call = c;
	b->copy.path = b->path;
	b->copy.done = on_copied;
	(void)snprintf(b->path, sizeof(b->path), "%s/backup.db", c->core->cfg->db_dir);
	/* The client may go meanwhile, the call must not. */
	c->taken = c->in_flight = store_backup(c->core->store, &b->copy) == 0;
	if (c->taken)
		return;
	c->status = 503;
	problem_json(&w, PROBLEM_BUSY, STR("A backup is being made; wait for its end."),
	             c->request_id, NULL);
}

void do_backup(struct call *c)
{
	call_commit(c, tx_backup, begin);
}
