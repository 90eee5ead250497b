/* SPDX-License-Identifier: Apache-2.0 */
/* What the clocks of a running session say to its people: warnings, notices,
 * and the calendar's next stop. On the store's thread. */
#include <errno.h>
#include <stdio.h>

#include "api/change-priv.h"
#include "base/json.h"
#include "store/feed.h"
#include "store/notices.h"
#include "store/sessions.h"
#include "store/workspaces.h"

/* "14 min", for a sentence. */
void change_put_time(struct buf *b, uint64_t s)
{
	if (s < 90)
		buf_printf(b, "%llu s", (unsigned long long)s);
	else if (s < 7200)
		buf_printf(b, "%llu min", (unsigned long long)(s + 30) / 60);
	else
		buf_printf(b, "%llu h", (unsigned long long)(s + 1800) / 3600);
}

static const char *because(const char *why)
{
	return strcmp(why, "max") == 0        ? ": its longest run is reached then"
	       : strcmp(why, "calendar") == 0 ? ": that is the time of day set for it"
	       : strcmp(why, "budget") == 0   ? ": the budget is used up then"
	                                      : ", because it is idle";
}

static void put_warning(struct jsonw *w, const struct change *c, const struct workspace *ws,
                        struct str text)
{
	const struct session *s = &c->after;

	jw_obj(w);
	jw_kv_str(w, "text", text);
	jw_kv_z(w, "session_id", s->id);
	jw_kv_z(w, "workspace_id", s->workspace_id);
	jw_kv_z(w, "workspace_name", ws->name);
	jw_kv_time(w, "stop_at", clock_wall_of(&c->now, c->stop_at));
	jw_kv_u64(w, "seconds",
	          c->stop_at > c->now.boot ? (c->stop_at - c->now.boot) / NS_PER_S : 0);
	jw_kv_z(w, "why", s->stop_why);
	jw_kv_bool(w, "early", c->early);
	jw_obj_end(w);
}

/* An event beside the row's own, and a notice: what is left, and of what. */
static int add_warning(struct db *db, struct change *c, struct err *err)
{
	struct session *s = &c->after;
	struct buf b = BUF(4096), text = BUF(1024);
	struct jsonw w = JSONW(&b);
	struct workspace ws;
	int r = workspace_by_id(db, str_of(s->workspace_id), &ws);

	if (r <= 0)
		return r;
	buf_printf(&text, "%s stops in ", ws.name);
	change_put_time(&text,
	                c->stop_at > c->now.boot ? (c->stop_at - c->now.boot) / NS_PER_S : 0);
	buf_printf(&text, "%s.", because(s->stop_why));
	put_warning(&w, c, &ws, buf_str(&text));
	r = buf_error(&b);
	if (r == 0)
		r = event_add_data(db, s->account_id, "warning", s->id, buf_str(&b), err);
	if (r == 0)
		r = notice_add(db, s->account_id, "stops-soon", s->id, buf_str(&b), c->now.wall,
		               err);
	buf_fini(&b);
	buf_fini(&text);
	return r;
}

static int do_warned(struct db *db, struct change *c, struct err *err)
{
	struct session *s = &c->after;
	boot_ns *warned = c->early ? &s->warned_early_at : &s->warned_stop_at;
	int r;

	if (s->state != SESSION_RUNNING || *warned == c->stop_at)
		return 0;
	*warned = s->stop_at = c->stop_at;
	memcpy(s->stop_why, c->stop_why, sizeof(s->stop_why));
	c->changed = true;
	r = add_warning(db, c, err);
	return r < 0 ? r : session_update(db, s, err);
}

static int add_notice(struct db *db, struct change *c, struct err *err)
{
	struct session *s = &c->after;
	struct buf b = BUF(4096), text = BUF(1024);
	struct jsonw w = JSONW(&b);
	struct workspace ws;
	int r = workspace_by_id(db, str_of(s->workspace_id), &ws);

	if (r <= 0)
		return r;
	buf_printf(&text, "%s has been running for ", ws.name);
	change_put_time(&text, c->ran_s);
	buf_put_z(&text, ".");
	jw_obj(&w);
	jw_kv_str(&w, "text", buf_str(&text));
	jw_kv_z(&w, "workspace_id", s->workspace_id);
	jw_kv_z(&w, "workspace_name", ws.name);
	jw_kv_u64(&w, "seconds", c->ran_s);
	jw_obj_end(&w);
	r = buf_error(&b);
	if (r == 0)
		r = notice_add(db, s->account_id, "runs-long", s->id, buf_str(&b), c->now.wall,
		               err);
	buf_fini(&b);
	buf_fini(&text);
	return r;
}

static int do_noticed(struct db *db, struct change *c, struct err *err)
{
	struct session *s = &c->after;
	int r;

	if (s->state != SESSION_RUNNING || s->noticed_s >= c->ran_s)
		return 0;
	s->noticed_s = c->ran_s;
	c->changed = true;
	r = add_notice(db, c, err);
	return r < 0 ? r : session_update(db, s, err);
}

static int do_calendar(struct db *db, struct change *c, struct err *err)
{
	struct session *s = &c->after;

	/* Put off meanwhile: what was worked out before that is old. */
	if (s->state != SESSION_RUNNING || s->extend_until != c->extend_until)
		return 0;
	s->calendar_at = c->calendar_at;
	c->changed = true;
	return session_update(db, s, err);
}

int change_clocks_tx(struct db *db, struct change *c, struct err *err)
{
	if (c->what == DO_WARNED)
		return do_warned(db, c, err);
	return c->what == DO_NOTICED ? do_noticed(db, c, err) : do_calendar(db, c, err);
}
