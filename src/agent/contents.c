/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contents API but for reading (contents_get.c) and saving
 * (contents_put.c): new files, copies, renames, deletes, trust.
 */
#define _GNU_SOURCE
#include "agent/contents.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "agent/diskfull.h"
#include "agent/docs.h"
#include "agent/kernel.h"
#include "agent/names.h"
#include "agent/nbformat.h"
#include "agent/nbtrust.h"
#include "agent/save.h"
#include "base/file.h"

#define UNTITLED_TRIES 10000U

static const char empty_notebook[] =
    "{\n \"cells\": [],\n \"metadata\": {},\n \"nbformat\": 4,\n \"nbformat_minor\": 5\n}\n";

bool contents_path(struct call *c, unsigned hidden_status, struct str *ret)
{
	struct str raw = c->arg[0];

	if (place_clean(&c->r->arena, raw, ret) < 0) {
		contents_not_found(c, raw);
		return false;
	}
	if (place_hidden(*ret)) {
		if (hidden_status == 404)
			contents_not_found(c, *ret);
		else
			agent_json_error(
			    c->r, hidden_status, NULL,
			    "%.*s is hidden: names that begin with a dot can't be changed here",
			    STR_ARG(*ret));
		return false;
	}
	return true;
}

void contents_not_found(struct call *c, struct str path)
{
	agent_json_error(c->r, 404, NULL, "file or directory '%.*s' does not exist",
	                 STR_ARG(path));
}

void contents_fail(struct call *c, int code, struct str path, const char *doing)
{
	struct err err = ERR_NONE;

	switch (-code) {
	case ENOENT:
	case ENOTDIR:
	case EXDEV:
	case ELOOP:
	case ENAMETOOLONG:
		contents_not_found(c, path);
		break;
	case EACCES:
	case EPERM:
	case EROFS:
		agent_json_error(c->r, 403, NULL, "Permission denied: %.*s", STR_ARG(path));
		break;
	case EOPNOTSUPP:
		agent_json_error(c->r, 400, NULL, "%.*s is neither a file nor a folder",
		                 STR_ARG(path));
		break;
	case EFBIG:
	case E2BIG:
		agent_json_error(c->r, 413, NULL, "%.*s is too large to open here",
		                 STR_ARG(path));
		break;
	case ENOSPC:
	case EDQUOT:
		(void)(diskfull_err(c->a, "this", &err) == 0);
		call_err(c, &err);
		break;
	default:
		errno = -code;
		(void)ERR(&err, code, "Can't %s %.*s: %m", doing, STR_ARG(path));
		call_err(c, &err);
	}
}

void contents_event(struct call *c, const char *action, struct str path, struct str source)
{
	struct buf b = BUF(32768);
	struct jsonw w = JSONW(&b);

	if (strcmp(action, "get") != 0)
		docs_event(c->a, action, path, source);
	if (list_empty(&c->a->events.listeners_))
		return;
	jw_obj(&w);
	jw_kv_z(&w, "action", action);
	jw_kv_str(&w, "path", path);
	if (source.len)
		jw_kv_str(&w, "source_path", source);
	jw_obj_end(&w);
	if (!buf_error(&b))
		events_emit(c->a, EVENT_CONTENTS, str_sub(buf_str(&b), 1, buf_len(&b) - 1));
	buf_fini(&b);
}

void contents_reply_entry(struct call *c, unsigned status, const struct entry *e,
                          const char *message)
{
	struct buf b = BUF(65536);
	struct jsonw w = JSONW(&b);
	char when[TIME_RFC3339_MAX];

	entry_put_bare(&w, e, message);
	call_location(c, "api/contents/%.*s", STR_ARG(e->path));
	time_http(stat_mtime(&e->st), when);
	http_hdr(c->r, "Last-Modified", str_of(when));
	call_reply(c, status, &b);
	buf_fini(&b);
}

void contents_reply_hash(struct call *c, unsigned status, struct str path, const char *hex)
{
	struct buf b = BUF(65536);
	struct jsonw w = JSONW(&b);
	struct entry e;
	int r = entry_load(c->a, path, &e);

	if (r < 0) {
		contents_fail(c, r, path, "open");
		return;
	}
	jw_obj(&w);
	entry_put(&w, &e, NULL);
	jw_kv_null(&w, "content");
	jw_kv_null(&w, "format");
	contents_put_hash(&w, hex);
	jw_obj_end(&w);
	call_reply(c, status, &b);
	buf_fini(&b);
}

void contents_reply(struct call *c, unsigned status, struct str path, const char *message)
{
	struct entry e;
	int r = entry_load(c->a, path, &e);

	if (r < 0)
		contents_fail(c, r, path, "open");
	else
		contents_reply_entry(c, status, &e, message);
}

/* A path given in a body, checked like one in the URL. */
bool contents_body_path(struct call *c, struct str raw, struct str *ret)
{
	if (place_clean(&c->r->arena, raw, ret) < 0) {
		contents_not_found(c, raw);
		return false;
	}
	if (place_hidden(*ret)) {
		agent_json_error(c->r, 400, NULL, "%.*s is hidden: it can't be changed here",
		                 STR_ARG(*ret));
		return false;
	}
	return true;
}

static int make_one(struct place *at, bool dir, bool notebook)
{
	int fd;

	if (dir)
		return mkdirat(at->dir, at->name, 0777) < 0 ? -errno : 0;
	fd = openat(at->dir, at->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	            0666);
	if (fd < 0)
		return -errno;
	if (notebook && (file_write_all(fd, STR(empty_notebook), NULL) < 0 || fsync(fd) < 0)) {
		int r = -errno;

		(void)close(fd);
		(void)unlinkat(at->dir, at->name, 0);
		return r < 0 ? r : -ENOSPC;
	}
	(void)close(fd);
	return 0;
}

/* The first free name; created in the same step, so that two at once differ. */
static int untitled(struct call *c, struct str dir, struct str type, struct str ext,
                    struct str *ret)
{
	bool is_dir = str_is(type, "directory"), nb = str_is(type, "notebook");
	struct str stem = is_dir ? STR("Untitled Folder")
	                  : nb   ? STR("Untitled")
	                         : STR("untitled");

	for (unsigned n = 0; n < UNTITLED_TRIES; n++) {
		struct str name = name_numbered(&c->r->arena, stem, is_dir ? " " : "", n, ext);
		struct str path = place_child(&c->r->arena, dir, name);
		struct place at = PLACE_NONE;
		int r;

		if (!path.ptr)
			return -ENOMEM;
		r = place_of(c->a, path, &at);
		if (r < 0)
			return r;
		r = make_one(&at, is_dir, nb);
		if (r == 0)
			(void)!place_sync(&at);
		place_fini(&at);
		if (r == 0)
			*ret = path;
		if (r != -EEXIST)
			return r;
	}
	return -EEXIST;
}

void contents_untitled(struct call *c, struct str dir, const struct json *body)
{
	struct str ext = json_str_or(body, "ext", STR("")),
	           type = json_str_or(body, "type", STR(""));
	struct str path = STR_NONE;
	int r;

	if (!type.len)
		type = str_is(ext, ".ipynb") ? STR("notebook") : STR("file");
	else if (!str_is(type, "directory") && !str_is(type, "notebook"))
		type = STR("file");
	if (str_is(type, "notebook"))
		ext = STR(".ipynb");
	else if (str_is(type, "directory"))
		ext = STR("");
	if (str_chr(ext, '/', 0) < ext.len || ext.len > 64) {
		agent_json_error(c->r, 400, NULL,
		                 "ext must be a short file extension like .txt");
		return;
	}
	if (ext.len && ext.ptr[0] != '.')
		ext = arena_printf(&c->r->arena, ".%.*s", STR_ARG(ext));
	r = untitled(c, dir, type, ext, &path);
	if (r < 0) {
		contents_fail(c, r, dir, "create a file in");
		return;
	}
	call_touch(c, ACT_SAVE);
	contents_event(c, "create", path, STR_NONE);
	contents_reply(c, 201, path, NULL);
}

static void on_copied(struct call *c, int r, struct str from, struct str made,
                      const struct err *err)
{
	if (r < 0 && err->code) {
		call_err(c, err);
	} else if (r < 0) {
		contents_fail(c, r, from, "copy");
	} else {
		call_touch(c, ACT_SAVE);
		contents_event(c, "copy", made, from);
		contents_reply(c, 201, made, NULL);
	}
}

static void on_post(struct call *c, const struct json *body)
{
	struct str dir = STR_NONE, from = json_str_or(body, "copy_from", STR(""));
	struct entry e;
	int r;

	if (!contents_path(c, 400, &dir))
		return;
	if (body && body->type != JSON_OBJECT) {
		agent_json_error(c->r, 400, NULL, "The body must be a JSON object");
		return;
	}
	r = entry_load(c->a, dir, &e);
	if (r == 0 && e.type != ENTRY_DIR) {
		agent_json_error(c->r, 400, NULL, "Cannot POST to files, use PUT instead.");
		return;
	}
	/* A copy may name its target: then only the folder above must be there. */
	if (r < 0 && !from.len) {
		agent_json_error(c->r, 404, NULL, "No such directory: %.*s", STR_ARG(dir));
		return;
	}
	if (!from.len)
		contents_untitled(c, dir, body);
	else if (contents_body_path(c, from, &from))
		contents_copy(c, from, dir, on_copied);
}

static void contents_post(struct call *c)
{
	call_read_json(c, CALL_JSON_MAX, on_post);
}

int rename_noreplace(const struct place *from, const struct place *to)
{
	struct stat st;

	if (syscall(SYS_renameat2, from->dir, from->name, to->dir, to->name,
	            1 /* NOREPLACE */) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	/* A file system that can't: look, then move. */
	if (fstatat(to->dir, to->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return -EEXIST;
	return renameat(from->dir, from->name, to->dir, to->name) < 0 ? -errno : 0;
}

static int rename_to(struct call *c, struct str from, struct str to)
{
	struct place f = PLACE_NONE, t = PLACE_NONE;
	int r = place_of(c->a, from, &f);

	if (r == 0)
		r = place_of(c->a, to, &t);
	if (r == 0)
		r = rename_noreplace(&f, &t);
	if (r == 0) {
		(void)!place_sync(&t);
		(void)!place_sync(&f);
	}
	place_fini(&f);
	place_fini(&t);
	if (r == 0) {
		checkpoint_follow(c->a, from, to);
		sessions_moved(c->a, from, to);
	}
	return r;
}

static void on_patch(struct call *c, const struct json *body)
{
	struct str from = STR_NONE, to = STR_NONE;
	int r;

	if (!body || body->type != JSON_OBJECT) {
		agent_json_error(c->r, 400, NULL, "JSON body missing");
		return;
	}
	if (!contents_path(c, 400, &from))
		return;
	if (json_get_str(body, "path", &to) == 0 && !contents_body_path(c, to, &to))
		return;
	if (to.len && !str_eq(from, to)) {
		r = rename_to(c, from, to);
		if (r == -EEXIST || r == -ENOTEMPTY) {
			agent_json_error(c->r, 409, NULL, "File already exists: %.*s",
			                 STR_ARG(to));
			return;
		}
		if (r < 0) {
			contents_fail(c, r, from, "rename");
			return;
		}
		call_touch(c, ACT_SAVE);
		contents_event(c, "rename", to, from);
	}
	contents_reply(c, 200, to.len ? to : from, NULL);
}

static void contents_patch(struct call *c)
{
	call_read_json(c, CALL_JSON_MAX, on_patch);
}

static void contents_remove(struct call *c)
{
	struct err err = ERR_NONE;
	struct str path = STR_NONE;
	int r;

	if (!contents_path(c, 400, &path))
		return;
	if (!path.len) {
		agent_json_error(c->r, 400, NULL, "The root folder can't be deleted");
		return;
	}
	r = contents_delete(c->a, path, &err);
	if (r < 0 && err.code) {
		call_err(c, &err);
	} else if (r < 0) {
		contents_fail(c, r, path, "delete");
	} else {
		call_touch(c, ACT_SAVE);
		contents_event(c, "delete", path, STR_NONE);
		call_empty(c, 204);
	}
}

/* What trust is about: the digest of the notebook on disk; *ret_safe: nothing in
 * it needs trust. */
static int trust_digest(struct agent *a, struct str path, char digest[NBTRUST_HEX + 1],
                        bool *ret_safe, struct err *err)
{
	struct arena arena = ARENA(NB_ARENA_MAX);
	struct buf text = BUF((size_t)CONTENTS_READ_MAX);
	autoclose int fd = place_open(a, path, O_RDONLY | O_NONBLOCK);
	struct nb nb;
	int r = fd < 0 ? fd : file_read_fd(fd, &text, err);

	if (r == 0)
		r = nb_parse_lean(&arena, buf_str(&text), &nb, err);
	if (r == 0)
		r = nb_for_disk(&arena, &nb);
	if (r == 0)
		*ret_safe = nb_cells_trusted(&nb);
	if (r == 0)
		r = nbtrust_digest(a, &nb, digest);
	arena_fini(&arena);
	buf_fini(&text);
	return r;
}

bool contents_is_trusted(struct agent *a, struct str path)
{
	char digest[NBTRUST_HEX + 1];
	bool safe = false;

	return trust_digest(a, path, digest, &safe, NULL) == 0 &&
	       (safe || nbtrust_known(a, digest));
}

int contents_trust_file(struct agent *a, struct str path, struct err *err)
{
	char digest[NBTRUST_HEX + 1];
	bool safe;
	int r = trust_digest(a, path, digest, &safe, err);

	if (r == 0)
		nbtrust_remember(a, digest);
	return r;
}

static void contents_trust(struct call *c)
{
	struct err err = ERR_NONE;
	struct str path = STR_NONE;
	int r;

	if (!contents_path(c, 400, &path))
		return;
	r = contents_trust_file(c->a, path, &err);
	if (r == -EINVAL)
		agent_json_error(c->r, 400, NULL, "Unreadable Notebook: %.*s %s", STR_ARG(path),
		                 err.msg);
	else if (r < 0)
		contents_fail(c, r, path, "trust");
	else
		call_empty(c, 201);
}

const struct route contents_routes[] = {
	{ "GET", "api/contents/*/checkpoints", checkpoints_list, ROUTE_API },
	{ "POST", "api/contents/*/checkpoints", checkpoints_post, ROUTE_API },
	{ "POST", "api/contents/*/checkpoints/:id", checkpoints_restore, ROUTE_API },
	{ "DELETE", "api/contents/*/checkpoints/:id", checkpoints_delete, ROUTE_API },
	{ "POST", "api/contents/*/trust", contents_trust, ROUTE_API },
	{ "GET", "api/contents/*", contents_get, ROUTE_API },
	{ "POST", "api/contents/*", contents_post, ROUTE_API },
	{ "PUT", "api/contents/*", contents_put, ROUTE_API },
	{ "PATCH", "api/contents/*", contents_patch, ROUTE_API },
	{ "DELETE", "api/contents/*", contents_remove, ROUTE_API },
	{ 0 },
};
