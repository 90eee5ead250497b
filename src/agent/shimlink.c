/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/shimlink.h"

#include <errno.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "agent/docs.h"
#include "agent/evidence.h"
#include "agent/reexec.h"
#include "base/log.h"
#include "proto/wire.h"

#define RETRY_MS    1000U
#define REPORT_MS   10000U
#define SOON_MS     500U
#define OOM_MS      1000U
#define WARN_NS     (300ULL * 1000000000)
#define QUERIES_MAX 8
#define SAVE_MS     2000U

struct query {
	oom_fn *fn;
	void *arg;
};

struct shim_link {
	struct agent *a;
	char path[100];
	int fd;
	struct ev_fd ev;
	struct ev_timer retry, report, warn, oom, stop;
	bool soon; /* the next report is a matter of SOON_MS */
	struct query queries[QUERIES_MAX];
	unsigned nqueries;
	struct wire_shim_status status;
	char why[16];
	bool has_status, warned;
	struct shim_usage usage; /* at: 0, not known */
	char stop_reason[32];
	unsigned stop_grace;
};

static void on_retry(struct ev_timer *t);
static void on_report(struct ev_timer *t);

static void drop(struct shim_link *l)
{
	ev_fd_stop(&l->ev);
	own_close(&l->fd);
	ev_timer_stop(&l->report);
	ev_timer_start(l->a->ev, &l->retry, RETRY_MS, on_retry);
}

static void send_msg(struct shim_link *l, const struct wire_msg *m)
{
	struct buf b = BUF(WIRE_FRAME_MAX);
	struct str s;

	if (l->fd < 0)
		return;
	if (wire_put(&b, m, NULL) == 0) {
		s = buf_str(&b);
		/* A shim that does not read loses reports, not the session. */
		if (send(l->fd, s.ptr, s.len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
		    errno != EAGAIN)
			drop(l);
	}
	buf_fini(&b);
}

bool shimlink_send(struct agent *a, const struct wire_msg *m)
{
	struct buf b = BUF(WIRE_FRAME_MAX);
	bool sent;

	sent = a->shim && a->shim->fd >= 0 && wire_put(&b, m, NULL) == 0 &&
	       send(a->shim->fd, buf_str(&b).ptr, buf_len(&b), MSG_DONTWAIT | MSG_NOSIGNAL) > 0;
	buf_fini(&b);
	return sent;
}

static void report(struct shim_link *l)
{
	struct wire_msg m = { .type = WIRE_AGENT_ACTIVITY };
	struct buf json = BUF(EVIDENCE_MAX);
	struct evidence e;

	docs_kernels_changed(l->a);
	evidence_collect(l->a, &e, &json);
	m.agent_activity.last_active_boot_ns = e.last_active;
	m.agent_activity.busy = e.busy;
	m.agent_activity.evidence = buf_str(&json);
	send_msg(l, &m);
	buf_fini(&json);
}

static void on_report(struct ev_timer *t)
{
	struct shim_link *l = CONTAINER_OF(t, struct shim_link, report);

	l->soon = false;
	report(l);
	if (l->fd >= 0)
		ev_timer_start(l->a->ev, &l->report, REPORT_MS, on_report);
}

void shimlink_changed(struct agent *a)
{
	struct shim_link *l = a->shim;

	if (l->fd < 0 || l->soon)
		return;
	l->soon = true;
	ev_timer_start(a->ev, &l->report, SOON_MS, on_report);
}

static wall_us wall_of(boot_ns at)
{
	boot_ns now = time_boot_ns();

	return at >= now ? time_wall_us() + (wall_us)((at - now) / 1000)
	                 : time_wall_us() - (wall_us)((now - at) / 1000);
}

static void emit_stop(struct shim_link *l)
{
	boot_ns now = time_boot_ns(), at = l->status.stop_at_boot_ns;
	char when[TIME_RFC3339_MAX];
	struct buf b = BUF(512);

	time_rfc3339(wall_of(at), when);
	buf_printf(&b, "\"stop_at\":\"%s\",\"seconds\":%llu,\"why\":\"%s\"", when,
	           (unsigned long long)(at > now ? (at - now) / 1000000000 : 0), l->why);
	events_emit(l->a, EVENT_STOP, buf_str(&b));
	buf_fini(&b);
}

static void on_warn(struct ev_timer *t)
{
	struct shim_link *l = CONTAINER_OF(t, struct shim_link, warn);

	l->warned = true;
	emit_stop(l);
}

static void plan_warning(struct shim_link *l)
{
	boot_ns now = time_boot_ns(), at = l->status.stop_at_boot_ns;
	boot_ns when = at > WARN_NS ? at - WARN_NS : 0;

	if (!at)
		return;
	if (when > now) {
		/* Put off: browsers take their warning back. */
		if (l->warned)
			emit_stop(l);
		l->warned = false;
		ev_timer_start(l->a->ev, &l->warn, (when - now) / 1000000 + 1, on_warn);
	} else {
		ev_timer_start(l->a->ev, &l->warn, 0, on_warn);
	}
}

static void emit_session(struct shim_link *l, const char *state, const char *reason,
                         unsigned seconds)
{
	struct buf b = BUF(512);

	buf_printf(&b, "\"state\":\"%s\",\"reason\":\"%s\",\"seconds\":%u", state, reason,
	           seconds);
	events_emit(l->a, EVENT_SESSION, buf_str(&b));
	buf_fini(&b);
}

static void on_stop(struct ev_timer *t)
{
	struct shim_link *l = CONTAINER_OF(t, struct shim_link, stop);
	unsigned used = (SAVE_MS + 999) / 1000;

	agent_stop(l->a, l->stop_reason, l->stop_grace > used ? l->stop_grace - used : 1);
}

/* Words that come from the shim and go to browsers. */
static void copy_word(char *to, size_t n, struct str s)
{
	size_t len = 0;

	for (size_t i = 0; i < s.len && len + 1 < n; i++) {
		char c = s.ptr[i];

		if ((c >= 'a' && c <= 'z') || c == '-' || c == '_')
			to[len++] = c;
	}
	to[len] = '\0';
}

static void on_status(struct shim_link *l, const struct wire_shim_status *s)
{
	bool moved = !l->has_status || s->stop_at_boot_ns != l->status.stop_at_boot_ns;

	l->status = *s;
	l->status.stop_why = STR_NONE;
	copy_word(l->why, sizeof(l->why), s->stop_why);
	l->has_status = true;
	if (moved)
		plan_warning(l);
}

static void on_stopping(struct shim_link *l, const struct wire_shim_stopping *s)
{
	if (ev_timer_armed(&l->stop) || l->a->stopping)
		return;
	copy_word(l->stop_reason, sizeof(l->stop_reason), s->reason);
	l->stop_grace = s->grace_seconds;
	emit_session(l, "stopping", l->stop_reason, s->grace_seconds);
	/* Browsers that hear this save what is open. */
	ev_timer_start(l->a->ev, &l->stop,
	               list_empty(&l->a->events.listeners_) || s->grace_seconds < 4 ? 0
	                                                                            : SAVE_MS,
	               on_stop);
}

static void answer_queries(struct shim_link *l, const struct oom_facts *f)
{
	struct query q[QUERIES_MAX];
	unsigned n = l->nqueries;

	memcpy(q, l->queries, sizeof(q));
	l->nqueries = 0;
	ev_timer_stop(&l->oom);
	for (unsigned i = 0; i < n; i++)
		q[i].fn(l->a, f, q[i].arg);
}

static void on_msg(struct shim_link *l, const struct wire_msg *m)
{
	struct oom_facts f;

	if (m->type == WIRE_SHIM_STATUS) {
		on_status(l, &m->shim_status);
	} else if (m->type == WIRE_SHIM_STOPPING) {
		on_stopping(l, &m->shim_stopping);
	} else if (m->type == WIRE_SHIM_USAGE) {
		const struct wire_shim_usage *u = &m->shim_usage;

		l->usage = (struct shim_usage){ .cpu_ns = u->cpu_ns,
			                        .memory_bytes = u->memory_bytes,
			                        .memory_limit_bytes = u->memory_limit_bytes,
			                        .cpu_milli = u->cpu_milli,
			                        .at = time_boot_ns() };
	} else if (m->type == WIRE_SHIM_UPGRADE) {
		reexec_ask(l->a);
	} else if (m->type == WIRE_SHIM_INDEX) {
		docs_on_index(l->a, &m->shim_index);
	} else if (m->type == WIRE_SHIM_OOM) {
		f = (struct oom_facts){ m->shim_oom.oom_kills, m->shim_oom.memory_limit_bytes,
			                m->shim_oom.memory_peak_bytes };
		answer_queries(l, &f);
	}
}

static void on_event(struct ev_fd *f, uint32_t events)
{
	struct shim_link *l = CONTAINER_OF(f, struct shim_link, ev);
	struct wire_msg m;
	char p[4096];
	size_t used;
	ssize_t n;

	(void)events;
	n = recv(l->fd, p, sizeof(p), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop(l);
		return;
	}
	if (wire_get((struct str){ p, (size_t)n }, &m, &used, NULL) == WIRE_GET_DONE)
		on_msg(l, &m);
}

/* The socket is for uid 0 of the namespace; files are touched as the user. */
static int dial(struct shim_link *l)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	const struct agent_cfg *cfg = l->a->cfg;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), r;

	if (fd < 0)
		return -errno;
	(void)snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", l->path);
	if (cfg->session)
		(void)setfsuid(0);
	r = connect(fd, (const struct sockaddr *)&sa, sizeof(sa)) < 0 ? -errno : 0;
	if (cfg->session)
		(void)setfsuid(cfg->uid);
	if (r < 0) {
		(void)close(fd);
		return r;
	}
	return fd;
}

static void on_retry(struct ev_timer *t)
{
	struct shim_link *l = CONTAINER_OF(t, struct shim_link, retry);
	struct wire_msg ready = { .type = WIRE_AGENT_READY };

	l->fd = dial(l);
	if (l->fd < 0 || ev_fd_start(l->a->ev, &l->ev, l->fd, EPOLLIN, on_event, NULL) < 0) {
		own_close(&l->fd);
		l->fd = -1;
		ev_timer_start(l->a->ev, &l->retry, RETRY_MS, on_retry);
		return;
	}
	send_msg(l, &ready);
	if (l->fd >= 0)
		on_report(&l->report);
}

int shimlink_init(struct agent *a, const char *path, struct err *err)
{
	struct shim_link *l = xcalloc(1, sizeof(*l));

	l->a = a;
	l->fd = -1;
	if (snprintf(l->path, sizeof(l->path), "%s", path) >= (int)sizeof(l->path)) {
		free(l);
		return ERR(err, -ENAMETOOLONG, "the shim's socket has too long a name: %s",
		           path);
	}
	a->shim = l;
	ev_timer_start(a->ev, &l->retry, 0, on_retry);
	return 0;
}

void shimlink_fini(struct agent *a)
{
	struct shim_link *l = a->shim;

	ev_timer_stop(&l->retry);
	ev_timer_stop(&l->report);
	ev_timer_stop(&l->warn);
	ev_timer_stop(&l->oom);
	ev_timer_stop(&l->stop);
	ev_fd_stop(&l->ev);
	own_close(&l->fd);
	a->shim = NULL;
	free(l);
}

static void on_oom_timeout(struct ev_timer *t)
{
	answer_queries(CONTAINER_OF(t, struct shim_link, oom), NULL);
}

/* Without a shim the answer comes as promised, from a later turn. */
struct lonely {
	struct ev_timer timer;
	struct ev_later gone;
	struct agent *a;
	struct query q;
};

static void lonely_free(struct ev_later *later)
{
	free(CONTAINER_OF(later, struct lonely, gone));
}

static void on_lonely(struct ev_timer *t)
{
	struct lonely *o = CONTAINER_OF(t, struct lonely, timer);

	o->q.fn(o->a, NULL, o->q.arg);
	ev_at_turn_end(o->a->ev, &o->gone, lonely_free);
}

void shimlink_oom_query(struct agent *a, oom_fn *fn, void *arg)
{
	struct wire_msg m = { .type = WIRE_AGENT_OOM_QUERY, .seq = 1 };
	struct shim_link *l = a->shim;
	struct lonely *o;

	if (l && l->fd >= 0 && l->nqueries < QUERIES_MAX) {
		l->queries[l->nqueries++] = (struct query){ fn, arg };
		send_msg(l, &m);
		ev_timer_start(a->ev, &l->oom, OOM_MS, on_oom_timeout);
		return;
	}
	o = xcalloc(1, sizeof(*o));
	o->a = a;
	o->q = (struct query){ fn, arg };
	ev_timer_start(a->ev, &o->timer, 0, on_lonely);
}

bool shimlink_usage(const struct agent *a, struct shim_usage *ret)
{
	if (!a->shim || !a->shim->usage.at)
		return false;
	*ret = a->shim->usage;
	return true;
}

void shimlink_status(const struct agent *a, struct jsonw *w)
{
	const struct shim_link *l = a->shim;
	bool known = l && l->has_status;

	if (known && l->status.stop_at_boot_ns) {
		jw_kv_time(w, "stop_at", wall_of(l->status.stop_at_boot_ns));
		jw_kv_z(w, "stop_why", l->why);
	} else {
		jw_kv_null(w, "stop_at");
		jw_kv_null(w, "stop_why");
	}
	if (known)
		jw_kv_u64(w, "auto_stop_seconds", l->status.idle_seconds);
	else
		jw_kv_null(w, "auto_stop_seconds");
	if (known && l->status.max_at_boot_ns)
		jw_kv_time(w, "max_at", wall_of(l->status.max_at_boot_ns));
	else
		jw_kv_null(w, "max_at");
}
