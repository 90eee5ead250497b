/* SPDX-License-Identifier: Apache-2.0 */
#include "api/room.h"

#include "api/launch.h"
#include "base/log.h"
#include "store/workspaces.h"

struct room {
	struct store_job job;
	struct core *core;
	uint64_t bytes, limit; /* limit 0: so many bytes, whatever the rest has */
	room_fn *fn;
	void *arg;
};

static int run_room(struct db *db, struct store_job *j, struct err *err)
{
	const struct room *x = CONTAINER_OF(j, struct room, job);

	return x->limit && x->bytes
	           ? volumes_make_fit(db, time_wall_us(), x->bytes, x->limit, err)
	           : volumes_let_go(db, time_wall_us(), x->bytes, err);
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

static void submit(const struct room *room)
{
	struct room *x = xcalloc(1, sizeof(*x));

	*x = *room;
	x->job = (struct store_job){ .run = run_room, .done = done_room, .essential = true };
	CHECK(store_submit(x->core->store, &x->job) == 0);
}

void room_make(struct core *core, uint64_t more, room_fn *fn, void *arg)
{
	submit(&(struct room){ .core = core,
	                       .bytes = more,
	                       .limit = core->facts.volume_limit_bytes,
	                       .fn = fn,
	                       .arg = arg });
}

void room_check(struct core *core)
{
	uint64_t low = core->cfg->pool_low_bytes, free_bytes = core->facts.pool_bytes_free;

	if (core->facts.pool_bytes_total && free_bytes < low)
		submit(&(struct room){ .core = core, .bytes = low - free_bytes });
}
