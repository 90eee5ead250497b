/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /api/contents/…: folders and plain files are streamed piece by piece;
 * notebooks have a file of their own (contents_nb.c).
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "agent/contents.h"
#include "agent/docs.h"
#include "agent/mime.h"
#include "agent/names.h"
#include "agent/pump.h"
#include "agent/runs.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/sha256.h"

/* A multiple of 57: base64 lines of 76 characters never need a carry. */
#define FILE_PIECE ((size_t)57 * 1024)

struct want {
	bool content, hash;
	struct str format; /* "", "text", "base64" */
	struct str type;   /* "", "directory", "file", "notebook" */
};

void contents_put_hash(struct jsonw *w, const char *hex)
{
	jw_kv_z(w, "hash", hex);
	jw_kv_z(w, "hash_algorithm", hex ? "sha256" : NULL);
}

struct listing {
	struct pump pump;
	struct entry dir;
	DIR *d;
	struct jsonw w;
	bool begun;
};

/* A link counts as what it leads to, if that lies beneath the root. */
static int entry_in(struct listing *l, const char *name, struct str path, struct entry *ret)
{
	int dir = dirfd(l->d), fd, r;

	*ret = (struct entry){ .path = path };
	if (fstatat(dir, name, &ret->st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISLNK(ret->st.st_mode)) {
		fd = place_open(l->pump.c->a, path, O_PATH);
		if (fd < 0)
			return fd;
		r = entry_of_fd(fd, path, ret);
		(void)close(fd);
		return r;
	}
	if (S_ISDIR(ret->st.st_mode))
		ret->type = ENTRY_DIR;
	else if (!S_ISREG(ret->st.st_mode))
		return -EOPNOTSUPP;
	else
		ret->type = str_ends(path, STR(".ipynb")) ? ENTRY_NOTEBOOK : ENTRY_FILE;
	ret->writable = place_writable(dir, name);
	return 0;
}

static void list_entry(struct listing *l, const char *name)
{
	struct str s = str_of(name);
	struct buf path = BUF(PATH_MAX);
	struct entry e;

	if (name[0] == '.' || name_is_clutter(s))
		return;
	if (l->dir.path.len)
		buf_printf(&path, "%.*s/", STR_ARG(l->dir.path));
	buf_put_str(&path, s);
	if (!buf_error(&path) && entry_in(l, name, buf_str(&path), &e) == 0)
		entry_put_bare(&l->w, &e, NULL);
	buf_fini(&path);
}

static enum pump_step list_step(struct pump *p, struct buf *out)
{
	struct listing *l = CONTAINER_OF(p, struct listing, pump);

	l->w.b = out;
	if (!l->begun) {
		l->begun = true;
		jw_obj(&l->w);
		entry_put(&l->w, &l->dir, NULL);
		contents_put_hash(&l->w, NULL);
		jw_kv_z(&l->w, "format", "json");
		jw_key(&l->w, "content");
		jw_arr(&l->w);
	}
	while (buf_len(out) < PUMP_PIECE) {
		struct dirent *e = readdir(l->d);

		if (!e) {
			jw_arr_end(&l->w);
			jw_obj_end(&l->w);
			return PUMP_DONE;
		}
		list_entry(l, e->d_name);
	}
	return PUMP_MORE;
}

static void list_fini(struct pump *p)
{
	struct listing *l = CONTAINER_OF(p, struct listing, pump);

	(void)closedir(l->d);
	free(l);
}

static void get_dir(struct call *c, const struct entry *e, int fd)
{
	struct listing *l = xcalloc(1, sizeof(*l));

	l->pump.step = list_step;
	l->pump.fini = list_fini;
	l->dir = *e;
	l->d = fdopendir(fd);
	if (!l->d) {
		(void)close(fd);
		free(l);
		contents_fail(c, -errno, e->path, "list");
		return;
	}
	http_hdr(c->r, "Content-Type", STR("application/json"));
	pump_start(&l->pump, c, 200);
}

int contents_scan(int fd, bool *ret_utf8, char hex[65])
{
	struct sha256 h;
	uint8_t d[SHA256_LEN];
	struct buf b = BUF(80);
	uint32_t state = 0;
	char piece[12288];
	off_t off = 0;
	ssize_t n;

	*ret_utf8 = true;
	sha256_init(&h);
	while ((n = pread(fd, piece, sizeof(piece), off)) > 0) {
		struct str s = { piece, (size_t)n };

		if (*ret_utf8)
			*ret_utf8 = utf8_feed(&state, s) && !memchr(piece, 0, (size_t)n);
		if (hex)
			sha256_add(&h, s);
		if (!hex && !*ret_utf8)
			break;
		off += n;
	}
	if (n < 0)
		return -errno;
	if (state != 0)
		*ret_utf8 = false;
	if (hex) {
		sha256_end(&h, d);
		hex_put(&b, (struct str){ (const char *)d, sizeof(d) });
		memcpy(hex, buf_cstr(&b), 65);
		buf_fini(&b);
	}
	return 0;
}

struct reading {
	struct pump pump;
	struct entry e;
	int fd;
	off_t off;
	bool text, begun, hashed;
	char hex[65];
	struct jsonw w;
};

static void put_escaped(struct buf *out, struct str s)
{
	struct buf one = BUF(FILE_PIECE * 8);
	struct jsonw w = JSONW(&one);

	jw_str(&w, s);
	buf_put_str(out, str_sub(buf_str(&one), 1, buf_len(&one) - 1));
	buf_fini(&one);
}

static void put_base64(struct buf *out, struct str s)
{
	struct buf one = BUF(FILE_PIECE * 2);

	base64_put(&one, s, 76);
	put_escaped(out, buf_str(&one));
	buf_fini(&one);
}

static void read_begin(struct reading *f, struct buf *out)
{
	const char *mime = mime_guess(place_name(f->e.path));

	f->begun = true;
	if (!mime)
		mime = f->text ? "text/plain" : "application/octet-stream";
	jw_obj(&f->w);
	entry_put(&f->w, &f->e, mime);
	contents_put_hash(&f->w, f->hashed ? f->hex : NULL);
	jw_kv_z(&f->w, "format", f->text ? "text" : "base64");
	jw_key(&f->w, "content");
	buf_put_c(out, '"');
}

static enum pump_step read_step(struct pump *p, struct buf *out)
{
	struct reading *f = CONTAINER_OF(p, struct reading, pump);
	char piece[FILE_PIECE / 4 / 57 * 57]; /* small: this is a stack */
	ssize_t n;

	f->w.b = out;
	if (!f->begun)
		read_begin(f, out);
	while (buf_len(out) < PUMP_PIECE) {
		struct str s;

		n = pread(f->fd, piece, sizeof(piece), f->off);
		if (n < 0)
			return PUMP_FAIL;
		if (n == 0) {
			buf_put_z(out, "\"}");
			return PUMP_DONE;
		}
		s = (struct str){ piece, (size_t)n };
		if (f->text && utf8_whole(s))
			s.len = utf8_whole(s);
		f->off += (off_t)s.len;
		if (f->text)
			put_escaped(out, s);
		else
			put_base64(out, s);
	}
	return PUMP_MORE;
}

static void read_fini(struct pump *p)
{
	struct reading *f = CONTAINER_OF(p, struct reading, pump);

	(void)close(f->fd);
	free(f);
}

static void get_file(struct call *c, const struct entry *e, int fd, const struct want *want)
{
	struct reading *f = xcalloc(1, sizeof(*f));
	bool utf8 = false;
	int r = 0;

	*f = (struct reading){ .pump = { .step = read_step, .fini = read_fini },
		               .e = *e,
		               .fd = fd };
	f->e.type = ENTRY_FILE;
	f->hashed = want->hash;
	if (want->hash || !str_is(want->format, "base64"))
		r = contents_scan(fd, &utf8, want->hash ? f->hex : NULL);
	f->text = utf8 && !str_is(want->format, "base64");
	if (r < 0) {
		contents_fail(c, r, e->path, "read");
	} else if (str_is(want->format, "text") && !utf8) {
		agent_json_error(c->r, 400, "bad format", "%.*s is not UTF-8 encoded",
		                 STR_ARG(e->path));
	} else {
		http_hdr(c->r, "Content-Type", STR("application/json"));
		call_touch(c, ACT_OPEN);
		pump_start(&f->pump, c, 200);
		return;
	}
	read_fini(&f->pump);
}

static void get_bare(struct call *c, const struct entry *e, int fd, const struct want *want)
{
	struct buf b = BUF(65536);
	struct jsonw w = JSONW(&b);
	char hex[65];
	bool utf8;
	int r = 0;

	if (want->hash && e->type != ENTRY_DIR)
		r = contents_scan(fd, &utf8, hex);
	(void)close(fd);
	if (r < 0) {
		contents_fail(c, r, e->path, "read");
		return;
	}
	jw_obj(&w);
	entry_put(&w, e, e->type == ENTRY_FILE ? mime_guess(place_name(e->path)) : NULL);
	jw_kv_null(&w, "content");
	jw_kv_null(&w, "format");
	contents_put_hash(&w, want->hash && e->type != ENTRY_DIR ? hex : NULL);
	jw_obj_end(&w);
	call_reply(c, 200, &b);
	buf_fini(&b);
}

static bool flag(struct call *c, const char *key, const char *def, bool *ret)
{
	struct str v = url_param(&c->r->url, key);

	if (!v.ptr)
		v = str_of(def);
	*ret = str_is(v, "1");
	if (str_is(v, "0") || str_is(v, "1"))
		return true;
	agent_json_error(c->r, 400, NULL, "%s must be 0 or 1, not '%.*s'", key, STR_ARG(v));
	return false;
}

static bool wants(struct call *c, struct want *w)
{
	w->type = url_param(&c->r->url, "type");
	if (w->type.len && !str_is(w->type, "directory") && !str_is(w->type, "notebook"))
		w->type = STR("file");
	w->format = url_param(&c->r->url, "format");
	if (w->format.len && !str_is(w->format, "text") && !str_is(w->format, "base64")) {
		agent_json_error(c->r, 400, NULL, "Format '%.*s' is invalid",
		                 STR_ARG(w->format));
		return false;
	}
	return flag(c, "content", "1", &w->content) && flag(c, "hash", "0", &w->hash);
}

/* Type asked for against type found; settles file against notebook. */
static bool fits(struct call *c, struct entry *e, const struct want *w)
{
	if (e->type == ENTRY_DIR) {
		if (!w->type.len || str_is(w->type, "directory"))
			return true;
		agent_json_error(c->r, 400, "bad type", "%.*s is a directory, not a %.*s",
		                 STR_ARG(e->path), STR_ARG(w->type));
		return false;
	}
	if (str_is(w->type, "directory")) {
		agent_json_error(c->r, 400, "bad type", "%.*s is not a directory",
		                 STR_ARG(e->path));
		return false;
	}
	if (str_is(w->type, "notebook"))
		e->type = ENTRY_NOTEBOOK;
	else if (str_is(w->type, "file"))
		e->type = ENTRY_FILE;
	return true;
}

void contents_get(struct call *c)
{
	struct want want;
	struct entry e;
	struct str path;
	bool reads;
	int fd, r;

	if (!wants(c, &want) || !contents_path(c, 404, &path))
		return;
	if (url_param(&c->r->url, "offset").ptr || url_param(&c->r->url, "length").ptr) {
		contents_get_part(c, path);
		return;
	}
	r = entry_load(c->a, path, &e);
	if (r < 0) {
		contents_fail(c, r, path, "open");
		return;
	}
	if (!fits(c, &e, &want))
		return;
	/* As text too: the IDE reads a notebook so. */
	if (want.content && str_ends(path, STR(".ipynb"))) {
		runs_before_read(c->a, path);
		r = entry_load(c->a, path, &e);
		if (r < 0) {
			contents_fail(c, r, path, "open");
			return;
		}
		if (!fits(c, &e, &want))
			return; /* it was put in another's place meanwhile */
	}
	reads = want.content || (want.hash && e.type != ENTRY_DIR);
	fd = place_open(c->a, path,
	                reads ? O_RDONLY | O_NONBLOCK | (e.type == ENTRY_DIR ? O_DIRECTORY : 0)
	                      : O_PATH);
	if (fd < 0) {
		contents_fail(c, fd, path, "open");
		return;
	}
	if (e.type != ENTRY_DIR && want.content && e.st.st_size > CONTENTS_READ_MAX) {
		(void)close(fd);
		agent_json_error(c->r, 413, NULL,
		                 "%.*s is too large to open here (%u MB): download it, or "
		                 "read it in a notebook",
		                 STR_ARG(path), (unsigned)(e.st.st_size >> 20));
		return;
	}
	contents_event(c, "get", path, STR_NONE);
	if (want.content && e.type != ENTRY_DIR)
		docs_opened(c->a, path);
	if (!want.content)
		get_bare(c, &e, fd, &want);
	else if (e.type == ENTRY_DIR)
		get_dir(c, &e, fd);
	else if (e.type == ENTRY_NOTEBOOK)
		contents_get_notebook(c, &e, fd, want.hash);
	else
		get_file(c, &e, fd, &want);
}
