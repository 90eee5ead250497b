/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The WebSocket of a kernel, in both forms that clients speak. While the kernel
 * can't take messages (it starts, or its socket is full) the WebSocket is not
 * read, so that what waits does so on the client's side.
 */
#include "agent/kchannels.h"

#include <errno.h>

#include "agent/docs.h"
#include "agent/kclient.h"
#include "agent/runs.h"
#include "base/log.h"
#include "base/rand.h"

#define MESSAGE_MAX (64U << 20)  /* widgets send large buffers */
#define OUT_MAX     (144U << 20) /* one large output, whatever else is queued */
#define PENDING_MAX (4U << 20)   /* queued for the kernel: read no more */
#define ARENA_MAX   (4U << 20)

/* Does somebody at a breakpoint let the cell go on? */
static bool resumes(const struct jmsg *m)
{
	static const char *const commands[] = { "continue", "next",       "stepIn",
		                                "stepOut",  "disconnect", "terminate" };
	struct arena a = ARENA(256U << 10);
	struct str command;
	bool ret = false;

	if (m->channel != JMSG_CONTROL || !str_is(m->head.type, "debug_request"))
		return false;
	command = jmsg_content_str(&a, m, "command");
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		ret = ret || str_is(command, commands[i]);
	arena_fini(&a);
	return ret;
}

/* What in a client's message is a person's doing. */
static void note_activity(struct kclient *c, const struct jmsg *m)
{
	struct str type = m->head.type;

	if (str_is(type, "execute_request"))
		docs_ran(c->a, c->k);
	if (str_is(type, "execute_request") || resumes(m))
		agent_touch_by(c->a, c->account, ACT_RUN);
	else if (str_is(type, "complete_request") || str_is(type, "inspect_request") ||
	         str_is(type, "input_reply") || str_is(type, "comm_msg"))
		agent_touch_by(c->a, c->account, ACT_TYPE);
}

static bool tell(struct kclient *c, struct arena *a, struct jmsg_new n)
{
	struct jmsg m;
	struct kclient_msg out = { .m = &m, .arena = a };

	if (kernel_make(c->k, a, n, &m) < 0)
		return false;
	kclient_send(c, &out);
	return true;
}

static bool tell_state(struct kclient *c, struct arena *a, struct str parent, struct str state)
{
	return tell(
	    c, a,
	    (struct jmsg_new){
	        .channel = JMSG_IOPUB, .type = "status", .parent = parent, .content = state });
}

/* Asked while a cell runs, the kernel would answer after it, and a page that
 * was reloaded would wait till then. What it said when it started still holds.
 * A page takes an answer when `idle` has come as well; so that it does not take
 * the kernel for idle, what goes on is said once more. */
static bool answer_info(struct kclient *c, struct arena *a, const struct jmsg *m)
{
	const struct str busy = STR("{\"execution_state\":\"busy\"}"),
	                 idle = STR("{\"execution_state\":\"idle\"}");
	struct kernel *k = c->k;

	if (m->channel != JMSG_SHELL || k->exec != EXEC_BUSY || !buf_len(&k->info) ||
	    !str_is(m->head.type, "kernel_info_request"))
		return false;
	return tell_state(c, a, m->header, busy) &&
	       tell(c, a,
	            (struct jmsg_new){ .channel = JMSG_SHELL,
	                               .type = "kernel_info_reply",
	                               .parent = m->header,
	                               .content = buf_str(&k->info) }) &&
	       tell_state(c, a, m->header, idle) &&
	       (!buf_len(&k->run.parent) || tell_state(c, a, buf_str(&k->run.parent), busy));
}

static void to_kernel(struct kclient *c, struct arena *a, const struct jmsg *m)
{
	struct kernel *k = c->k;
	int r;

	if (m->channel == JMSG_IOPUB)
		return; /* nothing is ever sent there */
	kclient_note_sent(c, &m->head);
	note_activity(c, m);
	runs_on_request(k, c, m);
	if (answer_info(c, a, m))
		return;
	if (m->channel == JMSG_STDIN && str_is(m->head.type, "input_reply") && k->run.waiting) {
		k->run.waiting = false;
		buf_fini(&k->run.asked);
		agent_evidence_changed(k->a);
	}
	if (k->run.paused && resumes(m)) {
		k->run.paused = false;
		agent_evidence_changed(k->a);
	}
	r = kernel_send(k, m);
	if (r < 0)
		log_event(LOG_WARN, "kernel_message_unsent", LZ("kernel", k->id),
		          LS("type", m->head.type), LI("error", r));
	if (kconn_pending(&k->conn[m->channel]) > PENDING_MAX)
		kclients_pause(k, true);
}

static void on_message(struct ws *w, enum ws_op op, struct str data, void *arg)
{
	struct kclient *c = arg;
	struct arena a = ARENA(ARENA_MAX);
	struct err err = ERR_NONE;
	struct jmsg m;
	int r;

	if (!c->k || (c->ws != w && c->leaving != w))
		return;
	if (c->v1)
		r = jmsg_from_ws_v1(&a, data, &m, &err);
	else
		r = jmsg_from_ws_legacy(&a, data, op == WS_BINARY, &m, &err);
	if (r == 0)
		to_kernel(c, &a, &m);
	else
		log_event(LOG_WARN, "client_message_dropped", LZ("kernel", c->k->id),
		          LZ("why", err.msg));
	arena_fini(&a);
}

static void on_close(struct ws *w, unsigned code, void *arg)
{
	kclient_closed(arg, w, code);
}

static void on_drain(struct ws *w, void *arg)
{
	struct kclient *c = arg;

	if (c->ws == w)
		kclient_drained(c);
}

static void accept_socket(struct call *c, struct kernel *k)
{
	bool v1 = ws_offered(c->r, JMSG_WS_V1);
	struct str session = url_param(&c->r->url, "session_id");
	struct ws_cfg cfg = {
		.message_max = MESSAGE_MAX,
		.out_max = OUT_MAX,
		.protocol = v1 ? STR(JMSG_WS_V1) : STR_NONE,
		.deflate = &k->a->deflate,
		.on_message = on_message,
		.on_close = on_close,
		.on_drain = on_drain,
	};
	struct kclient *client;
	struct ws *w;
	char made_up[37];

	if (session.len == 0 || session.len >= KCLIENT_SESSION_MAX) {
		rand_uuid(made_up);
		session = str_of(made_up);
	}
	client = kclient_attach(k, session, v1, http_get(&c->r->head, "Origin").ptr != NULL);
	if (!client) {
		agent_json_error(c->r, 503, NULL, "There is no memory for another connection");
		return;
	}
	client->made_up = session.ptr == made_up;
	call_account(c, client->account);
	cfg.arg = client;
	w = ws_accept(c->r, &cfg);
	if (w)
		kclient_opened(client, w);
	else
		kclient_closed(client, NULL, 1006);
}

void kchannels_open(struct call *c)
{
	struct kernel *k = kernel_by_id(c->a, c->arg[0]);

	if (c->a->stopping)
		agent_json_error(c->r, 503, NULL, "The session is being stopped");
	else if (!k)
		agent_json_error(c->r, 404, NULL, "Kernel does not exist: %.*s",
		                 STR_ARG(c->arg[0]));
	else if (k->state == KERNEL_FAILED)
		agent_json_error(c->r, 500, NULL, "%s",
		                 k->failure ? k->failure : "The kernel did not start");
	else if (!ws_is_handshake(c->r))
		agent_json_error(c->r, 400, NULL, "Can \"Upgrade\" only to \"WebSocket\".");
	else
		accept_socket(c, k);
}
