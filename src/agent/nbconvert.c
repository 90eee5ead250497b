/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Export to other formats: by the image's own nbconvert, one process for each
 * request (nbconvert_run.c); none there, none offered.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>

#include "agent/call.h"
#include "agent/jsontree.h"
#include "agent/nbconvert_run.h"
#include "agent/nbformat.h"
#include "agent/place.h"
#include "agent/python.h"
#include "base/file.h"
#include "base/rand.h"

#define BODY_MAX ((size_t)64 << 20)

/* What nbconvert itself brings, and what that needs of the image: a program in
 * PATH, a Python package. Formats of other packages are not listed, but run. */
static const struct {
	const char *name, *mime, *program, *package, *advice;
} exporters[] = {
	{ "asciidoc", "text/asciidoc", "pandoc", NULL, "pandoc (Debian package pandoc)" },
	{ "html", "text/html", NULL, NULL, NULL },
	{ "latex", "text/latex", "pandoc", NULL, "pandoc (Debian package pandoc)" },
	{ "markdown", "text/markdown", NULL, NULL, NULL },
	{ "notebook", "application/json", NULL, NULL, NULL },
	{ "pdf", "application/pdf", "xelatex", NULL,
	  "xelatex (Debian package texlive-xetex); \"webpdf\" may do without" },
	{ "python", "text/x-python", NULL, NULL, NULL },
	{ "qtpdf", "application/pdf", NULL, "PyQt5", "Qt (pip install nbconvert[qtpdf])" },
	{ "qtpng", "image/png", NULL, "PyQt5", "Qt (pip install nbconvert[qtpng])" },
	{ "rst", "text/restructuredtext", "pandoc", NULL, "pandoc (Debian package pandoc)" },
	{ "script", "text/x-python", NULL, NULL, NULL },
	{ "slides", "text/html", NULL, NULL, NULL },
	{ "webpdf", "text/html", NULL, "playwright",
	  "Playwright and a Chromium (pip install nbconvert[webpdf])" },
};

static bool can(struct agent *a, struct arena *m, size_t i)
{
	return (!exporters[i].program || python_program(a, m, exporters[i].program)) &&
	       (!exporters[i].package || python_package(a, m, exporters[i].package));
}

static void list_exporters(struct call *c)
{
	struct arena m = ARENA(1U << 20);
	struct buf b = BUF(8192);
	struct jsonw w = JSONW(&b);
	bool have = python_package(c->a, &m, "nbconvert") != NULL;

	jw_obj(&w);
	for (size_t i = 0; i < ARRAY_LEN(exporters) && have; i++) {
		if (!can(c->a, &m, i))
			continue;
		jw_key(&w, exporters[i].name);
		jw_obj(&w);
		jw_kv_z(&w, "output_mimetype", exporters[i].mime);
		jw_obj_end(&w);
	}
	jw_obj_end(&w);
	call_reply(c, 200, &b);
	buf_fini(&b);
	arena_fini(&m);
}

static bool is_format(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char ch = s.ptr[i], l = (char)(ch | 0x20);

		if (!((l >= 'a' && l <= 'z') || (ch >= '0' && ch <= '9') || ch == '_' ||
		      ch == '-' || ch == '.'))
			return false;
	}
	return s.len > 0 && s.len < 64;
}

/* False after an answer that says what is missing. */
static bool find_exporter(struct call *c, struct conversion *ret)
{
	struct arena m = ARENA(1U << 20);
	struct str why = STR_NONE;
	unsigned status = 404;

	if (!is_format(c->arg[0]))
		why = STR("No exporter for this format");
	else if (!python_package(c->a, &m, "nbconvert"))
		why = arena_printf(&m,
		                   "nbconvert is not installed here, so nothing is exported to "
		                   "%.*s: pip install nbconvert",
		                   STR_ARG(c->arg[0]));
	ret->format = arena_strz(&c->r->arena, c->arg[0]);
	for (size_t i = 0; !why.ptr && i < ARRAY_LEN(exporters); i++) {
		if (!str_is(c->arg[0], exporters[i].name) || can(c->a, &m, i))
			continue;
		status = 501;
		why = arena_printf(&m, "To export to %s, this image lacks %s.",
		                   exporters[i].name, exporters[i].advice);
	}
	if (why.ptr)
		nbconvert_refuse(c, status, why);
	ret->browser = str_is(c->arg[0], "webpdf") || str_starts(c->arg[0], STR("qt"));
	arena_fini(&m);
	return !why.ptr && ret->format;
}

static struct str stem(struct str name)
{
	size_t dot = name.len;

	while (dot > 1 && name.ptr[dot - 1] != '.')
		dot--;
	return dot > 1 ? str_sub(name, 0, dot - 1) : name;
}

static void get_convert(struct call *c)
{
	struct str sanitize = url_param(&c->r->url, "sanitize_html"), path, full;
	struct conversion e = { .sanitize = "" };
	int fd;

	if (!find_exporter(c, &e))
		return;
	if (place_clean(&c->r->arena, c->arg[1], &path) < 0 || place_hidden(path)) {
		agent_json_error(c->r, 404, NULL, "%.*s does not exist", STR_ARG(c->arg[1]));
		return;
	}
	fd = place_open(c->a, path, O_PATH);
	if (fd < 0) {
		agent_json_error(c->r, 404, NULL, "%.*s does not exist", STR_ARG(path));
		return;
	}
	(void)close(fd);
	if (!str_ends(path, STR(".ipynb"))) {
		agent_json_error(c->r, 400, NULL, "Not a notebook: %.*s", STR_ARG(path));
		return;
	}
	full = arena_printf(&c->r->arena, "%s/%.*s", c->a->cfg->root, STR_ARG(path));
	e.path = full.ptr;
	e.cwd = arena_str(&c->r->arena, place_parent(full)).ptr;
	e.title = stem(place_name(path));
	if (sanitize.len)
		e.sanitize = str_ieq(sanitize, STR("true")) ? "true" : "false";
	if (!e.path || !e.cwd)
		agent_json_error(c->r, 503, NULL, "There is no memory for this request");
	else
		nbconvert_run(c, &e);
}

/* The posted notebook in a file of its own. */
static char *write_temp(struct call *c, struct json *content, struct err *err)
{
	struct buf b = BUF(BODY_MAX * 2);
	struct str path = arena_printf(&c->r->arena, "%s/convert-%016llx.ipynb",
	                               c->a->cfg->runtime_dir, (unsigned long long)rand_u64());
	int r;

	jt_print(content, &b);
	r = buf_error(&b);
	if (r == 0)
		r = file_write_atomic(AT_FDCWD, path.ptr, buf_str(&b), 0600, err);
	buf_fini(&b);
	return r < 0 ? NULL : str_dup_z(path);
}

static void on_post(struct http_req *r, struct str body)
{
	struct call *c = call_of(r);
	struct conversion e = { .sanitize = "" };
	struct arena m = ARENA(NB_ARENA_MAX);
	struct json_limits lim = { .depth = NB_DEPTH_MAX + 2,
		                   .values = 8000000,
		                   .lax_surrogates = true,
		                   .nan = true };
	struct err err = ERR_NONE;
	struct json *j, *content = NULL;

	if (!find_exporter(c, &e))
		return;
	if (json_parse(&m, body, &lim, &j, &err) == 0)
		content = jt_get(j, "content");
	if (content) {
		e.title = arena_str(
		    &r->arena, stem(place_name(json_str_or(j, "name", STR("notebook.ipynb")))));
		e.temp = write_temp(c, content, &err);
	}
	arena_fini(&m);
	e.path = e.temp;
	e.cwd = c->a->cfg->root;
	if (!content)
		agent_json_error(r, 400, NULL,
		                 "The body must be a notebook's model with its content");
	else if (!e.temp)
		call_err(c, &err);
	else
		nbconvert_run(c, &e);
}

static void post_convert(struct call *c)
{
	http_read_body(c->r, BODY_MAX, on_post);
}

const struct route nbconvert_routes[] = {
	{ "GET", "api/nbconvert", list_exporters, ROUTE_API },
	{ "GET", "nbconvert/:format/*", get_convert, ROUTE_FILES },
	{ "POST", "nbconvert/:format", post_convert, ROUTE_FILES },
	{ 0 },
};
