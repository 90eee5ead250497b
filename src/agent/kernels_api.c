/* SPDX-License-Identifier: Apache-2.0 */
/* /api/kernels and /api/kernelspecs. */
#include <errno.h>

#include "agent/call.h"
#include "agent/kchannels.h"
#include "agent/kernel.h"
#include "agent/kernelspec.h"

#define ANSWER_MAX   (8U << 20)
#define SPECS_MEMORY (16U << 20)

static struct kernel *find(struct call *c)
{
	struct kernel *k = kernel_by_id(c->a, c->arg[0]);

	if (!k)
		agent_json_error(c->r, 404, NULL, "Kernel does not exist: %.*s",
		                 STR_ARG(c->arg[0]));
	return k;
}

static void reply_model(struct call *c, unsigned status, const struct kernel *k)
{
	struct buf b = BUF(ANSWER_MAX);
	struct jsonw w = JSONW(&b);

	kernel_put_model(k, &w);
	call_reply(c, status, &b);
	buf_fini(&b);
}

static void list_kernels(struct call *c)
{
	struct buf b = BUF(ANSWER_MAX);
	struct jsonw w = JSONW(&b);

	jw_arr(&w);
	list_for_each (it, &c->a->kernels->all)
		kernel_put_model(CONTAINER_OF(it, struct kernel, node), &w);
	jw_arr_end(&w);
	call_reply(c, 200, &b);
	buf_fini(&b);
}

static void on_create(struct call *c, const struct json *body)
{
	struct kernel_new n = {
		.name = json_str_or(body, "name", STR("")),
		.id = json_str_or(body, "kernel_id", STR("")),
		.path = json_str_or(body, "path", STR("")),
	};
	struct err err = ERR_NONE;
	struct kernel *k;
	int r = kernel_new(c->a, &n, &k, &err);

	if (r == -ENOENT) {
		agent_json_error(c->r, 501, NULL, "%s", err.msg);
		return;
	}
	if (r < 0) {
		call_err(c, &err);
		return;
	}
	call_touch(c, ACT_START);
	call_location(c, "api/kernels/%s", k->id);
	reply_model(c, 201, k);
}

static void create_kernel(struct call *c)
{
	call_read_json(c, CALL_JSON_MAX, on_create);
}

static void get_kernel(struct call *c)
{
	struct kernel *k = find(c);

	if (k)
		reply_model(c, 200, k);
}

static void unwait(struct http_req *r)
{
	kernel_unwait(call_of(r)->ctx);
}

/* A wait that ends with the request, whichever comes first. */
static struct kernel_wait *new_wait(struct call *c, void (*fn)(struct kernel_wait *w,
                                                               struct kernel *k, bool ok))
{
	struct kernel_wait *w = ARENA_NEW(&c->r->arena, struct kernel_wait);

	if (!w) {
		agent_json_error(c->r, 503, NULL, "There is no memory for this request");
		return NULL;
	}
	w->fn = fn;
	w->arg = c;
	c->ctx = w;
	c->r->on_free = unwait;
	return w;
}

static void on_deleted(struct kernel_wait *w, struct kernel *k, bool ok)
{
	(void)k, (void)ok;
	call_empty(w->arg, 204);
}

static void delete_kernel(struct call *c)
{
	struct kernel *k = find(c);
	struct kernel_wait *w = k ? new_wait(c, on_deleted) : NULL;

	if (w)
		kernel_stop(k, w);
}

static void interrupt_kernel(struct call *c)
{
	struct kernel *k = find(c);
	struct err err = ERR_NONE;

	if (!k)
		return;
	if (kernel_interrupt(k, &err) < 0) {
		call_err(c, &err);
		return;
	}
	call_touch(c, ACT_RUN);
	kernel_emit(k, "interrupt", "success", "Kernel interrupted");
	call_empty(c, 204);
}

static void on_restarted(struct kernel_wait *w, struct kernel *k, bool ok)
{
	if (ok)
		reply_model(w->arg, 200, k);
	else
		agent_json_error(((struct call *)w->arg)->r, 500, k->reason,
		                 "Kernel restart failed: it did not answer");
}

static void restart_kernel(struct call *c)
{
	struct kernel *k = find(c);
	struct kernel_wait *w = k ? new_wait(c, on_restarted) : NULL;

	if (!w)
		return;
	call_touch(c, ACT_START);
	kernel_restart(k, w);
}

/* ---- kernel specs ---- */

static void list_specs(struct call *c)
{
	struct arena m = ARENA(SPECS_MEMORY);
	struct buf b = BUF(ANSWER_MAX);
	struct jsonw w = JSONW(&b);
	struct kspec **list;
	struct err err = ERR_NONE;
	size_t n;

	if (kspec_list(c->a, &m, &list, &n, &err) < 0) {
		call_err(c, &err);
	} else if (n == 0) {
		agent_json_error(c->r, 500, NULL,
		                 "There is no kernel: install ipykernel, for example "
		                 "with pip install ipykernel");
	} else {
		jw_obj(&w);
		jw_kv_str(&w, "default", kspec_default(c->a, &m));
		jw_key(&w, "kernelspecs");
		jw_obj(&w);
		for (size_t i = 0; i < n; i++) {
			jw_key_str(&w, list[i]->name);
			kspec_put(list[i], call_base(c), &w);
		}
		jw_obj_end(&w);
		jw_obj_end(&w);
		call_reply(c, 200, &b);
	}
	buf_fini(&b);
	arena_fini(&m);
}

static void get_spec(struct call *c)
{
	struct arena m = ARENA(SPECS_MEMORY);
	struct buf b = BUF(ANSWER_MAX);
	struct jsonw w = JSONW(&b);
	struct kspec *s;
	struct err err = ERR_NONE;

	if (kspec_find(c->a, &m, c->arg[0], &s, &err) < 0) {
		call_err(c, &err);
	} else {
		kspec_put(s, call_base(c), &w);
		call_reply(c, 200, &b);
	}
	buf_fini(&b);
	arena_fini(&m);
}

const struct route kernels_routes[] = {
	{ "GET", "api/kernels", list_kernels, ROUTE_API },
	{ "POST", "api/kernels", create_kernel, ROUTE_API },
	{ "GET", "api/kernels/:id", get_kernel, ROUTE_API },
	{ "DELETE", "api/kernels/:id", delete_kernel, ROUTE_API },
	{ "POST", "api/kernels/:id/interrupt", interrupt_kernel, ROUTE_API },
	{ "POST", "api/kernels/:id/restart", restart_kernel, ROUTE_API },
	{ "GET", "api/kernels/:id/channels", kchannels_open, ROUTE_WS },
	{ "GET", "api/kernelspecs", list_specs, ROUTE_API },
	{ "GET", "api/kernelspecs/:name", get_spec, ROUTE_API },
	{ NULL, NULL, NULL, 0 },
};
