/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/docscan.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "agent/doctext.h"
#include "agent/names.h"
#include "agent/place.h"

#define ARENA_BYTES_MAX (16U << 20)
#define FOLDERS_MAX     8192U
#define DEPTH_MAX       16U

void docscan_begin(struct docscan *s)
{
	docscan_fini(s);
	arena_init(&s->m, ARENA_BYTES_MAX);
	s->items = ARENA_NEWS(&s->m, struct doc_item, SCAN_DOCS_MAX);
	s->folders = ARENA_NEWS(&s->m, struct str, FOLDERS_MAX);
	if (s->items && s->folders)
		s->folders[s->nfolders++] = STR("");
}

void docscan_fini(struct docscan *s)
{
	if (s->dir)
		(void)closedir(s->dir);
	arena_fini(&s->m);
	*s = (struct docscan){ 0 };
}

static bool skipped(struct str name)
{
	static const char *const names[] = { "node_modules", "site-packages", "__pycache__",
		                             "venv", "env" };

	if (!name.len || name.ptr[0] == '.' || name_is_clutter(name))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (str_is(name, names[i]))
			return true;
	return false;
}

bool docscan_wants(struct str path)
{
	struct str rest = path, part;
	unsigned depth = 0;

	if (!doc_path_ok(path) || doc_kind_of(path) == DOC_NONE)
		return false;
	while (str_split(&rest, '/', &part))
		if (skipped(part) || ++depth > DEPTH_MAX)
			return false;
	return true;
}

static void take_file(struct docscan *s, struct str path, const struct stat *st)
{
	if (s->n == SCAN_DOCS_MAX || !docscan_wants(path) || st->st_mtim.tv_sec < 0)
		return;
	path = arena_str(&s->m, path);
	if (path.ptr)
		s->items[s->n++] = (struct doc_item){ path,
			                              (int64_t)st->st_mtim.tv_sec * 1000000 +
			                                  st->st_mtim.tv_nsec / 1000,
			                              (uint64_t)st->st_size };
}

static void take(struct docscan *s, int dirfd, const char *name)
{
	char path[DOC_PATH_MAX + 300];
	struct stat st;
	int n = snprintf(path, sizeof(path), "%.*s%s%s", STR_ARG(s->at), s->at.len ? "/" : "",
	                 name);
	struct str p = { path, (size_t)n };

	if (skipped(str_of(name)) || n >= (int)sizeof(path) || p.len > DOC_PATH_MAX ||
	    fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (S_ISREG(st.st_mode)) {
		take_file(s, p, &st);
	} else if (S_ISDIR(st.st_mode) && s->nfolders < FOLDERS_MAX) {
		p = arena_str(&s->m, p);
		if (p.ptr)
			s->folders[s->nfolders++] = p;
	}
}

static bool next_folder(struct docscan *s, const struct agent *a)
{
	while (s->nfolders) {
		int fd;

		s->at = s->folders[--s->nfolders];
		fd = place_open(a, s->at, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
		s->dir = fd < 0 ? NULL : fdopendir(fd);
		if (s->dir)
			return true;
		if (fd >= 0)
			(void)close(fd);
	}
	return false;
}

static int by_path(const void *a, const void *b)
{
	return str_cmp(((const struct doc_item *)a)->path, ((const struct doc_item *)b)->path);
}

bool docscan_step(struct docscan *s, const struct agent *a)
{
	for (unsigned i = 0; i < SCAN_STEP; i++) {
		struct dirent *e;

		if (s->entries >= SCAN_ENTRIES_MAX || (!s->dir && !next_folder(s, a))) {
			if (s->n)
				qsort(s->items, s->n, sizeof(*s->items), by_path);
			return false;
		}
		e = readdir(s->dir);
		if (!e) {
			(void)closedir(s->dir);
			s->dir = NULL;
			continue;
		}
		s->entries++;
		take(s, dirfd(s->dir), e->d_name);
	}
	return true;
}
