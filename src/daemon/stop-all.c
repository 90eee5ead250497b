/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/stop-all.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/time.h"
#include "daemon/client-http.h"
#include "proto/wire.h"

#define CALL_S   20
#define STEP_MS  100
#define EXTRA_MS 60000 /* beyond the grace that the sessions' programs get */

struct engine {
	int fd;
	uint32_t seq;
	struct buf in;
};

static int read_more(struct engine *e, struct err *err)
{
	char *to = buf_reserve(&e->in, 65536);
	ssize_t n = to ? read(e->fd, to, 65536) : -1;

	if (n <= 0)
		return ERR(err, n < 0 ? -errno : -EPIPE, "the engine closed the connection");
	buf_commit(&e->in, (size_t)n);
	return 0;
}

/* One request and its answer; events in between are not for us. The answer's
 * slices live until the next call. */
static int call(struct engine *e, struct wire_msg *m, struct wire_msg *ret, struct err *err)
{
	struct buf out = BUF(4096);
	size_t used = 0;
	int r;

	m->seq = ++e->seq;
	r = wire_put(&out, m, err);
	if (r == 0)
		r = file_write_all(e->fd, buf_str(&out), err);
	buf_fini(&out);
	buf_clear(&e->in);
	while (r >= 0) {
		r = wire_get(buf_str(&e->in), ret, &used, err);
		if (r == WIRE_GET_DONE && ret->seq == m->seq)
			break;
		if (r == WIRE_GET_DONE)
			buf_consume(&e->in, used);
		else if (r == WIRE_GET_MORE)
			r = read_more(e, err);
	}
	if (r >= 0 && ret->type == WIRE_ERROR)
		return ERR(err, -EIO, "engine: %.*s", STR_ARG(ret->error.message));
	return r < 0 ? r : 0;
}

static int stop_one(struct engine *e, const struct json *item, unsigned grace_s,
                    struct err *err)
{
	struct wire_msg m = { .type = WIRE_SESSION_STOP }, answer;
	uint64_t epoch;

	if (json_get_str(item, "session", &m.session_stop.session) < 0 ||
	    json_get_u64(item, "epoch", UINT32_MAX, &epoch) < 0)
		return ERR(err, -EBADMSG, "engine: a session without an id");
	m.session_stop.epoch = (uint32_t)epoch;
	m.session_stop.reason = STR("shutdown");
	m.session_stop.grace_seconds = grace_s;
	return call(e, &m, &answer, err);
}

/* Asks every session to end (it may be told twice); says how many there are. */
static int sweep(struct engine *e, unsigned grace_s, size_t *ret_left, struct err *err)
{
	struct wire_msg m = { .type = WIRE_SESSION_LIST }, answer;
	struct arena a = ARENA(16 * 1024 * 1024);
	struct str items;
	struct json *doc;
	int r = call(e, &m, &answer, err);

	if (r == 0) {
		items = arena_str(&a, answer.session_list_ok.items);
		r = json_parse(&a, items, NULL, &doc, err);
	}
	if (r == 0) {
		*ret_left = doc->n;
		for (const struct json *i = doc->first; r == 0 && i; i = i->next)
			r = stop_one(e, i, grace_s, err);
	}
	arena_fini(&a);
	return r;
}

int stop_all(const struct runtime *rt, unsigned grace_s, struct err *err)
{
	mono_ms end = time_mono_ms() + 1000ULL * grace_s + EXTRA_MS;
	struct engine e = { .fd = -1, .in = BUF(WIRE_FRAME_MAX + 65536) };
	size_t left = SIZE_MAX, told = 0;
	struct err why = ERR_NONE;
	char addr[64];
	int r = 0;

	(void)snprintf(addr, sizeof(addr), "unix:%s/engine.sock", rt->dir);
	while (left > 0 && time_mono_ms() < end) {
		why = ERR_NONE;
		if (e.fd < 0)
			r = client_connect(addr, CALL_S, &e.fd, &why);
		if (e.fd >= 0) {
			r = sweep(&e, grace_s, &left, &why);
			if (r < 0)
				own_close(&e.fd); /* an engine that starts again */
		}
		if (r == 0 && told < left) {
			(void)printf("Ending %zu session%s.\n", left, left == 1 ? "" : "s");
			(void)fflush(stdout);
			told = left;
		}
		if (left > 0)
			(void)poll(NULL, 0, STEP_MS);
	}
	own_close(&e.fd);
	buf_fini(&e.in);
	if (left == 0)
		return 0;
	if (r < 0)
		return ERR(err, r, "%s", why.msg);
	return ERR(err, -ETIMEDOUT, "%zu sessions have not ended: carreld's log says why",
	           left);
}
