/* SPDX-License-Identifier: Apache-2.0 */
/* /files/… (the user's bytes, sandboxed) and /view/… (a frame around them). */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "agent/archive.h"
#include "agent/contents.h"
#include "agent/mime.h"
#include "agent/sendfile.h"
#include "base/encode.h"

static void disposition(struct call *c, struct str name)
{
	struct buf b = BUF(2048);

	buf_put_z(&b, "attachment; filename*=utf-8''");
	pct_put(&b, name, "");
	http_hdr(c->r, "Content-Disposition", buf_str(&b));
	buf_fini(&b);
}

static void get_file(struct call *c)
{
	struct send_opts o = { .cache = "no-cache", .transfer = true };
	struct str path, name, dl = url_param(&c->r->url, "download");
	bool download = dl.ptr && !str_is(dl, "0") && !str_ieq(dl, STR("false"));
	struct entry e;
	int fd, r;

	if (!contents_path(c, 404, &path))
		return;
	r = entry_load(c->a, path, &e);
	if (r == 0 && e.type == ENTRY_DIR && !download)
		r = -ENOENT;
	fd = r < 0 ? r : place_open(c->a, path, O_RDONLY | O_NONBLOCK);
	if (fd < 0) {
		contents_fail(c, fd, path, "read");
		return;
	}
	if (e.type == ENTRY_DIR) {
		archive_send(c, path, fd, url_param(&c->r->url, "format"));
		return;
	}
	name = place_name(path);
	if (e.type == ENTRY_NOTEBOOK || download)
		disposition(c, name);
	o.mime = e.type == ENTRY_NOTEBOOK ? "application/x-ipynb+json" : mime_guess(name);
	if (o.mime && mime_is_text(o.mime))
		o.mime = "text/plain; charset=UTF-8";
	if (url_param(&c->r->url, "v").ptr)
		o.cache = "max-age=31536000";
	send_fd(c, fd, -1, NULL, &o);
}

static void view_file(struct call *c)
{
	struct buf b = BUF(32768);
	struct str path;
	struct entry e;
	int r;

	if (!contents_path(c, 404, &path))
		return;
	r = entry_load(c->a, path, &e);
	if (r < 0 || e.type == ENTRY_DIR) {
		contents_fail(c, r < 0 ? r : -ENOENT, path, "view");
		return;
	}
	buf_put_z(&b, "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>");
	for (size_t i = 0; i < path.len; i++) {
		if (path.ptr[i] == '<' || path.ptr[i] == '&')
			buf_printf(&b, "&#%d;", path.ptr[i]);
		else
			buf_put_c(&b, path.ptr[i]);
	}
	buf_put_z(&b,
	          "</title><style>body,html{margin:0;height:100%}iframe{width:100%;height:100%;"
	          "border:0}</style></head><body><iframe sandbox=\"allow-scripts\" src=\"");
	buf_put_str(&b, call_base(c));
	buf_put_z(&b, "files/");
	pct_put(&b, path, "/");
	buf_put_z(&b, "\"></iframe></body></html>");
	http_hdr(c->r, "Content-Type", STR("text/html; charset=UTF-8"));
	http_reply(c->r, buf_error(&b) ? 500 : 200, buf_str(&b));
	buf_fini(&b);
}

const struct route files_routes[] = {
	{ "GET", "files/*", get_file, ROUTE_FILES },
	{ "GET", "directories/*", archive_directories, ROUTE_FILES },
	{ "GET", "view/*", view_file, ROUTE_PAGE },
	{ 0 },
};
