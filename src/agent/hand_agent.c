/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the state that belong to no other: who may sign in, what the user
 * did last, the listening sockets and the connections that wait on them. */
#include <errno.h>

#include "agent/auth.h"
#include "agent/handover.h"
#include "base/log.h"

#define LEAVE_MS  3000U
#define CONNS_MAX 4096U
#define READ_MAX  (1U << 20)

/* ---- the agent itself ---- */

static void save_agent(struct agent *a, struct hand_out *out)
{
	hand_put_str(out, (struct str){ (const char *)a->auth->key, sizeof(a->auth->key) });
	buf_put_u64le(&out->b, (uint64_t)a->started_at);
	buf_put_u64le(&out->b, (uint64_t)a->last_api_at);
	buf_put_u64le(&out->b, (uint64_t)a->activity.wall);
	buf_put_u32le(&out->b, a->activity.what);
	buf_put_u32le(&out->b, ACT_MAX_);
	for (int i = 0; i < ACT_MAX_; i++)
		buf_put_u64le(&out->b, a->activity.at[i]);
}

static int load_agent(struct hand_in *in, struct err *err)
{
	struct agent v = { 0 }, *a = in->a ? in->a : &v;
	struct str key = hand_str(in, sizeof(a->auth->key));
	uint32_t n;

	a->started_at = (wall_us)cur_u64le(&in->c);
	a->last_api_at = (wall_us)cur_u64le(&in->c);
	a->activity.wall = (wall_us)cur_u64le(&in->c);
	a->activity.what = (enum activity)hand_u32(in, ACT_MAX_ - 1);
	n = hand_u32(in, ACT_MAX_);
	for (uint32_t i = 0; i < n; i++)
		a->activity.at[i] = cur_u64le(&in->c);
	if (cur_bad(&in->c) || key.len != sizeof(a->auth->key))
		return ERR(err, -EPROTO, "the key of login cookies has another length");
	if (in->a && a->auth)
		memcpy(a->auth->key, key.ptr, key.len);
	return 0;
}

const struct hand_part hand_agent = {
	.tag = "AGNT",
	.version = 1,
	.save = save_agent,
	.load = load_agent,
};

/* ---- listeners to events: they come back by themselves ---- */

static void leave_events(struct agent *a)
{
	events_leave(a, LEAVE_MS);
}

static size_t busy_events(const struct agent *a)
{
	return a->events.n_;
}

static void save_nothing(struct agent *a, struct hand_out *out)
{
	(void)a;
	(void)out;
}

static int load_nothing(struct hand_in *in, struct err *err)
{
	(void)in;
	(void)err;
	return 0;
}

const struct hand_part hand_events = {
	.tag = "EVTS",
	.version = 1,
	.leave = leave_events,
	.busy = busy_events,
	.save = save_nothing,
	.load = load_nothing,
};

/* ---- sockets ---- */

struct count {
	struct hand_out *out;
	uint32_t n;
};

static void count_one(int fd, bool listening, struct str in, void *arg)
{
	struct count *c = arg;

	(void)fd, (void)listening, (void)in;
	c->n++;
}

static void save_one(int fd, bool listening, struct str in, void *arg)
{
	struct count *c = arg;

	if (c->n == 0)
		return;
	c->n--;
	hand_put_fd(c->out, fd);
	buf_put_u32le(&c->out->b, listening);
	hand_put_str(c->out, in);
}

static size_t busy_http(const struct agent *a)
{
	return http_server_busy(a->server);
}

static void save_http(struct agent *a, struct hand_out *out)
{
	struct count c = { .out = out };

	http_server_each(a->server, count_one, &c);
	buf_put_u32le(&out->b, c.n);
	http_server_each(a->server, save_one, &c);
}

static void go_on(struct agent *a, int fd, bool listening, struct str read)
{
	struct err err = ERR_NONE;
	int r = listening ? http_server_listen(a->server, fd, &err)
	                  : http_server_adopt(a->server, fd, read, &err);

	if (r < 0)
		log_err(listening ? LOG_ERROR : LOG_INFO, "connection_lost", &err);
}

static int load_http(struct hand_in *in, struct err *err)
{
	uint32_t n = hand_u32(in, CONNS_MAX);

	for (uint32_t i = 0; i < n; i++) {
		int fd = hand_fd(in);
		bool listening = hand_bool(in);
		struct str read = hand_str(in, READ_MAX);

		if (cur_bad(&in->c) || fd < 0)
			return ERR(err, -EPROTO, "a connection is none");
		if (in->a)
			go_on(in->a, fd, listening, read);
	}
	return 0;
}

const struct hand_part hand_http = {
	.tag = "HTTP",
	.version = 1,
	.busy = busy_http,
	.save = save_http,
	.load = load_http,
};
