/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/witness.h"

#include <sys/stat.h>

#define PATHS_MAX ((size_t)4 << 20)
#define TICK_US   50000

struct state {
	dev_t dev;
	ino_t ino; /* 0: not there */
	mode_t mode;
	off_t size;
	struct timespec changed, modified;
};

struct witness_path {
	struct witness_path *next;
	const char *path;
	struct state state;
};

static struct state state_of(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return (struct state){ 0 };
	return (struct state){ st.st_dev,  st.st_ino,  st.st_mode,
		               st.st_size, st.st_ctim, st.st_mtim };
}

static bool is_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool is_same(const struct state *a, const struct state *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->mode == b->mode &&
	       a->size == b->size && is_time(a->changed, b->changed) &&
	       is_time(a->modified, b->modified);
}

void witness_init(struct witness *w, wall_us now)
{
	*w = (struct witness){ .began_ = now };
	w->last_ = &w->first_;
	arena_init(&w->m_, PATHS_MAX);
}

void witness_fini(struct witness *w)
{
	arena_fini(&w->m_);
	w->first_ = NULL;
}

void witness_add(struct witness *w, const char *path)
{
	struct witness_path *p = w ? ARENA_NEW(&w->m_, struct witness_path) : NULL;

	if (!w)
		return;
	if (p)
		p->path = arena_strz(&w->m_, str_of(path));
	if (!p || !p->path) {
		w->racy_ = true;
		return;
	}
	p->state = state_of(path);
	if ((wall_us)p->state.changed.tv_sec * 1000000 + p->state.changed.tv_nsec / 1000 >
	    w->began_ - TICK_US)
		w->racy_ = true;
	*w->last_ = p;
	w->last_ = &p->next;
}

bool witness_good(const struct witness *w)
{
	return !w->racy_;
}

bool witness_same(const struct witness *w)
{
	for (const struct witness_path *p = w->first_; p; p = p->next) {
		struct state now = state_of(p->path);

		if (!is_same(&now, &p->state))
			return false;
	}
	return true;
}
