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

static const char *in_path(const struct agent *a, struct arena *m, const char *name)
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

	return python[0] == '/' ? python : in_path(a, m, python);
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

static const char *package_in(struct arena *m, const char *site, const char *name)
{
	struct str dir = arena_printf(m, "%s/%s", site, name);
	struct str init = arena_printf(m, "%s/%s/__init__.py", site, name);

	return init.ptr && access(init.ptr, R_OK) == 0 ? dir.ptr : NULL;
}

/* lib/python3.X/site-packages below a prefix, for every X there is. */
static const char *package_below(struct arena *m, const char *prefix, const char *name)
{
	struct str lib = arena_printf(m, "%s/lib", prefix);
	DIR *d = lib.ptr ? opendir(lib.ptr) : NULL;
	const char *found = NULL;
	struct dirent *e;

	while (d && !found && (e = readdir(d))) {
		struct str site;

		if (!str_starts(str_of(e->d_name), STR("python3")))
			continue;
		site = arena_printf(m, "%s/%s/site-packages", lib.ptr, e->d_name);
		found = site.ptr ? package_in(m, site.ptr, name) : NULL;
		site = arena_printf(m, "%s/%s/dist-packages", lib.ptr, e->d_name);
		if (!found)
			found = site.ptr ? package_in(m, site.ptr, name) : NULL;
	}
	if (d)
		closedir(d);
	return found;
}

const char *python_package(const struct agent *a, struct arena *m, const char *name)
{
	const char *prefix = python_prefix(a, m), *found = NULL;
	struct str user = STR_NONE;

	if (!prefix)
		return NULL;
	if (a->cfg->home)
		user = arena_printf(m, "%s/.local", a->cfg->home);
	if (user.ptr)
		found = package_below(m, user.ptr, name);
	if (!found)
		found = package_below(m, prefix, name);
	if (!found && strcmp(prefix, "/usr") == 0)
		found = package_below(m, "/usr/local", name);
	return found;
}
