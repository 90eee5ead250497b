/* SPDX-License-Identifier: Apache-2.0 */
#include "edge/page.h"

#include "base/encode.h"
#include "base/json.h"
#include "base/sha256.h"

#define STYLE                                                                       \
	":root{color-scheme:light dark}"                                            \
	"body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:18vh auto " \
	"0;padding:0 1.5rem}"                                                       \
	"h1{font-size:1.4rem;margin:0 0 .5rem}p{margin:.5rem 0}a{color:inherit}"

static char policy[256] = "default-src 'none'";
static bool with_tls;

void page_init(bool tls)
{
	struct buf b = BUF(256);
	uint8_t digest[SHA256_LEN];

	sha256(STR(STYLE), digest);
	buf_put_z(&b, "default-src 'none'; base-uri 'none'; form-action 'none'; "
	              "frame-ancestors 'none'; style-src 'sha256-");
	base64_put(&b, (struct str){ (const char *)digest, sizeof(digest) }, 0);
	buf_put_z(&b, "'");
	CHECK(!buf_error(&b) && buf_len(&b) < sizeof(policy));
	memcpy(policy, buf_cstr(&b), buf_len(&b) + 1);
	buf_fini(&b);
	with_tls = tls;
}

bool page_wanted(const struct http_req *r)
{
	struct str mode = http_get(&r->head, "Sec-Fetch-Mode");

	if (mode.ptr)
		return str_is(mode, "navigate");
	return str_find(http_get(&r->head, "Accept"), STR("text/html")) <
	       http_get(&r->head, "Accept").len;
}

static void put_text(struct buf *b, const char *z)
{
	for (; *z; z++) {
		if (*z == '<')
			buf_put_z(b, "&lt;");
		else if (*z == '&')
			buf_put_z(b, "&amp;");
		else
			buf_put_c(b, *z);
	}
}

static void put_html(struct buf *b, const struct page *p)
{
	buf_printf(b, "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">"
	              "<meta name=\"viewport\" content=\"width=device-width\">");
	if (p->retry_s)
		buf_printf(b, "<meta http-equiv=\"refresh\" content=\"%u\">", p->retry_s + 1);
	buf_put_z(b, "<title>");
	put_text(b, p->title);
	buf_put_z(b, "</title><style>" STYLE "</style><h1>");
	put_text(b, p->title);
	buf_put_z(b, "</h1><p>");
	put_text(b, p->text);
	buf_put_z(b, "</p>");
	if (p->link)
		buf_printf(b, "<p><a href=\"%s\">%s</a></p>", p->link, p->link_text);
}

static void put_problem(struct buf *b, const struct page *p)
{
	struct jsonw w = JSONW(b);

	jw_obj(&w);
	jw_key(&w, "type");
	{
		char type[96];

		(void)snprintf(type, sizeof(type), "https://carrel.dev/problems/%s", p->slug);
		jw_z(&w, type);
	}
	jw_kv_z(&w, "title", p->title);
	jw_kv_u64(&w, "status", p->status);
	jw_kv_z(&w, "detail", p->text);
	jw_obj_end(&w);
}

void page_send(struct http_req *r, const struct page *p)
{
	struct buf b = BUF(16384);

	if (page_wanted(r)) {
		http_hdr(r, "Content-Type", STR("text/html; charset=utf-8"));
		put_html(&b, p);
	} else {
		http_hdr(r, "Content-Type", STR("application/problem+json"));
		put_problem(&b, p);
	}
	http_hdr(r, "Content-Security-Policy", str_of(policy));
	http_hdr(r, "X-Content-Type-Options", STR("nosniff"));
	http_hdr(r, "Referrer-Policy", STR("no-referrer"));
	http_hdr(r, "Cross-Origin-Opener-Policy", STR("same-origin"));
	http_hdr(r, "Cross-Origin-Resource-Policy", STR("same-origin"));
	http_hdr(r, "Cache-Control", STR("no-store"));
	if (with_tls)
		http_hdr(r, "Strict-Transport-Security", STR("max-age=63072000"));
	if (p->retry_s)
		http_hdrf(r, "Retry-After", "%u", p->retry_s);
	http_reply(r, p->status, buf_str(&b));
	buf_fini(&b);
}
