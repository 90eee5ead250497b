/* SPDX-License-Identifier: Apache-2.0 */
/* Federated (prebuilt) extensions: folders with a package.json, one or two deep. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "agent/lab.h"
#include "base/map.h"

#define EXTENSIONS_MAX 512U

struct scan {
	struct arena *m;
	struct map seen;
	labext_fn *fn;
	void *arg;
};

static void one(struct scan *s, const char *dir)
{
	char path[PATH_MAX];
	struct labext e = { .dir = dir };

	if (snprintf(path, sizeof(path), "%s/package.json", dir) >= (int)sizeof(path))
		return;
	e.package = labconfig_read(s->m, path);
	e.name = json_str_or(e.package, "name", STR(""));
	if (!e.name.len || map_get(&s->seen, e.name) || map_set(&s->seen, e.name, s, NULL) < 0)
		return;
	s->fn(&e, s->arg);
}

static void folder(struct scan *s, const char *dir, bool scoped)
{
	DIR *d = opendir(dir);
	char path[PATH_MAX];
	struct dirent *e;

	while (d && (e = readdir(d))) {
		if (e->d_name[0] == '.' ||
		    snprintf(path, sizeof(path), "%s/%s", dir, e->d_name) >= (int)sizeof(path))
			continue;
		if (e->d_name[0] == '@' && !scoped)
			folder(s, path, true);
		else
			one(s, path);
	}
	if (d)
		(void)closedir(d);
}

void labext_each(struct call *c, struct arena *m, labext_fn *fn, void *arg)
{
	struct scan s = { .m = m, .fn = fn, .arg = arg };

	map_init(&s.seen, EXTENSIONS_MAX);
	for (size_t i = 0; i < c->a->lab->ndirs; i++)
		folder(&s, c->a->lab->dirs[i], false);
	map_fini(&s.seen);
}
