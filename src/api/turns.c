/* SPDX-License-Identifier: Apache-2.0 */
#include "api/turns.h"

#include <stdlib.h>

#include "api/launch.h"
#include "api/line.h"
#include "api/live.h"
#include "api/sse.h"
#include "api/turns-priv.h"
#include "base/log.h"

static void on_wake(struct ev_timer *timer)
{
	turns_kick(CONTAINER_OF(timer, struct core, turns));
}

static void done_turns(struct store_job *j)
{
	struct turns *t = CONTAINER_OF(j, struct turns, job);
	struct core *core = t->core;
	boot_ns now = time_boot_ns();
	bool again = core->turns_again || (j->result >= 0 && t->n >= TURNS_A_JOB);

	core->turns_busy = core->turns_again = false;
	if (j->result < 0) {
		log_err(LOG_ERROR, "turns", &j->err);
		turns_forget(t);
	}
	for (const struct turned *d = t->changed; d; d = d->next) {
		log_event(LOG_INFO, "session", LZ("s", d->s.id),
		          LZ("state", session_state_name(d->s.state)),
		          LZ("reason", d->s.reason));
		live_track(core, &d->s);
		sse_wake(core, d->s.account_id);
		if (d->s.state == SESSION_STARTING)
			launch(core, str_of(d->s.id));
	}
	if (t->wake)
		ev_timer_start(core->ev, &core->turns,
		               t->wake > now ? (t->wake - now) / 1000000 + 1 : 1, on_wake);
	turns_forget(t);
	free(t);
	line_changed(core);
	if (again)
		turns_kick(core);
}

void turns_kick(struct core *core)
{
	struct turns *t;

	if (core->turns_busy) {
		core->turns_again = true;
		return;
	}
	t = xcalloc(1, sizeof(*t));
	t->job = (struct store_job){ .run = turns_tx, .done = done_turns, .essential = true };
	t->core = core;
	t->end = &t->changed;
	t->world = admit_world_of(core);
	core->turns_busy = true;
	CHECK(store_submit(core->store, &t->job) == 0);
}
