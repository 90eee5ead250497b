/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Putting a stop off from inside the session, or stopping it: its page posts to
 * its own origin with its ticket, and core, which knows whose ticket it is,
 * decides. The header that only a script of this origin can send, and the
 * browser's own word that it is one, keep everybody else's page out.
 */
#include <stdio.h>

#include "edge/edge-priv.h"
#include "edge/page.h"

#define BODY_MAX    256U
#define SECONDS_MAX UINT64_C(604800) /* a week */
#define TEXT_MAX    400

struct extension {
	struct edge *e;
	struct http_req *r;
	struct ask *ask;
	const char *label;
	struct str ticket;
	bool stop; /* it is to end now */
};

static void refuse(struct extension *x, unsigned status, const struct json *body)
{
	char title[128], text[TEXT_MAX];

	(void)snprintf(title, sizeof(title), "%.*s",
	               STR_ARG(json_str_or(body, "title",
	                                   x->stop ? STR("It was not stopped")
	                                           : STR("The stop was not put off"))));
	(void)snprintf(text, sizeof(text), "%.*s",
	               STR_ARG(json_str_or(body, "detail", STR("Do it in the console."))));
	page_send(x->r, &(struct page){
	                    .status = status,
	                    .slug = x->stop ? "not-stopped" : "not-extended",
	                    .title = title,
	                    .text = text,
	                });
}

static void on_answer(void *arg, unsigned status, const struct json *body)
{
	struct extension *x = arg;
	const struct json *from = x->stop ? json_get(body, "session") : body;
	const char *key = x->stop ? "state" : "stop_at";
	struct buf out = BUF(256);
	struct jsonw w = JSONW(&out);

	x->ask = NULL;
	if (status == 200) {
		jw_obj(&w);
		jw_kv_str(&w, key, json_str_or(from, key, STR("")));
		jw_obj_end(&w);
		http_hdr(x->r, "Cache-Control", STR("no-store"));
		http_reply_json(x->r, 200, buf_str(&out));
	} else if (status == 403 || status == 409 || status == 400) {
		refuse(x, status, body);
	} else {
		refuse_route(x->e, x->r, NULL, status, false);
	}
	buf_fini(&out);
}

static void send_on(struct extension *x, uint64_t seconds)
{
	struct buf json = BUF(512), fields = BUF(1024);
	struct jsonw w = JSONW(&json);

	jw_obj(&w);
	jw_kv_z(&w, "host", x->label);
	if (!x->stop)
		jw_kv_u64(&w, "seconds", seconds);
	jw_obj_end(&w);
	buf_printf(&fields, "%sX-Carrel-Ticket: %.*s\r\n", x->e->core_hint, STR_ARG(x->ticket));
	if (!buf_error(&fields) && !buf_error(&json))
		x->ask =
		    ask_core(x->e, x->stop ? STR("/internal/stop") : STR("/internal/extend"),
		             buf_str(&fields), buf_str(&json), on_answer, x);
	if (!x->ask)
		refuse_route(x->e, x->r, NULL, 429, false);
	buf_fini(&fields);
	buf_fini(&json);
}

static void on_body(struct http_req *r, struct str body)
{
	struct extension *x = r->user;
	struct json *j = NULL;
	uint64_t seconds = 0;

	if (x->stop)
		send_on(x, 0);
	else if (json_parse(&r->arena, body, NULL, &j, NULL) < 0 ||
	         json_get_u64(j, "seconds", SECONDS_MAX, &seconds) < 0 || seconds == 0)
		refuse_plain(r, 400, "bad-request", "Bad request",
		             "Send {\"seconds\": n} as JSON, n up to a week.");
	else
		send_on(x, seconds);
}

static void on_free(struct http_req *r)
{
	struct extension *x = r->user;

	ask_cancel(x->ask);
}

static bool is_own_script(const struct http_req *r)
{
	return http_count(&r->head, "Sec-Fetch-Site") == 1 &&
	       str_is(http_get(&r->head, "Sec-Fetch-Site"), "same-origin") &&
	       str_is(http_get(&r->head, "X-Carrel-CSRF"), "1");
}

static void begin(struct edge *e, struct http_req *r, const char *label, bool stop)
{
	struct extension *x = ARENA_NEW(&r->arena, struct extension);
	struct str ticket = http_cookie(http_get(&r->head, "Cookie"), "__Host-t");

	if (!str_is(r->head.method, "POST")) {
		http_hdr(r, "Allow", STR("POST"));
		refuse_plain(r, 405, "method-not-allowed", "Method not allowed",
		             "This is asked for with POST.");
		return;
	}
	if (!is_own_script(r)) {
		refuse_plain(r, 403, "other-origin", "Refused",
		             "Only a page of this session may ask for this here.");
		return;
	}
	if (!http_is_token(ticket) || ticket.len > 256) {
		refuse_route(e, r, NULL, 401, false);
		return;
	}
	if (!x) {
		refuse_console_away(r);
		return;
	}
	*x = (struct extension){ .e = e, .r = r, .ticket = ticket, .stop = stop };
	x->label = arena_strz(&r->arena, str_of(label));
	r->user = x;
	r->on_free = on_free;
	http_read_body(r, BODY_MAX, on_body);
}

void extend(struct edge *e, struct http_req *r, const char *label)
{
	begin(e, r, label, false);
}

void stop_from_within(struct edge *e, struct http_req *r, const char *label)
{
	begin(e, r, label, true);
}
