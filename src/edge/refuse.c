/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/encode.h"
#include "edge/edge-priv.h"
#include "edge/page.h"

void refuse_plain(struct http_req *r, unsigned status, const char *slug, const char *title,
                  const char *text)
{
	page_send(
	    r, &(struct page){ .status = status, .slug = slug, .title = title, .text = text });
}

void refuse_console_away(struct http_req *r)
{
	page_send(r,
	          &(struct page){
	              .status = 503,
	              .slug = "console-away",
	              .title = "The console is away for a moment",
	              .text = "It is probably being restarted. Your sessions keep running and "
	                      "nothing is lost. Try again in a few seconds.",
	              .retry_s = 2,
	          });
}

void refuse_session_away(struct http_req *r)
{
	page_send(r, &(struct page){
	                 .status = 503,
	                 .slug = "session-away",
	                 .title = "The session does not answer",
	                 .text = "It is starting, restarting or stopping. Try again in a few "
	                         "seconds; the console shows its state.",
	                 .retry_s = 1,
	             });
}

/* The console's page that lets people in again, and leads on to the file that they
 * asked for, in the program that they asked for. */
static void put_open(struct edge *e, struct http_req *r, const char *label, struct buf *to)
{
	const struct url *u = &r->url;
	bool ide = u->n >= 1 && str_is(u->seg[0], "ide");
	bool lab = u->n >= 1 && str_is(u->seg[0], "lab");
	bool file = ide ? u->n > 1 : lab && u->n > 2 && str_is(u->seg[1], "tree");

	buf_printf(to, "%s/open/%s", e->site.origin, label);
	if (ide || lab)
		buf_printf(to, "?app=%s", ide ? "ide" : "lab");
	if (file) {
		buf_put_z(to, "&path=");
		pct_put(to, url_join(&r->arena, u, ide ? 1 : 2), "/");
	}
}

/* No or an old ticket: people are sent to the console, which lets them in if
 * they may; programs are told. */
static void refuse_stranger(struct edge *e, struct http_req *r, const char *label, bool program)
{
	if (program) {
		http_hdr(r, "WWW-Authenticate", STR("Bearer realm=\"carrel\""));
		refuse_plain(
		    r, 401, "token-required", "A token is required",
		    "This address is for programs: send \"Authorization: token …\" with "
		    "a personal token that is valid for this session.");
		return;
	}
	if (page_wanted(r) && label &&
	    (str_is(r->head.method, "GET") || str_is(r->head.method, "HEAD"))) {
		struct buf to = BUF(4096);

		put_open(e, r, label, &to);
		if (buf_error(&to)) /* too long a path */
			http_hdrf(r, "Location", "%s/open/%s", e->site.origin, label);
		else
			http_hdr(r, "Location", buf_str(&to));
		http_hdr(r, "Cache-Control", STR("no-store"));
		http_reply(r, 303, STR_NONE);
		buf_fini(&to);
		return;
	}
	refuse_plain(
	    r, 401, "sign-in-required", "Open the session again",
	    "You are not signed in to this session, or were signed out. Open it from the "
	    "console.");
}

void refuse_route(struct edge *e, struct http_req *r, const char *label, unsigned status,
                  bool program)
{
	char console[SITE_HOST_MAX + 32];

	(void)snprintf(console, sizeof(console), "%s/", e->site.origin);
	switch (status) {
	case 401:
		refuse_stranger(e, r, label, program);
		break;
	case 403:
		refuse_plain(r, 403, "forbidden", "Not allowed",
		             "This account or token may not use this session.");
		break;
	case 404:
		page_send(r,
		          &(struct page){
		              .status = 404,
		              .slug = "no-such-session",
		              .title = "There is no such session",
		              .text = "It may have been deleted, or the address is not whole.",
		              .link = program ? NULL : console,
		              .link_text = "Go to the console",
		          });
		break;
	case 503:
		page_send(r,
		          &(struct page){
		              .status = 503,
		              .slug = "session-not-running",
		              .title = "This session is not running",
		              .text = "It is starting or was stopped. The console shows which, "
		                      "and starts it.",
		              .link = program ? NULL : console,
		              .link_text = "Go to the console",
		              .retry_s = 1,
		          });
		break;
	case 429:
		page_send(r, &(struct page){
		                 .status = 503,
		                 .slug = "busy",
		                 .title = "Too many requests just now",
		                 .text = "Try again in a few seconds.",
		                 .retry_s = 2,
		             });
		break;
	default:
		refuse_console_away(r);
	}
}
