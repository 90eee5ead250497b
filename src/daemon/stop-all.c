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

/* The message that a session is asked with; slices point into item. */
typedef int ask_fn(const struct json *item, void *arg, struct wire_msg *ret, struct err *err);

static int read_item(const struct json *item, struct str *session, uint32_t *epoch,
                     struct err *err)
{
	uint64_t n;

	if (json_get_str(item, "session", session) < 0 ||
	    json_get_u64(item, "epoch", UINT32_MAX, &n) < 0)
		return ERR(err, -EBADMSG, "engine: a session without an id");
	*epoch = (uint32_t)n;
	return 0;
}

static int ask_stop(const struct json *item, void *arg, struct wire_msg *ret, struct err *err)
{
	struct wire_session_stop *m = &ret->session_stop;

	ret->type = WIRE_SESSION_STOP;
	m->reason = STR("shutdown");
	m->grace_seconds = *(unsigned *)arg;
	return read_item(item, &m->session, &m->epoch, err);
}

static int ask_upgrade(const struct json *item, void *arg, struct wire_msg *ret,
                       struct err *err)
{
	struct wire_session_upgrade *m = &ret->session_upgrade;

	(void)arg;
	ret->type = WIRE_SESSION_UPGRADE;
	return read_item(item, &m->session, &m->epoch, err);
}

struct sweep {
	ask_fn *ask;
	void *arg;
	bool all;          /* one that refuses does not keep the others from being asked */
	size_t n, refused; /* sessions, and those */
};

static int ask_one(struct engine *e, struct sweep *s, const struct json *item, struct err *err)
{
	struct wire_msg m = { 0 }, answer;
	struct err why = ERR_NONE;
	int r = s->ask(item, s->arg, &m, &why);

	if (r == 0)
		r = call(e, &m, &answer, &why);
	if (r == -EIO && s->all) {
		(void)fprintf(stderr, "carreld: %.*s: %s\n",
		              STR_ARG(json_str_or(item, "session", STR("?"))), why.msg);
		s->refused++;
		return 0;
	}
	return r < 0 ? ERR(err, r, "%s", why.msg) : 0;
}

/* One page of the list; *next: where the following one begins, or "". */
static int sweep_page(struct engine *e, struct sweep *s, char next[65], struct err *err)
{
	struct wire_msg m = { .type = WIRE_SESSION_LIST, .session_list.after = str_of(next) },
	                answer;
	struct arena a = ARENA(16 * 1024 * 1024);
	struct str items;
	struct json *doc;
	int r = call(e, &m, &answer, err);

	if (r == 0) {
		(void)snprintf(next, 65, "%.*s", STR_ARG(answer.session_list_ok.next));
		items = arena_str(&a, answer.session_list_ok.items);
		r = json_parse(&a, items, NULL, &doc, err);
	}
	if (r == 0) {
		s->n += doc->n;
		for (const struct json *i = doc->first; r == 0 && i; i = i->next)
			r = ask_one(e, s, i, err);
	}
	arena_fini(&a);
	return r;
}

/* Asks every session that there is now. */
static int sweep(struct engine *e, struct sweep *s, struct err *err)
{
	char next[65] = "";
	int r;

	s->n = 0;
	do {
		r = sweep_page(e, s, next, err);
	} while (r == 0 && next[0]);
	return r;
}

int upgrade_all(const struct runtime *rt, struct err *err)
{
	struct engine e = { .fd = -1, .in = BUF(WIRE_FRAME_MAX + 65536) };
	struct sweep s = { .ask = ask_upgrade, .all = true };
	char addr[64];
	int r;

	(void)snprintf(addr, sizeof(addr), "unix:%s/engine.sock", rt->dir);
	r = client_connect(addr, CALL_S, &e.fd, err);
	if (r == 0)
		r = sweep(&e, &s, err);
	own_close(&e.fd);
	buf_fini(&e.in);
	if (r < 0)
		return r;
	(void)printf("Told %zu of %zu session%s to go on with the program installed now.\n",
	             s.n - s.refused, s.n, s.n == 1 ? "" : "s");
	return s.refused ? ERR(err, -EIO, "%zu could not be told", s.refused) : 0;
}

int stop_all(const struct runtime *rt, unsigned grace_s, struct err *err)
{
	mono_ms end = time_mono_ms() + 1000ULL * grace_s + EXTRA_MS;
	struct engine e = { .fd = -1, .in = BUF(WIRE_FRAME_MAX + 65536) };
	struct sweep s = { .ask = ask_stop, .arg = &grace_s };
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
			r = sweep(&e, &s, &why);
			left = r < 0 ? left : s.n;
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
