/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /api/sessions: which document uses which kernel. A session whose kernel is
 * gone is removed when it is met.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>

#include "agent/call.h"
#include "agent/handover.h"
#include "agent/kernel.h"
#include "agent/kernelspec.h"
#include "agent/place.h"
#include "agent/runs.h"
#include "base/rand.h"
#include "proto/docmsg.h"

#define ANSWER_MAX (8U << 20)

struct session {
	struct list node; /* in kernels.sessions */
	char id[37];
	char kernel[KERNEL_ID_MAX];
	char *path, *name, *type;
};

static void session_free(struct session *s)
{
	free(s->path);
	free(s->name);
	free(s->type);
	free(s);
}

static void session_drop(struct agent *a, struct session *s)
{
	list_del(&s->node);
	a->kernels->nsessions--;
	session_free(s);
}

void sessions_fini(struct agent *a)
{
	list_for_each_safe (it, &a->kernels->sessions)
		session_drop(a, CONTAINER_OF(it, struct session, node));
}

static struct session *by_id(struct agent *a, struct str id)
{
	list_for_each (it, &a->kernels->sessions) {
		struct session *s = CONTAINER_OF(it, struct session, node);

		if (str_is(id, s->id))
			return s;
	}
	return NULL;
}

static struct kernel *kernel_of(struct agent *a, const struct session *s)
{
	return kernel_by_id(a, str_of(s->kernel));
}

static void prune(struct agent *a)
{
	list_for_each_safe (it, &a->kernels->sessions) {
		struct session *s = CONTAINER_OF(it, struct session, node);

		if (!kernel_of(a, s))
			session_drop(a, s);
	}
}

static struct session *by_path(struct agent *a, struct str path)
{
	list_for_each (it, &a->kernels->sessions) {
		struct session *s = CONTAINER_OF(it, struct session, node);

		if (str_is(path, s->path) && kernel_of(a, s))
			return s;
	}
	return NULL;
}

static void put_model(const struct session *s, const struct kernel *k, struct jsonw *w)
{
	jw_obj(w);
	jw_kv_z(w, "id", s->id);
	jw_kv_z(w, "path", s->path);
	jw_kv_z(w, "name", s->name);
	jw_kv_z(w, "type", s->type);
	jw_key(w, "kernel");
	kernel_put_model(k, w);
	if (strcmp(s->type, "notebook") == 0) {
		jw_key(w, "notebook");
		jw_obj(w);
		jw_kv_z(w, "path", s->path);
		jw_kv_z(w, "name", s->name);
		jw_obj_end(w);
	}
	jw_obj_end(w);
}

static void reply_model(struct call *c, unsigned status, const struct session *s)
{
	struct buf b = BUF(ANSWER_MAX);
	struct jsonw w = JSONW(&b);
	struct kernel *k = kernel_of(c->a, s);

	if (k) {
		put_model(s, k, &w);
		call_reply(c, status, &b);
	} else {
		agent_json_error(c->r, 404, NULL, "Session not found: its kernel has ended");
	}
	buf_fini(&b);
}

static void list_sessions(struct call *c)
{
	struct buf b = BUF(ANSWER_MAX);
	struct jsonw w = JSONW(&b);

	prune(c->a);
	jw_arr(&w);
	list_for_each (it, &c->a->kernels->sessions) {
		struct session *s = CONTAINER_OF(it, struct session, node);

		put_model(s, kernel_of(c->a, s), &w);
	}
	jw_arr_end(&w);
	call_reply(c, 200, &b);
	buf_fini(&b);
}

/* ---- making one ---- */

struct wanted {
	struct str path, name, type, kernel_id, kernel_name;
	bool has_path, has_name, has_type;
};

static void take(const struct json *body, const char *key, struct str *ret, bool *has)
{
	if (json_get_str(body, key, ret) == 0)
		*has = true;
}

/* The form of 2015 had {"notebook":{"path"}}. */
static struct wanted read_wanted(const struct json *body)
{
	const struct json *notebook = json_get(body, "notebook"),
	                  *kernel = json_get(body, "kernel");
	struct wanted w = { .path = STR(""), .name = STR(""), .type = STR("") };

	take(body, "path", &w.path, &w.has_path);
	take(body, "name", &w.name, &w.has_name);
	take(body, "type", &w.type, &w.has_type);
	if (notebook && notebook->type == JSON_OBJECT) {
		w.type = STR("notebook");
		w.has_type = true;
		take(notebook, "path", &w.path, &w.has_path);
		take(notebook, "name", &w.path, &w.has_path);
	}
	w.kernel_id = json_str_or(kernel, "id", STR(""));
	w.kernel_name = json_str_or(kernel, "name", STR(""));
	return w;
}

/* {"message","short_message"} is what clients show when a kernel is missing. */
static void reply_no_kernel(struct call *c, struct str name, const struct err *err)
{
	struct buf b = BUF(8192);
	struct jsonw w = JSONW(&b);
	struct str message, shorter;

	if (err->code == -ENOENT) {
		message =
		    arena_printf(&c->r->arena,
		                 "The '%.*s' kernel is not available. Please pick another "
		                 "suitable kernel instead, or install that kernel.",
		                 STR_ARG(name));
		shorter = arena_printf(&c->r->arena, "%.*s not found", STR_ARG(name));
	} else {
		message = str_of(err->msg);
		shorter = STR("The kernel did not start");
	}
	jw_obj(&w);
	jw_kv_str(&w, "message", message.ptr ? message : STR(""));
	jw_kv_str(&w, "short_message", shorter.ptr ? shorter : STR(""));
	jw_obj_end(&w);
	call_reply(c, 501, &b);
	buf_fini(&b);
}

/* A running kernel with that id, or a new one. NULL: answered, by 501 for a
 * kernel that is not there, and on a change of kernels for any failure. */
static struct kernel *get_kernel(struct call *c, const struct wanted *w, struct str path)
{
	struct kernel_new n = {
		.id = w->kernel_id, .name = w->kernel_name, .path = path, .is_file = true
	};
	struct kernel *k = w->kernel_id.len ? kernel_by_id(c->a, w->kernel_id) : NULL;
	struct err err = ERR_NONE;
	int r;

	if (k)
		return k;
	r = kernel_new(c->a, &n, &k, &err);
	if (r == 0)
		return k;
	if (r == -ENOENT || (r != -EAGAIN && r != -EEXIST && r != -EINVAL &&
	                     str_is(c->r->head.method, "PATCH")))
		reply_no_kernel(c, n.name.len ? n.name : STR(KSPEC_DEFAULT), &err);
	else
		call_err(c, &err);
	return NULL;
}

static struct session *session_new(struct agent *a, const struct wanted *w,
                                   const struct kernel *k)
{
	struct session *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	rand_uuid(s->id);
	(void)snprintf(s->kernel, sizeof(s->kernel), "%s", k->id);
	s->path = str_dup_z(w->path);
	s->name = str_dup_z(w->name);
	s->type = str_dup_z(w->type);
	list_push(&a->kernels->sessions, &s->node);
	a->kernels->nsessions++;
	if (s->path && s->name && s->type)
		return s;
	session_drop(a, s);
	return NULL;
}

static const char *missing(const struct wanted *w)
{
	if (!w->has_path)
		return "path";
	return w->has_type ? NULL : "type";
}

/* A document whose kernel did not start tries again with a new one. */
static void bury_failed(struct agent *a, struct str path)
{
	struct session *s = by_path(a, path);
	struct kernel *k = s ? kernel_of(a, s) : NULL;

	if (k && k->state == KERNEL_FAILED)
		kernel_stop(k, NULL);
}

static void on_create(struct call *c, const struct json *body)
{
	struct wanted w = read_wanted(body);
	struct session *s;
	struct kernel *k;

	if (!body || body->type != JSON_OBJECT) {
		agent_json_error(c->r, 400, NULL, "No JSON data provided");
		return;
	}
	if (missing(&w)) {
		agent_json_error(c->r, 400, NULL, "Missing field in JSON data: %s",
		                 missing(&w));
		return;
	}
	bury_failed(c->a, w.path);
	s = by_path(c->a, w.path);
	if (!s) {
		prune(c->a);
		if (c->a->kernels->nsessions >= SESSIONS_MAX) {
			agent_json_error(c->r, 503, NULL,
			                 "There are too many sessions already");
			return;
		}
		k = get_kernel(c, &w, w.path);
		if (!k)
			return;
		s = session_new(c->a, &w, k);
	}
	if (!s) {
		agent_json_error(c->r, 400, NULL,
		                 "A session's path, name and type hold no NUL byte");
		return;
	}
	call_touch(c, ACT_START);
	call_location(c, "api/sessions/%s", s->id);
	reply_model(c, 201, s);
}

static void create_session(struct call *c)
{
	call_read_json(c, CALL_JSON_MAX, on_create);
}

/* ---- one session ---- */

static struct session *find(struct call *c)
{
	struct session *s = by_id(c->a, c->arg[0]);

	if (!s)
		agent_json_error(c->r, 404, NULL, "Session not found: session_id='%.*s'",
		                 STR_ARG(c->arg[0]));
	return s;
}

static void get_session(struct call *c)
{
	struct session *s = find(c);

	if (s)
		reply_model(c, 200, s);
}

static bool replace(char **to, struct str value)
{
	char *copy = str_dup_z(value);

	if (!copy)
		return false;
	free(*to);
	*to = copy;
	return true;
}

/* ---- documents ---- */

struct kernel *sessions_kernel(struct agent *a, struct str path)
{
	struct session *s = by_path(a, path);

	return s ? kernel_of(a, s) : NULL;
}

size_t sessions_documents(struct agent *a, struct doc_item *ret, size_t max)
{
	size_t n = 0;

	list_for_each (it, &a->kernels->sessions) {
		const struct session *s = CONTAINER_OF(it, struct session, node);
		const struct kernel *k = kernel_of(a, s);
		struct str path = str_of(s->path);

		if (k && n < max && doc_path_ok(path))
			ret[n++] = (struct doc_item){ path, kernel_is_working(k), 0 };
	}
	return n;
}

size_t sessions_notebooks(struct agent *a, const struct kernel *k, struct arena *m,
                          struct str *ret, size_t max)
{
	size_t n = 0;

	list_for_each (it, &a->kernels->sessions) {
		const struct session *s = CONTAINER_OF(it, struct session, node);
		struct str clean;

		if (n < max && strcmp(s->kernel, k->id) == 0 &&
		    strcmp(s->type, "notebook") == 0 &&
		    place_clean(m, str_of(s->path), &clean) == 0 && clean.len)
			ret[n++] = clean;
	}
	return n;
}

/* The kernel learns where its document is now, for evidence and restarts. */
static void tell_path(struct agent *a, const struct session *s)
{
	struct kernel *k = kernel_of(a, s);
	char *full = NULL;

	if (!k || asprintf(&full, "%s/%s", a->cfg->root, s->path) < 0)
		return;
	free(k->path);
	k->path = full;
}

/* Pages that show a document tell its new path themselves; when there is none
 * nobody would. */
void sessions_moved(struct agent *a, struct str from, struct str to)
{
	list_for_each (it, &a->kernels->sessions) {
		struct session *s = CONTAINER_OF(it, struct session, node);
		struct str path = str_of(s->path), rest;
		char *moved = NULL;

		if (!from.len || !str_starts(path, from) ||
		    (path.len > from.len && path.ptr[from.len] != '/'))
			continue;
		rest = str_sub(path, from.len, path.len);
		if (asprintf(&moved, "%.*s%.*s", STR_ARG(to), STR_ARG(rest)) < 0)
			continue;
		if (str_is(place_name(path), s->name))
			(void)replace(&s->name, place_name(str_of(moved)));
		free(s->path);
		s->path = moved;
		tell_path(a, s);
	}
}

static void unwait(struct http_req *r)
{
	kernel_unwait(call_of(r)->ctx);
}

/* Ends a kernel; fn goes on when it has ended, unless the client has gone. */
static void end_kernel(struct call *c, struct kernel *k,
                       void (*fn)(struct kernel_wait *w, struct kernel *k, bool ok))
{
	struct kernel_wait *w = ARENA_NEW(&c->r->arena, struct kernel_wait);

	if (!w) {
		agent_json_error(c->r, 503, NULL, "There is no memory for this request");
		return;
	}
	w->fn = fn;
	w->arg = c;
	c->ctx = w;
	c->r->on_free = unwait;
	kernel_stop(k, w);
}

static void on_replaced(struct kernel_wait *w, struct kernel *k, bool ok)
{
	struct call *c = w->arg;
	struct session *s = find(c);

	(void)k, (void)ok;
	if (s)
		reply_model(c, 200, s);
}

static void apply(struct call *c, struct session *s, const struct wanted *w, struct kernel *k)
{
	struct kernel *old = kernel_of(c->a, s);

	if ((w->has_path && !replace(&s->path, w->path)) ||
	    (w->has_name && !replace(&s->name, w->name)) ||
	    (w->has_type && !replace(&s->type, w->type))) {
		agent_json_error(c->r, 400, NULL,
		                 "A session's path, name and type hold no NUL byte");
		return;
	}
	if (k)
		(void)snprintf(s->kernel, sizeof(s->kernel), "%s", k->id);
	tell_path(c->a, s);
	if (k && old && old != k)
		end_kernel(c, old, on_replaced);
	else
		reply_model(c, 200, s);
}

static void on_patch(struct call *c, const struct json *body)
{
	struct wanted w = read_wanted(body);
	struct session *s = find(c);
	struct kernel *k = NULL;

	if (!s)
		return;
	if (!body || body->type != JSON_OBJECT) {
		agent_json_error(c->r, 400, NULL, "No JSON data provided");
		return;
	}
	if (w.kernel_id.len) {
		k = kernel_by_id(c->a, w.kernel_id);
		if (!k) {
			agent_json_error(c->r, 400, NULL, "No such kernel: %.*s",
			                 STR_ARG(w.kernel_id));
			return;
		}
	} else if (w.kernel_name.len) {
		k = get_kernel(c, &w, str_of(s->path));
		if (!k)
			return;
		call_touch(c, ACT_START);
	}
	apply(c, s, &w, k);
}

static void patch_session(struct call *c)
{
	call_read_json(c, CALL_JSON_MAX, on_patch);
}

static void on_ended(struct kernel_wait *w, struct kernel *k, bool ok)
{
	(void)k, (void)ok;
	call_empty(w->arg, 204);
}

static void delete_session(struct call *c)
{
	struct session *s = find(c);
	struct kernel *k = s ? kernel_of(c->a, s) : NULL;

	if (!s)
		return;
	if (k)
		runs_flush(k);
	session_drop(c->a, s);
	if (!k) {
		agent_json_error(c->r, 410, NULL, "Kernel deleted before session");
		return;
	}
	end_kernel(c, k, on_ended);
}

const struct route sessions_routes[] = {
	{ "GET", "api/sessions", list_sessions, ROUTE_API },
	{ "POST", "api/sessions", create_session, ROUTE_API },
	{ "GET", "api/sessions/:id", get_session, ROUTE_API },
	{ "PATCH", "api/sessions/:id", patch_session, ROUTE_API },
	{ "DELETE", "api/sessions/:id", delete_session, ROUTE_API },
	{ NULL, NULL, NULL, 0 },
};

/* ---- over an exec ---- */

static void save_sessions(struct agent *a, struct hand_out *out)
{
	buf_put_u32le(&out->b, (uint32_t)a->kernels->nsessions);
	list_for_each (it, &a->kernels->sessions) {
		struct session *s = CONTAINER_OF(it, struct session, node);

		hand_put_str(out, str_of(s->id));
		hand_put_str(out, str_of(s->kernel));
		hand_put_str(out, str_of(s->path));
		hand_put_str(out, str_of(s->name));
		hand_put_str(out, str_of(s->type));
	}
}

static int load_session(struct hand_in *in, struct err *err)
{
	struct session *s = xcalloc(1, sizeof(*s));
	char **const texts[] = { &s->path, &s->name, &s->type };

	list_init(&s->node);
	hand_text(in, s->id, sizeof(s->id));
	hand_text(in, s->kernel, sizeof(s->kernel));
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		*texts[i] = str_dup_z(hand_str(in, CALL_JSON_MAX));
		if (!*texts[i])
			cur_fail(&in->c);
	}
	if (in->a && !cur_bad(&in->c)) {
		list_push(&in->a->kernels->sessions, &s->node);
		in->a->kernels->nsessions++;
		return 0;
	}
	session_free(s);
	return cur_bad(&in->c) ? ERR(err, -EPROTO, "a session is none") : 0;
}

static int load_sessions(struct hand_in *in, struct err *err)
{
	uint32_t n = hand_u32(in, SESSIONS_MAX);
	int r = 0;

	for (uint32_t i = 0; i < n && r == 0; i++)
		r = load_session(in, err);
	return r;
}

const struct hand_part hand_sessions = {
	.tag = "SESS",
	.version = 1,
	.save = save_sessions,
	.load = load_sessions,
};
