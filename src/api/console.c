/* SPDX-License-Identifier: Apache-2.0 */
#include "api/console.h"

#include <stdio.h>
#include <stdlib.h>

#define YEAR "public, max-age=31536000, immutable"

void console_headers(struct http_req *r, const struct core_cfg *cfg)
{
	http_hdr(r, "X-Content-Type-Options", STR("nosniff"));
	http_hdr(r, "Referrer-Policy", STR("no-referrer"));
	http_hdr(r, "Cross-Origin-Resource-Policy", STR("same-origin"));
	if (str_starts(str_of(cfg->console_origin), STR("https://")))
		http_hdr(r, "Strict-Transport-Security",
		         STR("max-age=63072000; includeSubDomains"));
}

static void page_headers(struct http_req *r, const struct core_cfg *cfg)
{
	/* The form that carries an entry code to a session's own origin, and the
	 * redirect that follows, are the only things that leave this one. */
	http_hdrf(
	    r, "Content-Security-Policy",
	    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
	    "font-src 'self'; connect-src 'self'; manifest-src 'self'; "
	    "form-action 'self' %s://*.%s; base-uri 'none'; object-src 'none'; "
	    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types app",
	    cfg->session_scheme, cfg->session_host);
	http_hdr(r, "Cross-Origin-Opener-Policy", STR("same-origin"));
	http_hdr(r, "Permissions-Policy",
	         STR("camera=(), microphone=(), geolocation=(), usb=(), payment=()"));
	http_hdr(r, "X-Frame-Options", STR("DENY"));
}

static int by_path(const void *key, const void *item)
{
	return str_cmp(*(const struct str *)key, str_of(((const struct asset *)item)->path));
}

static const struct asset *find(struct str path)
{
	return nassets ? bsearch(&path, assets, nassets, sizeof(assets[0]), by_path) : NULL;
}

/* Is the coding in Accept-Encoding, and not with q=0 (RFC 9110 12.5.3)? */
static bool accepts(struct str field, const char *coding)
{
	struct str one;

	while (str_split(&field, ',', &one)) {
		size_t semi = str_chr(one, ';', 0);
		struct str q = str_trim(str_sub(one, semi + 1, one.len));

		if (str_ieq(str_trim(str_sub(one, 0, semi)), str_of(coding)))
			return !str_is(q, "q=0") && !str_is(q, "q=0.0");
	}
	return false;
}

static struct str body_of(struct http_req *r, const struct asset *a)
{
	struct str field = http_get(&r->head, "Accept-Encoding");
	const struct asset_bytes *b = &a->identity;
	const char *coding = NULL;

	if (a->br.ptr && accepts(field, "br")) {
		b = &a->br;
		coding = "br";
	} else if (a->gz.ptr && accepts(field, "gzip")) {
		b = &a->gz;
		coding = "gzip";
	}
	if (coding)
		http_hdr(r, "Content-Encoding", str_of(coding));
	if (a->br.ptr || a->gz.ptr)
		http_hdr(r, "Vary", STR("Accept-Encoding"));
	return (struct str){ (const char *)b->ptr, b->len };
}

static bool has_etag(struct http_req *r, const struct asset *a)
{
	struct str field = http_get(&r->head, "If-None-Match"), one;

	while (str_split(&field, ',', &one)) {
		one = str_trim(one);
		if (str_starts(one, STR("W/")))
			one = str_sub(one, 2, one.len);
		if (str_is(one, a->etag) || str_is(one, "*"))
			return true;
	}
	return false;
}

static void serve(struct http_req *r, const struct core_cfg *cfg, const struct asset *a)
{
	bool hashed = str_starts(str_of(a->path), STR("/assets/"));

	console_headers(r, cfg);
	page_headers(r, cfg);
	http_hdr(r, "ETag", str_of(a->etag));
	http_hdr(r, "Cache-Control", hashed ? STR(YEAR) : STR("no-cache"));
	if (has_etag(r, a)) {
		http_reply(r, 304, STR_NONE);
		return;
	}
	http_hdr(r, "Content-Type", str_of(a->type));
	http_reply(r, 200, body_of(r, a));
}

bool console_serve(struct http_req *r, const struct core_cfg *cfg)
{
	static const char *const others[] = { "api", "internal", "-", ".carrel", "assets" };
	const struct asset *a;

	if (!str_is(r->head.method, "GET") && !str_is(r->head.method, "HEAD"))
		return false;
	a = find(r->url.path);
	if (!a) {
		/* Every other address is the single page's own business. */
		for (size_t i = 0; r->url.n && i < ARRAY_LEN(others); i++)
			if (str_is(r->url.seg[0], others[i]))
				return false;
		a = find(STR("/index.html"));
	}
	if (!a)
		return false;
	serve(r, cfg, a);
	return true;
}
