/* SPDX-License-Identifier: Apache-2.0 */
#include "api/index.h"

#include <errno.h>
#include <stdio.h>

#include "api/link.h"
#include "api/live.h"
#include "api/sse.h"
#include "base/log.h"
#include "proto/docmsg.h"
#include "store/documents.h"
#include "store/recents.h"

#define PAUSE_MS    20U /* between two documents of one session */
#define KERNELS_MAX 64U
#define PURGE_TICKS 5U

_Static_assert(DOC_WANT_BYTES <= sizeof(((struct live_docs *)0)->want), "a list's answer fits");

/* --- credit --- */

static void on_grant(struct ev_timer *t)
{
	struct live *l = CONTAINER_OF(t, struct live, docs.grant);
	struct wire_msg m = { .type = WIRE_SESSION_INDEX };

	if (l->state != SESSION_RUNNING || !link_up(l->core->link))
		return;
	m.session_index = (struct wire_session_index){ str_of(l->id), l->epoch, l->docs.acked,
		                                       DOC_CREDIT, str_of(l->docs.want) };
	l->docs.granted_ms = ev_now_ms(l->core->ev);
	link_call(l->core->link, &m, NULL, NULL);
}

static void grant(struct live *l, uint64_t acked)
{
	mono_ms now = ev_now_ms(l->core->ev), at = l->docs.granted_ms + PAUSE_MS;

	l->docs.acked = acked;
	ev_timer_start(l->core->ev, &l->docs.grant, at > now ? at - now : 0, on_grant);
}

void index_state(struct live *l, uint64_t docs)
{
	bool waits = (docs & WIRE_DOCS_WAIT) != 0;

	if (!(docs & WIRE_DOCS_KNOWN) || l->docs.busy || (l->docs.known && !waits))
		return;
	l->docs.known = true;
	l->docs.want[0] = '\0';
	grant(l, 0);
}

/* --- writing --- */

struct doc_job {
	struct store_job job;
	struct core *core;
	char session_id[ID_MAX], account_id[ID_MAX], workspace_id[ID_MAX];
	uint64_t gen;
	wall_us now;
	struct buf body;
	struct arena arena;
	struct docmsg m;
	struct document_seen *seen; /* what m lists, once it was looked at */
	bool more;                  /* again: there is more of it than one job does */
	bool want[DOC_ITEMS_MAX];
};

static void job_free(struct doc_job *x)
{
	buf_fini(&x->body);
	arena_fini(&x->arena);
	free(x);
}

static int run_put(struct db *db, struct doc_job *x, struct err *err)
{
	const struct document d = { .path = x->m.path,
		                    .notebook = x->m.notebook,
		                    .title = x->m.title,
		                    .heads = x->m.heads,
		                    .text = x->m.text,
		                    .changed = x->m.changed,
		                    .size = x->m.size };

	return document_put(db, x->account_id, x->workspace_id, &d, x->now, err);
}

static int run_move(struct db *db, struct doc_job *x, struct err *err)
{
	int r =
	    document_move(db, x->account_id, x->workspace_id, x->m.path, x->m.to, x->now, err);

	x->more = r > 0;
	return r < 0 ? r : recent_follow(db, x->workspace_id, x->m.path, x->m.to, err);
}

static int run_gone(struct db *db, struct doc_job *x, struct err *err)
{
	int r = document_gone(db, x->workspace_id, x->m.path, err);

	x->more = r > 0;
	return r < 0 ? r : recent_follow(db, x->workspace_id, x->m.path, STR_NONE, err);
}

static int run_list(struct db *db, struct doc_job *x, struct err *err)
{
	int r;

	if (!x->seen)
		x->seen = ARENA_NEWS(&x->arena, struct document_seen, x->m.nitems + 1);
	if (!x->seen)
		return ERR(err, -ENOMEM, "no memory for a list of documents");
	for (size_t i = 0; i < x->m.nitems; i++)
		x->seen[i] = (struct document_seen){ x->m.items[i].path, x->m.items[i].changed,
			                             x->m.items[i].size };
	r = document_compare(db, x->workspace_id, x->m.after, x->m.upto, x->seen, x->m.nitems,
	                     x->want, err);
	x->more = r > 0;
	return r;
}

static int run(struct db *db, struct store_job *j, struct err *err)
{
	struct doc_job *x = CONTAINER_OF(j, struct doc_job, job);
	int r = 0;

	x->more = false;
	switch (x->m.op) {
	case DOC_PUT:
		r = run_put(db, x, err);
		break;
	case DOC_GONE:
		r = run_gone(db, x, err);
		break;
	case DOC_MOVE:
		r = run_move(db, x, err);
		break;
	case DOC_SEEN:
		r = recent_add(db, x->account_id, x->workspace_id, x->m.path,
		               (enum recent_what)x->m.what, x->m.at < x->now ? x->m.at : x->now,
		               err);
		break;
	case DOC_LIST:
		r = run_list(db, x, err);
		break;
	case DOC_KERNELS:
		break;
	}
	return r < 0 ? r : 0;
}

static void listed(struct live *l, const struct doc_job *x)
{
	uint32_t n = 0;

	for (size_t i = 0; i < x->m.nitems; i++)
		n += x->want[i];
	l->docs.left = x->m.after.len ? l->docs.left + n : n;
	l->docs.listed = x->m.upto.len == 0;
	doc_want_put(x->want, x->m.nitems, l->docs.want);
}

static void done(struct store_job *j)
{
	struct doc_job *x = CONTAINER_OF(j, struct doc_job, job);
	struct live *l = live_find(x->core, str_of(x->session_id));

	if (j->result >= 0 && x->more && store_submit(x->core->store, j) == 0)
		return;
	if (j->result < 0)
		log_err(LOG_WARN, "document_unwritten", &j->err);
	if (l) {
		l->docs.busy = false;
		l->docs.want[0] = '\0';
		if (j->result >= 0 && x->m.op == DOC_LIST)
			listed(l, x);
		if (x->m.op == DOC_PUT && l->docs.left)
			l->docs.left--;
		/* What could not be written is sent again by and by. */
		if (j->result >= 0)
			grant(l, x->gen);
	}
	job_free(x);
}

/* --- kernels are kept here --- */

static void forget_kernels(struct live *l)
{
	for (size_t i = 0; i < l->docs.nkernels; i++)
		free(l->docs.kernels[i].path);
	free(l->docs.kernels);
	l->docs.kernels = NULL;
	l->docs.nkernels = 0;
}

static void take_kernels(struct live *l, const struct docmsg *m)
{
	forget_kernels(l);
	l->docs.kernels = xcalloc(KERNELS_MAX, sizeof(*l->docs.kernels));
	for (size_t i = 0; i < m->nitems && i < KERNELS_MAX; i++) {
		char *path = str_dup_z(m->items[i].path);

		if (path)
			l->docs.kernels[l->docs.nkernels++] =
			    (struct live_kernel){ path, m->items[i].changed != 0 };
	}
}

const char *index_kernel(const struct core *core, struct str session_id, struct str path)
{
	const struct live *l = map_get(&core->live, session_id);

	if (!l || l->state != SESSION_RUNNING)
		return "none";
	for (size_t i = 0; i < l->docs.nkernels; i++)
		if (str_is(path, l->docs.kernels[i].path))
			return l->docs.kernels[i].busy ? "busy" : "idle";
	return "none";
}

/* --- what comes --- */

/* Puts the parts together. True: it is whole. */
static bool collect(struct live_docs *d, const struct wire_ev_doc *m)
{
	if (m->part == 0) {
		buf_fini(&d->body);
		d->body = BUF(DOC_BODY_MAX);
		d->gen = m->gen;
		d->parts = m->parts;
		d->next = 0;
	}
	if (m->gen != d->gen || m->part != d->next || m->parts != d->parts || m->parts == 0 ||
	    m->parts > DOC_BODY_MAX / DOC_PART_MAX + 1) {
		buf_fini(&d->body);
		d->parts = d->next = 0;
		return false;
	}
	buf_put_str(&d->body, m->body);
	d->next++;
	return d->next == d->parts;
}

static void whole(struct live *l, uint64_t gen)
{
	struct doc_job *x = xcalloc(1, sizeof(*x));
	struct err err = ERR_NONE;
	int r = buf_error(&l->docs.body);

	x->job = (struct store_job){ .run = run, .done = done };
	x->core = l->core;
	memcpy(x->session_id, l->id, sizeof(x->session_id));
	memcpy(x->account_id, l->account_id, sizeof(x->account_id));
	memcpy(x->workspace_id, l->workspace_id, sizeof(x->workspace_id));
	x->gen = gen;
	x->now = time_wall_us();
	x->body = l->docs.body;
	l->docs.body = BUF(DOC_BODY_MAX);
	arena_init(&x->arena, DOC_ARENA_MAX);
	if (r == 0)
		r = docmsg_get(&x->arena, buf_str(&x->body), &x->m, &err);
	l->docs.want[0] = '\0';
	if (r == 0 && x->m.op != DOC_KERNELS) {
		l->docs.busy = store_submit(l->core->store, &x->job) == 0;
		if (!l->docs.busy)
			job_free(x);
		return;
	}
	/* Nonsense is not asked for again. */
	if (r < 0)
		l->core->count.documents_refused++;
	else
		take_kernels(l, &x->m);
	job_free(x);
	grant(l, gen);
}

void index_take(struct core *core, const struct wire_ev_doc *m)
{
	struct live *l = live_find(core, m->session);

	if (!l || l->epoch != m->epoch || l->state != SESSION_RUNNING || l->docs.busy)
		return;
	if (collect(&l->docs, m))
		whole(l, m->gen);
}

void index_drop(struct live *l)
{
	ev_timer_stop(&l->docs.grant);
	buf_fini(&l->docs.body);
	forget_kernels(l);
}

bool index_catches_up(const struct core *core, const char *account_id)
{
	struct str key;
	void *value;
	size_t at = 0;

	while (map_next(&core->live, &at, &key, &value)) {
		const struct live *l = value;

		if (l->state == SESSION_RUNNING && l->docs.known &&
		    (!l->docs.listed || l->docs.left) && strcmp(l->account_id, account_id) == 0)
			return true;
	}
	return false;
}

/* --- what deleted workspaces left --- */

struct purge {
	struct store_job job;
	struct core *core;
};

static int run_purge(struct db *db, struct store_job *j, struct err *err)
{
	return document_purge(db, time_wall_us(), err);
}

static void done_purge(struct store_job *j)
{
	struct purge *x = CONTAINER_OF(j, struct purge, job);

	if (j->result > 0 && store_submit(x->core->store, j) == 0)
		return;
	if (j->result < 0)
		log_err(LOG_WARN, "documents_unpurged", &j->err);
	x->core->purging = false;
	free(x);
}

void index_tick(struct core *core)
{
	struct purge *x;

	if (core->ticks % PURGE_TICKS || core->purging || !core->purge)
		return;
	x = xcalloc(1, sizeof(*x));
	x->job = (struct store_job){ .run = run_purge, .done = done_purge };
	x->core = core;
	core->purge = false;
	core->purging = store_submit(core->store, &x->job) == 0;
	if (!core->purging) {
		core->purge = true;
		free(x);
	}
}
