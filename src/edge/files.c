/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /api/v1/workspaces/<id>/files/…: a workspace's files on the console's own
 * origin (doc/internals/files.md). What a user wrote comes by here, and only
 * inside JSON: whatever the agent says of its answer, a browser is told that it
 * is JSON, never to be guessed at, never to be framed, embedded or kept. And
 * only a script of the console can ask, by its header, for reading too.
 */
#include <stdio.h>

#include "edge/edge-priv.h"

#define PREFIX "/api/v1/workspaces/"

bool files_is(const struct url *u)
{
	return u->n >= 5 && str_is(u->seg[0], "api") && str_is(u->seg[1], "v1") &&
	       str_is(u->seg[2], "workspaces") && str_is(u->seg[4], "files");
}

static void problem(struct http_req *r, unsigned status, const char *slug, const char *title,
                    const char *detail)
{
	struct buf b = BUF(8192);
	struct jsonw w = JSONW(&b);
	char type[96];

	(void)snprintf(type, sizeof(type), "https://carrel.dev/problems/%s", slug);
	jw_obj(&w);
	jw_kv_z(&w, "type", type);
	jw_kv_z(&w, "title", title);
	jw_kv_u64(&w, "status", status);
	jw_kv_z(&w, "detail", detail);
	jw_obj_end(&w);
	http_hdr(r, "Content-Type", STR("application/problem+json"));
	http_hdr(r, "Cache-Control", STR("no-store"));
	http_hdr(r, "X-Content-Type-Options", STR("nosniff"));
	if (status == 503)
		http_hdr(r, "Retry-After", STR("1"));
	http_reply(r, status, buf_str(&b));
	buf_fini(&b);
}

void files_refuse(struct http_req *r, const struct route *rt, unsigned status)
{
	switch (status) {
	case 401:
		problem(r, 401, "unauthenticated", "Sign in first.",
		        "Sign in in the console, or send a token.");
		break;
	case 403:
		problem(r, 403, "forbidden", "You are not allowed to do this.",
		        "This token's scopes don't allow it; use one with the scope account.");
		break;
	case 404:
		problem(r, 404, "not-found", "There is no such thing.",
		        "There is no such workspace, or it is not yours. Check the id.");
		break;
	case 429:
		problem(r, 503, "busy", "Too many requests just now.",
		        "Try again in a moment.");
		break;
	default:
		if (rt && status && rt->why[0])
			problem(r, status, rt->slug, rt->title, rt->why);
		else
			problem(r, 503, "console-away", "The console is away for a moment.",
			        "It is probably being restarted. Try again in a few seconds.");
	}
}

void files_away(struct http_req *r)
{
	problem(r, 503, "files-away", "The files are not there just now.",
	        "The session is starting or stopping, or something was restarted. Nothing is "
	        "lost: try again; an upload goes on where it was.");
}

void files_odd(struct http_req *r, unsigned status)
{
	if (status == 404)
		problem(r, 404, "not-found", "There is no such thing.",
		        "There is nothing at this address.");
	else if (status == 413)
		problem(r, 413, "too-large", "The request is too large.",
		        "This is more than fits here: send less at once, or use an upload.");
	else if (status >= 400 && status < 500)
		problem(r, status, "bad-request", "The request can't be understood.",
		        "The server of the files could not read it.");
	else
		files_away(r);
}

bool files_answer(struct http_req *r, const struct http_head *h)
{
	struct str type = http_get(h, "Content-Type"), retry = http_get(h, "Retry-After");
	bool empty = h->status == 204 || (h->has_length && h->length == 0);
	uint64_t seconds;

	type = str_trim(str_sub(type, 0, str_chr(type, ';', 0)));
	if (h->status < 200 || (h->status >= 300 && h->status < 400) ||
	    (!empty && !str_ieq(type, STR("application/json"))))
		return false;
	http_hdr(r, "Content-Type", STR("application/json"));
	http_hdr(r, "X-Content-Type-Options", STR("nosniff"));
	http_hdr(r, "Content-Security-Policy",
	         STR("default-src 'none'; frame-ancestors 'none'; sandbox"));
	http_hdr(r, "Cross-Origin-Resource-Policy", STR("same-origin"));
	http_hdr(r, "Cache-Control", STR("no-store"));
	if (str_to_u64(retry, 0, 3600, &seconds) == 0)
		http_hdrf(r, "Retry-After", "%llu", (unsigned long long)seconds);
	return true;
}

/* Only a script of the console's own page: a link, a frame, an image or another
 * site's fetch can't say all of this. */
static bool is_console_script(const struct edge *e, const struct http_req *r)
{
	const struct http_head *h = &r->head;
	struct str site = http_get(h, "Sec-Fetch-Site"), origin = http_get(h, "Origin");

	if (http_count(h, "Sec-Fetch-Site") > 1 || http_count(h, "Origin") > 1 ||
	    str_is(http_get(h, "Sec-Fetch-Mode"), "navigate") ||
	    !str_is(http_get(h, "X-Carrel-CSRF"), "1"))
		return false;
	return site.ptr ? str_is(site, "same-origin")
	                : origin.ptr && str_is(origin, e->site.origin);
}

/* The agent's path of what stands behind files/; STR_NONE: nothing is there. */
static struct str target_of(struct http_req *r)
{
	static const struct {
		const char *name, *at;
	} groups[] = {
		{ "contents", "/api/contents" },  { "uploads", "/api/carrel/uploads" },
		{ "disk", "/api/carrel/disk" },   { "environment", "/api/carrel/environment" },
		{ "names", "/api/carrel/names" }, { "restore", "/api/carrel/restore" },
	};
	const struct url *u = &r->url;
	size_t before = sizeof(PREFIX) - 1 + u->seg[3].len + sizeof("/files/") - 1;
	struct str rest = str_sub(u->path, before, u->path.len), group;

	/* What is cut off by length must stand there unescaped. */
	if (u->n < 6 || !str_starts(u->path, STR(PREFIX)) ||
	    !str_starts(str_sub(u->path, sizeof(PREFIX) - 1, u->path.len), u->seg[3]) ||
	    !str_eq(str_sub(u->path, before - 7, before), STR("/files/")))
		return STR_NONE;
	group = str_sub(rest, 0, str_chr(rest, '/', 0));
	for (size_t i = 0; i < ARRAY_LEN(groups); i++)
		if (str_is(group, groups[i].name))
			return arena_printf(&r->arena, "%s%.*s%s%.*s", groups[i].at,
			                    STR_ARG(str_sub(rest, group.len, rest.len)),
			                    u->query.len ? "?" : "", STR_ARG(u->query));
	return STR_NONE;
}

void files_handle(struct edge *e, struct http_req *r)
{
	struct str auth = http_get(&r->head, "Authorization"), target = target_of(r);
	struct str cookie = http_cookie(http_get(&r->head, "Cookie"), "__Host-s");

	if (!target.ptr || r->head.upgrade_ws) {
		problem(r, 404, "not-found", "There is no such thing.",
		        "There is nothing at this address.");
	} else if (auth.ptr) {
		if (http_count(&r->head, "Authorization") > 1)
			files_refuse(r, NULL, 401);
		else
			proxy_files(e, r, ROUTE_FILES_TOKEN, r->url.seg[3], auth, target);
	} else if (!cookie.len || cookie.len > 256 || !http_is_token(cookie)) {
		files_refuse(r, NULL, 401);
	} else if (!is_console_script(e, r)) {
		problem(r, 403, "cross-site", "The request came from another site.",
		        "A sign-in cookie works from the console's own pages only, with the "
		        "header X-Carrel-CSRF: 1. Programs use a token.");
	} else {
		proxy_files(e, r, ROUTE_FILES_LOGIN, r->url.seg[3], cookie, target);
	}
}
