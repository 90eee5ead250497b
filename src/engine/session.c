/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session and its shim, as the engine sees them. One timer, on_check, keeps
 * them together until the folder has gone:
 *
 *   connected ─────────────────> wait for messages
 *   folder gone ───────────────> the session is over
 *   a shim holds the lock ─────> connect, soon again
 *   nobody does ───────────────> start a shim that adopts it
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "engine/journals.h"
#include "engine/local.h"

#define PACKET_MAX           4096
#define TURN_MAX             16
#define CHECK_MS             5
#define CHECK_SLOW_MS        100
#define ADOPT_MAX_MS         30000
#define ANSWER_MS            10000 /* a shim answers at once, or is not well */
#define CLOSE_RANGE_CLOEXEC_ 4

/* A request that went on to the shim. */
struct forwarded {
	struct list node;
	uint32_t seq;
	mono_ms asked;
	struct engine_call *call;
};

static void on_check(struct ev_timer *t);

void session_key(struct str id, uint32_t epoch, char ret[KEY_MAX_])
{
	(void)snprintf(ret, KEY_MAX_, "%.*s-%u", STR_ARG(str_sub(id, 0, 40)), epoch);
}

struct session *session_find(struct local *l, struct str id, uint32_t epoch)
{
	char key[KEY_MAX_];

	session_key(id, epoch, key);
	return map_get(&l->sessions, str_of(key));
}

static void on_free(struct ev_later *later)
{
	struct session *s = CONTAINER_OF(later, struct session, later);

	for (size_t i = 0; i < FROZEN_MAX; i++)
		own_close(&s->frozen_fd[i]);
	free(s);
}

static void drop_calls(struct session *s)
{
	struct err err = ERR_NONE;

	(void)ERR(&err, -EAGAIN, "the session can't be reached now: ask again");
	while (!list_empty(&s->calls)) {
		struct forwarded *f = LIST_ENTRY(s->calls.next, struct forwarded, node);

		list_del(&f->node);
		engine_fail(f->call, &err);
		free(f);
	}
}

static void disconnect(struct session *s)
{
	ev_fd_stop(&s->fd_ev);
	own_close(&s->fd);
	drop_calls(s);
	ev_timer_start(s->l->ev, &s->check, 0, on_check);
}

/* Nothing is left of it on this host. */
static void session_over(struct session *s)
{
	struct local *l = s->l;
	struct wire_msg m = { .type = WIRE_EV_FAILED };

	log_event(LOG_INFO, "session_gone", LZ("session", s->key));
	if (!s->told_end)
		local_emit_run(l, s->key); /* its shim was gone before we could listen */
	if (!journals_exist(l->journals, s->key)) {
		m.ev_failed =
		    (struct wire_ev_failed){ str_of(s->id), s->epoch, STR("container"),
			                     STR("start-failed"),
			                     STR("the start was cut short; start it again") };
		engine_emit(&l->base, &m);
	}
	drop_calls(s);
	if (s->frozen)
		session_thaw(s);
	ev_timer_stop(&s->check);
	ev_timer_stop(&s->patience);
	ev_child_stop(&s->shim);
	l->used[s->index] = false;
	(void)map_del(&l->sessions, str_of(s->key));
	ev_at_turn_end(l->ev, &s->later, on_free);
}

static bool send_to_shim(struct session *s, struct wire_msg *m)
{
	struct buf b = BUF(PACKET_MAX);
	bool sent;

	m->seq = ++s->seq ? s->seq : ++s->seq;
	sent = s->fd >= 0 && wire_put(&b, m, NULL) == 0 &&
	       send(s->fd, buf_str(&b).ptr, buf_len(&b), MSG_NOSIGNAL | MSG_DONTWAIT) > 0;
	buf_fini(&b);
	return sent;
}

/* What the shim must get: on a line that did not take it, it is said again once there is another (try_connect). */
static void tell_shim(struct session *s, struct wire_msg *m)
{
	if (!send_to_shim(s, m) && s->fd >= 0)
		disconnect(s);
}

void session_listen(struct session *s)
{
	struct wire_msg m = { .type = WIRE_EVENTS };

	tell_shim(s, &m);
}

static void send_stop(struct session *s)
{
	struct wire_msg m = { .type = WIRE_SESSION_STOP };

	m.session_stop = (struct wire_session_stop){ str_of(s->id), s->epoch,
		                                     str_of(s->stop_reason), s->stop_grace };
	tell_shim(s, &m);
}

static void send_deadline(struct session *s)
{
	struct wire_msg m = { .type = WIRE_SESSION_DEADLINE, .session_deadline = s->deadline };

	m.session_deadline.session = str_of(s->id);
	tell_shim(s, &m);
}

void session_stop(struct session *s, const struct wire_session_stop *m)
{
	s->stop_wanted = true;
	s->state = SESSION_STOPPING_;
	(void)snprintf(s->stop_reason, sizeof(s->stop_reason), "%.*s", STR_ARG(m->reason));
	s->stop_grace = m->grace_seconds;
	if (s->frozen)
		session_thaw(s);
	send_stop(s);
}

void session_set_deadline(struct session *s, const struct wire_session_deadline *m)
{
	s->deadline_wanted = true;
	s->deadline = *m;
	send_deadline(s);
}

/* Nobody waits for ever because a shim hangs. Perhaps another line gets on. */
static void on_patience(struct ev_timer *t)
{
	struct session *s = CONTAINER_OF(t, struct session, patience);
	const struct forwarded *oldest;
	mono_ms waited;

	if (list_empty(&s->calls))
		return;
	oldest = LIST_ENTRY(s->calls.next, struct forwarded, node);
	waited = time_mono_ms() - oldest->asked;
	if (waited < ANSWER_MS) {
		ev_timer_start(s->l->ev, t, ANSWER_MS - waited, on_patience);
		return;
	}
	log_event(LOG_WARN, "shim_silent", LZ("session", s->key));
	disconnect(s);
}

/* The shim's answer is the engine's. */
static void forward(struct session *s, struct engine_call *c, struct wire_msg *m)
{
	struct forwarded *f = xcalloc(1, sizeof(*f));

	f->call = c;
	f->asked = time_mono_ms();
	list_push(&s->calls, &f->node);
	if (!ev_timer_armed(&s->patience))
		ev_timer_start(s->l->ev, &s->patience, ANSWER_MS, on_patience);
	if (send_to_shim(s, m))
		f->seq = m->seq;
	else
		drop_calls(s);
}

void session_ask_stats(struct session *s, struct engine_call *c)
{
	struct wire_msg m = { .type = WIRE_SESSION_STATS };

	m.session_stats = (struct wire_session_stats){ str_of(s->id), s->epoch };
	forward(s, c, &m);
}

void session_ask_upgrade(struct session *s, struct engine_call *c)
{
	struct wire_msg m = { .type = WIRE_SESSION_UPGRADE };

	m.session_upgrade = (struct wire_session_upgrade){ str_of(s->id), s->epoch };
	forward(s, c, &m);
}

void session_give_credit(struct session *s, struct engine_call *c,
                         const struct wire_session_index *ask)
{
	struct wire_msg m = { .type = WIRE_SESSION_INDEX, .session_index = *ask };

	forward(s, c, &m);
}

static void answered(struct session *s, struct wire_msg *m)
{
	list_for_each_safe (it, &s->calls) {
		struct forwarded *f = LIST_ENTRY(it, struct forwarded, node);

		if (f->seq != m->seq)
			continue;
		list_del(&f->node);
		engine_answer(f->call, m);
		free(f);
		return;
	}
}

static void from_shim(struct session *s, struct wire_msg *m)
{
	switch ((int)m->type) {
	case WIRE_EV_READY:
		if (s->state == SESSION_STARTING_)
			s->state = SESSION_RUNNING_;
		break;
	case WIRE_EV_RUN:
		if (m->ev_run.kind == JOURNAL_STOP)
			s->state = SESSION_STOPPING_;
		s->told_end |= m->ev_run.kind == JOURNAL_STOP;
		break;
	case WIRE_EV_ACTIVITY:
		s->stop_at_boot_ns = m->ev_activity.stop_at_boot_ns;
		break;
	case WIRE_EV_PHASE:
	case WIRE_EV_FAILED:
	case WIRE_EV_DOC:
		break;
	default:
		answered(s, m);
		return;
	}
	engine_emit(&s->l->base, m);
}

static void on_packet(struct ev_fd *f, uint32_t events)
{
	struct session *s = CONTAINER_OF(f, struct session, fd_ev);

	for (unsigned i = 0; i < TURN_MAX && s->fd >= 0; i++) {
		char in[PACKET_MAX];
		struct wire_msg m;
		size_t used;
		ssize_t n = recv(s->fd, in, sizeof(in), MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0 ||
		    wire_get((struct str){ in, (size_t)n }, &m, &used, NULL) != WIRE_GET_DONE) {
			disconnect(s);
			return;
		}
		from_shim(s, &m);
	}
}

static bool try_connect(struct session *s)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	autoclose int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	(void)snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/ctl.sock", s->dir);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&sa, sizeof(sa)) < 0)
		return false;
	s->fd = steal_fd(&fd);
	if (ev_fd_start(s->l->ev, &s->fd_ev, s->fd, EPOLLIN, on_packet, NULL) < 0) {
		own_close(&s->fd);
		return false;
	}
	session_listen(s);
	if (s->deadline_wanted)
		send_deadline(s);
	if (s->stop_wanted)
		send_stop(s);
	return s->fd >= 0;
}

static bool has_shim(const struct session *s)
{
	char path[300];
	autoclose int fd = -1;

	if (s->shim_runs)
		return true;
	(void)snprintf(path, sizeof(path), "%s/lock", s->dir);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0;
}

static void adopt(struct session *s)
{
	mono_ms now = time_mono_ms(), wait = 1000ULL << (s->adoptions < 5 ? s->adoptions : 5);
	struct err err = ERR_NONE;

	if (now < s->adopt_at)
		return;
	s->adopt_at = now + (wait < ADOPT_MAX_MS ? wait : ADOPT_MAX_MS);
	s->adoptions++;
	log_event(LOG_WARN, "session_without_shim", LZ("session", s->key));
	if (session_spawn(s, true, &err) < 0)
		log_err(LOG_ERROR, "no_shim", &err);
}

static void on_check(struct ev_timer *t)
{
	struct session *s = CONTAINER_OF(t, struct session, check);
	bool fresh;

	if (s->fd >= 0)
		return;
	if (access(s->dir, F_OK) < 0) {
		if (!s->shim_runs) /* else its exit brings us here again */
			session_over(s);
		return;
	}
	if (has_shim(s)) {
		if (try_connect(s))
			return;
	} else {
		adopt(s);
	}
	fresh = time_mono_ms() < s->adopt_at;
	ev_timer_start(s->l->ev, t, fresh ? CHECK_MS : CHECK_SLOW_MS, on_check);
}

static void on_shim_exit(struct ev_child *c, int si_code, int status)
{
	struct session *s = CONTAINER_OF(c, struct session, shim);

	s->shim_runs = false;
	if (s->fd < 0)
		ev_timer_start(s->l->ev, &s->check, 0, on_check);
}

static _Noreturn void exec_shim(const struct session *s, bool adopt_it)
{
	static const char *const env[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
		"/sbin:/bin",
		NULL
	};
	const char *argv[4] = { s->l->cfg->shim };
	sigset_t none;
	int n = 1, null;

	if (adopt_it)
		argv[n++] = "--adopt";
	argv[n] = s->dir;
	(void)setsid();
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (chdir("/") < 0 || null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 ||
	    syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC_) < 0)
		_exit(126);
	(void)execve(argv[0], (char *const *)(const void *)argv,
	             (char *const *)(const void *)env);
	_exit(127);
}

int session_spawn(struct session *s, bool adopt_it, struct err *err)
{
	pid_t pid;
	int r;

	if (access(s->l->cfg->shim, X_OK) < 0)
		return ERR(err, -errno, "can't run %s: %m", s->l->cfg->shim);
	pid = fork();
	if (pid < 0)
		return ERR(err, -errno, "can't fork: %m");
	if (pid == 0)
		exec_shim(s, adopt_it);
	r = ev_child_start(s->l->ev, &s->shim, pid, on_shim_exit, err);
	s->shim_runs = r == 0;
	return r;
}

struct session *session_new(struct local *l, const char *key, unsigned index)
{
	struct session *s = xcalloc(1, sizeof(*s));
	struct str id;

	s->l = l;
	s->fd = -1;
	s->index = index;
	list_init(&s->calls);
	for (size_t i = 0; i < FROZEN_MAX; i++)
		s->frozen_fd[i] = -1;
	(void)snprintf(s->key, sizeof(s->key), "%s", key);
	CHECK(journals_split_key(str_of(s->key), &id, &s->epoch) == 0);
	(void)snprintf(s->id, sizeof(s->id), "%.*s", STR_ARG(id));
	(void)snprintf(s->dir, sizeof(s->dir), "%s/sessions/%s", l->cfg->run_dir, key);
	s->since_boot_ns = time_boot_ns();
	if (map_set(&l->sessions, str_of(s->key), s, NULL) < 0) {
		free(s);
		return NULL;
	}
	l->used[index] = true;
	ev_timer_start(l->ev, &s->check, 0, on_check);
	return s;
}

bool session_read_state(struct session *s, struct shim_state *ret)
{
	struct buf b = BUF(SHIM_FILE_MAX);
	char path[300];
	bool there;

	(void)snprintf(path, sizeof(path), "%s/state", s->dir);
	there = file_read(AT_FDCWD, path, &b, NULL) == 0 &&
	        shim_state_get(buf_str(&b), ret, NULL) == 0;
	buf_fini(&b);
	return there;
}

void session_put(struct session *s, struct jsonw *w)
{
	static const char *const names[] = { "starting", "running", "stopping" };
	struct shim_state st = { .since_boot_ns = s->since_boot_ns };

	(void)session_read_state(s, &st);
	jw_obj(w);
	jw_kv_z(w, "session", s->id);
	jw_kv_u64(w, "epoch", s->epoch);
	jw_kv_z(w, "state", names[s->state]);
	jw_kv_i64(w, "pid", st.pid);
	jw_kv_u64(w, "since_boot_ns", st.since_boot_ns);
	jw_obj_end(w);
}
