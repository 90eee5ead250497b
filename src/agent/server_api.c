/* SPDX-License-Identifier: Apache-2.0 */
/* The server itself: version, status, who am I, icons, shutdown, metrics. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "agent/call.h"
#include "agent/events_api.h"
#include "agent/evidence.h"
#include "agent/kernels.h"
#include "agent/lab.h"
#include "agent/mime.h"
#include "agent/place.h"
#include "agent/resolve.h"
#include "agent/resources.h"
#include "agent/sendfile.h"
#include "agent/shimlink.h"
#include "agent/terms.h"
#include "base/encode.h"

/* What clients take for the version of jupyter_server whose API this is. */
#define API_VERSION "2.21.1"

static void get_version(struct call *c)
{
	http_reply_json(c->r, 200, STR("{\"version\":\"" API_VERSION "\"}"));
}

static void get_spec(struct call *c)
{
	http_hdr(c->r, "Content-Type", STR("text/x-yaml"));
	http_reply(c->r, 200,
	           STR("openapi: 3.0.3\ninfo:\n  title: Jupyter Server API, served by "
	               "carrel-agent\n  version: \"" API_VERSION
	               "\"\n  description: >-\n    The REST API of jupyter_server " API_VERSION
	               ": contents, kernels, kernelspecs,\n    sessions, terminals, config, "
	               "events, status and me.\n"
	               "paths:\n  /api/status:\n    get:\n      responses:\n        \"200\":\n "
	               "         description: Activity of the server\n"));
}

static wall_us last_activity(const struct agent *a)
{
	wall_us t = a->last_api_at, k = kernels_last_activity(a), s = terms_last_activity(a);

	if (k > t)
		t = k;
	return s > t ? s : t;
}

static void get_status(struct call *c)
{
	struct buf b = BUF(1024);
	struct jsonw w = JSONW(&b);

	jw_obj(&w);
	jw_kv_time(&w, "started", c->a->started_at);
	jw_kv_time(&w, "last_activity", last_activity(c->a));
	jw_kv_u64(&w, "kernels", kernels_count(c->a));
	jw_kv_u64(&w, "connections", kernels_connections(c->a));
	jw_obj_end(&w);
	call_reply(c, 200, &b);
	buf_fini(&b);
}

static void put_initials(struct jsonw *w, struct str name)
{
	struct buf b = BUF(64);
	bool start = true;
	unsigned n = 0;

	/* The first letters of the first two words. */
	for (size_t i = 0; i < name.len && n < 2; i++) {
		unsigned char ch = (unsigned char)name.ptr[i];

		if (ch == ' ') {
			start = true;
		} else if (start) {
			size_t len = ch < 0x80 ? 1 : ch < 0xE0 ? 2 : ch < 0xF0 ? 3 : 4;

			buf_put_str(&b, str_sub(name, i, i + len));
			start = false;
			n++;
		}
	}
	if (n)
		jw_kv_str(w, "initials", buf_str(&b));
	else
		jw_kv_null(w, "initials");
	buf_fini(&b);
}

static void put_identity(struct call *c, struct jsonw *w)
{
	struct str id = str_of(c->a->cfg->user), name = id, raw;
	struct buf b = BUF(1024);

	if (c->a->cfg->session) {
		raw = http_get(&c->r->head, "X-Carrel-Account");
		if (raw.len)
			id = raw;
		raw = http_get(&c->r->head, "X-Carrel-Name");
		if (raw.len && pct_get(&b, raw) == 0 && utf8_valid(buf_str(&b)))
			name = buf_str(&b);
	}
	jw_key(w, "identity");
	jw_obj(w);
	jw_kv_str(w, "username", id);
	jw_kv_str(w, "name", name);
	jw_kv_str(w, "display_name", name);
	put_initials(w, name);
	jw_kv_null(w, "avatar_url");
	jw_kv_null(w, "color");
	jw_obj_end(w);
	buf_fini(&b);
}

/* There is one user here, who may do everything. */
static bool put_permissions(struct call *c, struct jsonw *w)
{
	struct str asked = url_param(&c->r->url, "permissions");
	struct json *j = NULL;

	if (asked.len &&
	    (json_parse(&c->r->arena, asked, NULL, &j, NULL) < 0 || j->type != JSON_OBJECT))
		return false;
	jw_key(w, "permissions");
	jw_obj(w);
	json_for_each(v, j)
	{
		if (v->type != JSON_ARRAY)
			return false;
		jw_key_str(w, v->key);
		jw_arr(w);
		json_for_each(p, v)
		{
			if (p->type != JSON_STRING)
				return false;
			jw_str(w, p->text);
		}
		jw_arr_end(w);
	}
	jw_key(w, "updatable_fields");
	jw_arr(w);
	jw_arr_end(w);
	jw_obj_end(w);
	return true;
}

static void get_me(struct call *c)
{
	struct buf b = BUF(65536);
	struct jsonw w = JSONW(&b);

	jw_obj(&w);
	put_identity(c, &w);
	if (put_permissions(c, &w)) {
		jw_obj_end(&w);
		call_reply(c, 200, &b);
	} else {
		agent_json_error(
		    c->r, 400, NULL,
		    "permissions should be a JSON dict of {\"resource\":[\"action\",]}");
	}
	buf_fini(&b);
}

static void patch_me(struct call *c)
{
	agent_json_error(c->r, 501, NULL, "Your name is changed where you sign in, not here");
}

static void post_shutdown(struct call *c)
{
	call_empty(c, 200);
	agent_stop(c->a, "user", 5);
}

static void post_csp_report(struct call *c)
{
	http_reply(c->r, 200, STR(""));
}

static void get_metrics(struct call *c)
{
	struct buf b = BUF(8192);

	buf_printf(&b, "# TYPE http_connections gauge\nhttp_connections %zu\n",
	           http_server_conns(c->a->server));
	buf_printf(&b,
	           "# TYPE kernels_currently_running gauge\nkernels_currently_running %zu\n",
	           kernels_count(c->a));
	buf_printf(&b, "# TYPE kernel_websockets gauge\nkernel_websockets %zu\n",
	           kernels_connections(c->a));
	buf_printf(
	    &b,
	    "# TYPE jupyter_last_activity_seconds gauge\njupyter_last_activity_seconds %lld\n",
	    (long long)(last_activity(c->a) / 1000000));
	http_hdr(c->r, "Content-Type", STR("text/plain; version=0.0.4; charset=utf-8"));
	http_reply(c->r, 200, buf_str(&b));
	buf_fini(&b);
}

static void redirect_lab(struct call *c)
{
	call_location(c, "lab");
	http_reply(c->r, 302, STR(""));
}

/* VS Code asks for this page to learn that here is a Jupyter server. */
static void get_tree(struct call *c)
{
	if (c->a->cfg->lab) {
		redirect_lab(c);
		return;
	}
	http_hdr(c->r, "Content-Type", STR("text/html; charset=UTF-8"));
	http_reply(c->r, 200,
	           STR("<!doctype html><title>carrel-agent</title><p>A Jupyter server.</p>"));
}

static void get_robots(struct call *c)
{
	http_hdr(c->r, "Content-Type", STR("text/plain; charset=UTF-8"));
	http_reply(c->r, 200, STR("User-agent: *\nDisallow: /\n"));
}

static void get_favicon(struct call *c)
{
	lab_send(c, STR("server/favicons/favicon.ico"), false);
}

static void get_icons(struct call *c)
{
	lab_send(c, arena_printf(&c->r->arena, "server/favicons/%.*s", STR_ARG(c->arg[0])),
	         false);
}

static void get_logo(struct call *c)
{
	lab_send(c, arena_printf(&c->r->arena, "server/logo/%.*s", STR_ARG(c->arg[0])), false);
}

static void get_custom_css(struct call *c)
{
	lab_send(c, STR("server/custom/custom.css"), false);
}

static void get_kernelspec_file(struct call *c)
{
	struct send_opts o = { .mime = mime_guess(c->arg[1]), .cache = "max-age=2592000" };
	char path[PATH_MAX];
	struct stat st;
	int fd;

	if (str_chr(c->arg[1], '/', 0) < c->arg[1].len || place_hidden(c->arg[1]) ||
	    kernelspec_file(c->a, c->arg[0], c->arg[1], path, sizeof(path)) < 0) {
		agent_json_error(c->r, 404, NULL, "There is no such kernel resource");
		return;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		own_close(&fd);
		agent_json_error(c->r, 404, NULL, "There is no such kernel resource");
		return;
	}
	send_fd(c, fd, -1, NULL, &o);
}

static void get_session(struct call *c)
{
	struct buf b = BUF(8192), ev = BUF(EVIDENCE_MAX);
	struct jsonw w = JSONW(&b);
	uint64_t now = time_boot_ns();
	struct resources res;
	struct evidence e;

	resources_look(c->a, &res);
	evidence_collect(c->a, &e, &ev);
	jw_obj(&w);
	jw_kv_z(&w, "session", c->a->cfg->session_id);
	jw_kv_str(&w, "workspace", call_workspace(c));
	shimlink_status(c->a, &w);
	jw_kv_u64(&w, "idle_seconds",
	          now > e.last_active ? (now - e.last_active) / 1000000000 : 0);
	jw_kv_u64(&w, "busy", e.busy);
	resources_put(&res, &w);
	jw_kv_raw(&w, "evidence", buf_str(&ev));
	jw_obj_end(&w);
	call_reply(c, 200, &b);
	buf_fini(&b);
	buf_fini(&ev);
}

const struct route server_routes[] = {
	{ "GET", "", redirect_lab, ROUTE_PAGE },
	{ "GET", "api", get_version, ROUTE_API | ROUTE_PUBLIC },
	{ "GET", "api/spec.yaml", get_spec, ROUTE_API },
	{ "GET", "api/status", get_status, ROUTE_API },
	{ "GET", "api/me", get_me, ROUTE_API },
	{ "PATCH", "api/me", patch_me, ROUTE_API },
	{ "GET", "api/resolvePath", resolve_get, ROUTE_API },
	{ "POST", "api/shutdown", post_shutdown, ROUTE_API },
	{ "POST", "api/security/csp-report", post_csp_report, ROUTE_API | ROUTE_NO_XSRF },
	{ "GET", "api/events/subscribe", events_subscribe, ROUTE_WS },
	{ "POST", "api/events", events_post, ROUTE_API },
	{ "GET", "api/carrel/session", get_session, ROUTE_API },
	{ "GET", "carrel/activity", evidence_get, ROUTE_API },
	{ "GET", "metrics", get_metrics, ROUTE_API },
	{ "GET", "tree", get_tree, ROUTE_PAGE },
	{ "GET", "tree/*", get_tree, ROUTE_PAGE },
	{ "GET", "robots.txt", get_robots, ROUTE_PUBLIC },
	{ "GET", "favicon.ico", get_favicon, ROUTE_PUBLIC },
	{ "GET", "static/favicons/:file", get_icons, ROUTE_PUBLIC },
	{ "GET", "static/logo/:file", get_logo, ROUTE_PUBLIC },
	{ "GET", "logo", get_favicon, ROUTE_PUBLIC },
	{ "GET", "custom/custom.css", get_custom_css, ROUTE_API },
	{ "GET", "kernelspecs/:name/:file", get_kernelspec_file, ROUTE_API },
	{ 0 },
};
