/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/call.h"

#include <errno.h>

#include "agent/diskfull.h"
#include "base/encode.h"

void agent_json_error(struct http_req *r, unsigned status, const char *reason, const char *fmt,
                      ...)
{
	struct buf msg = BUF(4096), b = BUF(32768);
	struct jsonw w = JSONW(&b);
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&msg, fmt, ap);
	va_end(ap);
	jw_obj(&w);
	jw_kv_str(&w, "message", buf_str(&msg));
	jw_kv_z(&w, "reason", reason);
	jw_obj_end(&w);
	http_reply_json(r, status, buf_str(&b));
	buf_fini(&msg);
	buf_fini(&b);
}

void call_account(const struct call *c, char ret[AGENT_ACCOUNT_MAX])
{
	struct str s = STR("");

	if (c->a->cfg->session)
		s = http_get(&c->r->head, "X-Carrel-Account");
	if (!s.ptr || s.len >= AGENT_ACCOUNT_MAX)
		s = STR("");
	(void)snprintf(ret, AGENT_ACCOUNT_MAX, "%.*s", STR_ARG(s));
}

struct str call_workspace(struct call *c)
{
	struct str given = str_of(c->a->cfg->workspace ? c->a->cfg->workspace : ""), raw;
	struct buf b = BUF(1024);

	raw = c->a->cfg->session ? http_get(&c->r->head, "X-Carrel-Workspace") : STR_NONE;
	if (raw.len && pct_get(&b, raw) == 0 && utf8_valid(buf_str(&b)))
		given = arena_str(&c->r->arena, buf_str(&b));
	buf_fini(&b);
	return given;
}

void call_touch(const struct call *c, enum activity what)
{
	char account[AGENT_ACCOUNT_MAX];

	call_account(c, account);
	agent_touch_by(c->a, account, what);
}

/* The one place where an errno becomes a status. */
static unsigned status_of(int code)
{
	switch (-code) {
	case ENOENT:
	case ENOTDIR:
	case ELOOP:
	case EXDEV:
	case ENAMETOOLONG:
		return 404;
	case EACCES:
	case EPERM:
	case EROFS:
		return 403;
	case EINVAL:
	case EISDIR:
	case EILSEQ:
		return 400;
	case EEXIST:
	case EBUSY:
	case ENOTEMPTY:
		return 409;
	case E2BIG:
	case EFBIG:
		return 413;
	case ENOSPC:
	case EDQUOT:
		return 507;
	case ENOSYS:
	case EOPNOTSUPP:
		return 501;
	case EAGAIN:
	case EMFILE:
	case ENFILE:
		return 503;
	default:
		return 500;
	}
}

void call_err(struct call *c, const struct err *err)
{
	unsigned status = status_of(err->code);
	struct err full = ERR_NONE;

	/* Whoever ran into it, the user is told what helps. */
	if (status == 507 && !str_starts(str_of(err->msg), STR("The disk is full"))) {
		(void)(diskfull_err(c->a, "this", &full) == 0);
		err = &full;
	}
	agent_json_error(c->r, status, status == 507 ? "disk full" : NULL, "%s", err->msg);
}

void call_reply(struct call *c, unsigned status, const struct buf *b)
{
	if (buf_error(b))
		agent_json_error(c->r, buf_error(b) == -E2BIG ? 413 : 500, NULL,
		                 "The answer is larger than the server may hold in memory");
	else
		http_reply_json(c->r, status, buf_str(b));
}

void call_empty(struct call *c, unsigned status)
{
	http_reply(c->r, status, STR(""));
}

static void on_body(struct http_req *r, struct str body)
{
	struct call *c = call_of(r);
	struct err err = ERR_NONE;
	struct json *j;

	if (str_trim(body).len == 0) {
		c->on_json_(c, NULL);
		return;
	}
	if (json_parse(&r->arena, body,
	               &(struct json_limits){ .lax_dup = true, .lax_surrogates = true }, &j,
	               &err) < 0) {
		agent_json_error(r, 400, NULL, "Invalid JSON in body of request: %s", err.msg);
		return;
	}
	c->on_json_(c, j);
}

void call_read_json(struct call *c, size_t max, call_json_fn *fn)
{
	c->on_json_ = fn;
	http_read_body(c->r, max, on_body);
}

struct str call_base(struct call *c)
{
	struct str prefix = STR_NONE;

	if (c->a->cfg->session)
		prefix = http_get(&c->r->head, "X-Carrel-Prefix");
	if (!prefix.len || prefix.ptr[0] != '/' || !http_is_value(prefix))
		return str_of(c->a->cfg->base_url);
	return arena_printf(&c->r->arena, "%.*s%s", STR_ARG(prefix), c->a->cfg->base_url);
}

void call_location(struct call *c, const char *path_fmt, ...)
{
	struct buf b = BUF(16384), path = BUF(8192);
	va_list ap;

	va_start(ap, path_fmt);
	buf_vprintf(&path, path_fmt, ap);
	va_end(ap);
	buf_put_str(&b, call_base(c));
	pct_put(&b, buf_str(&path), "/");
	if (!buf_error(&b) && !buf_error(&path))
		http_hdr(c->r, "Location", buf_str(&b));
	buf_fini(&path);
	buf_fini(&b);
}
