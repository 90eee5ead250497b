/* SPDX-License-Identifier: Apache-2.0 */
/* What people are told of a session's new state: that it has ended without
 * their doing, and what it cost; that it could not start. */
#include <stdio.h>
#include <string.h>

#include "api/change-priv.h"
#include "api/show.h"
#include "base/json.h"
#include "store/notices.h"
#include "store/workspaces.h"

/* By its owner, or told already by who did it. */
static bool is_asked_for(const char *reason)
{
	static const char *const asked[] = { "user", "delete", "admin" };

	for (size_t i = 0; i < ARRAY_LEN(asked); i++)
		if (strcmp(reason, asked[i]) == 0)
			return true;
	return false;
}

static void put_text(struct buf *b, const struct change *c, const struct workspace *ws)
{
	const struct session *s = &c->after;
	char cost[MONEY_TEXT_MAX];

	if (!s->started) {
		buf_printf(b, "%s could not be started.", ws->name);
	} else {
		money_cents(s->cost, cost);
		buf_printf(b, "%s has stopped after ", ws->name);
		change_put_time(b, s->metered_ns / NS_PER_S);
		buf_printf(b, " for %s %s.", cost, c->core->cfg->currency);
	}
	if (s->message[0])
		buf_printf(b, " %s", s->message);
}

static void put_data(struct jsonw *w, const struct change *c, const struct workspace *ws,
                     struct str text)
{
	const struct session *s = &c->after;

	jw_obj(w);
	jw_kv_str(w, "text", text);
	jw_kv_z(w, "workspace_id", ws->id);
	jw_kv_z(w, "workspace_name", ws->name);
	jw_kv_z(w, "reason", s->reason);
	jw_kv_z(w, "message", s->message);
	show_money(w, "cost", s->cost);
	jw_kv_z(w, "currency", c->core->cfg->currency);
	show_seconds(w, "seconds", s->metered_ns);
	jw_obj_end(w);
}

static int tell(struct db *db, struct change *c, struct err *err)
{
	const struct session *s = &c->after;
	struct buf data = BUF(8192), text = BUF(4096);
	struct jsonw w = JSONW(&data);
	struct workspace ws;
	int r = workspace_by_id(db, str_of(s->workspace_id), &ws);

	if (r <= 0)
		return r;
	put_text(&text, c, &ws);
	put_data(&w, c, &ws, buf_str(&text));
	r = buf_error(&data);
	if (r == 0)
		r = notice_add(db, s->account_id, s->started ? "stopped" : "start-failed",
		               s->id, buf_str(&data), c->now.wall, err);
	buf_fini(&data);
	buf_fini(&text);
	return r;
}

int change_told(struct db *db, struct change *c, struct err *err)
{
	const struct session *s = &c->after;

	if (s->state == SESSION_RUNNING)
		return workspace_example_came(db, s->workspace_id, err);
	if (!session_is_live(c->before) || session_is_live(s->state) || is_asked_for(s->reason))
		return 0;
	return tell(db, c, err);
}
