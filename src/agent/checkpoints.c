/* SPDX-License-Identifier: Apache-2.0 */
/* One checkpoint per file, as the peers keep it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "agent/contents.h"
#include "agent/save.h"

#define DIR_NAME ".ipynb_checkpoints"
#define ID       "checkpoint"

/* "a/b.ipynb" → "a/.ipynb_checkpoints/b-checkpoint.ipynb" */
static void checkpoint_path(struct buf *b, struct str path)
{
	struct str name = place_name(path), dir = place_parent(path);
	size_t dot = name.len;

	while (dot > 1 && name.ptr[dot - 1] != '.')
		dot--;
	dot = dot > 1 ? dot - 1 : name.len;
	if (dir.len)
		buf_printf(b, "%.*s/", STR_ARG(dir));
	buf_printf(b, DIR_NAME "/%.*s-checkpoint%.*s", STR_ARG(str_sub(name, 0, dot)),
	           STR_ARG(str_sub(name, dot, name.len)));
}

static int checkpoint_stat(const struct agent *a, struct str path, struct stat *ret)
{
	struct buf b = BUF(PATH_MAX);
	int fd;

	checkpoint_path(&b, path);
	fd = place_open(a, buf_str(&b), O_PATH);
	buf_fini(&b);
	if (fd < 0)
		return fd;
	if (fstat(fd, ret) < 0 || !S_ISREG(ret->st_mode)) {
		(void)close(fd);
		return -ENOENT;
	}
	(void)close(fd);
	return 0;
}

bool checkpoint_exists(const struct agent *a, struct str path)
{
	struct stat st;

	return checkpoint_stat(a, path, &st) == 0;
}

static int ensure_dir(const struct agent *a, struct str path)
{
	struct str parent = place_parent(path);
	int fd = place_open(a, parent, O_PATH | O_DIRECTORY), r = 0;

	if (fd < 0)
		return fd;
	if (mkdirat(fd, DIR_NAME, 0777) < 0 && errno != EEXIST)
		r = -errno;
	(void)close(fd);
	return r;
}

/* Copies one file of the user over another, whole or not at all. */
static int copy(const struct agent *a, struct str from, struct str to, struct err *err)
{
	autoclose int fd = place_open(a, from, O_RDONLY | O_NONBLOCK);
	struct save s = SAVE_NONE;
	char piece[14000];
	struct stat st;
	ssize_t n = 0;
	int r;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) == 0 && st.st_size > CONTENTS_READ_MAX)
		return ERR(err, -EFBIG,
		           "Files larger than %u MB have no checkpoints. Use a terminal: cp",
		           (unsigned)(CONTENTS_READ_MAX >> 20));
	r = save_begin(a, to, &s, err);
	if (r < 0)
		return r;
	while (r == 0 && (n = read(fd, piece, sizeof(piece))) > 0)
		r = save_write(&s, (struct str){ piece, (size_t)n }, err);
	if (n < 0)
		r = -errno;
	if (r == 0)
		r = save_commit(&s, err);
	save_fini(&s);
	return r;
}

int checkpoint_make(const struct agent *a, struct str path, struct err *err)
{
	struct buf b = BUF(PATH_MAX);
	int r = ensure_dir(a, path);

	checkpoint_path(&b, path);
	if (r == 0)
		r = copy(a, path, buf_str(&b), err);
	buf_fini(&b);
	return r;
}

void checkpoint_follow(const struct agent *a, struct str from, struct str to)
{
	struct buf f = BUF(PATH_MAX), t = BUF(PATH_MAX);
	struct place pf = PLACE_NONE, pt = PLACE_NONE;

	if (checkpoint_exists(a, from) && ensure_dir(a, to) == 0) {
		checkpoint_path(&f, from);
		checkpoint_path(&t, to);
		if (place_of(a, buf_str(&f), &pf) == 0 && place_of(a, buf_str(&t), &pt) == 0)
			(void)(renameat(pf.dir, pf.name, pt.dir, pt.name) == 0);
	}
	place_fini(&pf);
	place_fini(&pt);
	buf_fini(&f);
	buf_fini(&t);
}

void checkpoint_drop(const struct agent *a, struct str path)
{
	struct buf b = BUF(PATH_MAX);
	struct place p = PLACE_NONE;

	checkpoint_path(&b, path);
	if (place_of(a, buf_str(&b), &p) == 0) {
		(void)unlinkat(p.dir, p.name, 0);
		/* The folder goes with its last checkpoint. */
		if (p.name[0]) {
			struct place d = PLACE_NONE;

			if (place_of(a, place_parent(buf_str(&b)), &d) == 0)
				(void)unlinkat(d.dir, d.name, AT_REMOVEDIR);
			place_fini(&d);
		}
	}
	place_fini(&p);
	buf_fini(&b);
}

static void put_checkpoint(struct jsonw *w, const struct stat *st)
{
	jw_obj(w);
	jw_kv_z(w, "id", ID);
	jw_kv_time(w, "last_modified", stat_mtime(st));
	jw_obj_end(w);
}

void checkpoints_list(struct call *c)
{
	struct buf b = BUF(4096);
	struct jsonw w = JSONW(&b);
	struct str path;
	struct stat st;

	if (!contents_path(c, 404, &path))
		return;
	jw_arr(&w);
	if (path.len && checkpoint_stat(c->a, path, &st) == 0)
		put_checkpoint(&w, &st);
	jw_arr_end(&w);
	call_reply(c, 200, &b);
	buf_fini(&b);
}

void checkpoints_post(struct call *c)
{
	struct buf b = BUF(4096);
	struct jsonw w = JSONW(&b);
	struct err err = ERR_NONE;
	struct str path;
	struct stat st;
	int r;

	if (!contents_path(c, 400, &path))
		return;
	r = checkpoint_make(c->a, path, &err);
	if (r == 0)
		r = checkpoint_stat(c->a, path, &st);
	if (r < 0 && err.code) {
		call_err(c, &err);
	} else if (r < 0) {
		contents_fail(c, r, path, "checkpoint");
	} else {
		put_checkpoint(&w, &st);
		call_location(c, "api/contents/%.*s/checkpoints/" ID, STR_ARG(path));
		call_reply(c, 201, &b);
	}
	buf_fini(&b);
}

static bool known(struct call *c, struct str path)
{
	if (str_is(c->arg[1], ID) && checkpoint_exists(c->a, path))
		return true;
	agent_json_error(c->r, 404, NULL, "Checkpoint does not exist: %.*s@%.*s", STR_ARG(path),
	                 STR_ARG(c->arg[1]));
	return false;
}

void checkpoints_restore(struct call *c)
{
	struct buf b = BUF(PATH_MAX);
	struct err err = ERR_NONE;
	struct str path;
	int r;

	if (!contents_path(c, 400, &path) || !known(c, path))
		return;
	checkpoint_path(&b, path);
	r = copy(c->a, buf_str(&b), path, &err);
	buf_fini(&b);
	if (r < 0 && err.code) {
		call_err(c, &err);
	} else if (r < 0) {
		contents_fail(c, r, path, "restore");
	} else {
		call_touch(c, ACT_SAVE);
		call_empty(c, 204);
	}
}

void checkpoints_delete(struct call *c)
{
	struct str path;

	if (!contents_path(c, 400, &path) || !known(c, path))
		return;
	checkpoint_drop(c->a, path);
	call_empty(c, 204);
}
