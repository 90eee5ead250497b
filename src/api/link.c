/* SPDX-License-Identifier: Apache-2.0 */
#include "api/link.h"

#include <errno.h>

#include "base/list.h"
#include "base/log.h"
#include "net/sock.h"
#include "net/stream.h"

#define IN_MAX       (WIRE_FRAME_MAX + 64)
#define OUT_MAX      (4U << 20)
#define RETRY_MIN_MS 50U
#define RETRY_MAX_MS 1000U
#define ANSWER_MS    120000U /* an engine that takes longer is stuck: connect anew */

struct pending {
	struct list node;
	uint32_t seq;
	mono_ms until;
	link_fn *fn;
	void *arg;
	struct err err;   /* for those that fail without having been sent */
	struct buf again; /* of a patient call: its frame */
};

struct link {
	struct ev *ev;
	struct link_cfg cfg;
	struct addr addr;
	struct stream st;
	bool open, up, freed;
	unsigned retry_ms;
	uint32_t seq;
	struct list pending; /* in the order of sending */
	struct list refused; /* could not be sent: told at the turn's end */
	struct list patient; /* wait for the engine to come back */
	mono_ms down_since;
	struct ev_timer retry, watch, patience;
	bool closing;
	struct ev_later later;
	bool later_on;
};

static void try_connect(struct link *l);

static void on_retry(struct ev_timer *t)
{
	try_connect(CONTAINER_OF(t, struct link, retry));
}

/* NOLINTBEGIN(clang-analyzer-unix.Malloc): it does not see that list_del takes
 * the node out of the list that the callers' loops look at. */
static void tell(struct link *l, struct pending *p, const struct wire_msg *m,
                 const struct err *err)
{
	list_del(&p->node);
	if (p->fn)
		p->fn(l, m, err, p->arg);
	buf_fini(&p->again);
	free(p);
}

static bool may_wait(const struct link *l)
{
	return !l->closing && ev_now_ms(l->ev) < l->down_since + LINK_PATIENCE_MS;
}

static void on_impatient(struct ev_timer *t)
{
	struct link *l = CONTAINER_OF(t, struct link, patience);
	struct err err = ERR_NONE;

	(void)ERR(&err, -ENOTCONN, "the container engine does not answer");
	while (!list_empty(&l->patient))
		tell(l, LIST_ENTRY(l->patient.next, struct pending, node), NULL, &err);
}

static void wait_for_it(struct link *l, struct pending *p)
{
	list_push(&l->patient, &p->node);
	if (!ev_timer_armed(&l->patience))
		ev_timer_start(l->ev, &l->patience, LINK_PATIENCE_MS, on_impatient);
}

/* It is back: what waited goes first. */
static void send_patient(struct link *l)
{
	ev_timer_stop(&l->patience);
	while (!list_empty(&l->patient)) {
		struct pending *p = LIST_ENTRY(l->patient.next, struct pending, node);

		list_del(&p->node);
		list_push(&l->pending, &p->node);
		if (stream_write(&l->st, buf_str(&p->again)) < 0)
			return; /* it comes down again, and tells them */
	}
}

static void come_down(struct link *l, const char *why)
{
	struct err err = ERR_NONE;
	bool was_up = l->up;

	if (!l->open)
		return;
	l->open = l->up = false;
	stream_close(&l->st);
	ev_timer_stop(&l->watch);
	(void)ERR(&err, -ENOTCONN, "the container engine went away: %s", why);
	if (was_up)
		log_event(LOG_WARN, "engine_away", LZ("why", why));
	if (was_up)
		l->down_since = ev_now_ms(l->ev);
	while (!list_empty(&l->pending)) {
		struct pending *p = LIST_ENTRY(l->pending.next, struct pending, node);

		if (buf_len(&p->again) && may_wait(l)) {
			list_del(&p->node);
			wait_for_it(l, p);
		} else {
			tell(l, p, NULL, &err);
		}
	}
	if (was_up && l->cfg.on_down)
		l->cfg.on_down(l, l->cfg.arg);
	ev_timer_start(l->ev, &l->retry, l->retry_ms, on_retry);
	l->retry_ms = l->retry_ms * 2 > RETRY_MAX_MS ? RETRY_MAX_MS : l->retry_ms * 2;
}

static void on_close(struct stream *s, const struct err *err)
{
	struct link *l = CONTAINER_OF(s, struct link, st);

	come_down(l, err && err->code ? err->msg : "it closed the connection");
}

static void answer(struct link *l, const struct wire_msg *m)
{
	struct err err = ERR_NONE;

	list_for_each_safe (it, &l->pending) {
		struct pending *p = LIST_ENTRY(it, struct pending, node);

		if (p->seq != m->seq)
			continue;
		if (m->type == WIRE_ERROR) {
			int code = m->error.code < 0 && m->error.code > -4096
			               ? (int)m->error.code
			               : -EIO;

			(void)ERR(&err, code, "%.*s", STR_ARG(m->error.message));
			tell(l, p, NULL, &err);
		} else {
			tell(l, p, m, NULL);
		}
		return;
	}
}

static void on_data(struct stream *s)
{
	struct link *l = CONTAINER_OF(s, struct link, st);
	struct err err = ERR_NONE;
	struct wire_msg m;
	size_t used;
	int r = 0;

	while (l->open && (r = wire_get(buf_str(&s->in), &m, &used, &err)) == WIRE_GET_DONE) {
		/* The slices of m point into s->in: nothing that a callback may do
		 * closes the stream before it returns. */
		if (m.seq)
			answer(l, &m);
		else if (l->cfg.on_event)
			l->cfg.on_event(l, &m, l->cfg.arg);
		if (l->open)
			buf_consume(&s->in, used);
	}
	if (r < 0)
		come_down(l, err.msg);
}

static void on_watch(struct ev_timer *t)
{
	struct link *l = CONTAINER_OF(t, struct link, watch);

	if (!list_empty(&l->pending) &&
	    LIST_ENTRY(l->pending.next, struct pending, node)->until < ev_now_ms(l->ev)) {
		come_down(l, "it did not answer for too long");
		return;
	}
	ev_timer_start(l->ev, &l->watch, 5000, on_watch);
}

static void be_up(struct link *l)
{
	l->up = true;
	l->retry_ms = RETRY_MIN_MS;
	log_event(LOG_INFO, "engine_connected", LZ("addr", l->cfg.addr));
	ev_timer_start(l->ev, &l->watch, 5000, on_watch);
	if (l->cfg.on_up)
		l->cfg.on_up(l, l->cfg.arg);
	send_patient(l);
}

/* The engine is root's, or in tests our own: nobody else's word counts. */
static int check_peer(int fd, struct err *err)
{
	pid_t pid;
	uid_t uid;
	gid_t gid;
	int r = sock_peercred(fd, &pid, &uid, &gid);

	if (r < 0)
		return ERR(err, r, "the engine's socket does not say who listens");
	if (uid != 0 && uid != geteuid())
		return ERR(err, -EACCES, "the engine's socket belongs to uid %u",
		           (unsigned)uid);
	return 0;
}

static void try_connect(struct link *l)
{
	struct err err = ERR_NONE;
	int fd = -1, r;

	r = sock_connect(&l->addr, &fd, &err);
	if (r == 0)
		r = check_peer(fd, &err);
	if (r == 0)
		r = stream_open(&l->st, l->ev, steal_fd(&fd), IN_MAX, OUT_MAX, false, &err);
	if (r < 0) {
		own_close(&fd);
		ev_timer_start(l->ev, &l->retry, l->retry_ms, on_retry);
		l->retry_ms = l->retry_ms * 2 > RETRY_MAX_MS ? RETRY_MAX_MS : l->retry_ms * 2;
		return;
	}
	l->st.on_data = on_data;
	l->st.on_close = on_close;
	l->open = true;
	be_up(l);
}

static void on_later(struct ev_later *later)
{
	struct link *l = CONTAINER_OF(later, struct link, later);

	l->later_on = false;
	if (l->freed) {
		free(l);
		return;
	}
	while (!list_empty(&l->refused)) {
		struct pending *p = LIST_ENTRY(l->refused.next, struct pending, node);
		struct err err = p->err;

		tell(l, p, NULL, &err);
	}
}

static void refuse(struct link *l, struct pending *p)
{
	list_push(&l->refused, &p->node);
	if (!l->later_on) {
		l->later_on = true;
		ev_at_turn_end(l->ev, &l->later, on_later);
	}
}

static void call(struct link *l, struct wire_msg *m, link_fn *fn, void *arg, bool patient)
{
	struct pending *p = xcalloc(1, sizeof(*p));
	struct buf b = BUF(IN_MAX);
	int r = -ENOTCONN;

	p->fn = fn;
	p->arg = arg;
	p->seq = m->seq = ++l->seq ? l->seq : ++l->seq;
	p->until = ev_now_ms(l->ev) + ANSWER_MS;
	buf_init(&p->again, IN_MAX);
	if (patient && wire_put(&p->again, m, &p->err) < 0)
		buf_clear(&p->again);
	if (!l->up && buf_len(&p->again) && may_wait(l)) {
		wait_for_it(l, p);
		return;
	}
	if (l->up) {
		r = wire_put(&b, m, &p->err);
		if (r == 0) {
			r = stream_write(&l->st, buf_str(&b));
			if (r < 0)
				(void)ERR(&p->err, r, "the container engine does not keep up");
		}
	} else {
		(void)ERR(&p->err, r, "the container engine does not answer");
	}
	buf_fini(&b);
	if (r < 0)
		refuse(l, p);
	else
		list_push(&l->pending, &p->node);
}

void link_call(struct link *l, struct wire_msg *m, link_fn *fn, void *arg)
{
	call(l, m, fn, arg, false);
}

void link_call_patiently(struct link *l, struct wire_msg *m, link_fn *fn, void *arg)
{
	call(l, m, fn, arg, true);
}

bool link_up(const struct link *l)
{
	return l->up;
}

static void on_start(struct ev_timer *t)
{
	try_connect(CONTAINER_OF(t, struct link, retry));
}

int link_new(struct ev *ev, const struct link_cfg *cfg, struct link **ret, struct err *err)
{
	struct link *l = xcalloc(1, sizeof(*l));
	int r;

	l->ev = ev;
	l->cfg = *cfg;
	l->retry_ms = RETRY_MIN_MS;
	list_init(&l->pending);
	list_init(&l->refused);
	list_init(&l->patient);
	r = addr_parse(str_of(cfg->addr), &l->addr, err);
	if (r < 0) {
		free(l);
		return r;
	}
	*ret = l;
	return 0;
}

bool link_soon(const struct link *l)
{
	return l->up || may_wait(l);
}

void link_go(struct link *l)
{
	l->down_since = ev_now_ms(l->ev);
	if (!l->open && !ev_timer_armed(&l->retry))
		ev_timer_start(l->ev, &l->retry, 0, on_start);
}

void link_close(struct link *l)
{
	l->closing = true;
	come_down(l, "core ends");
	ev_timer_stop(&l->retry);
	ev_timer_stop(&l->patience);
	on_impatient(&l->patience);
}

void link_free(struct link *l)
{
	if (!l)
		return;
	link_close(l);
	while (!list_empty(&l->refused)) {
		struct pending *p = LIST_ENTRY(l->refused.next, struct pending, node);
		struct err err = p->err;

		tell(l, p, NULL, &err);
	}
	l->freed = true;
	if (!l->later_on)
		ev_at_turn_end(l->ev, &l->later, on_later);
}
/* NOLINTEND(clang-analyzer-unix.Malloc) */
