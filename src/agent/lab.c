/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/lab.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "agent/mime.h"
#include "agent/place.h"
#include "agent/python.h"
#include "agent/sendfile.h"
#include "base/file.h"

static void add_dir(struct lab *l, const char *base, const char *below)
{
	const char *path = base ? arena_printf(&l->strings, "%s%s", base, below).ptr : NULL;

	for (size_t i = 0; path && i < l->ndirs; i++)
		if (strcmp(l->dirs[i], path) == 0)
			return;
	if (path && l->ndirs < LAB_DIRS_MAX)
		l->dirs[l->ndirs++] = path;
}

/* Without it there is no IDE, and the rest works. */
static int open_ide(struct lab *l, const struct agent_cfg *cfg)
{
	const char *path = cfg->ide;

	if (!path && cfg->lab)
		path = arena_printf(&l->strings, "%s/../ide", cfg->lab).ptr;
	return path ? open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
}

int lab_init(struct agent *a, struct err *err)
{
	const struct agent_cfg *cfg = a->cfg;
	struct lab *l = xcalloc(1, sizeof(*l));

	a->lab = l;
	l->dir = l->ide = -1;
	arena_init(&l->strings, 256U << 10);
	if (cfg->lab) {
		l->dir = open(cfg->lab, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (l->dir < 0)
			return ERR(err, -errno, "JupyterLab's files can't be opened at %s: %m",
			           cfg->lab);
	}
	l->ide = open_ide(l, cfg);
	/* Carrel's own extension, then the user's, then the image's. */
	add_dir(l, cfg->lab, "/labextensions");
	if (cfg->labextensions_dir) {
		add_dir(l, cfg->labextensions_dir, "");
		return 0;
	}
	add_dir(l, cfg->data_dir, "/labextensions");
	add_dir(l, cfg->home, "/.local/share/jupyter/labextensions");
	add_dir(l, python_prefix(a, &l->strings), "/share/jupyter/labextensions");
	add_dir(l, "/usr/local", "/share/jupyter/labextensions");
	add_dir(l, "/usr", "/share/jupyter/labextensions");
	return 0;
}

void lab_fini(struct agent *a)
{
	if (!a->lab)
		return;
	own_close(&a->lab->dir);
	own_close(&a->lab->ide);
	settings_list_fini(a->lab);
	arena_fini(&a->lab->strings);
	free(a->lab);
	a->lab = NULL;
}

const char *lab_schemas_dir(const struct agent *a, struct arena *m)
{
	if (a->cfg->schemas_dir)
		return a->cfg->schemas_dir;
	return a->cfg->lab ? arena_printf(m, "%s/schemas", a->cfg->lab).ptr : NULL;
}

const char *lab_settings_dir(const struct agent *a, struct arena *m)
{
	if (a->cfg->app_settings_dir)
		return a->cfg->app_settings_dir;
	return a->cfg->lab ? arena_printf(m, "%s/settings", a->cfg->lab).ptr : NULL;
}

int lab_open_file(int dir, const char *rel)
{
	int fd = file_open_beneath(dir, rel, O_RDONLY | O_NONBLOCK, 0);
	struct stat st;

	if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))) {
		(void)close(fd);
		return -ENOENT;
	}
	return fd;
}

static void not_found(struct call *c)
{
	http_hdr(c->r, "Content-Type", STR("text/plain; charset=UTF-8"));
	http_reply(c->r, 404, STR("Not Found\n"));
}

void lab_send(struct call *c, struct str rel, bool immutable)
{
	struct send_opts o = { .mime = mime_guess(place_name(rel)),
		               .twins = true,
		               .cache = immutable ? "public, max-age=31536000, immutable"
		                                  : "no-cache" };
	char *z = arena_strz(&c->r->arena, rel);
	int fd = z && c->a->lab->dir >= 0 ? lab_open_file(c->a->lab->dir, z) : -ENOENT;

	if (fd < 0)
		not_found(c);
	else
		send_fd(c, fd, c->a->lab->dir, z, &o);
}

/* "main.efd36b46f3b45eb8.js": a part of 8 or more hex digits before the last
 * dot, or the whole name of it. */
static bool is_hashed(struct str name)
{
	struct str rest = name, part;

	while (rest.len && str_split(&rest, '.', &part)) {
		size_t hex = 0;

		while (hex < part.len && ((part.ptr[hex] >= '0' && part.ptr[hex] <= '9') ||
		                          (part.ptr[hex] >= 'a' && part.ptr[hex] <= 'f')))
			hex++;
		if (hex >= 8 && hex == part.len)
			return true;
	}
	return false;
}

static void get_static(struct call *c)
{
	struct str name = place_name(c->arg[0]);
	bool immutable = is_hashed(name) || url_param(&c->r->url, "v").len >= 8;

	lab_send(c, arena_printf(&c->r->arena, "static/%.*s", STR_ARG(c->arg[0])), immutable);
}

static void get_extension_file(struct call *c)
{
	struct send_opts o = { .mime = mime_guess(place_name(c->arg[0])),
		               .cache = "no-cache",
		               .twins = true };
	char *z = arena_strz(&c->r->arena, c->arg[0]);

	if (is_hashed(place_name(c->arg[0])) || url_param(&c->r->url, "v").len >= 8)
		o.cache = "public, max-age=31536000, immutable";
	for (size_t i = 0; z && i < c->a->lab->ndirs; i++) {
		autoclose int dir = open(c->a->lab->dirs[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		int fd = dir < 0 ? -1 : lab_open_file(dir, z);

		if (fd == -EXDEV) {
			/* `labextension develop` links a package in from its source tree:
			 * the link counts as its folder, nothing above it is reachable. */
			fd = openat(dir, z, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		}
		if (fd >= 0) {
			send_fd(c, fd, dir, z, &o);
			return;
		}
	}
	not_found(c);
}

/* themes/<path> below an extension, or below JupyterLab's own files. */
struct theme {
	const char *rel;
	int fd;
};

static void look_in(const struct labext *e, void *arg)
{
	struct theme *t = arg;
	autoclose int dir = t->fd < 0 ? open(e->dir, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;

	if (dir >= 0)
		t->fd = lab_open_file(dir, t->rel);
}

static int open_theme(struct call *c)
{
	struct arena m = ARENA(32U << 20);
	struct theme t = { .fd = -ENOENT };

	t.rel = arena_printf(&c->r->arena, "themes/%.*s", STR_ARG(c->arg[0])).ptr;
	if (!t.rel || strlen(t.rel) != c->arg[0].len + strlen("themes/"))
		return -ENOENT;
	labext_each(c, &m, look_in, &t);
	if (t.fd < 0 && c->a->lab->dir >= 0)
		t.fd = lab_open_file(c->a->lab->dir, t.rel);
	arena_fini(&m);
	return t.fd;
}

static void get_theme(struct call *c)
{
	struct send_opts o = { .mime = mime_guess(place_name(c->arg[0])), .cache = "no-cache" };
	struct buf css = BUF(4U << 20), out = BUF(8U << 20);
	int fd = open_theme(c), r;

	if (fd >= 0 && !str_ends(c->arg[0], STR(".css"))) {
		send_fd(c, fd, -1, NULL, &o);
		return;
	}
	r = fd < 0 ? -ENOENT : file_read_fd(fd, &css, NULL);
	own_close(&fd);
	if (r < 0) {
		not_found(c);
	} else {
		struct str s = buf_str(&css), dir = place_parent(c->arg[0]);

		/* url('rel') → url('<base>lab/api/themes/<dir>/rel') */
		while (s.len) {
			size_t at = str_find(s, STR("url("));
			struct str arg = str_sub(s, at + 4, s.len);
			bool quoted = arg.len && (arg.ptr[0] == '\'' || arg.ptr[0] == '"');
			struct str first = str_sub(arg, quoted, arg.len);

			buf_put_str(&out, str_sub(s, 0, at + 4));
			if (at == s.len)
				break;
			if (quoted)
				buf_put_c(&out, arg.ptr[0]);
			if (!str_starts(first, STR("data:")) && !str_starts(first, STR("/")) &&
			    !str_starts(first, STR("http"))) {
				buf_put_str(&out, call_base(c));
				buf_printf(&out, "lab/api/themes/%.*s/", STR_ARG(dir));
			}
			s = first;
		}
		http_hdr(c->r, "Content-Type", STR("text/css"));
		http_hdr(c->r, "Cache-Control", STR("no-cache"));
		http_reply(c->r, buf_error(&out) ? 500 : 200, buf_str(&out));
	}
	buf_fini(&css);
	buf_fini(&out);
}

const struct route lab_routes[] = {
	{ "GET", "static/lab/*", get_static, ROUTE_API },
	{ "GET", "lab/extensions/*", get_extension_file, ROUTE_API },
	{ "GET", "lab/api/themes/*", get_theme, ROUTE_API },
	{ "GET", "lab/api/translations", lab_translations, ROUTE_API | ROUTE_SLASH },
	{ "GET", "lab/api/translations/:locale", lab_translation, ROUTE_API | ROUTE_SLASH },
	{ "GET", "lab/api/listings/*", lab_listings, ROUTE_API },
	{ "GET", "lab/api/licenses/*", lab_licenses, ROUTE_API },
	{ "GET", "lab/api/plugins", lab_plugins, ROUTE_API | ROUTE_SLASH },
	{ "POST", "lab/api/plugins", lab_plugins_post, ROUTE_API },
	{ "GET", "lab/api/extensions", lab_extensions, ROUTE_API },
	{ "POST", "lab/api/extensions", lab_extensions_post, ROUTE_API },
	{ "GET", "lab/api/build", lab_build, ROUTE_API },
	{ "POST", "lab/api/build", lab_build_post, ROUTE_API },
	{ "DELETE", "lab/api/build", lab_build_post, ROUTE_API },
	{ "GET", "lab/api/news", lab_news, ROUTE_API },
	{ "GET", "lab/api/update", lab_update, ROUTE_API },
	{ "GET", "lsp/status", lab_lsp_status, ROUTE_API },
	{ "GET", "lab/api/workspaces", workspaces_list, ROUTE_API | ROUTE_SLASH },
	{ "PUT", "lab/api/workspaces", workspace_nameless, ROUTE_API },
	{ "DELETE", "lab/api/workspaces", workspace_nameless, ROUTE_API },
	{ "GET", "lab/api/workspaces/*", workspace_get, ROUTE_API },
	{ "PUT", "lab/api/workspaces/*", workspace_put, ROUTE_API },
	{ "DELETE", "lab/api/workspaces/*", workspace_delete, ROUTE_API },
	{ "GET", "lab", lab_page, ROUTE_PAGE },
	{ "GET", "lab/tree/*", lab_page, ROUTE_PAGE },
	{ "GET", "lab/workspaces/*", lab_page, ROUTE_PAGE },
	{ "GET", "doc/*", lab_page_doc, ROUTE_PAGE },
	{ "GET", "lab/*", lab_page_other, ROUTE_PAGE },
	{ 0 },
};
