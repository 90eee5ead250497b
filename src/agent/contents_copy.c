/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of files and folders within the root. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "agent/contents.h"
#include "agent/diskfull.h"
#include "agent/names.h"
#include "agent/resume.h"
#include "base/file.h"
#include "base/rand.h"

#define TREE_MAX  ((uint64_t)500 << 20) /* a folder larger than this is refused */
#define DEPTH_MAX 64U
#define TRIES     10000U
#define STEP_MAX  ((uint64_t)4 << 20)  /* of one file in one turn */
#define SYNC_MAX  ((uint64_t)64 << 20) /* more is not waited for: there is the original */

/* The next bytes, at most `want`; 0 at the end, or -errno. */
static ssize_t copy_some(int in, int out, size_t want)
{
	ssize_t n = copy_file_range(in, NULL, out, NULL, want, 0);
	char piece[14000];
	int r;

	if (n >= 0)
		return n;
	if (errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP)
		return -errno;
	n = read(in, piece, want < sizeof(piece) ? want : sizeof(piece));
	if (n <= 0)
		return n < 0 ? -errno : 0;
	r = file_write_all(out, (struct str){ piece, (size_t)n }, NULL);
	return r < 0 ? r : n;
}

/* ---- folders ---- */

static int copy_file(int from_dir, const char *from, int to_dir, const char *to)
{
	autoclose int in = openat(from_dir, from, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	autoclose int out = -1;
	struct stat st;
	ssize_t n;

	if (in < 0 || fstat(in, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EOPNOTSUPP;
	out = openat(to_dir, to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (out < 0)
		return -errno;
	do {
		n = copy_some(in, out, 1U << 30);
	} while (n > 0);
	if (n == 0 && fchmod(out, st.st_mode & 0777) < 0)
		n = -errno;
	return (int)n;
}

/* Bytes of a tree, up to a little past the limit; links are not followed. */
static int tree_size(int dir, unsigned depth, uint64_t *sum)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!d) {
		r = -errno;
		own_close(&fd);
		return r;
	}
	while (r == 0 && *sum <= TREE_MAX && (e = readdir(d))) {
		struct stat st;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
		    fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		*sum += (uint64_t)st.st_size;
		if (S_ISDIR(st.st_mode)) {
			autoclose int sub = openat(
			    fd, e->d_name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

			r = depth >= DEPTH_MAX ? -ELOOP
			    : sub < 0          ? -errno
			                       : tree_size(sub, depth + 1, sum);
		}
	}
	(void)closedir(d);
	return r;
}

static int copy_tree(int from, int to, unsigned depth);

static int copy_entry(int from, int to, const char *name, unsigned depth)
{
	struct stat st;
	char target[PATH_MAX];
	ssize_t n;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISREG(st.st_mode))
		return copy_file(from, name, to, name);
	if (S_ISLNK(st.st_mode)) {
		n = readlinkat(from, name, target, sizeof(target) - 1);
		if (n < 0)
			return -errno;
		target[n] = '\0';
		return symlinkat(target, to, name) < 0 ? -errno : 0;
	}
	if (S_ISDIR(st.st_mode)) {
		autoclose int f =
		    openat(from, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		autoclose int t = -1;

		if (f < 0 || mkdirat(to, name, 0777) < 0)
			return -errno;
		t = openat(to, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		return t < 0 ? -errno : copy_tree(f, t, depth + 1);
	}
	return 0; /* sockets, pipes and devices stay behind */
}

static int copy_tree(int from, int to, unsigned depth)
{
	int fd = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!d) {
		r = -errno;
		own_close(&fd);
		return r;
	}
	while (r == 0 && (e = readdir(d))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		r = depth >= DEPTH_MAX ? -ELOOP : copy_entry(fd, to, e->d_name, depth);
	}
	(void)closedir(d);
	return r;
}

static int copy_dir(const struct agent *a, struct str from, struct place *to, struct err *err)
{
	autoclose int f = place_open(a, from, O_PATH | O_DIRECTORY);
	autoclose int t = -1;
	uint64_t sum = 0;
	int r = f < 0 ? f : tree_size(f, 0, &sum);

	if (r < 0)
		return r;
	if (sum > TREE_MAX)
		return ERR(err, -EINVAL,
		           "Can't copy %.*s: it is larger than %u MB. Use a terminal: cp -r",
		           STR_ARG(from), (unsigned)(TREE_MAX >> 20));
	if (mkdirat(to->dir, to->name, 0777) < 0)
		return -errno;
	t = openat(to->dir, to->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (t < 0)
		return -errno;
	r = copy_tree(f, t, 0);
	if (r == 0) {
		(void)!place_sync(to);
	} else {
		int dir = openat(to->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		/* Half a copy is worse than none. */
		if (dir >= 0) {
			(void)(file_remove_tree(dir, to->name, NULL) == 0);
			(void)close(dir);
		}
	}
	return r;
}

static int make_dir(const struct agent *a, struct str path)
{
	struct place p = PLACE_NONE;
	int r = place_of(a, path, &p);

	if (r == 0 && mkdirat(p.dir, p.name, 0777) < 0)
		r = -errno;
	place_fini(&p);
	return r;
}

/* ---- one file ---- */

/* The n-th name for a copy of `from` in that folder. */
static struct str name_for(struct call *c, struct str from, struct str dir, unsigned n)
{
	struct str stem, ext;

	name_cut(place_name(from), &stem, &ext);
	return place_child(&c->r->arena, dir,
	                   name_numbered(&c->r->arena, name_strip_copy(stem), "-Copy", n, ext));
}

/* It may be as large as the disk, so it is made in steps. Lives in its request,
 * and ends with it. */
struct copying {
	struct call *c;
	struct ev_timer timer;
	struct str from, to; /* to: its name, or the folder whose free names are tried */
	bool named;
	contents_copied_fn *done;
	int in, out;
	uint64_t at, size;
	mode_t mode;
	/* Its name until it is whole, or "": what a kill leaves is hidden, and goes
	 * with a later save in that folder. */
	struct place tmp;
};

static void on_free(struct http_req *r)
{
	struct copying *cp = call_of(r)->ctx;

	ev_timer_stop(&cp->timer);
	if (cp->tmp.name[0])
		(void)unlinkat(cp->tmp.dir, cp->tmp.name, 0);
	place_fini(&cp->tmp);
	own_close(&cp->in);
	own_close(&cp->out);
	cp->c->a->activity.transfers--;
}

static int move_to(struct copying *cp, struct str path)
{
	struct place t = PLACE_NONE;
	int r = place_of(cp->c->a, path, &t);

	if (r == 0)
		r = rename_noreplace(&cp->tmp, &t);
	if (r == 0)
		(void)!place_sync(&t);
	place_fini(&t);
	return r;
}

/* All its bytes are there: it gets the first name that is free. */
static int name_it(struct copying *cp, struct str *ret)
{
	int r = -EEXIST;

	if (fchmod(cp->out, cp->mode & 0777) < 0 ||
	    (cp->size <= SYNC_MAX && fsync(cp->out) < 0))
		return -errno;
	for (unsigned n = 0; n < TRIES && r == -EEXIST; n++) {
		*ret = cp->named ? cp->to : name_for(cp->c, cp->from, cp->to, n);
		r = ret->ptr ? move_to(cp, *ret) : -ENOMEM;
		if (cp->named)
			break;
	}
	if (r == 0)
		cp->tmp.name[0] = '\0';
	return r;
}

static void finish(struct copying *cp, int r)
{
	struct err err = ERR_NONE;
	struct str made = STR_NONE;

	if (r == 0)
		r = name_it(cp, &made);
	if (r == -ENOSPC || r == -EDQUOT)
		r = diskfull_err(cp->c->a, "a copy", &err);
	cp->done(cp->c, r, cp->from, made, &err);
}

static void on_step(struct ev_timer *t)
{
	struct copying *cp = CONTAINER_OF(t, struct copying, timer);
	uint64_t from = cp->at, end = cp->size - from > STEP_MAX ? from + STEP_MAX : cp->size;
	ssize_t n = 1;

	while (n > 0 && cp->at < end) {
		n = copy_some(cp->in, cp->out, end - cp->at);
		cp->at += n > 0 ? (uint64_t)n : 0;
	}
	resume_wrote(cp->out, from, cp->at);
	if (n > 0 && cp->at < cp->size)
		ev_timer_start(cp->c->a->ev, t, 0, on_step);
	else
		finish(cp, n < 0 ? (int)n : 0);
}

static int open_both(struct copying *cp)
{
	const struct agent *a = cp->c->a;
	struct str first = cp->named ? cp->to : name_for(cp->c, cp->from, cp->to, 0);
	struct stat st;
	int r = first.ptr ? place_of(a, first, &cp->tmp) : -ENOMEM;

	if (r < 0)
		return r;
	if (cp->named && fstatat(cp->tmp.dir, cp->tmp.name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		r = -EEXIST;
	cp->tmp.name[0] = '\0';
	if (r == 0)
		r = cp->in = place_open(a, cp->from, O_RDONLY | O_NONBLOCK);
	if (r < 0)
		return r;
	if (fstat(cp->in, &st) < 0 || !S_ISREG(st.st_mode))
		return -EOPNOTSUPP;
	cp->size = (uint64_t)st.st_size;
	cp->mode = st.st_mode;
	(void)snprintf(cp->tmp.name, sizeof(cp->tmp.name), ".~copy.%08x", (unsigned)rand_u64());
	cp->out = openat(cp->tmp.dir, cp->tmp.name,
	                 O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	return cp->out < 0 ? -errno : 0;
}

static void begin(struct call *c, struct str from, struct str to, bool named,
                  contents_copied_fn *done)
{
	struct copying *cp = ARENA_NEW(&c->r->arena, struct copying);
	struct err err = ERR_NONE;
	int r;

	if (!cp) {
		done(c, -ENOMEM, from, STR_NONE, &err);
		return;
	}
	*cp = (struct copying){ .c = c,
		                .from = from,
		                .to = to,
		                .named = named,
		                .done = done,
		                .in = -1,
		                .out = -1,
		                .tmp = PLACE_NONE };
	c->a->activity.transfers++;
	c->ctx = cp;
	c->r->on_free = on_free;
	r = open_both(cp);
	if (r < 0)
		finish(cp, r);
	else
		on_step(&cp->timer);
}

/* ---- either ---- */

static int copy_dir_to(struct call *c, struct str from, struct str to, struct err *err)
{
	struct place t = PLACE_NONE;
	int r = to.ptr ? place_of(c->a, to, &t) : -ENOMEM;

	if (r == 0)
		r = copy_dir(c->a, from, &t, err);
	if (r == -ENOSPC || r == -EDQUOT)
		r = diskfull_err(c->a, t.name, err);
	place_fini(&t);
	return r;
}

/* A folder is copied into the one that is named, which is made if need be. */
static int copy_into(struct call *c, struct str from, struct str to, struct str *ret,
                     struct err *err)
{
	struct entry dst;
	int r;

	if (str_eq(from, to) || !from.len ||
	    (to.len > from.len && to.ptr[from.len] == '/' && str_starts(to, from)))
		return ERR(err, -EINVAL, "A folder can't be copied into itself");
	r = entry_load(c->a, to, &dst) < 0 ? make_dir(c->a, to) : 0;
	if (r < 0)
		return r;
	r = -EEXIST;
	for (unsigned n = 0; n < TRIES && r == -EEXIST; n++) {
		*ret = name_for(c, from, to, n);
		r = copy_dir_to(c, from, *ret, err);
	}
	return r;
}

void contents_copy(struct call *c, struct str from, struct str to, contents_copied_fn *done)
{
	struct err err = ERR_NONE;
	struct str made = STR_NONE;
	struct entry src, dst;
	int r = entry_load(c->a, from, &src);

	if (r == 0 && src.type != ENTRY_DIR) {
		begin(c, from, to, entry_load(c->a, to, &dst) < 0, done);
		return;
	}
	if (r == 0)
		r = copy_into(c, from, to, &made, &err);
	done(c, r, from, made, &err);
}
