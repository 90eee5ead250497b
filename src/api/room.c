/* SPDX-License-Identifier: Apache-2.0 */
#include "api/room.h"

#include "api/launch.h"
#include "base/log.h"
#include "store/workspaces.h"

struct room {
	struct store_job job;
	struct core *core;
	uint64_t bytes;
	room_fn *fn;
	void *arg;
};

static int run_room(struct db *db, struct store_job *j, struct err *err)
{
	const struct room *x = CONTAINER_OF(j, struct room, job);

	return volumes_let_go(db, time_wall_us(), x->bytes, err);
}

static void done_room(struct store_job *j)
{
	struct room *x = CONTAINER_OF(j, struct room, job);
	int on_way = j->result < 0 ? 0 : j->result;

	if (j->result < 0)
		log_err(LOG_WARN, "room_not_made", &j->err);
	else if (on_way)
		log_event(LOG_INFO, "room_made", LI("volumes", on_way));
	if (x->fn)
		x->fn(x->core, on_way, x->arg);
	if (on_way)
		launch_kick(x->core);
	free(x);
}

void room_make(struct core *core, uint64_t bytes, room_fn *fn, void *arg)
{
	struct room *x = xcalloc(1, sizeof(*x));

	x->job = (struct store_job){ .run = run_room, .done = done_room, .essential = true };
	x->core = core;
	x->bytes = bytes;
	x->fn = fn;
	x->arg = arg;
	CHECK(store_submit(core->store, &x->job) == 0);
}

void room_check(struct core *core)
{
	uint64_t low = core->cfg->pool_low_bytes, free_bytes = core->facts.pool_bytes_free;

	if (core->facts.pool_bytes_total && free_bytes < low)
		room_make(core, low - free_bytes, NULL, NULL);
}
