/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/route.h"

#include <errno.h>

#include "agent/auth.h"
#include "agent/dispatch.h"
#include "agent/runs.h"
#include "base/encode.h"

#define OVERFLOW_UID 65534U

static const struct route *const tables[] = {
	server_routes, kernels_routes, sessions_routes,  contents_routes,    files_routes,
	terms_routes,  auth_routes,    nbconvert_routes, settings_routes,    runs_routes,
	ide_routes,    resume_routes,  disk_routes,      environment_routes, restore_routes,
	lab_routes, /* "lab/…" takes the rest */
};

/* Of a stopped workspace's files (agent_cfg.files). */
static const struct route *const files_tables[] = {
	contents_routes, files_routes,       resume_routes,
	disk_routes,     environment_routes, restore_routes,
};

/* Does `pattern` take these segments? Captures go to arg/narg. */
static bool match_from(const char *pattern, struct call *c, const struct url *u, size_t at)
{
	struct str rest = str_of(pattern), part;

	c->narg = 0;
	if (rest.len == 0)
		return at == u->n;
	while (str_split(&rest, '/', &part)) {
		if (str_is(part, "*")) {
			size_t tail = 0;

			for (size_t i = 0; i < rest.len; i++)
				tail += rest.ptr[i] == '/';
			tail += rest.len > 0;
			if (u->n < at + tail)
				return false;
			struct url cut = *u;

			cut.n = u->n - tail;
			c->arg[c->narg++] = url_join(&c->r->arena, &cut, at);
			at = cut.n;
			continue;
		}
		bool capture = part.len && part.ptr[0] == ':';

		if (at >= u->n || (!capture && !str_eq(part, u->seg[at])))
			return false;
		if (capture)
			c->arg[c->narg++] = u->seg[at];
		at++;
	}
	return at == u->n;
}

static bool has_star(const char *pattern)
{
	return strchr(pattern, '*') != NULL;
}

/* Quick refusal before the captures are made: the first segment is literal. */
static bool starts_like(const char *pattern, const struct url *u, size_t at)
{
	struct str first = str_of(pattern);

	first = str_sub(first, 0, str_chr(first, '/', 0));
	if (str_is(first, "*") || (first.len && first.ptr[0] == ':'))
		return true;
	return u->n > at ? str_eq(first, u->seg[at]) : first.len == 0;
}

/* 0 found, -ENOENT no such path, -EPERM path of other methods. */
static int find(struct call *c, struct str method, size_t base_n)
{
	const struct url *u = &c->r->url;
	bool files = c->a->cfg->files;
	const struct route *const *all = files ? files_tables : tables;
	size_t n = files ? ARRAY_LEN(files_tables) : ARRAY_LEN(tables);
	int r = -ENOENT;

	if (str_is(method, "HEAD"))
		method = STR("GET");
	for (size_t t = 0; t < n; t++) {
		for (const struct route *route = all[t]; route->method; route++) {
			if (!starts_like(route->pattern, u, base_n) ||
			    !match_from(route->pattern, c, u, base_n))
				continue;
			if (str_is(method, route->method)) {
				c->route = route;
				return 0;
			}
			r = -EPERM;
			c->route = route;
		}
	}
	return r;
}

/* Segments of the base URL, decoded the same way as the request's. */
static bool under_base(struct call *c, size_t *ret_n)
{
	struct url base;

	if (url_parse(&c->r->arena, str_of(c->a->cfg->base_url), true, &base) < 0 ||
	    c->r->url.n < base.n)
		return false;
	for (size_t i = 0; i < base.n; i++)
		if (!str_eq(base.seg[i], c->r->url.seg[i]))
			return false;
	*ret_n = base.n;
	return true;
}

static void page_error(struct call *c, unsigned status, const char *text)
{
	struct buf b = BUF(2048);

	buf_printf(
	    &b,
	    "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>%u</title>"
	    "</head><body><h1>%u : %s</h1></body></html>",
	    status, status, text);
	http_hdr(c->r, "Content-Type", STR("text/html; charset=UTF-8"));
	http_reply(c->r, status, buf_str(&b));
	buf_fini(&b);
}

static bool is_api(const struct call *c, size_t base_n)
{
	const struct url *u = &c->r->url;

	return (u->n > base_n && str_is(u->seg[base_n], "api")) ||
	       (u->n > base_n + 1 && str_is(u->seg[base_n + 1], "api"));
}

static void security_fields(struct call *c)
{
	struct str base = call_base(c);
	unsigned flags = c->route ? c->route->flags : ROUTE_API;
	const char *more = "; default-src 'none'";

	if (flags & ROUTE_WS)
		return;
	if (flags & ROUTE_FILES)
		more = "; sandbox allow-scripts";
	else if (flags & ROUTE_PAGE)
		more = "";
	http_hdr(c->r, "X-Content-Type-Options", STR("nosniff"));
	http_hdrf(c->r, "Content-Security-Policy",
	          "frame-ancestors 'self'; report-uri %.*sapi/security/csp-report%s",
	          STR_ARG(base), more);
}

static void cors_fields(struct call *c)
{
	struct str origin = http_get(&c->r->head, "Origin");

	if (c->a->cfg->session || !c->token || !origin.len)
		return;
	http_hdr(c->r, "Access-Control-Allow-Origin", origin);
	http_hdr(c->r, "Vary", STR("Origin"));
}

static void refuse(struct call *c, enum auth_result why)
{
	unsigned flags = c->route->flags;

	switch (why) {
	case AUTH_NONE:
		if (flags & ROUTE_PAGE && str_is(c->r->head.method, "GET")) {
			struct buf b = BUF(16384);

			buf_put_str(&b, call_base(c));
			buf_put_z(&b, "login?next=");
			pct_put(&b, c->r->head.target, "");
			http_hdr(c->r, "Location", buf_str(&b));
			buf_fini(&b);
			http_reply(c->r, 302, STR(""));
		} else {
			agent_json_error(c->r, 403, NULL, "Forbidden");
		}
		break;
	case AUTH_ORIGIN:
		if (flags & ROUTE_WS)
			agent_json_error(c->r, 403, NULL,
			                 "Blocking request from a foreign origin");
		else
			agent_json_error(c->r, 404, NULL, "Not Found");
		break;
	case AUTH_XSRF:
		agent_json_error(c->r, 403, NULL, "'_xsrf' argument missing from %.*s",
		                 STR_ARG(c->r->head.method));
		break;
	case AUTH_HOST:
		agent_json_error(c->r, 403, NULL, "This server answers on its local name only");
		break;
	case AUTH_OK:
		break;
	}
}

static void options(struct call *c)
{
	http_hdr(c->r, "Access-Control-Allow-Headers",
	         STR("accept, content-type, authorization, x-xsrftoken"));
	http_hdr(c->r, "Access-Control-Allow-Methods",
	         STR("GET, PUT, POST, PATCH, DELETE, OPTIONS"));
	http_reply(c->r, 204, STR(""));
}

/* route: what was found, or NULL. A page that is not there may be there
 * without the slash. */
static bool slash_redirect(struct call *c, const struct route *route)
{
	const struct url *u = &c->r->url;
	struct str path = u->path;

	if (!u->trailing_slash || !str_is(c->r->head.method, "GET"))
		return false;
	if (route &&
	    ((route->flags & ROUTE_SLASH) || has_star(route->pattern) || !route->pattern[0]))
		return false;
	while (path.len > 1 && path.ptr[path.len - 1] == '/')
		path.len--;
	http_hdrf(c->r, "Location", "%.*s%s%.*s", STR_ARG(path), u->query.len ? "?" : "",
	          STR_ARG(u->query));
	http_reply(c->r, 302, STR(""));
	return true;
}

/* Edge lives outside: its uid is not mapped here, its pid not visible. */
static bool is_edge(const struct http_req *r)
{
	return r->peer_uid == OVERFLOW_UID && r->peer_pid == 0;
}

void agent_handle(struct http_req *r, void *arg)
{
	struct call *c = ARENA_NEW(&r->arena, struct call);
	struct agent *a = arg;
	enum auth_result auth;
	size_t base_n = 0;
	int found;

	if (!c || (a->cfg->session && !is_edge(r))) {
		http_abort(r);
		return;
	}
	*c = (struct call){ .a = a, .r = r };
	r->user = c;
	if (!under_base(c, &base_n)) {
		if (r->url.n == 0) {
			http_hdr(r, "Location", str_of(a->cfg->base_url));
			http_reply(r, 302, STR(""));
		} else {
			page_error(c, 404, "Not Found");
		}
		return;
	}
	found = find(c, r->head.method, base_n);
	security_fields(c);
	if (found == -EPERM && str_is(r->head.method, "OPTIONS")) {
		(void)auth_check(c);
		cors_fields(c);
		options(c);
		return;
	}
	if (found == -EPERM) {
		agent_json_error(r, 405, NULL, "%.*s is not possible here",
		                 STR_ARG(r->head.method));
		return;
	}
	if (found < 0 && slash_redirect(c, NULL))
		return;
	if (found < 0) {
		if (is_api(c, base_n))
			agent_json_error(r, 404, NULL, "Not Found");
		else
			page_error(c, 404, "Not Found");
		return;
	}
	auth = auth_check(c);
	cors_fields(c);
	if (auth != AUTH_OK) {
		refuse(c, auth);
		return;
	}
	if (is_api(c, base_n) && !str_is(url_param(&r->url, "no_track_activity"), "1"))
		a->last_api_at = time_wall_us();
	if (!slash_redirect(c, c->route))
		c->route->fn(c);
}
