/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/nbconvert_run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "agent/python.h"
#include "agent/spawn.h"
#include "base/encode.h"

#define OUT_MAX     ((size_t)128 << 20)
#define ERR_MAX     (64U << 10)
#define HEAD_MAX    4096U
#define SECONDS     180U
#define MEMORY_MB   2048U
#define WHY         '\x1e' /* in front of what the program says to the user */
#define WORDS_SHOWN 2000U

/*
 * What jupyter_server does in its own process: one notebook, one exporter, and
 * a zip when there are files beside. First a line of JSON, then the bytes; what
 * others print goes to stderr. A Chromium of the system serves webpdf where
 * Playwright has not brought its own.
 */
/* clang-format off */
static const char program[] =
    "import datetime, io, json, os, shutil, sys, traceback, zipfile\n"
    "out = os.fdopen(os.dup(1), 'wb')\n"
    "os.dup2(2, 1)\n"
    "def fail(text):\n"
    "    sys.stderr.write('\\x1e' + text)\n"
    "    sys.stderr.flush()\n"
    "    os._exit(3)\n"
    "def own_chromium():\n"
    "    names = 'chromium', 'chromium-browser', 'google-chrome'\n"
    "    exe = next(filter(None, map(shutil.which, names)), None)\n"
    "    home = os.path.expanduser('~/.cache/ms-playwright')\n"
    "    home = os.environ.get('PLAYWRIGHT_BROWSERS_PATH', home)\n"
    "    if not exe or os.path.isdir(home) and any('chromium' in n for n in os.listdir(home)):\n"
    "        return\n"
    "    from playwright.async_api import BrowserType\n"
    "    launch = BrowserType.launch\n"
    "    BrowserType.launch = lambda self, **kw: launch(self, executable_path=exe, **kw)\n"
    "def convert(fmt, path, title, sanitize):\n"
    "    import nbformat\n"
    "    from nbconvert.exporters import get_exporter\n"
    "    from nbconvert.nbconvertapp import NbConvertApp\n"
    "    app = NbConvertApp()\n"
    "    app.load_config_file()\n"
    "    config = app.config\n"
    "    if fmt == 'webpdf':\n"
    "        own_chromium()\n"
    "        config.WebPDFExporter.disable_sandbox = True\n"
    "    try:\n"
    "        exporter = get_exporter(fmt)(config=config)\n"
    "    except (NameError, ValueError) as e:\n"
    "        fail(f'No exporter for format: {fmt} ({e})')\n"
    "    if fmt == 'html' and sanitize:\n"
    "        exporter.sanitize_html = sanitize == 'true'\n"
    "    when = datetime.datetime.fromtimestamp(os.stat(path).st_mtime)\n"
    "    res = {'metadata': {'name': title, 'path': os.path.dirname(path),\n"
    "                        'modified_date': when.strftime('%B %d, %Y')},\n"
    "           'config_dir': app.config_dir}\n"
    "    nb = nbformat.read(path, as_version=4)\n"
    "    body, res = exporter.from_notebook_node(nb, resources=res)\n"
    "    body = body.encode() if isinstance(body, str) else body\n"
    "    ext = res.get('output_extension') or exporter.file_extension or ''\n"
    "    mime = exporter.output_mimetype or 'text/plain'\n"
    "    files = res.get('outputs') or {}\n"
    "    if isinstance(files, dict) and files:\n"
    "        b = io.BytesIO()\n"
    "        with zipfile.ZipFile(b, 'w', zipfile.ZIP_DEFLATED) as z:\n"
    "            z.writestr(title + ext, body)\n"
    "            for name, data in files.items():\n"
    "                z.writestr(name, data)\n"
    "        body, ext, mime = b.getvalue(), '.zip', 'application/zip'\n"
    "    if fmt == 'webpdf':\n"
    "        mime = 'application/pdf'\n"
    "    out.write(json.dumps({'mime': mime, 'name': title + ext}).encode() + b'\\n' + body)\n"
    "    out.flush()\n"
    "try:\n"
    "    convert(*sys.argv[1:5])\n"
    "except MemoryError:\n"
    "    fail('memory')\n"
    "except BaseException as e:\n"
    "    traceback.print_exc()\n"
    "    fail(f'{type(e).__name__}: {e}')\n"
    "os._exit(0)\n";
/* clang-format on */

struct job {
	struct call *c; /* NULL: the client has gone */
	struct agent *a;
	struct ev_child child;
	struct ev_fd out, err;
	struct ev_timer limit;
	struct ev_later gone;
	struct buf text, complaint;
	bool exited, late, large;
	int code, status; /* how it ended, as waitid says it */
	char *temp;
	char format[64];
};

static unsigned seconds_of(const struct agent *a)
{
	return a->cfg->convert_seconds ? a->cfg->convert_seconds : SECONDS;
}

static unsigned memory_of(const struct agent *a)
{
	return a->cfg->convert_mb ? a->cfg->convert_mb : MEMORY_MB;
}

static void job_free(struct ev_later *l)
{
	struct job *j = CONTAINER_OF(l, struct job, gone);

	buf_fini(&j->text);
	buf_fini(&j->complaint);
	if (j->temp)
		(void)unlink(j->temp);
	free(j->temp);
	free(j);
}

/* ---- the answer ---- */

static void put_html(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (c == '<')
			buf_put_z(b, "&lt;");
		else if (c == '&')
			buf_put_z(b, "&amp;");
		else
			buf_put_c(b, c);
	}
}

void nbconvert_refuse(struct call *c, unsigned status, struct str why)
{
	struct str accept = http_get(&c->r->head, "Accept");
	struct buf b = BUF(65536);

	if (str_find(accept, STR("text/html")) == accept.len) {
		agent_json_error(c->r, status, NULL, "%.*s", STR_ARG(why));
		return;
	}
	buf_put_z(&b, "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
	              "<title>Not exported</title></head><body><h1>The notebook was not "
	              "exported</h1><p style=\"white-space: pre-wrap\">");
	put_html(&b, why);
	buf_put_z(&b, "</p></body></html>");
	http_hdr(c->r, "Content-Type", STR("text/html; charset=UTF-8"));
	http_reply(c->r, status, buf_str(&b));
	buf_fini(&b);
}

static void refuse_job(struct job *j)
{
	struct str said = str_trim(buf_str(&j->complaint)), why;
	struct arena *m = &j->c->r->arena;
	unsigned status = 500;
	size_t mark = said.len;

	while (mark > 0 && said.ptr[mark - 1] != WHY)
		mark--;
	said = str_sub(said, mark, said.len);
	said = str_sub(said, said.len > WORDS_SHOWN ? said.len - WORDS_SHOWN : 0, said.len);
	if (j->late) {
		status = 504;
		why = arena_printf(
		    m,
		    "The export to %s was ended after %u s, the longest that one "
		    "may take. Export fewer cells, or run nbconvert in a terminal.",
		    j->format, seconds_of(j->a));
	} else if (j->large) {
		why =
		    arena_printf(m,
		                 "The export to %s is larger than %zu MB. Clear large outputs, "
		                 "or run nbconvert in a terminal.",
		                 j->format, OUT_MAX >> 20);
	} else if (j->code != CLD_EXITED || str_is(said, "memory")) {
		why = arena_printf(m,
		                   "The export to %s needed more than the %u MB of memory that "
		                   "one may use%s. Clear large outputs, or run nbconvert in a "
		                   "terminal.",
		                   j->format, memory_of(j->a),
		                   j->code == CLD_EXITED ? "" : ", or crashed");
	} else {
		if (str_starts(said, STR("No exporter for format")))
			status = 404;
		why = arena_printf(m, "nbconvert failed: %.*s", STR_ARG(said));
	}
	nbconvert_refuse(j->c, status, why.ptr ? why : STR("nbconvert failed"));
}

static void put_name(struct call *c, struct str name)
{
	struct buf d = BUF(8192);

	buf_put_z(&d, "attachment; filename*=utf-8''");
	pct_put(&d, name, "");
	http_hdr(c->r, "Content-Disposition", buf_str(&d));
	buf_fini(&d);
}

static bool is_mime(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] <= ' ' || s.ptr[i] > '~')
			return false;
	return s.len > 0 && s.len < 128;
}

/* {"mime","name"} and the bytes behind it. */
static void answer(struct job *j)
{
	struct call *c = j->c;
	struct str all = buf_str(&j->text), head, mime, name;
	size_t end = str_chr(str_sub(all, 0, HEAD_MAX), '\n', 0);
	struct str download = url_param(&c->r->url, "download");
	struct json *h = NULL;
	bool ok = !j->late && !j->large && j->code == CLD_EXITED && j->status == 0;

	head = str_sub(all, 0, end);
	if (!ok || end == all.len || json_parse(&c->r->arena, head, NULL, &h, NULL) < 0 ||
	    json_get_str(h, "mime", &mime) < 0 || json_get_str(h, "name", &name) < 0 ||
	    !is_mime(mime)) {
		refuse_job(j);
		return;
	}
	http_hdrf(c->r, "Content-Type", "%.*s%s", STR_ARG(mime),
	          str_starts(mime, STR("text/")) ? "; charset=utf-8" : "");
	http_hdr(c->r, "Cache-Control", STR("no-store, no-cache, must-revalidate, max-age=0"));
	if (str_ieq(download, STR("true")) || str_is(download, "1") ||
	    str_is(mime, "application/zip"))
		put_name(c, name);
	http_reply(c->r, 200, str_sub(all, end + 1, all.len));
}

/* ---- the process ---- */

static void end_group(struct job *j)
{
	if (!j->exited)
		(void)kill(-j->child.pid, SIGKILL);
}

static void maybe_done(struct job *j)
{
	if (!j->exited || j->out.fd >= 0 || j->err.fd >= 0)
		return;
	ev_timer_stop(&j->limit);
	if (j->c) {
		j->c->r->on_free = j->c->r->on_gone = NULL;
		answer(j);
	}
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
		if (b == &j->text && buf_error(b)) {
			j->large = true;
			end_group(j);
		}
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

	/* Browsers that it started hold its pipes for as long as they live. */
	(void)kill(-child->pid, SIGKILL);
	j->exited = true;
	j->code = code;
	j->status = status;
	maybe_done(j);
}

static void on_limit(struct ev_timer *t)
{
	struct job *j = CONTAINER_OF(t, struct job, limit);

	j->late = true;
	end_group(j);
	/* Whatever else holds the pipes is not waited for. */
	ev_fd_stop(&j->out);
	ev_fd_stop(&j->err);
	own_close(&j->out.fd);
	own_close(&j->err.fd);
	maybe_done(j);
}

static void on_gone(struct http_req *r)
{
	struct job *j = call_of(r)->ctx;

	/* Also told before on_free, when the client closes while it waits. */
	if (!j)
		return;
	call_of(r)->ctx = NULL;
	j->c = NULL;
	end_group(j);
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

static int start(struct job *j, const char *python, const struct conversion *e, struct err *err)
{
	const char *title = arena_strz(&j->c->r->arena, e->title);
	const char *argv[] = { python,  "-c",  program,     e->format,
		               e->path, title, e->sanitize, NULL };
	autoclose int out = -1, errs = -1;
	struct spawn s = SPAWN_NONE;
	pid_t pid;
	int r;

	if (!title)
		return ERR(err, -EINVAL, "the notebook's name can't be used");
	r = pipe_to(j->a->ev, &j->out, on_out, &out, err);
	if (r == 0)
		r = pipe_to(j->a->ev, &j->err, on_err, &errs, err);
	s.argv = argv;
	s.env = (const char *const *)j->a->cfg->env;
	s.cwd = e->cwd;
	s.out = out;
	s.err = errs;
	s.memory_max = e->browser ? 0 : (uint64_t)memory_of(j->a) << 20;
	if (r == 0)
		r = spawn_start(j->a, &s, &pid, err);
	if (r == 0)
		r = ev_child_start(j->a->ev, &j->child, pid, on_end, err);
	return r;
}

void nbconvert_run(struct call *c, const struct conversion *e)
{
	struct job *j = xcalloc(1, sizeof(*j));
	const char *python = python_path(c->a, &c->r->arena);
	struct err err = ERR_NONE;

	j->c = c;
	j->a = c->a;
	j->temp = e->temp;
	j->out.fd = j->err.fd = -1;
	(void)snprintf(j->format, sizeof(j->format), "%s", e->format);
	buf_init(&j->text, OUT_MAX);
	buf_init(&j->complaint, ERR_MAX);
	if (!python || start(j, python, e, &err) < 0) {
		ev_fd_stop(&j->out);
		ev_fd_stop(&j->err);
		own_close(&j->out.fd);
		own_close(&j->err.fd);
		agent_json_error(c->r, 500, NULL, "nbconvert did not start: %s",
		                 python ? err.msg : "there is no Python here");
		ev_at_turn_end(j->a->ev, &j->gone, job_free);
		return;
	}
	c->ctx = j;
	c->r->on_free = c->r->on_gone = on_gone;
	ev_timer_start(c->a->ev, &j->limit, seconds_of(c->a) * 1000ULL, on_limit);
}
