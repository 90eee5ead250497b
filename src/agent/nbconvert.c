/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Export to other formats: by the image's own nbconvert, one process for each
 * request; none there, none offered.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "agent/call.h"
#include "agent/jsontree.h"
#include "agent/nbformat.h"
#include "agent/place.h"
#include "agent/pump.h"
#include "agent/python.h"
#include "agent/spawn.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/rand.h"

#define OUT_MAX    ((size_t)128 << 20)
#define ERR_MAX    (16U << 10)
#define TIMEOUT_MS 180000U
#define BODY_MAX   ((size_t)64 << 20)

static const struct {
	const char *name, *mime, *ext;
} exporters[] = {
	{ "asciidoc", "text/asciidoc", "asciidoc" },
	{ "custom", "", "" },
	{ "html", "text/html", "html" },
	{ "latex", "text/latex", "tex" },
	{ "markdown", "text/markdown", "md" },
	{ "notebook", "application/json", "ipynb" },
	{ "pdf", "application/pdf", "pdf" },
	{ "python", "text/x-python", "py" },
	{ "qtpdf", "application/pdf", "pdf" },
	{ "qtpng", "image/png", "png" },
	{ "rst", "text/restructuredtext", "rst" },
	{ "script", "text/x-python", "py" },
	{ "slides", "text/html", "slides.html" },
	{ "webpdf", "text/html", "pdf" },
};

static void list_exporters(struct call *c)
{
	struct arena m = ARENA(65536);
	struct buf b = BUF(8192);
	struct jsonw w = JSONW(&b);

	jw_obj(&w);
	for (size_t i = 0; i < ARRAY_LEN(exporters) && python_package(c->a, &m, "nbconvert");
	     i++) {
		if (!exporters[i].mime[0])
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

struct job {
	struct call *c; /* NULL: the client has gone */
	struct agent *a;
	struct ev_child child;
	struct ev_fd out, err;
	struct ev_timer limit;
	struct ev_later gone;
	struct buf text, complaint;
	bool exited, ok;
	size_t exporter;
	char *name; /* what the download is called, without ending */
	char *temp; /* a notebook that was posted, removed afterwards */
};

static void job_free(struct ev_later *l)
{
	struct job *j = CONTAINER_OF(l, struct job, gone);

	buf_fini(&j->text);
	buf_fini(&j->complaint);
	if (j->temp)
		(void)unlink(j->temp);
	free(j->temp);
	free(j->name);
	free(j);
}

static void answer(struct job *j)
{
	struct call *c = j->c;
	struct str why = str_trim(buf_str(&j->complaint));

	if (!c)
		return;
	c->r->on_free = NULL;
	if (!j->ok || buf_error(&j->text)) {
		/* The last lines of a traceback say what is wrong. */
		why = str_sub(why, why.len > 2000 ? why.len - 2000 : 0, why.len);
		agent_json_error(c->r, 500, NULL, "nbconvert failed: %.*s", STR_ARG(why));
		return;
	}
	http_hdrf(c->r, "Content-Type", "%s%s", exporters[j->exporter].mime,
	          str_starts(str_of(exporters[j->exporter].mime), STR("text/"))
	              ? "; charset=utf-8"
	              : "");
	http_hdr(c->r, "Cache-Control", STR("no-store, no-cache, must-revalidate, max-age=0"));
	if (str_is(url_param(&c->r->url, "download"), "true") ||
	    str_is(url_param(&c->r->url, "download"), "True") ||
	    str_is(url_param(&c->r->url, "download"), "1")) {
		struct buf d = BUF(2048);

		buf_put_z(&d, "attachment; filename*=utf-8''");
		pct_put(&d, str_of(j->name), "");
		buf_printf(&d, ".%s", exporters[j->exporter].ext);
		http_hdr(c->r, "Content-Disposition", buf_str(&d));
		buf_fini(&d);
	}
	http_reply(c->r, 200, buf_str(&j->text));
}

static void maybe_done(struct job *j)
{
	if (!j->exited || j->out.fd >= 0 || j->err.fd >= 0)
		return;
	ev_timer_stop(&j->limit);
	answer(j);
	ev_at_turn_end(j->a->ev, &j->gone, job_free);
}

static void on_read(struct job *j, struct ev_fd *f, struct buf *b)
{
	char p[8192];
	ssize_t n = read(f->fd, p, sizeof(p));

	if (n > 0) {
		/* Of complaints the latest count. */
		if (b == &j->complaint && buf_room(b) < (size_t)n)
			buf_clear(b);
		buf_put(b, p, (size_t)n);
		return;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	ev_fd_stop(f);
	own_close(&f->fd);
	maybe_done(j);
}

static void on_out(struct ev_fd *f, uint32_t events)
{
	struct job *j = CONTAINER_OF(f, struct job, out);

	(void)events;
	on_read(j, f, &j->text);
}

static void on_err(struct ev_fd *f, uint32_t events)
{
	struct job *j = CONTAINER_OF(f, struct job, err);

	(void)events;
	on_read(j, f, &j->complaint);
}

static void on_end(struct ev_child *child, int code, int status)
{
	struct job *j = CONTAINER_OF(child, struct job, child);

	j->exited = true;
	j->ok = code == CLD_EXITED && status == 0;
	maybe_done(j);
}

static void on_limit(struct ev_timer *t)
{
	struct job *j = CONTAINER_OF(t, struct job, limit);

	(void)kill(-j->child.pid, SIGKILL);
}

static void on_gone(struct http_req *r)
{
	struct job *j = call_of(r)->ctx;

	j->c = NULL;
	if (!j->exited)
		(void)kill(-j->child.pid, SIGKILL);
}

static int pipe_to(struct ev *ev, struct ev_fd *f, ev_fd_fn *fn, int *child_end,
                   struct err *err)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0 || fcntl(p[0], F_SETFL, O_NONBLOCK) < 0)
		return ERR(err, -errno, "no pipe can be made: %m");
	*child_end = p[1];
	f->fd = p[0];
	return ev_fd_start(ev, f, p[0], EPOLLIN, fn, err);
}

static int start(struct job *j, const char *python, const char *path, const char *cwd,
                 struct err *err)
{
	const char *argv[] = { python,
		               "-m",
		               "nbconvert",
		               "--log-level=ERROR",
		               "--stdout",
		               "--to",
		               exporters[j->exporter].name,
		               path,
		               NULL };
	autoclose int out = -1, errs = -1;
	struct spawn s = SPAWN_NONE;
	pid_t pid;
	int r;

	r = pipe_to(j->a->ev, &j->out, on_out, &out, err);
	if (r == 0)
		r = pipe_to(j->a->ev, &j->err, on_err, &errs, err);
	s.argv = argv;
	s.env = (const char *const *)j->a->cfg->env;
	s.cwd = cwd;
	s.out = out;
	s.err = errs;
	if (r == 0)
		r = spawn_start(j->a, &s, &pid, err);
	if (r == 0)
		r = ev_child_start(j->a->ev, &j->child, pid, on_end, err);
	return r;
}

static void convert(struct call *c, size_t exporter, const char *path, const char *cwd,
                    struct str name, char *temp)
{
	struct job *j = xcalloc(1, sizeof(*j));
	const char *python = python_path(c->a, &c->r->arena);
	struct err err = ERR_NONE;

	j->c = c;
	j->a = c->a;
	j->exporter = exporter;
	j->temp = temp;
	j->out.fd = j->err.fd = -1;
	j->name = str_dup_z(name);
	buf_init(&j->text, OUT_MAX);
	buf_init(&j->complaint, ERR_MAX);
	if (!python || start(j, python, path, cwd, &err) < 0) {
		ev_fd_stop(&j->out);
		ev_fd_stop(&j->err);
		own_close(&j->out.fd);
		own_close(&j->err.fd);
		agent_json_error(c->r, 500, NULL, "nbconvert did not start: %s",
		                 python ? err.msg : "no Python");
		ev_at_turn_end(j->a->ev, &j->gone, job_free);
		return;
	}
	c->ctx = j;
	c->r->on_free = on_gone;
	ev_timer_start(c->a->ev, &j->limit, TIMEOUT_MS, on_limit);
}

/* SIZE_MAX after a 404. */
static size_t find_exporter(struct call *c)
{
	struct arena m = ARENA(65536);
	bool have = python_package(c->a, &m, "nbconvert") != NULL;

	arena_fini(&m);
	for (size_t i = 0; have && i < ARRAY_LEN(exporters); i++)
		if (str_is(c->arg[0], exporters[i].name) && exporters[i].mime[0])
			return i;
	agent_json_error(
	    c->r, 404, NULL,
	    have ? "No exporter for format: %.*s"
	         : "nbconvert is not installed here, so nothing is exported to %.*s",
	    STR_ARG(c->arg[0]));
	return SIZE_MAX;
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
	size_t exporter = find_exporter(c);
	struct str path, full;
	int fd;

	if (exporter == SIZE_MAX)
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
	convert(c, exporter, full.ptr, arena_str(&c->r->arena, place_parent(full)).ptr,
	        stem(place_name(path)), NULL);
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
	size_t exporter = find_exporter(c);
	struct arena m = ARENA(NB_ARENA_MAX);
	struct json_limits lim = { .depth = NB_DEPTH_MAX + 2,
		                   .values = 8000000,
		                   .lax_surrogates = true,
		                   .nan = true };
	struct err err = ERR_NONE;
	struct json *j, *content = NULL;
	struct str name;
	char *temp;

	if (exporter == SIZE_MAX)
		return;
	if (json_parse(&m, body, &lim, &j, &err) == 0)
		content = jt_get(j, "content");
	name = content
	           ? arena_str(&r->arena, stem(json_str_or(j, "name", STR("notebook.ipynb"))))
	           : STR_NONE;
	temp = content ? write_temp(c, content, &err) : NULL;
	arena_fini(&m);
	if (!content)
		agent_json_error(r, 400, NULL,
		                 "The body must be a notebook's model with its content");
	else if (!temp)
		call_err(c, &err);
	else
		convert(c, exporter, temp, c->a->cfg->runtime_dir, name, temp);
}

static void post_convert(struct call *c)
{
	http_read_body(c->r, BODY_MAX, on_post);
}

const struct route nbconvert_routes[] = {
	{ "GET", "api/nbconvert", list_exporters, ROUTE_API },
	{ "GET", "nbconvert/:format/*", get_convert, ROUTE_FILES },
	{ "POST", "nbconvert/:format", post_convert, ROUTE_API },
	{ 0 },
};
