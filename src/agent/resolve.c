/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A path in a traceback may mean a file beneath the root ("server": opened in
 * the file browser) or one that the kernel sees ("kernel": shown read-only).
 * Only what is there is told, and nothing outside the root for the server.
 */
#define _GNU_SOURCE
#include "agent/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "agent/kernel.h"
#include "agent/place.h"

char *resolve_path(struct arena *m, const char *base, struct str path)
{
	bool absolute = path.len && path.ptr[0] == '/';
	struct str whole = absolute ? path : arena_printf(m, "%s/%.*s", base, STR_ARG(path)),
	           part;
	char *z = whole.ptr ? arena_alloc(m, whole.len + 2) : NULL;
	size_t n = 0;

	if (!z || str_chr(whole, 0, 0) < whole.len)
		return NULL;
	while (whole.len && str_split(&whole, '/', &part)) {
		if (!part.len || str_is(part, "."))
			continue;
		if (str_is(part, "..")) {
			while (n > 0 && z[--n] != '/')
				continue;
			continue;
		}
		z[n++] = '/';
		memcpy(z + n, part.ptr, part.len);
		n += part.len;
	}
	if (!n)
		z[n++] = '/';
	z[n] = '\0';
	return z;
}

/* Relative to the root, if it is there and not hidden. */
static struct str on_server(struct call *c, struct str path)
{
	struct str root = str_of(c->a->cfg->root), all;
	char *z;
	int fd;

	if (str_starts(path, STR("~/")))
		z = resolve_path(&c->r->arena, c->a->cfg->home, str_sub(path, 2, path.len));
	else
		z = resolve_path(&c->r->arena, c->a->cfg->root, path);
	all = str_of(z);
	if (str_is(root, "/"))
		root.len = 0;
	if (!z || !str_starts(all, root) || all.len <= root.len + 1 || all.ptr[root.len] != '/')
		return STR_NONE;
	all = str_sub(all, root.len + 1, all.len);
	if (place_hidden(all))
		return STR_NONE;
	fd = place_open(c->a, all, O_PATH);
	if (fd < 0)
		return STR_NONE;
	(void)close(fd);
	return all;
}

static const char *in_kernel(struct call *c, const struct kernel *k, struct str path)
{
	char proc[64], cwd[PATH_MAX];
	const char *base = k->cwd;
	ssize_t n;
	char *z;

	/* Where it is now, if the system lets us see that. */
	(void)snprintf(proc, sizeof(proc), "/proc/%d/cwd", (int)k->pid);
	n = k->pid ? readlink(proc, cwd, sizeof(cwd) - 1) : -1;
	if (n > 0) {
		cwd[n] = '\0';
		base = cwd;
	}
	if (str_starts(path, STR("~/")))
		z = resolve_path(&c->r->arena, c->a->cfg->home, str_sub(path, 2, path.len));
	else
		z = resolve_path(&c->r->arena, base ? base : c->a->cfg->root, path);
	return z && faccessat(AT_FDCWD, z, F_OK, 0) == 0 ? z : NULL;
}

static void put(struct jsonw *w, const char *scope, const char *key, struct str text)
{
	jw_obj(w);
	jw_kv_z(w, "scope", scope);
	jw_kv_str(w, key, text);
	jw_obj_end(w);
}

void resolve_get(struct call *c)
{
	struct str path = url_param(&c->r->url, "path"), id = url_param(&c->r->url, "kernel"),
	           server;
	const struct kernel *k = id.len ? kernel_by_id(c->a, id) : NULL;
	struct buf b = BUF(32768);
	struct jsonw w = JSONW(&b);
	const char *found;

	if (!path.len || path.len >= PATH_MAX) {
		agent_json_error(c->r, 400, NULL, "path is missing or too long");
		return;
	}
	server = on_server(c, path);
	found = k ? in_kernel(c, k, path) : NULL;
	jw_obj(&w);
	jw_key(&w, "resolved");
	jw_arr(&w);
	if (server.ptr)
		put(&w, "server", "path", server);
	if (found)
		put(&w, "kernel", "path", str_of(found));
	jw_arr_end(&w);
	if (id.len && !k) {
		jw_key(&w, "unresolved");
		jw_arr(&w);
		put(&w, "kernel", "reason",
		    arena_printf(&c->r->arena, "Kernel %.*s could not be found",
		                 STR_ARG(str_sub(id, 0, 80))));
		jw_arr_end(&w);
	}
	jw_obj_end(&w);
	call_reply(c, 200, &b);
	buf_fini(&b);
}
