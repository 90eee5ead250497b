/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/python.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "base/str.h"

const char *python_env(const struct agent *a, const char *name)
{
	size_t n = strlen(name);

	if (a->cfg->path && strcmp(name, "PATH") == 0)
		return a->cfg->path;
	for (char *const *e = a->cfg->env; e && *e; e++) {
		if (strncmp(*e, name, n) == 0 && (*e)[n] == '=')
			return *e + n + 1;
	}
	return NULL;
}

const char *python_program(const struct agent *a, struct arena *m, const char *name)
{
	struct str path = str_of(python_env(a, "PATH")), dir;

	if (!path.ptr)
		path = STR("/usr/local/bin:/usr/bin:/bin");
	while (str_split(&path, ':', &dir)) {
		struct str file;

		if (dir.len == 0 || dir.ptr[0] != '/')
			continue;
		file = arena_printf(m, "%.*s/%s", STR_ARG(dir), name);
		if (file.ptr && access(file.ptr, X_OK) == 0)
			return file.ptr;
	}
	return NULL;
}

const char *python_path(const struct agent *a, struct arena *m)
{
	const char *python = a->cfg->python ? a->cfg->python : "python3";

	return python[0] == '/' ? python : python_program(a, m, python);
}

const char *python_prefix(const struct agent *a, struct arena *m)
{
	struct str s = str_of(python_path(a, m));

	for (int up = 0; up < 2 && s.len; up++) {
		while (s.len && s.ptr[s.len - 1] != '/')
			s.len--;
		while (s.len && s.ptr[s.len - 1] == '/')
			s.len--;
	}
	return s.ptr ? arena_strz(m, s.len ? s : STR("/")) : NULL;
}

/* lib/python3.X/site-packages below a prefix, for every X there is. */
static bool sites_below(struct arena *m, const char *prefix, python_site_fn *fn, void *arg)
{
	static const char *const kinds[] = { "site-packages", "dist-packages" };
	struct str lib = arena_printf(m, "%s/lib", prefix);
	DIR *d = lib.ptr ? opendir(lib.ptr) : NULL;
	bool done = false;
	struct dirent *e;

	while (d && !done && (e = readdir(d))) {
		if (!str_starts(str_of(e->d_name), STR("python3")))
			continue;
		for (size_t i = 0; i < ARRAY_LEN(kinds) && !done; i++) {
			struct str site =
			    arena_printf(m, "%s/%s/%s", lib.ptr, e->d_name, kinds[i]);

			done = site.ptr && fn(site.ptr, arg);
		}
	}
	if (d)
		closedir(d);
	return done;
}

void python_each_site(const struct agent *a, struct arena *m, python_site_fn *fn, void *arg)
{
	const char *prefix = python_prefix(a, m);
	struct str user = STR_NONE;

	if (!prefix)
		return;
	if (a->cfg->home)
		user = arena_printf(m, "%s/.local", a->cfg->home);
	if (user.ptr && sites_below(m, user.ptr, fn, arg))
		return;
	if (!sites_below(m, prefix, fn, arg) && strcmp(prefix, "/usr") == 0)
		(void)sites_below(m, "/usr/local", fn, arg);
}

struct wanted {
	struct arena *m;
	const char *name, *found;
};

static bool has_package(const char *site, void *arg)
{
	struct wanted *w = arg;
	struct str init = arena_printf(w->m, "%s/%s/__init__.py", site, w->name);

	if (!init.ptr || access(init.ptr, R_OK) < 0)
		return false;
	w->found = arena_printf(w->m, "%s/%s", site, w->name).ptr;
	return true;
}

const char *python_package(const struct agent *a, struct arena *m, const char *name)
{
	struct wanted w = { .m = m, .name = name };

	python_each_site(a, m, has_package, &w);
	return w.found;
}
