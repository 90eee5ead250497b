/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which Python packages there are (api/carrel/environment): those of the home,
 * those of the image, and how they differ. Read from the names of the folders
 * that every installer leaves (PEP 376), never by running anything.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "agent/call.h"
#include "agent/place.h"
#include "base/file.h"

#define PACKAGES_MAX 5000U
#define META_MAX     4096U
#define MINORS       40 /* python3.0 … python3.39 */

struct package {
	struct str key; /* as PEP 503 compares names */
	struct str name, version;
	bool home;
};

struct environment {
	struct arena *m;
	struct package *p;
	unsigned n;
	bool truncated;
	int python; /* minor version of the image's, else of the home's newest; -1: not known */
};

/* Lower case, and one '-' for any run of "-_.". */
static struct str key_of(struct arena *m, struct str name)
{
	char *z = arena_alloc(m, name.len + 1);
	size_t n = 0;

	for (size_t i = 0; z && i < name.len; i++) {
		char c = name.ptr[i];

		if (c == '_' || c == '.' || c == '-') {
			if (n && z[n - 1] == '-')
				continue;
			c = '-';
		} else if (c >= 'A' && c <= 'Z') {
			c = (char)(c + 32);
		}
		z[n++] = c;
	}
	return (struct str){ z, z ? n : 0 };
}

/* "numpy-1.26.4.dist-info", "PyYAML-6.0-py3.11.egg-info" */
static bool split_name(struct str entry, struct str *name, struct str *version)
{
	size_t dash;

	if (str_ends(entry, STR(".dist-info")))
		entry.len -= 10;
	else if (str_ends(entry, STR(".egg-info")))
		entry.len -= 9;
	else
		return false;
	dash = str_chr(entry, '-', 0);
	if (dash == 0 || dash == entry.len)
		return false;
	*name = str_sub(entry, 0, dash);
	*version = str_sub(entry, dash + 1, entry.len);
	*version = str_sub(*version, 0, str_chr(*version, '-', 0));
	return version->len > 0 && version->len < 100 && name->len < 200;
}

/* The name as its author writes it; the folder's is a changed one. */
static struct str real_name(struct arena *m, int dir, const char *entry, struct str fallback)
{
	char path[NAME_MAX + 16], text[META_MAX];
	struct str rest, line;
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/METADATA", entry);
	fd = file_open_beneath(dir, path, O_RDONLY | O_NONBLOCK, 0);
	n = fd < 0 ? -1 : pread(fd, text, sizeof(text), 0);
	own_close(&fd);
	rest = (struct str){ text, n > 0 ? (size_t)n : 0 };
	while (rest.len && str_split(&rest, '\n', &line)) {
		struct str name = str_trim(str_sub(line, 5, line.len));

		if (str_trim(line).len == 0)
			break;
		if (!str_starts(line, STR("Name:")))
			continue;
		if (name.len && str_eq(key_of(m, name), key_of(m, fallback)))
			return arena_str(m, name);
		break;
	}
	return arena_str(m, fallback);
}

static void scan(struct environment *v, int root, const char *path, bool home)
{
	int fd = file_open_beneath(root, path, O_RDONLY | O_DIRECTORY, 0);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d) {
		own_close(&fd);
		return;
	}
	for (struct dirent *e; (e = readdir(d));) {
		struct package p = { .home = home };
		struct str name, version;

		if (!split_name(str_of(e->d_name), &name, &version))
			continue;
		if (v->n == PACKAGES_MAX) {
			v->truncated = true;
			break;
		}
		p.name = real_name(v->m, dirfd(d), e->d_name, name);
		p.version = arena_str(v->m, version);
		p.key = key_of(v->m, name);
		v->p[v->n++] = p;
	}
	(void)closedir(d);
}

/* The newest Python that has such a folder; -1: none has. */
static int minor_of(int root, const char *lib, const char *tail)
{
	for (int minor = MINORS - 1; minor >= 0; minor--) {
		char path[128];
		int fd;

		(void)snprintf(path, sizeof(path), "%s/python3.%d/%s", lib, minor, tail);
		fd = file_open_beneath(root, path, O_PATH | O_DIRECTORY, 0);
		if (fd >= 0) {
			(void)close(fd);
			return minor;
		}
	}
	return -1;
}

/* Those of the Python that runs: it does not see what lies there for another. */
static void scan_python(struct environment *v, int root, const char *lib, const char *tail,
                        bool home)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/python3.%d/%s", lib, v->python, tail);
	scan(v, root, path, home);
}

/* By name; of one name the home's first. */
static int by_key(const void *x, const void *y)
{
	const struct package *a = x, *b = y;
	size_t n = a->key.len < b->key.len ? a->key.len : b->key.len;
	int r = n ? memcmp(a->key.ptr, b->key.ptr, n) : 0;

	if (r == 0 && a->key.len != b->key.len)
		r = a->key.len < b->key.len ? -1 : 1;
	return r ? r : (int)b->home - (int)a->home;
}

static void put_package(struct jsonw *w, const struct package *p, const struct package *image)
{
	const char *change = !p->home                             ? "none"
	                     : !image                             ? "added"
	                     : str_eq(p->version, image->version) ? "same"
	                                                          : "changed";

	jw_obj(w);
	jw_kv_str(w, "name", p->name);
	jw_kv_str(w, "version", p->version);
	jw_kv_z(w, "where", p->home ? "home" : "image");
	if (image)
		jw_kv_str(w, "image_version", image->version);
	else
		jw_kv_null(w, "image_version");
	jw_kv_z(w, "change", change);
	jw_obj_end(w);
}

static void put(const struct environment *v, bool image_known, struct jsonw *w)
{
	jw_obj(w);
	jw_key(w, "python");
	if (v->python >= 0) {
		char text[8];

		(void)snprintf(text, sizeof(text), "3.%d", v->python);
		jw_z(w, text);
	} else {
		jw_null(w);
	}
	jw_kv_bool(w, "image_known", image_known);
	jw_kv_bool(w, "truncated", v->truncated);
	jw_key(w, "packages");
	jw_arr(w);
	for (unsigned i = 0; i < v->n; i++) {
		const struct package *first = &v->p[i], *image = first->home ? NULL : first;

		/* What else has this name: older leftovers, and what it hides. */
		while (i + 1 < v->n && str_eq(v->p[i + 1].key, first->key)) {
			i++;
			if (!image && !v->p[i].home)
				image = &v->p[i];
		}
		put_package(w, first, image == first ? NULL : image);
	}
	jw_arr_end(w);
	jw_obj_end(w);
}

static void get(struct call *c)
{
	struct arena m = ARENA(8U << 20);
	struct environment v = { .m = &m, .python = -1 };
	const char *image = c->a->cfg->image_root ? c->a->cfg->image_root : "/";
	autoclose int root = open(image, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct buf b = BUF(4U << 20);
	struct jsonw w = JSONW(&b);
	unsigned of_home;

	v.p = xcalloc(PACKAGES_MAX, sizeof(*v.p));
	if (root >= 0)
		v.python = minor_of(root, "usr/local/lib", "site-packages");
	if (root >= 0 && v.python < 0)
		v.python = minor_of(root, "usr/local/lib", "dist-packages");
	if (v.python < 0)
		v.python = minor_of(c->a->root_fd, ".local/lib", "site-packages");
	scan_python(&v, c->a->root_fd, ".local/lib", "site-packages", true);
	of_home = v.n;
	if (root >= 0) {
		scan_python(&v, root, "usr/local/lib", "site-packages", false);
		scan_python(&v, root, "usr/local/lib", "dist-packages", false);
		scan(&v, root, "usr/lib/python3/dist-packages", false);
	}
	qsort(v.p, v.n, sizeof(*v.p), by_key);
	put(&v, v.n > of_home, &w);
	call_reply(c, 200, &b);
	free(v.p);
	buf_fini(&b);
	arena_fini(&m);
}

const struct route environment_routes[] = {
	{ "GET", "api/carrel/environment", get, ROUTE_API },
	{ 0 },
};
