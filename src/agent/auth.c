/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/auth.h"

#include <errno.h>

#include "base/encode.h"
#include "base/rand.h"
#include "base/sha256.h"

#define COOKIE_MAX_AGE (30 * 86400)

int auth_init(struct agent *a)
{
	a->auth = xcalloc(1, sizeof(*a->auth));
	rand_bytes(a->auth->key, sizeof(a->auth->key));
	return 0;
}

void auth_fini(struct agent *a)
{
	free(a->auth);
	a->auth = NULL;
}

/* Host names with everything but letters and digits turned into '-': servers
 * on different ports must not share a cookie. */
static const char *cookie_name(struct call *c)
{
	struct str host = c->r->head.host;
	struct str name = arena_printf(&c->r->arena, "username-%.*s", STR_ARG(host));
	char *z = arena_strz(&c->r->arena, name);

	if (!z)
		return "username";
	for (char *p = z; *p; p++) {
		char l = (char)(*p | 0x20);

		if (!((*p >= '0' && *p <= '9') || (l >= 'a' && l <= 'z')))
			*p = '-';
	}
	return z;
}

static void sign(const struct agent *a, struct str id, char ret[65])
{
	struct hmac256 h;
	uint8_t mac[SHA256_LEN];
	struct buf b = BUF(80);

	hmac256_init(&h, (struct str){ (const char *)a->auth->key, sizeof(a->auth->key) });
	hmac256_add(&h, id);
	hmac256_end(&h, mac);
	hex_put(&b, (struct str){ (const char *)mac, sizeof(mac) });
	memcpy(ret, buf_cstr(&b), 65);
	buf_fini(&b);
}

static struct str cookie(struct call *c, const char *name)
{
	return http_cookie(http_get(&c->r->head, "Cookie"), name);
}

static bool cookie_ok(struct call *c)
{
	struct str v = cookie(c, cookie_name(c));
	size_t dot = str_chr(v, '.', 0);
	char mac[65];

	if (!v.len || dot == v.len)
		return false;
	sign(c->a, str_sub(v, 0, dot), mac);
	return str_eq_secret(str_of(mac), str_sub(v, dot + 1, v.len));
}

static void set_login_cookie(struct call *c)
{
	char id[37], mac[65];

	rand_uuid(id);
	sign(c->a, str_of(id), mac);
	http_hdrf(c->r, "Set-Cookie", "%s=%s.%s; Max-Age=%d; HttpOnly; Path=%s; SameSite=Lax",
	          cookie_name(c), id, mac, COOKIE_MAX_AGE, c->a->cfg->base_url);
}

struct str auth_xsrf_cookie(struct call *c)
{
	struct str have = cookie(c, "_xsrf");
	uint8_t raw[16];
	struct buf b = BUF(64);
	struct str v;

	if (have.len >= 16 && http_is_token(have))
		return have;
	rand_bytes(raw, sizeof(raw));
	hex_put(&b, (struct str){ (const char *)raw, sizeof(raw) });
	v = arena_str(&c->r->arena, buf_str(&b));
	buf_fini(&b);
	http_hdrf(c->r, "Set-Cookie", "_xsrf=%.*s; Path=%s; SameSite=Lax", STR_ARG(v),
	          c->a->cfg->base_url);
	return v;
}

static bool token_is(struct call *c, struct str given)
{
	return given.len && c->a->cfg->token[0] &&
	       str_eq_secret(given, str_of(c->a->cfg->token));
}

static bool token_ok(struct call *c)
{
	struct str v = http_get(&c->r->head, "Authorization");
	size_t sp = str_chr(v, ' ', 0);
	struct str scheme = str_sub(v, 0, sp);

	if (token_is(c, url_param(&c->r->url, "token")))
		return true;
	if (sp == v.len || !(str_ieq(scheme, STR("token")) || str_ieq(scheme, STR("bearer"))))
		return false;
	return token_is(c, str_trim(str_sub(v, sp + 1, v.len)));
}

/* "http://host:port/…" → "host:port" */
static struct str host_of(struct str url)
{
	size_t at = str_find(url, STR("://"));

	if (at == url.len)
		return STR_NONE;
	url = str_sub(url, at + 3, url.len);
	return str_sub(url, 0, str_chr(url, '/', 0));
}

static bool origin_ok(struct call *c)
{
	struct str origin = http_get(&c->r->head, "Origin");

	/* Programs send none; browsers always do across origins. */
	return !origin.ptr || str_ieq(host_of(origin), c->r->head.host);
}

/* Listening on loopback, a Host that is another name means DNS rebinding. */
static bool host_ok(struct call *c)
{
	struct str h = c->r->head.host;

	if (!str_starts(str_of(c->a->cfg->ip), STR("127.")) &&
	    !str_is(str_of(c->a->cfg->ip), "::1"))
		return true;
	if (h.len && h.ptr[0] == '[')
		return str_starts(h, STR("[::1]"));
	h = str_sub(h, 0, str_chr(h, ':', 0));
	return str_ieq(h, STR("localhost")) || str_starts(h, STR("127.")) ||
	       str_ends(h, STR(".localhost"));
}

static bool is_safe(struct str method)
{
	return str_is(method, "GET") || str_is(method, "HEAD") || str_is(method, "OPTIONS");
}

static bool xsrf_ok(struct call *c)
{
	struct str want = cookie(c, "_xsrf");
	struct str got = http_get(&c->r->head, "X-XSRFToken");

	if (!got.len)
		got = http_get(&c->r->head, "X-CSRFToken");
	if (!got.len)
		got = url_param(&c->r->url, "_xsrf");
	return want.len && str_eq_secret(got, want);
}

/* Downloads are navigations: a Referer of our own origin will do. */
static bool files_ok(struct call *c)
{
	struct str ref = http_get(&c->r->head, "Referer");

	return xsrf_ok(c) || (ref.len && str_ieq(host_of(ref), c->r->head.host));
}

enum auth_result auth_check(struct call *c)
{
	unsigned flags = c->route->flags;
	bool safe = is_safe(c->r->head.method), cookie_valid;

	if (c->a->cfg->session) {
		c->token = true;
		return AUTH_OK;
	}
	if (!host_ok(c))
		return AUTH_HOST;
	c->token = token_ok(c);
	cookie_valid = cookie_ok(c);
	if (c->token && !cookie_valid)
		set_login_cookie(c);
	if (c->token || (flags & ROUTE_PUBLIC))
		return AUTH_OK;
	if (!cookie_valid && c->a->cfg->token[0])
		return AUTH_NONE;
	if (!(flags & (ROUTE_NO_XSRF | ROUTE_PAGE)) && !origin_ok(c))
		return AUTH_ORIGIN;
	if (!safe && !(flags & (ROUTE_NO_XSRF | ROUTE_WS)) && !xsrf_ok(c))
		return AUTH_XSRF;
	if (safe && (flags & ROUTE_FILES) && !files_ok(c))
		return AUTH_XSRF;
	return AUTH_OK;
}

/* `next` must stay inside the base URL: no scheme, no //host, no backslash. */
static struct str safe_next(struct call *c, struct str next)
{
	struct str base = call_base(c);

	if (!str_starts(next, base) || str_starts(next, STR("//")) ||
	    str_chr(next, '\\', 0) < next.len || !http_is_value(next))
		return base;
	return next;
}

static void redirect(struct call *c, struct str to)
{
	struct buf b = BUF(16384);

	/* Already a URL: escape only what a header may not hold. */
	for (size_t i = 0; i < to.len; i++) {
		unsigned char ch = (unsigned char)to.ptr[i];

		if (ch <= 0x20 || ch >= 0x7f)
			buf_printf(&b, "%%%02X", ch);
		else
			buf_put_c(&b, (char)ch);
	}
	http_hdr(c->r, "Location", buf_str(&b));
	buf_fini(&b);
	http_reply(c->r, 302, STR(""));
}

static void put_html(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		switch (s.ptr[i]) {
		case '<':
			buf_put_z(b, "&lt;");
			break;
		case '&':
			buf_put_z(b, "&amp;");
			break;
		case '"':
			buf_put_z(b, "&quot;");
			break;
		default:
			buf_put_c(b, s.ptr[i]);
		}
	}
}

static void login_form(struct call *c, unsigned status, const char *message)
{
	struct str xsrf = auth_xsrf_cookie(c), next = url_param(&c->r->url, "next");
	struct buf b = BUF(65536);

	buf_put_z(&b, "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
	              "<title>Sign in</title></head><body><form method=\"post\" action=\"");
	put_html(&b, call_base(c));
	buf_put_z(&b, "login?next=");
	pct_put(&b, next, "/");
	buf_put_z(&b, "\"><input type=\"hidden\" name=\"_xsrf\" value=\"");
	put_html(&b, xsrf);
	buf_put_z(&b, "\"><p>");
	put_html(&b, str_of(message));
	buf_put_z(
	    &b, "</p><label>Token <input type=\"password\" name=\"password\" autofocus></label>"
	        "<button type=\"submit\">Log in</button></form></body></html>");
	http_hdr(c->r, "Content-Type", STR("text/html; charset=UTF-8"));
	http_hdr(c->r, "Cache-Control", STR("no-store"));
	http_reply(c->r, status, buf_str(&b));
	buf_fini(&b);
}

static void get_login(struct call *c)
{
	if (c->token || cookie_ok(c) || !c->a->cfg->token[0])
		redirect(c, safe_next(c, url_param(&c->r->url, "next")));
	else
		login_form(c, 200, "Type the token that this server was started with.");
}

static void on_login_body(struct http_req *r, struct str body)
{
	struct call *c = call_of(r);
	struct str target = arena_printf(&r->arena, "/?%.*s", STR_ARG(body));
	struct str want = cookie(c, "_xsrf"), got;
	struct url form;

	/* A form is a query string. */
	if (!target.ptr || url_parse(&r->arena, target, true, &form) < 0) {
		agent_json_error(r, 400, NULL, "The form can't be read");
		return;
	}
	got = url_param(&form, "_xsrf");
	if (!got.len)
		got = http_get(&r->head, "X-XSRFToken");
	if (!got.len)
		got = url_param(&r->url, "_xsrf");
	if (!c->token && !(want.len && str_eq_secret(got, want))) {
		login_form(c, 403, "The form was too old: please try again.");
		return;
	}
	if (!c->token && !token_is(c, url_param(&form, "password"))) {
		login_form(c, 401, "That is not the token of this server.");
		return;
	}
	if (!c->token)
		set_login_cookie(c);
	redirect(c, safe_next(c, url_param(&r->url, "next")));
}

static void post_login(struct call *c)
{
	http_read_body(c->r, 65536, on_login_body);
}

static void get_logout(struct call *c)
{
	http_hdrf(c->r, "Set-Cookie", "%s=; Max-Age=0; Path=%s", cookie_name(c),
	          c->a->cfg->base_url);
	http_hdr(c->r, "Content-Type", STR("text/html; charset=UTF-8"));
	http_reply(c->r, 200,
	           STR("<!doctype html><title>Signed out</title><p>You are signed out.</p>"));
}

const struct route auth_routes[] = {
	{ "GET", "login", get_login, ROUTE_PUBLIC | ROUTE_PAGE },
	{ "POST", "login", post_login, ROUTE_PUBLIC | ROUTE_PAGE },
	{ "GET", "logout", get_logout, ROUTE_PUBLIC | ROUTE_PAGE },
	{ 0 },
};
