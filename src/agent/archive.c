/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/archive.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "agent/arcwrite.h"
#include "agent/contents.h"
#include "agent/names.h"
#include "agent/pump.h"
#include "base/encode.h"

#define DEPTH_MAX 64U
#define LIST_MAX  ((size_t)16 << 10)
#define STEP_MAX  8U /* entries, or pieces of files, however little comes of them */

struct level {
	DIR *d;
	size_t path_len; /* of `path` without the entry that is looked at */
};

struct archive {
	struct pump pump;
	struct arc *arc;
	struct level stack[DEPTH_MAX];
	unsigned depth;
	struct buf path;  /* beneath the root, of the entry that is looked at */
	size_t top;       /* so much of it is not in the names of entries */
	struct str above; /* stands before them when the root itself is sent */
	struct str only;  /* of the folder's own entries these, with '/' between; empty: all */
	int fd;           /* the file being sent, or -1 */
	struct buf left_out;
	bool begun, list_done;
	char piece[ARC_PIECE_MAX];
};

static void set_path(struct archive *a, size_t keep, struct str more)
{
	struct str kept = str_sub(buf_str(&a->path), 0, keep);
	struct buf b = BUF(PATH_MAX);

	buf_put_str(&b, kept);
	if (keep && more.len)
		buf_put_c(&b, '/');
	buf_put_str(&b, more);
	buf_fini(&a->path);
	a->path = b;
}

static struct str entry_name(struct archive *a, struct buf *b)
{
	struct str rel = str_sub(buf_str(&a->path), a->top, buf_len(&a->path));

	buf_put_str(b, a->above);
	if (a->above.len && rel.len)
		buf_put_c(b, '/');
	buf_put_str(b, rel);
	return buf_str(b);
}

static void begin(struct archive *a, const struct stat *st, struct buf *out)
{
	struct buf b = BUF((size_t)2 * PATH_MAX);
	struct arc_meta m = { .dir = S_ISDIR(st->st_mode),
		              .mode = st->st_mode & 0777,
		              .size = (uint64_t)st->st_size,
		              .mtime = stat_mtime(st) };

	m.name = entry_name(a, &b);
	arc_entry(a->arc, &m, out);
	buf_fini(&b);
}

/* Nobody sees the agent's log: the archive itself says what it lacks. */
static void leave_out(struct archive *a, int code)
{
	if (buf_len(&a->left_out) + buf_len(&a->path) + 128 > LIST_MAX)
		return;
	errno = -code;
	buf_put_str(&a->left_out, buf_str(&a->path));
	buf_printf(&a->left_out, ": %m\n");
}

static int push(struct archive *a, int fd)
{
	struct level *l = &a->stack[a->depth];

	l->d = fdopendir(fd);
	if (!l->d) {
		int r = -errno;

		(void)close(fd);
		return r;
	}
	l->path_len = buf_len(&a->path);
	a->depth++;
	return 0;
}

static int enter(struct archive *a, int dirfd, const char *name, struct buf *out)
{
	struct stat st;
	int fd, r;

	if (a->depth >= DEPTH_MAX)
		return -ELOOP;
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0) {
		r = -errno;
		(void)close(fd);
		return r;
	}
	r = push(a, fd);
	if (r == 0) {
		begin(a, &st, out);
		arc_entry_end(a->arc, out);
	}
	return r;
}

/* A link counts as the file it leads to, if that is one beneath the root. */
static int open_file(struct archive *a, int dirfd, const char *name, bool link, struct stat *st)
{
	int fd;

	if (link)
		fd = place_open(a->pump.c->a, buf_str(&a->path), O_RDONLY | O_NONBLOCK);
	else
		fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return link ? fd : -errno;
	if (fstat(fd, st) < 0 || !S_ISREG(st->st_mode)) {
		(void)close(fd);
		return -EOPNOTSUPP;
	}
	return fd;
}

static void look_at(struct archive *a, int dirfd, const char *name, struct buf *out)
{
	struct stat st;
	int r;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT)
			leave_out(a, -errno);
		return;
	}
	if (S_ISDIR(st.st_mode)) {
		r = enter(a, dirfd, name, out);
		if (r < 0)
			leave_out(a, r);
	} else if (S_ISREG(st.st_mode) || S_ISLNK(st.st_mode)) {
		bool link = S_ISLNK(st.st_mode);

		a->fd = open_file(a, dirfd, name, link, &st);
		if (a->fd >= 0)
			begin(a, &st, out);
		else if (!link && a->fd != -ENOENT)
			leave_out(a, a->fd);
		if (a->fd < 0)
			a->fd = -1;
	}
}

static bool is_wanted(const struct archive *a, struct str name)
{
	struct str rest = a->only, one;

	if (!rest.len || a->depth != 1)
		return true;
	while (str_split(&rest, '/', &one))
		if (str_eq(one, name))
			return true;
	return false;
}

static void next_entry(struct archive *a, struct buf *out)
{
	struct level *l = &a->stack[a->depth - 1];
	struct dirent *e = readdir(l->d);
	struct str name;

	if (!e) {
		(void)closedir(l->d);
		a->depth--;
		return;
	}
	name = str_of(e->d_name);
	/* ".", ".." and hidden names alike. */
	if (e->d_name[0] == '.' || name_is_clutter(name) || !is_wanted(a, name))
		return;
	set_path(a, l->path_len, name);
	if (buf_error(&a->path)) {
		set_path(a, l->path_len, STR(""));
		leave_out(a, -ENAMETOOLONG);
		return;
	}
	look_at(a, dirfd(l->d), e->d_name, out);
}

static void end_file(struct archive *a, struct buf *out)
{
	own_close(&a->fd);
	arc_entry_end(a->arc, out);
}

/* A file that ends early (it is being written to) is filled up with zeros. */
static void next_piece(struct archive *a, struct buf *out)
{
	uint64_t missing = arc_missing(a->arc);
	size_t want = missing < sizeof(a->piece) ? (size_t)missing : sizeof(a->piece);
	ssize_t n = want ? read(a->fd, a->piece, want) : 0;

	if (n < 0 && errno == EINTR)
		return;
	if (n < 0)
		leave_out(a, -errno);
	if (n <= 0 && want) {
		memset(a->piece, 0, want);
		n = (ssize_t)want;
	}
	arc_data(a->arc, (struct str){ a->piece, (size_t)n }, out);
	if (arc_missing(a->arc) == 0)
		end_file(a, out);
}

static void put_left_out(struct archive *a, struct buf *out)
{
	struct arc_meta m = { .mode = 0644, .mtime = time_wall_us() };
	struct str list;

	a->list_done = true;
	if (!buf_len(&a->left_out))
		return;
	list = buf_str(&a->left_out);
	m.name = STR("NOT IN THIS ARCHIVE.txt");
	m.size = list.len;
	arc_entry(a->arc, &m, out);
	arc_data(a->arc, list, out);
	arc_entry_end(a->arc, out);
}

/* The folder itself, so that an empty one is there too. */
static void put_top(struct archive *a, struct buf *out)
{
	struct stat st;

	a->begun = true;
	if (fstat(dirfd(a->stack[0].d), &st) < 0)
		return;
	begin(a, &st, out);
	arc_entry_end(a->arc, out);
}

static enum pump_step step(struct pump *p, struct buf *out)
{
	struct archive *a = CONTAINER_OF(p, struct archive, pump);

	if (!a->begun)
		put_top(a, out);
	for (unsigned i = 0; i < STEP_MAX && buf_len(out) < PUMP_PIECE; i++) {
		if (arc_error(a->arc) || buf_error(out))
			return PUMP_FAIL;
		if (a->fd >= 0)
			next_piece(a, out);
		else if (a->depth)
			next_entry(a, out);
		else if (!a->list_done)
			put_left_out(a, out);
		else if (arc_end(a->arc, out) == 0)
			return PUMP_DONE;
	}
	return PUMP_MORE;
}

static void fini(struct pump *p)
{
	struct archive *a = CONTAINER_OF(p, struct archive, pump);
	struct agent *agent = p->c->a;

	while (a->depth)
		(void)closedir(a->stack[--a->depth].d);
	own_close(&a->fd);
	arc_free(a->arc);
	buf_fini(&a->path);
	buf_fini(&a->left_out);
	free(a);
	agent->activity.transfers--;
	agent_touch(agent, ACT_OPEN);
}

static const struct {
	const char *word, *mime, *ext;
	enum arc_format format;
} formats[] = {
	{ "zip", "application/zip", "zip", ARC_ZIP },
	{ "tar", "application/x-tar", "tar", ARC_TAR },
	{ "tar.gz", "application/gzip", "tar.gz", ARC_TGZ },
	{ "tgz", "application/gzip", "tgz", ARC_TGZ },
};

static void headers(struct call *c, struct str name, size_t f)
{
	struct buf b = BUF(4096);

	buf_put_z(&b, "attachment; filename*=utf-8''");
	pct_put(&b, name, "");
	buf_printf(&b, ".%s", formats[f].ext);
	http_hdr(c->r, "Content-Disposition", buf_str(&b));
	http_hdr(c->r, "Content-Type", str_of(formats[f].mime));
	http_hdr(c->r, "Cache-Control", STR("no-store"));
	buf_fini(&b);
}

void archive_send(struct call *c, struct str path, int fd, struct str format)
{
	struct str name = path.len ? place_name(path) : place_name(str_of(c->a->cfg->root));
	struct archive *a;
	size_t f = 0;
	int r;

	while (format.len && f < ARRAY_LEN(formats) && !str_is(format, formats[f].word))
		f++;
	if (f == ARRAY_LEN(formats)) {
		(void)close(fd);
		agent_json_error(c->r, 400, NULL,
		                 "A folder can be had as zip, tar or tar.gz, not as '%.*s'",
		                 STR_ARG(str_sub(format, 0, 20)));
		return;
	}
	if (!name.len)
		name = STR("files");
	a = xcalloc(1, sizeof(*a));
	a->pump.step = step;
	a->pump.fini = fini;
	a->fd = -1;
	a->arc = arc_new(formats[f].format);
	a->only = url_param(&c->r->url, "only");
	buf_init(&a->path, PATH_MAX);
	buf_init(&a->left_out, LIST_MAX);
	buf_put_str(&a->path, path);
	a->top = path.len - place_name(path).len;
	a->above = path.len ? STR("") : arena_str(&c->r->arena, name);
	r = push(a, fd);
	if (r < 0) {
		arc_free(a->arc);
		buf_fini(&a->path);
		free(a);
		contents_fail(c, r, path, "read");
		return;
	}
	headers(c, name, f);
	c->a->activity.transfers++;
	if (str_is(c->r->head.method, "HEAD")) {
		a->pump.c = c;
		fini(&a->pump);
		http_begin(c->r, 200, HTTP_CHUNKED);
		http_end(c->r);
		return;
	}
	pump_start(&a->pump, c, 200);
}

void archive_directories(struct call *c)
{
	struct str path;
	int fd;

	if (!contents_path(c, 404, &path))
		return;
	fd = place_open(c->a, path, O_RDONLY | O_DIRECTORY | O_NONBLOCK);
	if (fd < 0)
		contents_fail(c, fd, path, "read");
	else
		archive_send(c, path, fd, url_param(&c->r->url, "archiveFormat"));
}
