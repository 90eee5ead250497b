/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chunked uploads: pieces 1, 2, … and -1 are gathered in a hidden temporary
 * file, which becomes the file when the last has come. Two uploads of one name
 * don't mix (the later one starts anew), a piece that a proxy repeats is
 * written once, and one that stops half way leaves nothing.
 */
#include <errno.h>
#include <sys/stat.h>

#include "agent/contents.h"
#include "agent/save.h"

#define UPLOADS_MAX 64U
#define IDLE_MS     900000U /* a quarter of an hour */

struct upload {
	struct list node;
	struct uploads *all;
	struct ev_timer idle;
	struct ev_later gone;
	char *path;
	struct save save;
	int64_t last;     /* number of the latest piece */
	uint64_t at, end; /* where it began, where the next will */
};

struct uploads {
	struct agent *a;
	struct list list;
	unsigned n;
};

int uploads_init(struct agent *a)
{
	a->uploads = xcalloc(1, sizeof(*a->uploads));
	a->uploads->a = a;
	list_init(&a->uploads->list);
	return 0;
}

static void upload_free(struct ev_later *l)
{
	struct upload *u = CONTAINER_OF(l, struct upload, gone);

	free(u->path);
	free(u);
}

static void drop(struct upload *u)
{
	ev_timer_stop(&u->idle);
	list_del(&u->node);
	u->all->n--;
	u->all->a->activity.transfers--;
	save_fini(&u->save);
	ev_at_turn_end(u->all->a->ev, &u->gone, upload_free);
}

void uploads_fini(struct agent *a)
{
	if (!a->uploads)
		return;
	list_for_each_safe (it, &a->uploads->list) {
		struct upload *u = LIST_ENTRY(it, struct upload, node);

		ev_timer_stop(&u->idle);
		save_fini(&u->save);
		free(u->path);
		free(u);
	}
	free(a->uploads);
	a->uploads = NULL;
}

static void on_idle(struct ev_timer *t)
{
	drop(CONTAINER_OF(t, struct upload, idle));
}

static struct upload *find(struct agent *a, struct str path)
{
	list_for_each (it, &a->uploads->list) {
		struct upload *u = LIST_ENTRY(it, struct upload, node);

		if (str_is(path, u->path))
			return u;
	}
	return NULL;
}

static int begin(struct agent *a, struct str path, struct upload **ret, struct err *err)
{
	struct upload *u = find(a, path);
	int r;

	if (u)
		drop(u);
	if (a->uploads->n >= UPLOADS_MAX)
		return ERR(err, -EAGAIN, "Too many uploads at once: wait for one to end");
	u = xcalloc(1, sizeof(*u));
	u->save = SAVE_NONE;
	u->all = a->uploads;
	r = save_begin(a, path, &u->save, err);
	u->path = r < 0 ? NULL : str_dup_z(path);
	if (r < 0 || !u->path) {
		save_fini(&u->save);
		free(u);
		return r < 0 ? r : -ENOMEM;
	}
	list_push(&a->uploads->list, &u->node);
	a->uploads->n++;
	a->activity.transfers++;
	*ret = u;
	return 0;
}

/* A repeated piece is written over itself. */
static int put(struct upload *u, int64_t chunk, struct str data, struct err *err)
{
	int r;

	if (chunk == u->last && chunk > 0) {
		if (ftruncate(u->save.fd, (off_t)u->at) < 0 ||
		    lseek(u->save.fd, (off_t)u->at, SEEK_SET) < 0)
			return ERR(err, -errno, "The upload can't go on: %m");
	} else if (chunk > 0 && chunk != u->last + 1) {
		return ERR(err, -EBUSY, "Piece %lld came after piece %lld: please upload again",
		           (long long)chunk, (long long)u->last);
	} else {
		u->at = u->end;
	}
	r = save_write(&u->save, data, err);
	if (r < 0)
		return r;
	u->end = u->at + data.len;
	u->last = chunk;
	return 0;
}

int upload_chunk(struct agent *a, struct str path, int64_t chunk, struct str data,
                 bool *ret_existed, struct err *err)
{
	struct upload *u = find(a, path);
	int r = 0;

	if (chunk == 1 && !(u && u->last == 1)) {
		r = begin(a, path, &u, err);
		if (r < 0)
			return r;
		CHECK(u);
	} else if (!u) {
		return ERR(err, -EBUSY,
		           "The upload was interrupted: please upload the file again");
	} else {
		*ret_existed = true;
	}
	r = put(u, chunk, data, err);
	if (r == 0 && chunk == -1)
		r = save_commit(&u->save, err);
	if (r < 0 || chunk == -1)
		drop(u);
	else
		ev_timer_start(a->ev, &u->idle, IDLE_MS, on_idle);
	return r;
}

bool upload_entry(struct agent *a, struct str path, struct entry *ret)
{
	struct upload *u = find(a, path);

	if (!u || entry_of_fd(u->save.fd, path, ret) < 0)
		return false;
	ret->type = ENTRY_FILE;
	return true;
}
