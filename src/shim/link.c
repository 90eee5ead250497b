/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two sockets of a shim: shim.sock for the agent, ctl.sock for the
 * engine. One message a packet. A peer that does not read is cut; it connects
 * anew and is told everything again, so nothing is queued here.
 */
#define _GNU_SOURCE
#include "shim/shim.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/un.h>

#include "base/json.h"
#include "base/log.h"
#include "base/rand.h"
#include "shim/cgroup.h"
#include "shim/net.h"

#define TURN_MAX 16

/* The agent's folder is the agent's: there may be anything, and something else a
 * moment later. A folder is moved out of the way in one step; taking it apart
 * could go on for as long as somebody fills it. */
static void make_way(const char *path)
{
	char aside[SHIM_PATH_MAX + 64];

	if (unlink(path) == 0 || errno != EISDIR)
		return;
	(void)snprintf(aside, sizeof(aside), "%s.%016llx", path,
	               (unsigned long long)rand_u64());
	(void)rename(path, aside);
}

/* Made with mode 0700 by our umask. Nothing here follows a link. */
static int open_listener(struct shim *s, struct link *l, const char *path, uid_t owner,
                         ev_fd_fn *on_accept, struct err *err)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	autoclose int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return ERR(err, -errno, "can't make a socket: %m");
	if (strlen(path) >= sizeof(sa.sun_path))
		return ERR(err, -ENAMETOOLONG, "the socket's path %s is too long", path);
	memcpy(sa.sun_path, path, strlen(path));
	make_way(path);
	if (bind(fd, (const struct sockaddr *)&sa, sizeof(sa)) < 0 ||
	    lchown(path, owner, owner) < 0 || listen(fd, 8) < 0)
		return ERR(err, -errno, "can't listen on %s: %m", path);
	l->listen_fd = steal_fd(&fd);
	return ev_fd_start(s->ev, &l->listen_ev, l->listen_fd, EPOLLIN, on_accept, err);
}

static void drop(struct link *l)
{
	ev_fd_stop(&l->ev);
	own_close(&l->fd);
}

static void accept_one(struct shim *s, struct link *l, uid_t uid, ev_fd_fn *on_packet)
{
	autoclose int fd = accept4(l->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct ucred peer;
	socklen_t n = sizeof(peer);

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) < 0 || peer.uid != uid)
		return;
	drop(l);
	l->fd = steal_fd(&fd);
	if (ev_fd_start(s->ev, &l->ev, l->fd, EPOLLIN, on_packet, NULL) < 0)
		drop(l);
}

void link_send(struct shim *s, struct link *l, const struct wire_msg *m)
{
	struct buf b = BUF(PACKET_MAX);
	struct err err = ERR_NONE;

	if (l->fd < 0)
		return;
	if (wire_put(&b, m, &err) < 0)
		log_err(LOG_ERROR, "message_unsendable", &err);
	else if (send(l->fd, buf_str(&b).ptr, buf_len(&b), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		drop(l);
	buf_fini(&b);
}

bool link_try(struct link *l, const struct wire_msg *m)
{
	struct buf b = BUF(PACKET_MAX);
	bool sent = l->fd >= 0 && wire_put(&b, m, NULL) == 0 &&
	            send(l->fd, buf_str(&b).ptr, buf_len(&b), MSG_NOSIGNAL | MSG_DONTWAIT) > 0;

	buf_fini(&b);
	return sent;
}

/* One packet into *m, which points into `in`. False: nothing (more). */
static bool receive(struct link *l, char *in, size_t max, struct wire_msg *m)
{
	struct err err = ERR_NONE;
	ssize_t n;
	size_t used;

	if (l->fd < 0)
		return false;
	n = recv(l->fd, in, max, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n > 0 && wire_get((struct str){ in, (size_t)n }, m, &used, &err) == WIRE_GET_DONE &&
	    used == (size_t)n)
		return true;
	if (err.code)
		log_err(LOG_WARN, "bad_message", &err);
	drop(l);
	return false;
}

/* To the agent. */

void link_status(struct shim *s)
{
	struct wire_msg m = { .type = WIRE_SHIM_STATUS };
	const char *why;

	s->told_stop_at = deadline_at(&s->deadline, &why);
	m.shim_status =
	    (struct wire_shim_status){ s->told_stop_at, str_of(why), s->deadline.idle_seconds,
		                       s->deadline.max_at };
	link_send(s, &s->agent, &m);
}

void link_stopping(struct shim *s)
{
	struct wire_msg m = { .type = WIRE_SHIM_STOPPING };

	m.shim_stopping = (struct wire_shim_stopping){ str_of(s->reason), s->grace_seconds };
	link_send(s, &s->agent, &m);
}

static void send_oom(struct shim *s, uint32_t seq)
{
	struct wire_msg m = { .type = WIRE_SHIM_OOM, .seq = seq };
	struct cgroup_stats st;

	cgroups_stats(&s->conf, &st);
	m.shim_oom =
	    (struct wire_shim_oom){ st.oom_kills, s->conf.memory_bytes, st.memory_peak_bytes };
	link_send(s, &s->agent, &m);
}

static void send_usage(struct shim *s)
{
	struct wire_msg m = { .type = WIRE_SHIM_USAGE };
	struct cgroup_stats st;

	cgroups_stats(&s->conf, &st);
	m.shim_usage = (struct wire_shim_usage){ st.cpu_ns, s->conf.cpu_milli, st.memory_bytes,
		                                 s->conf.memory_bytes };
	link_send(s, &s->agent, &m);
}

/* To the engine. */

static bool engine_hears(const struct shim *s)
{
	return s->engine.fd >= 0 && s->engine_listens;
}

static struct str session(const struct shim *s)
{
	return str_of(s->conf.session);
}

void link_phase(struct shim *s)
{
	struct wire_msg m = { .type = WIRE_EV_PHASE };

	if (!engine_hears(s) || !s->step[0])
		return;
	m.ev_phase =
	    (struct wire_ev_phase){ session(s), s->conf.epoch, str_of(s->step), s->step_at };
	link_send(s, &s->engine, &m);
}

void link_ready(struct shim *s)
{
	struct wire_msg m = { .type = WIRE_EV_READY };

	if (!engine_hears(s) || !s->ready)
		return;
	m.ev_ready = (struct wire_ev_ready){ session(s), s->conf.epoch };
	link_send(s, &s->engine, &m);
}

void link_failed(struct shim *s)
{
	struct wire_msg m = { .type = WIRE_EV_FAILED };

	if (!engine_hears(s))
		return;
	m.ev_failed = (struct wire_ev_failed){ session(s), s->conf.epoch, str_of(s->step),
		                               str_of(s->reason), str_of(s->message) };
	link_send(s, &s->engine, &m);
}

static void send_activity(struct shim *s)
{
	struct wire_msg m = { .type = WIRE_EV_ACTIVITY };
	const char *why;
	boot_ns at = deadline_at(&s->deadline, &why);

	s->activity_pending = false;
	if (!engine_hears(s))
		return;
	m.ev_activity =
	    (struct wire_ev_activity){ session(s), s->conf.epoch, s->deadline.last_active,
		                       at,         str_of(why),   str_of(s->evidence) };
	link_send(s, &s->engine, &m);
}

static void on_activity_timer(struct ev_timer *t)
{
	struct shim *s = CONTAINER_OF(t, struct shim, activity);

	if (s->activity_pending) {
		send_activity(s);
		ev_timer_start(s->ev, &s->activity, 5000, on_activity_timer);
	}
}

/* At once, but at most every 5 s. */
void link_activity(struct shim *s)
{
	s->activity_pending = true;
	if (ev_timer_armed(&s->activity))
		return;
	send_activity(s);
	ev_timer_start(s->ev, &s->activity, 5000, on_activity_timer);
}

static void answer(struct shim *s, uint32_t seq, int code, const char *message)
{
	struct wire_msg m = { .type = code ? WIRE_ERROR : WIRE_OK, .seq = seq };

	if (code)
		m.error = (struct wire_error){ code, str_of(message) };
	link_send(s, &s->engine, &m);
}

static void answer_stats(struct shim *s, uint32_t seq)
{
	struct wire_msg m = { .type = WIRE_SESSION_STATS_OK, .seq = seq };
	struct wire_session_stats_ok *a = &m.session_stats_ok;
	struct cgroup_stats st;
	struct statvfs fs;

	cgroups_stats(&s->conf, &st);
	a->cpu_ns = st.cpu_ns;
	a->memory_bytes = st.memory_bytes;
	a->memory_limit_bytes = s->conf.memory_bytes;
	a->pids = st.pids;
	a->oom_kills = st.oom_kills;
	if (s->volume_fd >= 0 && fstatvfs(s->volume_fd, &fs) == 0) {
		a->disk_size_bytes = fs.f_blocks * fs.f_frsize;
		a->disk_used_bytes = (fs.f_blocks - fs.f_bfree) * fs.f_frsize;
	}
	if (s->conf.ifname[0]) { /* the host's side receives what the session sends */
		a->rx_bytes = net_link_bytes(s->conf.ifname, "tx_bytes");
		a->tx_bytes = net_link_bytes(s->conf.ifname, "rx_bytes");
	}
	a->docs = docs_state(s);
	link_send(s, &s->engine, &m);
}

static void change_deadline(struct shim *s, const struct wire_session_deadline *m)
{
	struct err err = ERR_NONE;

	s->deadline.idle_seconds = m->idle_seconds;
	s->deadline.extend_until = m->extend_until_boot_ns;
	if (m->max_at_boot_ns)
		s->deadline.max_at = m->max_at_boot_ns;
	s->deadline.calendar_at = m->calendar_at_boot_ns;
	s->deadline.lease_until = m->lease_until_boot_ns;
	if (s->phase == SHIM_RUNNING && record_state(s, &err) < 0)
		log_err(LOG_ERROR, "state_unwritten", &err);
	shim_set_deadline(s);
	link_status(s);
	link_activity(s);
}

/* The agent's program was replaced on disk: it becomes that, and is itself to
 * say in the log how that went. */
static void upgrade(struct shim *s, uint32_t seq)
{
	struct wire_msg m = { .type = WIRE_SHIM_UPGRADE };

	if (s->phase != SHIM_RUNNING || s->agent.fd < 0) {
		answer(s, seq, -EAGAIN, "the session's agent can't be reached now: try again");
		return;
	}
	link_send(s, &s->agent, &m);
	answer(s, seq, 0, NULL);
}

static void from_engine(struct shim *s, const struct wire_msg *m)
{
	char reason[32];

	switch ((int)m->type) {
	case WIRE_EVENTS:
		s->engine_listens = true;
		answer(s, m->seq, 0, NULL);
		link_phase(s);
		link_ready(s);
		docs_engine_came(s);
		if (s->phase != SHIM_LAUNCHING)
			send_activity(s);
		break;
	case WIRE_SESSION_STOP:
		(void)snprintf(reason, sizeof(reason), "%.*s", STR_ARG(m->session_stop.reason));
		answer(s, m->seq, 0, NULL);
		shim_stop(s, reason, m->session_stop.grace_seconds);
		break;
	case WIRE_SESSION_DEADLINE:
		change_deadline(s, &m->session_deadline);
		answer(s, m->seq, 0, NULL);
		break;
	case WIRE_SESSION_STATS:
		answer_stats(s, m->seq);
		break;
	case WIRE_SESSION_UPGRADE:
		upgrade(s, m->seq);
		break;
	case WIRE_SESSION_INDEX:
		docs_credit(s, &m->session_index);
		answer(s, m->seq, 0, NULL);
		break;
	default:
		answer(s, m->seq, -ENOTSUP, "a shim does not know this message");
		break;
	}
}

static bool is_json_object(struct str text)
{
	struct arena a = ARENA(64 * 1024);
	struct json *tree = NULL;
	bool is = json_parse(&a, text, NULL, &tree, NULL) == 0 && tree->type == JSON_OBJECT;

	arena_fini(&a);
	return is;
}

static void activity(struct shim *s, const struct wire_agent_activity *m)
{
	const char *why;

	deadline_activity(&s->deadline, m->last_active_boot_ns, m->busy != 0, time_boot_ns());
	s->busy = m->busy != 0;
	if (is_json_object(m->evidence))
		(void)snprintf(s->evidence, sizeof(s->evidence), "%.*s", STR_ARG(m->evidence));
	shim_set_deadline(s);
	if (deadline_at(&s->deadline, &why) != s->told_stop_at)
		link_status(s);
	link_activity(s);
}

static void agent_ready(struct shim *s)
{
	struct err err = ERR_NONE;

	if (s->ready || s->phase > SHIM_RUNNING)
		return;
	s->ready = true;
	ev_timer_stop(&s->ready_timer);
	/* It may be up before the launcher has said that it started. */
	if (s->phase == SHIM_LAUNCHING)
		return;
	(void)snprintf(s->state.phase, sizeof(s->state.phase), "ready");
	if (record_state(s, &err) < 0)
		log_err(LOG_ERROR, "state_unwritten", &err);
	link_ready(s);
}

static void from_agent(struct shim *s, const struct wire_msg *m)
{
	switch ((int)m->type) {
	case WIRE_AGENT_READY:
		agent_ready(s);
		break;
	case WIRE_AGENT_ACTIVITY:
		activity(s, &m->agent_activity);
		send_usage(s);
		break;
	case WIRE_AGENT_OOM_QUERY:
		send_oom(s, m->seq);
		break;
	case WIRE_AGENT_DOC:
		docs_take(s, &m->agent_doc);
		break;
	default:
		drop(&s->agent);
		break;
	}
}

static void on_agent(struct ev_fd *f, uint32_t events)
{
	struct shim *s = CONTAINER_OF(f, struct shim, agent.ev);
	char in[PACKET_MAX];
	struct wire_msg m;

	for (unsigned i = 0; i < TURN_MAX && receive(&s->agent, in, sizeof(in), &m); i++)
		from_agent(s, &m);
}

static void on_engine(struct ev_fd *f, uint32_t events)
{
	struct shim *s = CONTAINER_OF(f, struct shim, engine.ev);
	char in[PACKET_MAX];
	struct wire_msg m;

	for (unsigned i = 0; i < TURN_MAX && receive(&s->engine, in, sizeof(in), &m); i++)
		from_engine(s, &m);
}

static void on_agent_accept(struct ev_fd *f, uint32_t events)
{
	struct shim *s = CONTAINER_OF(f, struct shim, agent.listen_ev);

	accept_one(s, &s->agent, s->conf.userns_base, on_agent);
	link_status(s);
	docs_greet(s);
	if (s->phase == SHIM_STOPPING)
		link_stopping(s);
}

static void on_engine_accept(struct ev_fd *f, uint32_t events)
{
	struct shim *s = CONTAINER_OF(f, struct shim, engine.listen_ev);

	s->engine_listens = false;
	accept_one(s, &s->engine, 0, on_engine);
}

int shim_open_agent(struct shim *s, struct err *err)
{
	char path[SHIM_PATH_MAX + 32];

	(void)snprintf(path, sizeof(path), "%s/shim.sock", s->conf.socket_dir);
	return open_listener(s, &s->agent, path, s->conf.userns_base, on_agent_accept, err);
}

int shim_open_engine(struct shim *s, struct err *err)
{
	char path[SHIM_PATH_MAX + 32];

	(void)snprintf(path, sizeof(path), "%s/ctl.sock", s->conf.dir);
	return open_listener(s, &s->engine, path, 0, on_engine_accept, err);
}

void shim_links_close(struct shim *s)
{
	drop(&s->agent);
	drop(&s->engine);
	ev_fd_stop(&s->agent.listen_ev);
	ev_fd_stop(&s->engine.listen_ev);
	own_close(&s->agent.listen_fd);
	own_close(&s->engine.listen_fd);
}
