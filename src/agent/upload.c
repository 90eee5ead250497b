/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chunked uploads: pieces 1, 2, … and -1 are gathered in a hidden temporary
 * file, which becomes the file when the last has come. The protocol has no id,
 * so a piece is known by its path, number and bytes:
 *
 * - the same number with the same bytes is the last piece once more (its reply
 *   was lost): it is answered, not written again, also after the end;
 * - anything else that does not follow the last piece belongs to another upload
 *   of that name. It is refused while the first one is going on; one that has
 *   been silent for a minute is given up, and a piece 1 starts anew.
 *
 * An upload that stops half way leaves nothing.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "agent/contents.h"
#include "agent/handover.h"
#include "agent/save.h"

#define UPLOADS_MAX 64U
#define IDLE_MS     900000U /* a quarter of an hour */
#define SILENT_MS   60000U  /* then another upload of that name may begin */
#define DONE_MS     60000U  /* so long the last piece may be repeated */

struct upload {
	struct list node;
	struct uploads *all;
	struct ev_timer idle;
	struct ev_later gone;
	char *path;
	struct save save;
	int64_t last;     /* number of the latest piece */
	uint64_t at, end; /* where it began, where the next will */
	mono_ms heard;    /* when it came */
	bool done;        /* the file is in its place: kept for a repeated last piece */
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

/* Nothing more is written: its temporary file goes, or is the file by now. */
static void stop(struct upload *u)
{
	ev_timer_stop(&u->idle);
	if (!u->done)
		u->all->a->activity.transfers--;
	save_fini(&u->save);
}

static void drop(struct upload *u)
{
	stop(u);
	list_del(&u->node);
	u->all->n--;
	ev_at_turn_end(u->all->a->ev, &u->gone, upload_free);
}

void uploads_fini(struct agent *a)
{
	if (!a->uploads)
		return;
	list_for_each_safe (it, &a->uploads->list) {
		struct upload *u = LIST_ENTRY(it, struct upload, node);

		stop(u);
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

/* One that is kept for its last piece only makes room for a new one. */
static void drop_done(struct agent *a)
{
	list_for_each (it, &a->uploads->list) {
		struct upload *u = LIST_ENTRY(it, struct upload, node);

		if (u->done) {
			drop(u);
			return;
		}
	}
}

static int begin(struct agent *a, struct str path, struct upload **ret, struct err *err)
{
	struct upload *u = find(a, path);
	int r;

	if (u)
		drop(u);
	if (a->uploads->n >= UPLOADS_MAX)
		drop_done(a);
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

/* Do the bytes of the latest piece, as they stand in the file, equal these? */
static bool repeats(struct agent *a, const struct upload *u, struct str data)
{
	char piece[8192];
	struct stat st;
	int fd = u->save.fd;
	bool same = u->end - u->at == data.len;

	if (u->done)
		fd = place_open(a, str_of(u->path), O_RDONLY | O_NONBLOCK);
	if (fd < 0)
		return false;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size != u->end)
		same = false;
	for (uint64_t at = u->at; same && data.len;) {
		ssize_t n = pread(fd, piece, sizeof(piece), (off_t)at);
		struct str have = { piece, n > 0 ? (size_t)n : 0 };

		same = n > 0 && str_starts(data, have);
		at += have.len;
		data = str_sub(data, have.len, data.len);
	}
	if (u->done)
		(void)close(fd);
	return same;
}

static int put(struct upload *u, int64_t chunk, struct str data, struct err *err)
{
	int r = save_write(&u->save, data, err);

	if (r < 0)
		return r;
	u->at = u->end;
	u->end = u->at + data.len;
	u->last = chunk;
	u->heard = time_mono_ms();
	return 0;
}

static int other(const struct upload *u, int64_t chunk, struct err *err)
{
	if (chunk > 1 || chunk == -1)
		return ERR(
		    err, -EBUSY,
		    "Piece %lld came after piece %lld of %s, or from another upload of that "
		    "name: please upload it again",
		    (long long)chunk, (long long)u->last, u->path);
	return ERR(
	    err, -EBUSY,
	    "%s is being uploaded already: wait for that, or try again in a minute if it "
	    "was given up",
	    u->path);
}

/* Which upload the piece belongs to: *ret, NULL when it was there before. */
static int settle(struct agent *a, struct str path, int64_t chunk, struct str data,
                  struct upload **ret, struct err *err)
{
	struct upload *u = find(a, path);

	*ret = NULL;
	if (u && chunk == u->last && repeats(a, u, data))
		return 0;
	if (chunk == 1) {
		if (u && !u->done && time_mono_ms() - u->heard < SILENT_MS)
			return other(u, chunk, err);
		return begin(a, path, ret, err);
	}
	if (!u || u->done)
		return ERR(err, -EBUSY,
		           "The upload was interrupted: please upload the file again");
	if (chunk > 0 && chunk != u->last + 1)
		return other(u, chunk, err);
	*ret = u;
	return 0;
}

static int finish(struct upload *u, struct err *err)
{
	int r = save_commit(&u->save, err);

	if (r < 0)
		return r;
	stop(u);
	u->done = true;
	return 0;
}

int upload_chunk(struct agent *a, struct str path, int64_t chunk, struct str data,
                 bool *ret_existed, struct err *err)
{
	struct upload *u;
	int r = settle(a, path, chunk, data, &u, err);

	if (r < 0)
		return r;
	if (chunk != 1)
		*ret_existed = true;
	if (!u)
		return 0;
	r = put(u, chunk, data, err);
	if (r == 0 && chunk == -1)
		r = finish(u, err);
	if (r < 0)
		drop(u);
	else
		ev_timer_start(a->ev, &u->idle, u->done ? DONE_MS : IDLE_MS, on_idle);
	return r;
}

bool upload_entry(struct agent *a, struct str path, struct entry *ret)
{
	struct upload *u = find(a, path);

	if (!u || u->done || entry_of_fd(u->save.fd, path, ret) < 0)
		return false;
	ret->type = ENTRY_FILE;
	return true;
}

/* ---- over an exec ---- */

/* What is only kept for a repeated last piece stays behind. */
static void save_uploads(struct agent *a, struct hand_out *out)
{
	uint32_t n = 0;

	list_for_each (it, &a->uploads->list)
		n += !LIST_ENTRY(it, struct upload, node)->done;
	buf_put_u32le(&out->b, n);
	list_for_each (it, &a->uploads->list) {
		struct upload *u = LIST_ENTRY(it, struct upload, node);

		if (u->done)
			continue;
		hand_put_str(out, str_of(u->path));
		save_save(&u->save, out);
		buf_put_u64le(&out->b, (uint64_t)u->last);
		buf_put_u64le(&out->b, u->at);
		buf_put_u64le(&out->b, u->end);
		buf_put_u64le(&out->b, u->heard);
	}
}

static int load_upload(struct hand_in *in, struct err *err)
{
	struct upload *u = xcalloc(1, sizeof(*u));
	int r;

	u->path = str_dup_z(hand_str(in, HAND_TEXT_MAX));
	r = save_load(&u->save, in, err);
	u->last = (int64_t)cur_u64le(&in->c);
	u->at = cur_u64le(&in->c);
	u->end = cur_u64le(&in->c);
	u->heard = cur_u64le(&in->c);
	if (r == 0 && (cur_bad(&in->c) || !u->path || u->last < 1 || u->at > u->end))
		r = ERR(err, -EPROTO, "an upload is none");
	if (r < 0 || !in->a) {
		free(u->path);
		free(u);
		return r;
	}
	u->all = in->a->uploads;
	list_push(&u->all->list, &u->node);
	u->all->n++;
	in->a->activity.transfers++;
	ev_timer_start(in->a->ev, &u->idle, IDLE_MS, on_idle);
	return 0;
}

static int load_uploads(struct hand_in *in, struct err *err)
{
	uint32_t n = hand_u32(in, UPLOADS_MAX);
	int r = 0;

	for (uint32_t i = 0; i < n && r == 0; i++)
		r = load_upload(in, err);
	return r;
}

const struct hand_part hand_uploads = {
	.tag = "UPLD",
	.version = 1,
	.save = save_uploads,
	.load = load_uploads,
};
