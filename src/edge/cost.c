/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the session has cost so far, and per hour, for the pages in it: core
 * knows by the ticket whose session it is. The agent knows no prices.
 */
#include "edge/edge-priv.h"

struct asking {
	struct edge *e;
	struct http_req *r;
	struct ask *ask;
};

static void put_text(struct jsonw *w, const struct json *body, const char *key)
{
	jw_kv_str(w, key, json_str_or(body, key, STR("")));
}

static void on_answer(void *arg, unsigned status, const struct json *body)
{
	struct asking *x = arg;
	struct buf out = BUF(512);
	struct jsonw w = JSONW(&out);

	x->ask = NULL;
	if (status == 200) {
		jw_obj(&w);
		put_text(&w, body, "cost");
		put_text(&w, body, "per_hour");
		put_text(&w, body, "currency");
		put_text(&w, body, "instance_type");
		jw_obj_end(&w);
		http_hdr(x->r, "Cache-Control", STR("no-store"));
		http_reply_json(x->r, 200, buf_str(&out));
	} else {
		refuse_route(x->e, x->r, NULL, status, false);
	}
	buf_fini(&out);
}

static void on_free(struct http_req *r)
{
	struct asking *x = r->user;

	ask_cancel(x->ask);
}

void cost(struct edge *e, struct http_req *r, const char *label)
{
	struct asking *x = ARENA_NEW(&r->arena, struct asking);
	struct str ticket = http_cookie(http_get(&r->head, "Cookie"), "__Host-t");
	struct buf target = BUF(256), fields = BUF(1024);

	if (!str_is(r->head.method, "GET")) {
		http_hdr(r, "Allow", STR("GET"));
		refuse_plain(r, 405, "method-not-allowed", "Method not allowed",
		             "What a session costs is read with GET.");
	} else if (!str_is(http_get(&r->head, "Sec-Fetch-Site"), "same-origin")) {
		refuse_plain(r, 403, "other-origin", "Refused",
		             "Only a page of this session may ask what it costs here.");
	} else if (!http_is_token(ticket) || ticket.len > 256) {
		refuse_route(e, r, NULL, 401, false);
	} else if (!x) {
		refuse_console_away(r);
	} else {
		*x = (struct asking){ .e = e, .r = r };
		r->user = x;
		r->on_free = on_free;
		buf_printf(&target, "/internal/cost?host=%s", label);
		buf_printf(&fields, "%sX-Carrel-Ticket: %.*s\r\n", e->core_hint,
		           STR_ARG(ticket));
		if (!buf_error(&target) && !buf_error(&fields))
			x->ask = ask_core(e, buf_str(&target), buf_str(&fields), STR_NONE,
			                  on_answer, x);
		if (!x->ask)
			refuse_route(e, r, NULL, 429, false);
	}
	buf_fini(&target);
	buf_fini(&fields);
}
