/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Uploads that go on after anything: all of one is two files on the user's own
 * disk, ~/.cache/carrel/uploads/<id>.json (what it is to become) and <id>.part
 * (its bytes so far). How far it is, is how long that is. Nothing stands in
 * memory, so the next agent of these files goes on with it.
 */
#define _GNU_SOURCE
#include "agent/resume.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/statvfs.h>

#include "agent/contents.h"
#include "agent/diskfull.h"
#include "base/file.h"
#include "base/rand.h"

#define SIZE_MAX_    (UINT64_C(1) << 46)
#define META_MAX     ((size_t)32768)
#define UPLOADS_MAX  200U
#define KEEP_SECONDS 86400
#define DONE_SECONDS 600         /* for so long the end of one may be said again */
#define SYNC_BYTES   (32U << 20) /* written back meanwhile: the end need not wait long */

static int open_sub(int dir, const char *name, bool make)
{
	int fd;

	if (make && mkdirat(dir, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = file_open_beneath(dir, name, O_RDONLY | O_DIRECTORY, 0);
	return fd;
}

/* The folder; name by name, so that no link leads elsewhere. */
static int open_folder(const struct agent *a, bool make)
{
	static const char *const names[] = { ".cache", "carrel", "uploads" };
	int fd = fcntl(a->root_fd, F_DUPFD_CLOEXEC, 0);

	for (size_t i = 0; fd >= 0 && i < ARRAY_LEN(names); i++) {
		int sub = open_sub(fd, names[i], make);

		(void)close(fd);
		fd = sub;
	}
	return fd;
}

static bool id_ok(struct str id)
{
	for (size_t i = 0; i < id.len; i++) {
		char c = id.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'))
			return false;
	}
	return id.len > 8 && id.len < ID_MAX;
}

static void file_name(const struct resume *u, const char *ext, char ret[ID_MAX + 8])
{
	(void)snprintf(ret, ID_MAX + 8, "%s.%s", u->id, ext);
}

static int write_meta(int dir, const struct resume *u, struct err *err)
{
	struct buf b = BUF(META_MAX);
	struct jsonw w = JSONW(&b);
	char name[ID_MAX + 8];
	int r;

	jw_obj(&w);
	jw_kv_str(&w, "path", u->path);
	jw_kv_u64(&w, "size", u->size);
	jw_kv_bool(&w, "replace", u->replace);
	jw_kv_bool(&w, "done", u->done);
	jw_kv_i64(&w, "created", u->created);
	if (u->source.len)
		jw_kv_str(&w, "source", u->source);
	jw_obj_end(&w);
	file_name(u, "json", name);
	r = buf_error(&b);
	if (r == 0)
		r = file_write_atomic(dir, name, buf_str(&b), 0600, err);
	buf_fini(&b);
	return r;
}

/* The folder is the user's: what lies there may be a pipe that nobody writes to. */
static int read_meta(int dir, const char *name, struct buf *b)
{
	autoclose int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -ENOENT;
	return file_read_fd(fd, b, NULL);
}

int resume_load(struct arena *m, int dir, struct str id, struct resume *ret)
{
	struct resume u = { 0 };
	struct buf b = BUF(META_MAX);
	char name[ID_MAX + 8];
	struct json *j = NULL;
	struct stat st;
	uint64_t created = 0;
	int r = id_ok(id) ? 0 : -ENOENT;

	if (r == 0) {
		(void)snprintf(u.id, sizeof(u.id), "%.*s", STR_ARG(id));
		file_name(&u, "json", name);
		r = read_meta(dir, name, &b);
	}
	if (r == 0)
		r = json_parse(m, arena_str(m, buf_str(&b)), NULL, &j, NULL);
	buf_fini(&b);
	if (r < 0 || json_get_str(j, "path", &u.path) < 0 ||
	    json_get_u64(j, "size", SIZE_MAX_, &u.size) < 0 ||
	    json_get_bool(j, "replace", &u.replace) < 0 ||
	    json_get_bool(j, "done", &u.done) < 0 ||
	    json_get_u64(j, "created", INT64_MAX, &created) < 0)
		return -ENOENT;
	u.source = json_str_or(j, "source", STR(""));
	u.created = (wall_us)created;
	file_name(&u, "part", name);
	u.offset = u.done ? u.size : 0;
	if (!u.done && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		u.offset = (uint64_t)st.st_size;
	*ret = u;
	return 0;
}

void resume_put(struct jsonw *w, const struct resume *u)
{
	jw_obj(w);
	jw_kv_z(w, "id", u->id);
	jw_kv_str(w, "path", u->path);
	jw_kv_u64(w, "size", u->size);
	jw_kv_u64(w, "offset", u->offset);
	jw_kv_bool(w, "done", u->done);
	jw_kv_bool(w, "replace", u->replace);
	jw_kv_time(w, "created_at", u->created);
	if (u->source.len)
		jw_kv_str(w, "source", u->source);
	jw_obj_end(w);
}

static void remove_files(int dir, const struct resume *u)
{
	char name[ID_MAX + 8];

	file_name(u, "part", name);
	(void)unlinkat(dir, name, 0);
	file_name(u, "json", name);
	(void)unlinkat(dir, name, 0);
}

/* Nobody has touched it for a day; what has come to its end, or belongs to no
 * upload, for minutes. */
static bool is_old(int dir, const char *name)
{
	int64_t now = time_wall_us() / 1000000;
	struct str stem = str_of(name);
	char bytes[ID_MAX + 8];
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    st.st_mtime >= now - DONE_SECONDS)
		return false;
	stem = str_sub(stem, 0, str_chr(stem, '.', 0));
	if (stem.len >= ID_MAX)
		return true;
	(void)snprintf(bytes, sizeof(bytes), "%.*s.part", STR_ARG(stem));
	return fstatat(dir, bytes, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	       st.st_mtime < now - KEEP_SECONDS;
}

static void tell(int dir, struct str id, resume_fn *fn, void *arg)
{
	struct arena m = ARENA(8 * META_MAX);
	struct resume u;

	if (resume_load(&m, dir, id, &u) == 0)
		fn(&u, arg);
	arena_fini(&m);
}

unsigned resume_each(int dir, resume_fn *fn, void *arg)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	unsigned n = 0;

	if (!d) {
		own_close(&copy);
		return 0;
	}
	for (struct dirent *e; (e = readdir(d));) {
		struct str name = str_of(e->d_name);

		if (e->d_name[0] == '.')
			continue;
		if (is_old(dir, e->d_name)) {
			(void)unlinkat(dir, e->d_name, 0);
			continue;
		}
		if (!str_ends(name, STR(".part")))
			continue; /* one that has come to its end has none */
		n++;
		if (fn)
			tell(dir, str_sub(name, 0, name.len - 5), fn, arg);
	}
	(void)closedir(d);
	return n;
}

int resume_folder(const struct agent *a, bool make)
{
	return open_folder(a, make);
}

int resume_begin(struct agent *a, struct resume *u, struct err *err)
{
	autoclose int dir = open_folder(a, true);
	autoclose int part = -1;
	struct statvfs fs;
	char name[ID_MAX + 8];
	int r;

	if (dir < 0)
		return dir;
	if (resume_each(dir, NULL, NULL) >= UPLOADS_MAX)
		return ERR(err, -EAGAIN,
		           "Too many uploads at once: finish some or give them up");
	if (fstatvfs(a->root_fd, &fs) == 0 && (uint64_t)fs.f_bavail * fs.f_frsize < u->size)
		return diskfull_err(a, "this file", err);
	rand_id("up", u->id);
	u->created = time_wall_us();
	file_name(u, "part", name);
	part = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (part < 0)
		return -errno;
	r = write_meta(dir, u, err);
	if (r < 0)
		remove_files(dir, u);
	return r;
}

int resume_open(int dir, const struct resume *u)
{
	char name[ID_MAX + 8];
	int fd;

	file_name(u, "part", name);
	fd = openat(dir, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		(void)close(fd);
		return -EBUSY;
	}
	return fd;
}

void resume_wrote(int fd, uint64_t from, uint64_t to)
{
	uint64_t a = from / SYNC_BYTES, b = to / SYNC_BYTES;

	if (b > a)
		(void)sync_file_range(fd, (off_t)(a * SYNC_BYTES),
		                      (off_t)((b - a) * SYNC_BYTES), SYNC_FILE_RANGE_WRITE);
}

void resume_drop(int dir, const struct resume *u)
{
	remove_files(dir, u);
}

/* Killed after the rename and before this was written down? */
static bool is_there(struct agent *a, const struct resume *u)
{
	struct entry e;

	return entry_load(a, u->path, &e) == 0 && e.type != ENTRY_DIR &&
	       (uint64_t)e.st.st_size == u->size;
}

static int move_in(struct agent *a, int dir, const struct resume *u)
{
	struct place from = { .dir = dir }, to = PLACE_NONE;
	struct stat st = { 0 };
	bool exists;
	/* As with any other save, a link stays one and its file changes. */
	int r = u->replace ? place_resolve(a, u->path, &to) : place_of(a, u->path, &to);

	if (r < 0)
		return r;
	file_name(u, "part", from.name);
	exists = fstatat(to.dir, to.name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if (!exists || !S_ISREG(st.st_mode))
		st.st_mode = (st.st_mode & S_IFMT) | 0644;
	(void)!fchmodat(dir, from.name, st.st_mode & 0777 & (mode_t)~0022, 0);
	if (S_ISDIR(st.st_mode))
		r = -EISDIR;
	else if (u->replace && exists && !place_writable(to.dir, to.name))
		r = -EACCES;
	else if (!u->replace)
		r = rename_noreplace(&from, &to);
	else if (renameat(dir, from.name, to.dir, to.name) < 0)
		r = -errno;
	if (r == 0)
		(void)!place_sync(&to);
	place_fini(&to);
	return r;
}

int resume_finish(struct agent *a, int dir, struct resume *u, struct err *err)
{
	autoclose int fd = -1;
	int r;

	if (u->done)
		return 0;
	fd = resume_open(dir, u);
	if (fd == -ENOENT && is_there(a, u)) {
		u->done = true;
		return write_meta(dir, u, err);
	}
	if (fd < 0)
		return fd;
	if (u->offset != u->size)
		return -EILSEQ;
	if (fsync(fd) < 0)
		return -errno;
	r = move_in(a, dir, u);
	if (r < 0)
		return r;
	u->done = true;
	/* A full disk here costs a repetition its answer, not the file. */
	(void)!write_meta(dir, u, NULL);
	return 0;
}
