/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/kclient.h"

#include <errno.h>

#include "agent/runs.h"
#include "base/encode.h"
#include "base/log.h"

#define HIGH          (64U << 10)  /* queued in the socket: no more until it drains */
#define WAY_MAX       (4U << 20)   /* of what is queued: not each part of a flood is copied */
#define RUN_MAX       (16U << 20)  /* stream output of one request that a page can show */
#define BURST         (512U << 10) /* sent at one go to a socket that takes all */
#define BURST_PARTS   14U          /* what ws_sendv takes, and room for one more */
#define AWAY_MAX      4U           /* sessions waited for, per kernel */
#define AWAY_CLEAN_MS 60000U       /* closed on purpose: only a quick return is likely */
#define AWAY_MS       (12U * 3600U * 1000U)
#define SWEEP_MS      30000U
#define LEAVE_MS      3000U
#define FILE_MAX_LIVE (128U << 20)
#define FILE_MAX_AWAY (32U << 20)
#define ARENA_MAX     (4U << 20)

static uint64_t hash(struct str s)
{
	uint64_t h = 0xcbf29ce484222325U;

	for (size_t i = 0; i < s.len; i++)
		h = (h ^ (uint8_t)s.ptr[i]) * 0x100000001b3U;
	return h;
}

/* ---- sending ---- */

static int send_parts(struct kclient *c, enum ws_op op, const struct str *part, size_t n)
{
	struct buf all = BUF(KCONN_OUT_MAX * 2);
	int r;

	if (n <= BURST_PARTS)
		return ws_sendv(c->ws, op, part, n);
	for (size_t i = 0; i < n; i++)
		buf_put_str(&all, part[i]);
	r = buf_error(&all) ? buf_error(&all) : ws_send(c->ws, op, buf_str(&all));
	buf_fini(&all);
	return r;
}

static bool is_utf8(const struct jmsg_frame *f)
{
	uint32_t state = 0;

	for (size_t i = 0; i < f->n; i++) {
		if (!utf8_feed(&state, f->part[i]))
			return false;
	}
	return state == 0;
}

static int frame(struct kclient_msg *m, bool v1, const struct jmsg_frame **ret)
{
	struct jmsg_frame *f = v1 ? &m->v1 : &m->legacy;
	int r = 0;

	if (f->n == 0)
		r = v1 ? jmsg_to_ws_v1(m->arena, m->m, f)
		       : jmsg_to_ws_legacy(m->arena, m->m, f);
	/* A text frame that is no text would cost the browser its connection. */
	if (r == 0 && f->text && !is_utf8(f))
		r = -EILSEQ;
	*ret = f;
	return r;
}

static bool is_output(const struct jmsg *m)
{
	static const char *const types[] = { "stream", "display_data", "update_display_data",
		                             "execute_result", "clear_output" };

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (str_is(m->head.type, types[i]))
			return m->channel == JMSG_IOPUB;
	}
	return false;
}

/* What is still in the socket's queue would go with it if the line broke. */
static void keep_way(struct kclient *c, struct kclient_msg *m)
{
	const struct jmsg_frame *f;

	if (ws_pending(c->ws) == 0 || c->way_end <= ws_taken(c->ws))
		kspool_clear(&c->way);
	if (ws_pending(c->ws) == 0 || frame(m, true, &f) < 0)
		return;
	c->way_end = ws_queued(c->ws);
	kspool_mark(&c->way, f->part, f->n, is_output(m->m), c->way_end);
}

static void send_now(struct kclient *c, struct kclient_msg *m)
{
	const struct jmsg_frame *f;
	int r = frame(m, c->v1, &f);

	if (r == 0)
		r = send_parts(c, f->text ? WS_TEXT : WS_BINARY, f->part, f->n);
	if (r == 0)
		keep_way(c, m);
	else if (r != -EPIPE)
		log_event(LOG_WARN, "kernel_message_unsent", LZ("session", c->session),
		          LI("error", r));
}

static void keep(struct kclient *c, struct kclient_msg *m)
{
	const struct jmsg_frame *f;

	if (frame(m, true, &f) == 0)
		kspool_put(&c->spool, f->part, f->n, is_output(m->m));
	/* What can't be left out was: coming back with a new socket, the browser
	 * asks for the state anew. */
	if (c->spool.lost && c->ws)
		ws_close(c->ws, 1013, STR("too much output for this connection"));
}

static void queue(struct kclient *c, struct kclient_msg *m)
{
	if (c->ws && kspool_empty(&c->spool) && !c->spool.dropped && ws_pending(c->ws) < HIGH)
		send_now(c, m);
	else
		keep(c, m);
}

/* More than a page can show would end the tab: it appends each piece to one
 * text and lays it out anew. Programs take all. */
static void send_last_piece(struct kclient *c, const struct jmsg *m, size_t max)
{
	static const struct str notice = STR(
	    "\\n[The output of this cell is cut here at 16 MB: a page can show no more. Write "
	    "large output to a file.]\\n");
	struct arena a = ARENA(RUN_MAX + ARENA_MAX);
	struct jmsg cut;

	if (jmsg_cut_stream(&a, m, max, notice, &cut) == 0)
		queue(c, &(struct kclient_msg){ .m = &cut, .arena = &a });
	arena_fini(&a);
}

void kclient_send(struct kclient *c, struct kclient_msg *m)
{
	size_t had;

	if (!c->browser || !str_is(m->m->head.type, "stream")) {
		queue(c, m);
		return;
	}
	if (c->run_hash != hash(m->m->up.id)) {
		c->run_hash = hash(m->m->up.id);
		c->run_bytes = 0;
	}
	had = c->run_bytes;
	c->run_bytes += m->m->content.len;
	if (c->run_bytes <= RUN_MAX)
		queue(c, m);
	else if (had <= RUN_MAX)
		send_last_piece(c, m->m, RUN_MAX - had);
}

/* In the place of what was dropped, as output of the cell that it was of. */
static void send_notice(struct kclient *c, struct arena *a, struct str parent)
{
	struct jmsg_new n = { .channel = JMSG_IOPUB, .type = "stream", .parent = parent };
	struct kclient_msg out = { .arena = a };
	struct jmsg m;
	struct str content;

	content =
	    arena_printf(a,
	                 "{\"name\":\"stderr\",\"text\":\"\\n[%llu MB of output were left "
	                 "out here: there was more than the browser could take.]\\n\"}",
	                 (unsigned long long)((c->spool.dropped + (1U << 20) - 1) >> 20));
	c->spool.dropped = 0;
	n.content = content;
	if (content.ptr && kernel_make(c->k, a, n, &m) == 0) {
		out.m = &m;
		send_now(c, &out);
	}
}

/* A kept message is in the v1 form, whatever form the browser speaks. */
static size_t send_kept(struct kclient *c, struct str record, bool after_drop)
{
	struct arena a = ARENA(ARENA_MAX);
	struct jmsg m;
	struct kclient_msg out = { .m = &m, .arena = &a };

	if (jmsg_from_ws_v1(&a, record, &m, NULL) == 0) {
		if (after_drop)
			send_notice(c, &a, m.parent);
		send_now(c, &out);
	}
	arena_fini(&a);
	return record.len;
}

static void on_more(struct ev_timer *t);

static void send_more(struct kclient *c)
{
	struct buf record = BUF(KCONN_OUT_MAX * 2);
	size_t sent = 0;
	bool after_drop;

	while (c->ws && ws_pending(c->ws) < HIGH && sent < BURST &&
	       kspool_take(&c->spool, &record, &after_drop))
		sent += send_kept(c, buf_str(&record), after_drop);
	buf_fini(&record);
	if (c->ws && c->spool.dropped && kspool_empty(&c->spool) && ws_pending(c->ws) < HIGH) {
		struct arena a = ARENA(ARENA_MAX);

		send_notice(c, &a, buf_str(&c->k->run.parent));
		arena_fini(&a);
	}
	/* A socket that took it all will not say that it has drained. */
	if (c->ws && sent >= BURST && ws_pending(c->ws) < HIGH)
		ev_timer_start(c->a->ev, &c->more, 0, on_more);
}

static void on_more(struct ev_timer *t)
{
	send_more(CONTAINER_OF(t, struct kclient, more));
}

/* This socket's line broke, or another takes its place. */
static void put_back(struct kclient *c, const struct ws *w)
{
	kspool_put_back(&c->spool, &c->way, ws_taken(w));
	c->way_end = 0;
}

void kclient_drained(struct kclient *c)
{
	kspool_clear(&c->way);
	if (c->k)
		send_more(c);
}

/* ---- who is who ---- */

void kclient_note_sent(struct kclient *c, const struct jmsg_ids *head)
{
	c->sent[c->nsent++ % KCLIENT_SENT] = hash(head->id);
	if (!str_is(head->session, c->said))
		(void)snprintf(c->said, sizeof(c->said), "%.*s", STR_ARG(head->session));
}

static bool has_sent(const struct kclient *c, struct str id)
{
	size_t n = c->nsent < KCLIENT_SENT ? c->nsent : KCLIENT_SENT;
	uint64_t h = hash(id);

	for (size_t i = 0; i < n; i++) {
		if (c->sent[i] == h)
			return true;
	}
	return false;
}

struct kclient *kclient_for(struct kernel *k, const struct jmsg_ids *up)
{
	struct kclient *named = NULL, *said = NULL;

	if (up->id.len == 0)
		return NULL;
	list_for_each (it, &k->clients) {
		struct kclient *c = CONTAINER_OF(it, struct kclient, node);

		if (has_sent(c, up->id))
			return c;
		if (up->session.len && str_is(up->session, c->session))
			named = c;
		else if (up->session.len && str_is(up->session, c->said))
			said = c;
	}
	return named ? named : said;
}

/* ---- coming and going ---- */

static void on_gone(struct ev_later *l)
{
	free(CONTAINER_OF(l, struct kclient, gone));
}

/* Out of the kernel's list; freed now, or when its socket has closed. */
static void forget(struct kclient *c)
{
	if (c->k)
		list_del(&c->node);
	c->k = NULL;
	kspool_fini(&c->spool);
	kspool_fini(&c->way);
	ev_timer_stop(&c->more);
	if (!c->ws && !c->leaving)
		ev_at_turn_end(c->a->ev, &c->gone, on_gone);
}

static void on_sweep(struct ev_timer *t)
{
	struct kernel *k = CONTAINER_OF(t, struct kernel, sweep);
	mono_ms now = ev_now_ms(k->a->ev);
	bool again = false;

	list_for_each_safe (it, &k->clients) {
		struct kclient *c = CONTAINER_OF(it, struct kclient, node);

		if (c->ws)
			continue;
		if (now - c->away_ms >= (c->clean ? AWAY_CLEAN_MS : AWAY_MS))
			forget(c);
		else
			again = true;
	}
	if (again)
		ev_timer_start(k->a->ev, t, SWEEP_MS, on_sweep);
}

/* At most AWAY_MAX are waited for; those who left on purpose go first. */
static void bound_away(struct kernel *k)
{
	struct kclient *oldest = NULL;
	size_t n = 0;

	list_for_each (it, &k->clients) {
		struct kclient *c = CONTAINER_OF(it, struct kclient, node);

		if (c->ws)
			continue;
		n++;
		if (!oldest || (c->clean && !oldest->clean) ||
		    (c->clean == oldest->clean && c->away_ms < oldest->away_ms))
			oldest = c;
	}
	if (n > AWAY_MAX)
		forget(oldest);
	else if (n && !ev_timer_armed(&k->sweep))
		ev_timer_start(k->a->ev, &k->sweep, SWEEP_MS, on_sweep);
}

struct kclient *kclient_new(struct kernel *k, struct str session)
{
	struct kclient *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->a = k->a;
	c->k = k;
	(void)snprintf(c->session, sizeof(c->session), "%.*s", STR_ARG(session));
	kspool_init(&c->spool, k->a->cfg->home ? k->a->cfg->home : k->a->cfg->root,
	            FILE_MAX_LIVE);
	kspool_init(&c->way, c->spool.dir, WAY_MAX);
	list_push(&k->clients, &c->node);
	return c;
}

struct kclient *kclient_attach(struct kernel *k, struct str session, bool v1, bool browser)
{
	struct kclient *c = NULL;

	list_for_each (it, &k->clients) {
		struct kclient *x = CONTAINER_OF(it, struct kclient, node);

		if (str_is(session, x->session))
			c = x;
	}
	if (c && c->ws) {
		struct ws *stale = c->ws;

		c->ws = NULL; /* its on_close finds that it is not the one any more */
		put_back(c, stale);
		ws_close(stale, 1000, STR("the same session has connected again"));
	}
	if (!c) {
		c = kclient_new(k, session);
		if (!c)
			return NULL;
		c->since = runs_seq(k);
	}
	if (c->leaving)
		kspool_clear(&c->way); /* it has ended that one: nothing is on its way */
	c->v1 = v1;
	c->browser = browser;
	c->clean = false;
	c->paused = false;
	c->spool.lost = false;
	c->spool.file_max = FILE_MAX_LIVE;
	return c;
}

void kclient_opened(struct kclient *c, struct ws *w)
{
	c->ws = w;
	if (c->k->state != KERNEL_READY) {
		c->paused = true;
		ws_pause(w);
	}
	ev_timer_start(c->a->ev, &c->more, 0, on_more);
}

void kclient_closed(struct kclient *c, struct ws *w, unsigned code)
{
	if (w && c->leaving == w) {
		c->leaving = NULL;
		if (c->k && !c->ws && code == 1006)
			put_back(c, w);
		if (!c->ws)
			kspool_clear(&c->way);
		if (!c->ws && (!c->k || c->made_up))
			forget(c);
		return;
	}
	if (c->ws != w)
		return;
	c->ws = NULL;
	if (!c->k) {
		if (!c->leaving)
			ev_at_turn_end(c->a->ev, &c->gone, on_gone);
		return;
	}
	c->clean = code == 1000 || code == 1001 || code == 1005;
	if (w && code == 1006)
		put_back(c, w);
	kspool_clear(&c->way);
	runs_on_left(c->k, c, code);
	if (c->made_up) {
		forget(c);
		return;
	}
	c->away_ms = ev_now_ms(c->a->ev);
	c->spool.file_max = FILE_MAX_AWAY;
	bound_away(c->k);
}

void kclients_sweep(struct kernel *k)
{
	if (!list_empty(&k->clients) && !ev_timer_armed(&k->sweep))
		ev_timer_start(k->a->ev, &k->sweep, SWEEP_MS, on_sweep);
}

void kclients_leave(struct kernel *k)
{
	list_for_each_safe (it, &k->clients) {
		struct kclient *c = CONTAINER_OF(it, struct kclient, node);

		if (!c->ws)
			continue;
		c->leaving = c->ws;
		c->ws = NULL;
		c->clean = c->paused = false;
		c->away_ms = ev_now_ms(k->a->ev);
		ev_timer_stop(&c->more);
		ws_leave(c->leaving, 1012, STR("the server restarts: come back"), LEAVE_MS);
	}
	kclients_sweep(k);
}

void kclients_cut(struct kernel *k)
{
	list_for_each_safe (it, &k->clients) {
		struct kclient *c = CONTAINER_OF(it, struct kclient, node);

		if (c->leaving)
			ws_drop(c->leaving);
	}
}

size_t kclients_leaving(const struct kernel *k)
{
	size_t n = 0;

	list_for_each (it, &k->clients)
		n += CONTAINER_OF(it, struct kclient, node)->leaving != NULL;
	return n;
}

void kclients_pause(struct kernel *k, bool pause)
{
	list_for_each (it, &k->clients) {
		struct kclient *c = CONTAINER_OF(it, struct kclient, node);

		if (!c->ws || c->paused == pause)
			continue;
		c->paused = pause;
		if (pause)
			ws_pause(c->ws);
		else
			ws_resume(c->ws);
	}
}

void kclients_end(struct kernel *k, unsigned code, struct str why)
{
	list_for_each_safe (it, &k->clients) {
		struct kclient *c = CONTAINER_OF(it, struct kclient, node);
		struct ws *w = c->ws;

		forget(c);
		if (w)
			ws_close(w, code, why);
	}
}
