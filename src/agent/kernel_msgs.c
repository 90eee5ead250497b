/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a kernel says, and what is said to it. Its iopub is always read; each
 * message is checked, moves the execution state, and goes on to the browsers
 * as the bytes it came in. Replies go to the one who asked.
 *
 * Readiness: SUB is connected before the first request, then kernel_info is
 * asked for until a reply and one message on iopub were seen. Plain PUB gives
 * no other sign that the subscription has arrived.
 */
#include "agent/kernel.h"

#include <errno.h>

#include "agent/kclient.h"
#include "agent/runs.h"
#include "base/json.h"
#include "base/log.h"

#define NUDGE_FIRST_MS 100U
#define NUDGE_MS       500U
#define READY_MS       60000U
#define ARENA_MAX      (4U << 20) /* header trees and the frames' glue */
#define IDLE_GRACE_MS  2000U      /* idle follows the reply, or was lost */

/* Message types whose traffic says nothing about the user's work: the
 * debugger's and our own would otherwise make a busy kernel look idle. */
static bool is_tracked(struct str type)
{
	static const char *const untracked[] = {
		"comm_info_request",
		"comm_info_reply",
		"kernel_info_request",
		"kernel_info_reply",
		"shutdown_request",
		"shutdown_reply",
		"interrupt_request",
		"interrupt_reply",
		"debug_request",
		"debug_reply",
		"stream",
		"display_data",
		"update_display_data",
		"execute_input",
		"execute_result",
		"error",
		"status",
		"clear_output",
		"debug_event",
		"input_request",
		"input_reply",
	};

	if (type.len == 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(untracked); i++) {
		if (str_is(type, untracked[i]))
			return false;
	}
	return true;
}

static void log_bad(struct kernel *k, const struct err *err)
{
	log_event(LOG_WARN, "kernel_message_dropped", LZ("kernel", k->id), LZ("why", err->msg));
}

/* ---- to the kernel ---- */

int kernel_send(struct kernel *k, const struct jmsg *m)
{
	struct arena a = ARENA(ARENA_MAX);
	struct jmsg_frame f;
	int r = jmsg_to_zmq(&a, m, str_of(k->key), &f);

	if (r == 0)
		r = kconn_send(&k->conn[m->channel], f.part, f.n);
	arena_fini(&a);
	return r;
}

int kernel_make(struct kernel *k, struct arena *a, struct jmsg_new n, struct jmsg *ret)
{
	n.session = str_of(k->session);
	n.now = time_wall_us();
	return jmsg_make(a, &n, ret);
}

int kernel_ask(struct kernel *k, enum jmsg_channel c, const char *type, struct str content)
{
	struct jmsg_new n = { .channel = c, .type = type, .content = content };
	struct arena a = ARENA(ARENA_MAX);
	struct jmsg m;
	int r = kernel_make(k, &a, n, &m);

	if (r == 0)
		r = kernel_send(k, &m);
	arena_fini(&a);
	return r;
}

/* ---- what it does ---- */

static void on_idle_timer(struct ev_timer *t);

void kernel_forget_run(struct kernel *k)
{
	if (!buf_len(&k->run.parent))
		return;
	buf_fini(&k->run.parent);
	buf_fini(&k->run.session);
	buf_fini(&k->run.asked);
	k->run.waiting = k->run.paused = k->run.replied = false;
	ev_timer_stop(&k->idle_timer);
	agent_evidence_changed(k->a);
}

static void begin_run(struct kernel *k, const struct jmsg *m)
{
	kernel_forget_run(k);
	buf_put_str(&k->run.parent, m->parent);
	buf_put_str(&k->run.session, m->up.session);
	(void)snprintf(k->run.id, sizeof(k->run.id), "%.*s", STR_ARG(m->up.id));
	k->run.since = time_wall_us();
	agent_evidence_changed(k->a);
}

static bool is_running(const struct kernel *k, struct str msg_id)
{
	return buf_len(&k->run.parent) && str_is(msg_id, k->run.id);
}

/* A request to a subshell (JEP 91) runs beside the cell of the main shell, and
 * its end is not that one's. */
static bool is_subshell(struct arena *a, const struct jmsg *m)
{
	struct json *header;
	struct str id;

	return json_parse(a, m->parent, NULL, &header, NULL) == 0 &&
	       json_get_str(header, "subshell_id", &id) == 0 && id.len > 0;
}

static uint64_t hash(struct str s)
{
	uint64_t h = 0xcbf29ce484222325U;

	for (size_t i = 0; i < s.len; i++)
		h = (h ^ (uint8_t)s.ptr[i]) * 0x100000001b3U;
	return h;
}

static void begin_sub(struct kernel *k, struct str msg_id)
{
	if (k->nsub == KERNEL_SUBS_MAX)
		return;
	k->sub[k->nsub++] = hash(msg_id);
	agent_evidence_changed(k->a);
}

static void end_sub(struct kernel *k, struct str msg_id)
{
	uint64_t h = hash(msg_id);

	for (unsigned i = 0; i < k->nsub; i++) {
		if (k->sub[i] != h)
			continue;
		k->sub[i] = k->sub[--k->nsub];
		agent_evidence_changed(k->a);
		return;
	}
}

static void on_status(struct kernel *k, struct arena *a, const struct jmsg *m)
{
	struct str state = jmsg_content_str(a, m, "execution_state");

	if (!is_tracked(m->up.type))
		return;
	if (str_is(state, "busy")) {
		k->exec = EXEC_BUSY;
		if (!str_is(m->up.type, "execute_request"))
			return;
		if (is_subshell(a, m))
			begin_sub(k, m->up.id);
		else
			begin_run(k, m);
	} else if (str_is(state, "idle")) {
		if (is_running(k, m->up.id))
			kernel_forget_run(k);
		end_sub(k, m->up.id);
		k->exec = buf_len(&k->run.parent) || k->nsub ? EXEC_BUSY : EXEC_IDLE;
	}
}

/* A cell that stands at a breakpoint waits for a person, as on input(). */
static void on_debug_event(struct kernel *k, struct arena *a, const struct jmsg *m)
{
	struct str event = jmsg_content_str(a, m, "event");
	bool was = k->run.paused;

	if (str_is(event, "stopped"))
		k->run.paused = buf_len(&k->run.parent) > 0;
	else if (str_is(event, "continued") || str_is(event, "exited") ||
	         str_is(event, "terminated"))
		k->run.paused = false;
	if (k->run.paused != was)
		agent_evidence_changed(k->a);
}

static void note_activity(struct kernel *k, const struct jmsg *m)
{
	if (!is_tracked(m->head.type) && !is_tracked(m->up.type) && k->exec != EXEC_BUSY)
		return;
	k->last_activity = time_wall_us();
	k->a->kernels->last_activity = k->last_activity;
}

/* The reply was here and idle never came: the kernel's socket dropped it. A
 * notebook would show a busy kernel for ever. */
static void on_idle_timer(struct ev_timer *t)
{
	struct kernel *k = CONTAINER_OF(t, struct kernel, idle_timer);
	mono_ms heard = k->conn[JMSG_IOPUB].heard_ms,
	        quiet = ev_now_ms(k->a->ev) - (heard > k->iopub_ms ? heard : k->iopub_ms);

	if (!buf_len(&k->run.parent))
		return;
	if (quiet < IDLE_GRACE_MS) {
		ev_timer_start(k->a->ev, t, IDLE_GRACE_MS - quiet, on_idle_timer);
		return;
	}
	k->exec = EXEC_IDLE;
	kernel_tell_state(k, buf_str(&k->run.parent), "idle");
	kernel_forget_run(k);
}

void kernel_await_idle(struct kernel *k)
{
	k->run.replied = true;
	k->run.waiting = false;
	ev_timer_start(k->a->ev, &k->idle_timer, IDLE_GRACE_MS, on_idle_timer);
}

static void on_shell_reply(struct kernel *k, const struct jmsg *m)
{
	if (str_is(m->head.type, "execute_reply") && is_running(k, m->up.id))
		kernel_await_idle(k);
}

/* For a page that is opened while it waits. */
static void keep_question(struct buf *b, struct arena *a, const struct jmsg *m)
{
	struct json *content;

	buf_fini(b);
	if (json_parse(a, m->content, NULL, &content, NULL) < 0)
		return;
	buf_put_z(b, "{\"header\":");
	buf_put_str(b, m->header);
	buf_put_z(b, ",\"content\":");
	buf_put_str(b, m->content);
	buf_put_c(b, '}');
	if (buf_error(b))
		buf_fini(b); /* too long to be a question */
}

static void on_stdin_request(struct kernel *k, struct arena *a, const struct jmsg *m)
{
	if (!str_is(m->head.type, "input_request") || !is_running(k, m->up.id))
		return;
	k->run.waiting = true; /* waiting for a person is no work */
	keep_question(&k->run.asked, a, m);
	agent_evidence_changed(k->a);
}

/* ---- readiness ---- */

static void on_nudge(struct ev_timer *t);

static void check_ready(struct kernel *k)
{
	if (k->state == KERNEL_STARTING && k->got_info && k->got_iopub)
		kernel_on_ready(k);
}

static void nudge(struct kernel *k, unsigned next_ms)
{
	if (k->conn[JMSG_IOPUB].ready && k->conn[JMSG_SHELL].ready)
		(void)!kernel_ask(k, JMSG_SHELL, "kernel_info_request", STR(""));
	ev_timer_start(k->a->ev, &k->timer, next_ms, on_nudge);
}

static void on_nudge(struct ev_timer *t)
{
	struct kernel *k = CONTAINER_OF(t, struct kernel, timer);

	if (k->state != KERNEL_STARTING)
		return;
	if (ev_now_ms(k->a->ev) - k->start_ms >= READY_MS) {
		log_event(LOG_WARN, "kernel_silent", LZ("kernel", k->id), LZ("name", k->name));
		kernel_on_ready(k); /* perhaps it only ignores kernel_info */
		return;
	}
	kernel_look_for_colons(k);
	nudge(k, NUDGE_MS);
}

static struct kernel *owner_of(struct kconn *c)
{
	return CONTAINER_OF(c - c->channel, struct kernel, conn[0]);
}

static void on_conn_ready(struct kconn *c)
{
	struct kernel *k = owner_of(c);

	if (k->state != KERNEL_STARTING)
		return;
	for (int i = 0; i < JMSG_CHANNEL_MAX_; i++) {
		if (!k->conn[i].ready)
			return;
	}
	nudge(k, NUDGE_FIRST_MS);
}

/* Ours are not for the browsers. */
static bool for_us(struct kernel *k, const struct jmsg *m)
{
	if (!str_is(m->up.session, k->session))
		return false;
	if (str_is(m->head.type, "kernel_info_reply")) {
		buf_clear(&k->info);
		buf_put_str(&k->info, m->content);
		k->got_info = true;
		check_ready(k);
	}
	return true;
}

/* ---- from the kernel ---- */

static void on_iopub(struct kernel *k, struct arena *a, const struct jmsg *m)
{
	k->iopub_ms = ev_now_ms(k->a->ev);
	k->got_iopub = true;
	if (str_is(m->head.type, "status"))
		on_status(k, a, m);
	else if (str_is(m->head.type, "debug_event"))
		on_debug_event(k, a, m);
	note_activity(k, m);
	if (for_us(k, m) || str_is(m->head.type, "iopub_welcome"))
		; /* that one greets the subscription, which is ours */
	else if (m->dropped)
		kernel_tell_dropped(k, m);
	else
		kernel_tell_all(k, a, m);
	check_ready(k);
}

static void on_reply(struct kernel *k, struct arena *a, const struct jmsg *m)
{
	struct kclient *c;

	if (for_us(k, m))
		return;
	if (m->channel == JMSG_SHELL) {
		on_shell_reply(k, m);
		runs_on_reply(k, m);
	} else if (m->channel == JMSG_STDIN) {
		on_stdin_request(k, a, m);
	}
	c = kclient_for(k, &m->up);
	if (c)
		kclient_send(c, &(struct kclient_msg){ .m = m, .arena = a });
	if (m->channel == JMSG_STDIN && !(c && c->ws))
		runs_to_followers(k, a, m); /* who asked is away: others may answer */
}

static void on_message(struct kconn *c, const struct str *part, const uint64_t *dropped,
                       size_t n)
{
	const struct jmsg_parts parts = { part, dropped, n };
	struct kernel *k = owner_of(c);
	struct arena a = ARENA(ARENA_MAX);
	struct err err = ERR_NONE;
	struct jmsg m;

	if (jmsg_from_zmq(&a, (enum jmsg_channel)c->channel, &parts, str_of(k->key), &m, &err) <
	    0)
		log_bad(k, &err);
	else if (c->channel == JMSG_IOPUB)
		on_iopub(k, &a, &m);
	else
		on_reply(k, &a, &m);
	arena_fini(&a);
}

static void on_conn_drain(struct kconn *c)
{
	struct kernel *k = owner_of(c);

	if (k->state == KERNEL_READY)
		kclients_pause(k, false);
}

/* Shell and stdin share an identity: the kernel addresses an input_request to
 * the one that sent the execute_request. */
void kernel_prepare_conns(struct kernel *k)
{
	struct ev *ev = k->a ? k->a->ev : NULL;

	for (int c = 0; c < JMSG_CHANNEL_MAX_; c++) {
		struct kconn *conn = &k->conn[c];

		conn->channel = c;
		conn->on_message = on_message;
		conn->on_ready = on_conn_ready;
		conn->on_drain = on_conn_drain;
		if (!conn->ev)
			kconn_init(conn, ev, c == JMSG_IOPUB ? ZMTP_SUB : ZMTP_DEALER,
			           c == JMSG_IOPUB ? STR("") : str_of(k->session));
	}
}

void kernel_listen(struct kernel *k)
{
	k->got_info = k->got_iopub = false;
	k->start_ms = ev_now_ms(k->a->ev);
	kernel_prepare_conns(k);
	for (int c = 0; c < JMSG_CHANNEL_MAX_; c++)
		kconn_start(&k->conn[c]);
	ev_timer_start(k->a->ev, &k->timer, NUDGE_MS, on_nudge);
}

void kernel_hear_out(struct kernel *k)
{
	kconn_hear_out(&k->conn[JMSG_IOPUB]); /* first: a reply ends what began there */
	for (int c = 0; c < JMSG_CHANNEL_MAX_; c++)
		kconn_hear_out(&k->conn[c]);
}

void kernel_deafen(struct kernel *k)
{
	k->nsub = 0;
	for (int c = 0; c < JMSG_CHANNEL_MAX_; c++) {
		if (k->conn[c].ev)
			kconn_stop(&k->conn[c]);
	}
}
