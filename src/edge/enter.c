/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entering a session: the console posts a one-use code to the session's own
 * host, core exchanges it for a ticket, and the ticket becomes that host's
 * cookie. Lax and not Strict: the post comes from another site, and the
 * redirect after it must carry the cookie.
 */
#include <stdio.h>

#include "edge/edge-priv.h"
#include "edge/page.h"

#define FORM_MAX 4096U

struct entry {
	struct edge *e;
	struct http_req *r;
	struct ask *ask;
	const char *label;
	struct str next; /* where the form wants to go; STR_NONE: where core says */
};

static void refuse_code(struct entry *n)
{
	char open[SITE_HOST_MAX + SITE_LABEL_MAX + 32];

	(void)snprintf(open, sizeof(open), "%s/open/%s", n->e->site.origin, n->label);
	page_send(n->r, &(struct page){
	                    .status = 400,
	                    .slug = "stale-code",
	                    .title = "This way in has closed",
	                    .text = "The code was used before or is older than 30 seconds.",
	                    .link = open,
	                    .link_text = "Open the session again",
	                });
}

/* A path on this host and nothing else: "//x" and "/\x" name other hosts. */
static bool next_ok(struct str next)
{
	if (next.len == 0 || next.len > 2048 || next.ptr[0] != '/')
		return false;
	if (next.len > 1 && (next.ptr[1] == '/' || next.ptr[1] == '\\'))
		return false;
	for (size_t i = 0; i < next.len; i++) {
		if (next.ptr[i] <= ' ' || next.ptr[i] == '\\' ||
		    (unsigned char)next.ptr[i] >= 127)
			return false;
	}
	return true;
}

static void on_answer(void *arg, unsigned status, const struct json *body)
{
	struct entry *n = arg;
	struct str ticket = json_str_or(body, "ticket", STR(""));
	struct str next = n->next.len ? n->next : json_str_or(body, "next", STR("/lab"));

	n->ask = NULL;
	if (status == 200 && http_is_token(ticket) && ticket.len <= 256) {
		http_hdrf(n->r, "Set-Cookie",
		          "__Host-t=%.*s; Path=/; Secure; HttpOnly; SameSite=Lax",
		          STR_ARG(ticket));
		http_hdr(n->r, "Location", next_ok(next) ? next : STR("/lab"));
		http_hdr(n->r, "Cache-Control", STR("no-store"));
		http_hdr(n->r, "Referrer-Policy", STR("no-referrer"));
		http_reply(n->r, 303, STR_NONE);
	} else if (status == 503 || status == 0) {
		refuse_route(n->e, n->r, n->label, status, false);
	} else {
		refuse_code(n);
	}
}

static void on_form(struct http_req *r, struct str body)
{
	struct entry *n = r->user;
	struct buf target = BUF(FORM_MAX + 2), json = BUF((size_t)FORM_MAX * 2);
	struct jsonw w = JSONW(&json);
	struct url *form = ARENA_NEW(&r->arena, struct url);
	struct str code = STR_NONE;

	/* A form is a query string; it is copied since the slices must last. */
	buf_put_z(&target, "/?");
	buf_put_str(&target, body);
	if (form &&
	    url_parse(&r->arena, arena_str(&r->arena, buf_str(&target)), true, form) == 0)
		code = url_param(form, "code");
	if (code.len)
		n->next = url_param(form, "next");
	buf_fini(&target);
	if (code.len == 0 || code.len > 256) {
		refuse_code(n);
		return;
	}
	jw_obj(&w);
	jw_kv_z(&w, "host", n->label);
	jw_kv_str(&w, "code", code);
	jw_obj_end(&w);
	n->ask = ask_core(n->e, STR("/internal/enter"), str_of(n->e->core_hint), buf_str(&json),
	                  on_answer, n);
	buf_fini(&json);
	if (!n->ask)
		refuse_route(n->e, r, n->label, 429, false);
}

static void on_free(struct http_req *r)
{
	struct entry *n = r->user;

	ask_cancel(n->ask);
}

void enter(struct edge *e, struct http_req *r, const char *label)
{
	struct entry *n = ARENA_NEW(&r->arena, struct entry);
	struct str type = http_get(&r->head, "Content-Type");

	type = str_trim(str_sub(type, 0, str_chr(type, ';', 0)));
	if (!str_is(r->head.method, "POST")) {
		http_hdr(r, "Allow", STR("POST"));
		refuse_plain(r, 405, "method-not-allowed", "Method not allowed",
		             "Open the session from the console.");
		return;
	}
	if (!str_ieq(type, STR("application/x-www-form-urlencoded"))) {
		refuse_plain(r, 415, "not-a-form", "Not a form",
		             "The entry code comes as application/x-www-form-urlencoded.");
		return;
	}
	if (!n) {
		refuse_console_away(r);
		return;
	}
	*n = (struct entry){ .e = e, .r = r };
	n->label = arena_strz(&r->arena, str_of(label));
	r->user = n;
	r->on_free = on_free;
	http_read_body(r, FORM_MAX, on_form);
}
