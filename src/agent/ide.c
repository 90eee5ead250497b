/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The notebook IDE's page and files (web/ide): /ide, /ide/<path of a file>,
 * hashed names under /ide/assets, and /ide/frame, in which outputs with script
 * of their own are shown, without an origin.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>

#include "agent/auth.h"
#include "agent/lab.h"
#include "agent/mime.h"
#include "agent/place.h"
#include "agent/sendfile.h"
#include "base/file.h"

/* The editor makes its style elements while it runs, so inline styles are let
 * in; scripts are the page's own files only, and no string becomes one.
 * Pictures from elsewhere are shown, as JupyterLab shows them. */
static const char page_policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob: https:; font-src 'self' data:; media-src 'self' data: blob:; "
    "connect-src 'self'; worker-src 'self'; frame-src 'self'; manifest-src 'self'; "
    "base-uri 'none'; form-action 'none'; "
    "require-trusted-types-for 'script'; trusted-types dompurify carrel 'allow-duplicates'";

/* An origin of its own, no way to the network, whatever is written into it. */
static const char frame_policy[] =
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' "
    "blob:; "
    "style-src 'unsafe-inline'; img-src data: blob:; media-src data: blob:; font-src data:; "
    "connect-src 'none'";

static void no_ide(struct call *c)
{
	http_hdr(c->r, "Content-Type", STR("text/html; charset=UTF-8"));
	http_reply(
	    c->r, 404,
	    STR("<!doctype html><title>No IDE</title><p>This server was started without the "
	        "notebook IDE's files (--ide). Its API works."));
}

/* @BASE@, @WORKSPACE@ and @SESSION@ stand in attributes. */
static void fill(struct call *c, struct str tpl, struct buf *out)
{
	const struct agent_cfg *cfg = c->a->cfg;
	const struct {
		struct str mark, value;
	} marks[] = {
		{ STR("@BASE@"), call_base(c) },
		{ STR("@WORKSPACE@"), call_workspace(c) },
		{ STR("@SESSION@"), str_of(cfg->session_id ? cfg->session_id : "") },
	};

	while (tpl.len) {
		size_t at = str_chr(tpl, '@', 0), used = 1;
		struct str rest = str_sub(tpl, at, tpl.len);

		buf_put_str(out, str_sub(tpl, 0, at));
		for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
			if (!str_starts(rest, marks[i].mark))
				continue;
			lab_put_attr(out, marks[i].value);
			used = marks[i].mark.len;
		}
		if (used == 1)
			buf_put_str(out, str_sub(rest, 0, 1));
		tpl = str_sub(rest, used, rest.len);
	}
}

static void ide_page(struct call *c)
{
	struct buf tpl = BUF(256U << 10), out = BUF(512U << 10);
	int r =
	    c->a->lab->ide < 0 ? -ENOENT : file_read(c->a->lab->ide, "index.html", &tpl, NULL);

	if (r < 0) {
		no_ide(c);
	} else {
		if (!c->a->cfg->session)
			(void)auth_xsrf_cookie(c);
		fill(c, buf_str(&tpl), &out);
		call_touch(c, ACT_OPEN);
		http_hdr(c->r, "Content-Type", STR("text/html; charset=UTF-8"));
		http_hdr(c->r, "Cache-Control", STR("no-store"));
		http_hdr(c->r, "Referrer-Policy", STR("same-origin"));
		http_hdr(c->r, "Content-Security-Policy", str_of(page_policy));
		http_reply(c->r, buf_error(&out) ? 500 : 200, buf_str(&out));
	}
	buf_fini(&tpl);
	buf_fini(&out);
}

/* false: there is no such file. */
static bool send_own(struct call *c, struct str rel, const char *cache)
{
	struct send_opts o = { .mime = mime_guess(place_name(rel)),
		               .twins = true,
		               .cache = cache };
	char *z = arena_strz(&c->r->arena, rel);
	int dir = c->a->lab->ide, fd = z && dir >= 0 ? lab_open_file(dir, z) : -ENOENT;

	if (fd < 0)
		return false;
	send_fd(c, fd, dir, z, &o);
	return true;
}

/* The names hold hashes. A user's own folder may be called assets too. */
static void ide_asset(struct call *c)
{
	struct str rel = arena_printf(&c->r->arena, "assets/%.*s", STR_ARG(c->arg[0]));

	if (send_own(c, rel, "public, max-age=31536000, immutable"))
		return;
	if (str_is(http_get(&c->r->head, "Sec-Fetch-Dest"), "document"))
		ide_page(c);
	else
		agent_json_error(c->r, 404, NULL, "Not Found");
}

static void ide_frame(struct call *c)
{
	http_hdr(c->r, "Content-Security-Policy", str_of(frame_policy));
	if (!send_own(c, STR("frame.html"), "no-cache"))
		no_ide(c);
}

const struct route ide_routes[] = {
	{ "GET", "ide", ide_page, ROUTE_PAGE },
	{ "GET", "ide/frame", ide_frame, ROUTE_PAGE },
	{ "GET", "ide/assets/*", ide_asset, ROUTE_PAGE },
	{ "GET", "ide/*", ide_page, ROUTE_PAGE },
	{ 0 },
};
