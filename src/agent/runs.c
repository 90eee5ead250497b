/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/runs.h"

#include <errno.h>

#include "agent/kclient.h"
#include "base/log.h"

#define ARENA_MAX  (64U << 20) /* a request's code and metadata */
#define ID_MAX     256U
#define LEFT_MS    1000U /* a page that is reloaded comes back */
#define DELIVER_MS 3000U /* a save may have been on its way when the run ended */
#define IDS_MAX    1024U
#define CLEAN_MAX  (8U << 20)  /* log of what the file has */
#define LOG_MAX    (64U << 20) /* log of all */

static uint64_t hash(struct str s)
{
	uint64_t h = 0xcbf29ce484222325U;

	for (size_t i = 0; i < s.len; i++)
		h = (h ^ (uint8_t)s.ptr[i]) * 0x100000001b3U;
	return h;
}

/* ---- the registry ---- */

struct runs *runs_of(struct kernel *k)
{
	struct runs *rs = k->runs;

	if (rs)
		return rs;
	rs = calloc(1, sizeof(*rs));
	if (!rs)
		return NULL;
	rs->k = k;
	list_init(&rs->all);
	runlog_init(&rs->log, k->a->cfg->home ? k->a->cfg->home : k->a->cfg->root);
	k->runs = rs;
	return rs;
}

void run_free(struct run *r)
{
	for (size_t i = 0; i < RUNS_WATCHERS; i++)
		free(r->watcher[i]);
	free(r->msg_id);
	free(r->cell_id);
	free(r->last_id);
	free(r->ids);
	free(r);
}

void runs_drop(struct runs *rs, struct run *r)
{
	if (rs->last == r)
		rs->last = NULL;
	runlog_drop(&rs->log, &r->log);
	list_del(&r->node);
	rs->n--;
	run_free(r);
}

struct run *runs_by_id(struct runs *rs, struct str msg_id)
{
	uint64_t h;

	if (!msg_id.len)
		return NULL;
	h = hash(msg_id);
	if (rs->last && rs->last->hash == h && str_is(msg_id, rs->last->msg_id))
		return rs->last;
	for (struct list *it = rs->all.prev; it != &rs->all; it = it->prev) {
		struct run *r = CONTAINER_OF(it, struct run, node);

		if (r->hash == h && str_is(msg_id, r->msg_id)) {
			rs->last = r;
			return r;
		}
	}
	return NULL;
}

bool runs_has(const struct kernel *k, struct str msg_id)
{
	return k->runs && runs_by_id(k->runs, msg_id);
}

bool runs_first(const struct kernel *k, struct jmsg_ids *ret)
{
	if (!k->runs)
		return false;
	list_for_each (it, &k->runs->all) {
		const struct run *r = CONTAINER_OF(it, struct run, node);

		if (r->state == RUN_DONE)
			continue;
		*ret = (struct jmsg_ids){ .id = str_of(r->msg_id),
			                  .session = str_of(r->watcher[0]) };
		return true;
	}
	return false;
}

uint64_t runs_seq(const struct kernel *k)
{
	return k->runs ? k->runs->seq : 0;
}

static bool may_go(const struct run *r)
{
	return r->state == RUN_DONE && !run_is_dirty(r);
}

/* Those whose outputs are in the file go first, oldest first; then those that
 * have ended. What runs is kept. */
static void bound(struct runs *rs)
{
	size_t clean = 0;
	uint64_t bytes = 0;

	list_for_each (it, &rs->all) {
		const struct run *r = CONTAINER_OF(it, struct run, node);

		if (may_go(r)) {
			clean++;
			bytes += r->log.bytes;
		}
	}
	list_for_each_safe (it, &rs->all) {
		struct run *r = CONTAINER_OF(it, struct run, node);
		bool over = rs->n > RUNS_MAX || rs->log.live > LOG_MAX;

		if (!may_go(r) || (clean <= RUNS_KEPT && bytes <= CLEAN_MAX && !over))
			continue;
		clean--;
		bytes -= r->log.bytes;
		runs_drop(rs, r);
	}
	list_for_each_safe (it, &rs->all) {
		struct run *r = CONTAINER_OF(it, struct run, node);

		if (rs->n <= RUNS_MAX && rs->log.live <= LOG_MAX)
			break;
		if (r->state == RUN_DONE)
			runs_drop(rs, r);
	}
}

/* ---- who watches ---- */

const struct kclient *runs_client(const struct kernel *k, struct str session)
{
	list_for_each (it, &k->clients) {
		const struct kclient *c = CONTAINER_OF(it, struct kclient, node);

		if (session.len && str_is(session, c->session))
			return c;
	}
	return NULL;
}

bool runs_is_open(const struct runs *rs, const char *session)
{
	const struct kclient *c = runs_client(rs->k, str_of(session));

	return c && c->ws;
}

bool run_is_watched(const struct runs *rs, const struct run *r)
{
	for (size_t i = 0; i < RUNS_WATCHERS; i++) {
		if (runs_is_open(rs, r->watcher[i]))
			return true;
	}
	return false;
}

static bool has_all(const struct kclient *c)
{
	return kspool_empty(&c->spool) && !c->spool.dropped && ws_pending(c->ws) == 0;
}

bool run_is_delivered(const struct runs *rs, const struct run *r)
{
	bool any = false;

	for (size_t i = 0; i < RUNS_WATCHERS; i++) {
		const struct kclient *c = runs_client(rs->k, str_of(r->watcher[i]));

		if (!c || !c->ws)
			continue;
		any = true;
		if (!has_all(c))
			return false;
	}
	return any;
}

static bool watches(const struct run *r, const char *session)
{
	for (size_t i = 0; i < RUNS_WATCHERS; i++) {
		if (r->watcher[i] && strcmp(r->watcher[i], session) == 0)
			return true;
	}
	return false;
}

void runs_to_followers(struct kernel *k, struct arena *a, const struct jmsg *m)
{
	const struct run *r = k->runs ? runs_by_id(k->runs, m->up.id) : NULL;

	if (!r)
		return;
	list_for_each_safe (it, &k->clients) {
		struct kclient *c = CONTAINER_OF(it, struct kclient, node);

		if (c->ws && watches(r, c->session))
			kclient_send(c, &(struct kclient_msg){ .m = m, .arena = a });
	}
}

/* The last watcher may have gone: what it had not saved is written soon. A tab
 * that was closed on purpose may have been told to forget what it showed. */
void runs_on_left(struct kernel *k, const struct kclient *c, unsigned code)
{
	struct runs *rs = k->runs;
	bool on_purpose = code == 1000 || code == 1005, any = false;

	if (!rs)
		return;
	list_for_each_safe (it, &rs->all) {
		struct run *r = CONTAINER_OF(it, struct run, node);

		if (!watches(r, c->session) || run_is_watched(rs, r))
			continue;
		if (on_purpose && r->state == RUN_DONE && kspool_empty(&c->spool) &&
		    !c->spool.dropped)
			run_saved(r);
		any |= run_is_dirty(r);
	}
	if (any)
		runs_write_in(rs, LEFT_MS);
}

void run_saved(struct run *r)
{
	r->saved_rev = r->rev;
	r->saved_records = r->nrecords;
	r->saved = r->state == RUN_DONE;
}

/* Another page may have saved it, which shows an earlier run in that cell. (One
 * that shows nothing there may be the run's own, in which somebody cleared it.) */
static bool shows_another(const struct nb *nb, const struct run *r)
{
	const struct runsave_cell c = { .id = str_of(r->cell_id), .code = r->code };
	uint64_t count;

	return r->has_count && run_is_dirty(r) && runsave_count(nb, &c, &count) &&
	       count != r->count;
}

void runs_on_save(struct agent *a, struct str path, const struct nb *nb)
{
	struct kernel *k = sessions_kernel(a, path);
	mono_ms now = ev_now_ms(a->ev);

	if (!k || !k->runs)
		return;
	list_for_each (it, &k->runs->all) {
		struct run *r = CONTAINER_OF(it, struct run, node);

		if (r->state == RUN_DONE && now - r->ended_ms >= DELIVER_MS &&
		    run_is_delivered(k->runs, r)) {
			if (!nb || !shows_another(nb, r))
				run_saved(r);
		} else if (r->state != RUN_DONE && !run_is_watched(k->runs, r)) {
			r->rev++; /* a page without this run's outputs wrote it */
			runs_write_in(k->runs, LEFT_MS);
		}
	}
	bound(k->runs);
}

/* ---- requests ---- */

static struct run *run_new(struct runs *rs, const struct kclient *c, const struct jmsg *m,
                           struct str cell, struct str code)
{
	struct run *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->msg_id = str_dup_z(m->head.id);
	r->cell_id = str_dup_z(cell);
	r->watcher[0] = str_dup_z(str_of(c->session));
	if (!r->msg_id || !r->cell_id || !r->watcher[0]) {
		run_free(r);
		return NULL;
	}
	r->hash = hash(m->head.id);
	sha256(code, r->code);
	r->rev = 1;
	list_push(&rs->all, &r->node);
	rs->n++;
	return r;
}

/* What the cell showed before is gone in the page, too. */
static void supersede(struct runs *rs, const struct run *by)
{
	list_for_each_safe (it, &rs->all) {
		struct run *r = CONTAINER_OF(it, struct run, node);

		if (r != by && strcmp(r->cell_id, by->cell_id) == 0)
			runs_drop(rs, r);
	}
}

void runs_on_request(struct kernel *k, const struct kclient *c, const struct jmsg *m)
{
	struct json_limits lim = { .depth = 200,
		                   .values = 1000000,
		                   .lax_dup = true,
		                   .lax_surrogates = true,
		                   .nan = true };
	struct arena a = ARENA(ARENA_MAX);
	struct json *meta, *content;
	struct str cell, code;
	bool silent = false;
	struct runs *rs;
	struct run *r;

	if (m->channel != JMSG_SHELL || !str_is(m->head.type, "execute_request") ||
	    str_find(m->metadata, STR("\"cellId\"")) == m->metadata.len)
		return;
	if (json_parse(&a, m->metadata, &lim, &meta, NULL) == 0 &&
	    json_parse(&a, m->content, &lim, &content, NULL) == 0 &&
	    json_get_bool(content, "silent", &silent) != -EINVAL && !silent &&
	    json_get_str(content, "code", &code) == 0) {
		cell = json_str_or(meta, "cellId", STR(""));
		rs = cell.len && cell.len < ID_MAX && m->head.id.len < ID_MAX ? runs_of(k)
		                                                              : NULL;
		r = rs && rs->n / 2 < RUNS_MAX ? run_new(rs, c, m, cell, code) : NULL;
		if (r) {
			supersede(rs, r);
			bound(rs);
		}
	}
	arena_fini(&a);
}

/* ---- what the kernel says ---- */

static void begin(struct run *r)
{
	if (r->state != RUN_QUEUED)
		return;
	r->state = RUN_RUNNING;
	r->started_at = time_wall_us();
}

static void end(struct runs *rs, struct run *r)
{
	if (r->state == RUN_DONE)
		return;
	r->state = RUN_DONE;
	r->ended_ms = ev_now_ms(rs->k->a->ev);
	runs_write_in(rs, 0);
}

static void on_status(struct runs *rs, struct run *r, const struct jmsg *m)
{
	struct arena a = ARENA(1U << 20);
	struct str state = jmsg_content_str(&a, m, "execution_state");

	if (str_is(state, "busy"))
		begin(r);
	else if (str_is(state, "idle"))
		end(rs, r);
	arena_fini(&a);
}

static void on_input(struct runs *rs, struct run *r, const struct jmsg *m)
{
	struct arena a = ARENA(ARENA_MAX);
	struct json *j;

	begin(r);
	if (json_parse(&a, m->content, NULL, &j, NULL) == 0 &&
	    json_get_u64(j, "execution_count", INT64_MAX, &r->count) == 0) {
		r->has_count = true;
		r->rev++;
		runs_write_in(rs, LEFT_MS);
	}
	arena_fini(&a);
}

static bool shows(const struct run *r, uint64_t id)
{
	for (size_t i = 0; i < r->nids; i++) {
		if (r->ids[i] == id)
			return true;
	}
	return false;
}

static void show(struct run *r, uint64_t id)
{
	uint64_t *more;

	if (shows(r, id) || r->nids >= IDS_MAX)
		return;
	if ((r->nids & (r->nids - 1)) == 0) { /* a power of two, and full */
		more = realloc(r->ids, (r->nids ? r->nids * 2 : 1) * sizeof(*more));
		if (!more)
			return;
		r->ids = more;
	}
	r->ids[r->nids++] = id;
}

/* What is shown under a display_id changes in every cell that shows it. */
static void on_display(struct runs *rs, struct run *own, enum outputs_msg type,
                       const struct jmsg *m)
{
	struct arena a = ARENA(m->content.len * 12 + (1U << 20));
	struct str id = outputs_display_id(&a, m->content);
	uint64_t h = id.len ? hash(id) : 0;

	arena_fini(&a);
	if (h) {
		list_for_each (it, &rs->all) {
			struct run *r = CONTAINER_OF(it, struct run, node);

			if (shows(r, h) && (r != own || type == OUTPUTS_UPDATE))
				run_log(rs, r, OUTPUTS_UPDATE, m);
		}
		if (own && type == OUTPUTS_DISPLAY)
			show(own, h);
	}
	if (own && type != OUTPUTS_UPDATE)
		run_log(rs, own, type, m);
}

static void note_last(struct runs *rs, struct run *r, const struct jmsg *m)
{
	char *id = m->head.id.len < ID_MAX ? str_dup_z(m->head.id) : NULL;

	if (!id)
		return;
	free(r->last_id);
	r->last_id = id;
	r->seq = rs->seq;
}

void runs_on_iopub(struct kernel *k, const struct jmsg *m)
{
	struct runs *rs = k->runs;
	enum outputs_msg type;
	struct run *r;

	if (!rs)
		return;
	rs->seq++;
	r = runs_by_id(rs, m->up.id);
	type = outputs_type(m->head.type);
	if (r && str_is(m->head.type, "status"))
		on_status(rs, r, m);
	else if (r && str_is(m->head.type, "execute_input"))
		on_input(rs, r, m);
	else if (type == OUTPUTS_DISPLAY || type == OUTPUTS_UPDATE || type == OUTPUTS_RESULT)
		on_display(rs, r, type, m);
	else if (r && type != OUTPUTS_NONE)
		run_log(rs, r, type, m);
	if (r && type != OUTPUTS_NONE)
		note_last(rs, r, m);
}

/* A queued cell that was skipped is answered, and may get no status. */
void runs_on_reply(struct kernel *k, const struct jmsg *m)
{
	struct arena a = ARENA(1U << 20);
	struct run *r = k->runs && str_is(m->head.type, "execute_reply")
	                    ? runs_by_id(k->runs, m->up.id)
	                    : NULL;

	if (r && str_find(m->content, STR("\"page\"")) < m->content.len)
		run_log(k->runs, r, OUTPUTS_PAGE, m);
	if (r && str_is(jmsg_content_str(&a, m, "status"), "aborted"))
		end(k->runs, r);
	arena_fini(&a);
}

void runs_on_restart(struct kernel *k)
{
	if (!k->runs)
		return;
	list_for_each (it, &k->runs->all) {
		struct run *r = CONTAINER_OF(it, struct run, node);

		end(k->runs, r);
		r->nids = 0; /* a new process has displays of its own */
		free(r->ids);
		r->ids = NULL;
	}
}
