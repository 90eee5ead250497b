/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET api/carrel/runs?path=…&session=…: what runs in a notebook, with the
 * outputs so far, for a page that opens it while cells run. Its kernel's
 * WebSocket is open already and messages come in; `last` says which of them
 * are in the answer. `clear`, `stream`, `cursor` and `ids` say what the next
 * message finds (outputs_snapshot); `wrote.base` is the file that somebody
 * else wrote last, before the agent put outputs into it; `input` is there while
 * the run waits for it: header and content of the kernel's question.
 */
#include "agent/call.h"
#include "agent/kclient.h"
#include "agent/place.h"
#include "agent/pump.h"
#include "agent/runs.h"

#define ANSWER_MAX ((size_t)256 << 20)

static const char *const states[] = {
	[RUN_QUEUED] = "queued", [RUN_RUNNING] = "running", [RUN_DONE] = "done"
};

/* A place among the watchers: a free one, or that of a session which has gone;
 * the first is whose the run is. */
static void follow(struct runs *rs, struct run *r, const struct kclient *c)
{
	char *copy;
	size_t at = 0;

	for (size_t i = 0; i < RUNS_WATCHERS; i++) {
		if (r->watcher[i] && strcmp(r->watcher[i], c->session) == 0)
			return;
		if (i && !at && !runs_is_open(rs, r->watcher[i]))
			at = i;
	}
	copy = at ? str_dup_z(str_of(c->session)) : NULL;
	if (!copy)
		return;
	free(r->watcher[at]);
	r->watcher[at] = copy;
	rs->hold_ms = 0; /* that was what it waited for */
}

/* The members of its snapshot become the run's. */
static void put_outputs(const struct runs *rs, const struct run *r, struct jsonw *w)
{
	struct buf snap = BUF(ANSWER_MAX);
	struct str members;

	if (run_snapshot(rs, r, &snap) == 0) {
		members = buf_str(&snap);
		buf_put_c(w->b, ',');
		buf_put_str(w->b, str_sub(members, 1, members.len - 1));
	} else {
		jw_key(w, "outputs");
		jw_arr(w);
		jw_arr_end(w);
	}
	buf_fini(&snap);
}

static void put_run(const struct runs *rs, const struct run *r, const struct kclient *c,
                    struct jsonw *w)
{
	jw_obj(w);
	jw_kv_z(w, "msg_id", r->msg_id);
	jw_kv_z(w, "cell_id", r->cell_id);
	jw_kv_z(w, "state", states[r->state]);
	if (r->has_count)
		jw_kv_u64(w, "execution_count", r->count);
	else
		jw_kv_null(w, "execution_count");
	if (r->started_at)
		jw_kv_time(w, "started_at", r->started_at);
	else
		jw_kv_null(w, "started_at");
	if (r->state == RUN_RUNNING && buf_len(&rs->k->run.asked) &&
	    strcmp(r->msg_id, rs->k->run.id) == 0)
		jw_kv_raw(w, "input", buf_str(&rs->k->run.asked));
	jw_kv_z(w, "last", c && r->last_id && r->seq > c->since ? r->last_id : NULL);
	put_outputs(rs, r, w);
	jw_obj_end(w);
}

/* Only while nobody wrote it since. */
static void put_wrote(const struct runs *rs, struct str path, struct jsonw *w)
{
	struct runsave_file now;

	jw_key(w, "wrote");
	if (!rs || !rs->wrote_path || !str_is(path, rs->wrote_path) ||
	    runsave_look(rs->k->a, path, &now) < 0 || !runsave_same(&now, &rs->wrote.file)) {
		jw_null(w);
		return;
	}
	jw_obj(w);
	jw_kv_time(w, "last_modified", rs->wrote.mtime);
	jw_kv_z(w, "hash", rs->wrote.hash);
	jw_kv_z(w, "base", rs->wrote_base);
	jw_obj_end(w);
}

static void reply(struct call *c, const struct kernel *k, struct str path,
                  const struct kclient *client)
{
	struct buf b = BUF(ANSWER_MAX);
	struct jsonw w = JSONW(&b);
	struct runs *rs = k->runs;

	jw_obj(&w);
	jw_kv_z(&w, "kernel_id", k->id);
	jw_key(&w, "runs");
	jw_arr(&w);
	for (struct list *it = rs ? rs->all.next : NULL; it && it != &rs->all; it = it->next) {
		struct run *r = CONTAINER_OF(it, struct run, node);

		if (r->state == RUN_DONE && !run_is_dirty(r))
			continue; /* the notebook has it */
		if (client)
			follow(rs, r, client);
		put_run(rs, r, client, &w);
	}
	jw_arr_end(&w);
	put_wrote(rs, path, &w);
	jw_obj_end(&w);
	pump_buf(c, 200, &b);
}

static void get_runs(struct call *c)
{
	struct str raw = url_param(&c->r->url, "path"), path;
	struct str session = url_param(&c->r->url, "session");
	struct kernel *k;

	if (!raw.ptr || place_clean(&c->r->arena, raw, &path) < 0) {
		agent_json_error(c->r, 400, NULL, "path must be the path of a notebook");
		return;
	}
	k = sessions_kernel(c->a, path);
	if (!k) {
		agent_json_error(c->r, 404, NULL,
		                 "No kernel has the notebook %.*s: nothing runs in it",
		                 STR_ARG(path));
		return;
	}
	reply(c, k, path, session.len ? runs_client(k, session) : NULL);
}

const struct route runs_routes[] = {
	{ "GET", "api/carrel/runs", get_runs, ROUTE_API },
	{ NULL, NULL, NULL, 0 },
};
