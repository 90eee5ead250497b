/* SPDX-License-Identifier: Apache-2.0 */
/*
 * files put: in pieces, and where a cut line or a restart of either side left
 * off. What has come lies on the workspace's own volume, with a mark of the file
 * here that it is of: another file of that name and size begins anew.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/file.h"
#include "base/sha256.h"
#include "cli/files.h"
#include "cli/find.h"

#define PUT_PIECE (8U << 20)
#define PUT_TRIES 30
#define PAUSE_MS  1000

struct put {
	struct cli *c;
	struct files_at at;
	struct str path; /* there */
	int fd;
	struct stat st;
	bool replace;
	char source[2 * SHA256_LEN + 1]; /* which file of this machine, in which state */
	const char *id;                  /* of the upload */
	uint64_t offset;
	unsigned failures; /* one after the other */
};

static struct str upload_path(struct put *p, const char *more)
{
	return arena_printf(&p->c->arena, "uploads/%s%s", p->id, more);
}

/* Not its name: another file may have that by now. A write that keeps size and
 * mtime still moves ctime. */
static void name_source(struct put *p)
{
	const struct timespec *m = &p->st.st_mtim, *k = &p->st.st_ctim;
	struct buf hex = BUF(sizeof(p->source) + 16);
	uint8_t d[SHA256_LEN];
	char key[128];

	(void)snprintf(key, sizeof(key), "%llu %llu %llu %lld%09ld %lld%09ld",
	               (unsigned long long)p->st.st_dev, (unsigned long long)p->st.st_ino,
	               (unsigned long long)p->st.st_size, (long long)m->tv_sec, m->tv_nsec,
	               (long long)k->tv_sec, k->tv_nsec);
	sha256(str_of(key), d);
	hex_put(&hex, (struct str){ (const char *)d, sizeof(d) });
	(void)snprintf(p->source, sizeof(p->source), "%s", buf_cstr(&hex));
	buf_fini(&hex);
}

/* An upload of this very file that was cut, begun with the same option: what an
 * upload does to a file that is there was settled when it began. One without
 * a source is a browser's. */
static bool find_begun(struct put *p)
{
	struct api_request q = { .method = "GET", .quiet = true };
	struct api_reply reply;

	if (files_call(p->c, p->at.id, &q, STR("uploads"), &reply) != CLI_OK)
		return false;
	json_for_each(u, json_get(reply.json, "items"))
	{
		bool replace;
		uint64_t size;

		if (!str_eq(json_str_or(u, "path", STR("")), p->path) ||
		    json_get_u64(u, "size", UINT64_MAX, &size) < 0 ||
		    size != (uint64_t)p->st.st_size ||
		    !str_is(json_str_or(u, "source", STR("")), p->source) ||
		    json_get_bool(u, "replace", &replace) < 0 || replace != p->replace ||
		    json_get_u64(u, "offset", size, &p->offset) < 0)
			continue;
		p->id = id_of(p->c, u);
		return true;
	}
	return false;
}

static int begin(struct put *p)
{
	struct api_request q = { .method = "POST" };
	struct buf b = BUF(65536);
	struct jsonw w = JSONW(&b);
	struct api_reply reply;
	int r;

	if (find_begun(p)) {
		cli_note(p->c, "Going on with what was copied before.");
		return CLI_OK;
	}
	jw_obj(&w);
	jw_kv_str(&w, "path", p->path);
	jw_kv_u64(&w, "size", (uint64_t)p->st.st_size);
	jw_kv_bool(&w, "replace", p->replace);
	jw_kv_z(&w, "source", p->source);
	jw_obj_end(&w);
	q.body = buf_str(&b);
	r = files_call(p->c, p->at.id, &q, STR("uploads"), &reply);
	buf_fini(&b);
	if (r == CLI_OK)
		p->id = id_of(p->c, reply.json);
	return r;
}

/* Where it stands, as the other side sees it. */
static int ask_offset(struct put *p)
{
	struct api_request q = { .method = "GET" };
	struct api_reply reply;
	int r = files_call(p->c, p->at.id, &q, upload_path(p, ""), &reply);

	if (r == CLI_OK && json_get_u64(reply.json, "offset", UINT64_MAX, &p->offset) < 0)
		r = cli_say(p->c, CLI_FAILED, "the hub's answer is not understood");
	return r;
}

/* Half of it is of one state, half of another, and no run will go on with it. */
static int changed(struct put *p)
{
	struct api_request q = { .method = "DELETE", .quiet = true };
	struct api_reply reply;

	(void)files_call(p->c, p->at.id, &q, upload_path(p, ""), &reply);
	return cli_say(p->c, CLI_FAILED, "%s: it changed while it was copied: try again",
	               p->c->argv[0]);
}

static bool is_same(const struct put *p)
{
	const struct stat *a = &p->st;
	struct stat b;

	return fstat(p->fd, &b) == 0 && a->st_size == b.st_size &&
	       a->st_mtim.tv_sec == b.st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b.st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b.st_ctim.tv_sec && a->st_ctim.tv_nsec == b.st_ctim.tv_nsec;
}

static int send_piece(struct put *p, char *room)
{
	uint64_t left = (uint64_t)p->st.st_size - p->offset;
	ssize_t n = pread(p->fd, room, left < PUT_PIECE ? left : PUT_PIECE, (off_t)p->offset);
	struct api_request q = { .method = "PATCH",
		                 .type = "application/octet-stream",
		                 .slow = true,
		                 .quiet = true };
	struct api_reply reply;
	int r;

	if (n < 0)
		return cli_say(p->c, CLI_FAILED, "%s: %s", p->c->argv[0], strerror(errno));
	if (n == 0)
		return changed(p);
	q.body = (struct str){ room, (size_t)n };
	q.path = arena_printf(&p->c->arena, "/workspaces/%s/files/uploads/%s?offset=%llu",
	                      p->at.id, p->id, (unsigned long long)p->offset)
	             .ptr;
	r = api_call(p->c, &q, &reply);
	if (r == CLI_OK && json_get_u64(reply.json, "offset", UINT64_MAX, &p->offset) == 0) {
		p->failures = 0;
		return CLI_OK;
	}
	/* A cut line, a restart, a session that starts: it goes on from where the
	 * other side says. Anything else is a refusal. */
	if (reply.status != 0 && reply.status != 503 && reply.status != 409)
		return api_explain(p->c, &reply);
	if (++p->failures == PUT_TRIES)
		return cli_say(p->c, CLI_UNREACHABLE,
		               "%s can't be reached; the same command goes on where it was",
		               p->c->url);
	(void)poll(NULL, 0, PAUSE_MS);
	return ask_offset(p);
}

static int put_all(struct put *p)
{
	struct api_request q = { .method = "POST", .body = STR("{}"), .slow = true };
	char *room = malloc(PUT_PIECE);
	struct api_reply reply;
	int r = room ? begin(p) : CLI_FAILED;

	while (r == CLI_OK && p->offset < (uint64_t)p->st.st_size)
		r = send_piece(p, room);
	free(room);
	if (r == CLI_OK && !is_same(p))
		r = changed(p);
	if (r == CLI_OK)
		r = files_call(p->c, p->at.id, &q, upload_path(p, "/finish"), &reply);
	if (r == CLI_OK && p->c->json)
		cli_json(reply.body);
	return r;
}

/* The home, a folder there, or a name. */
static int target(struct put *p)
{
	struct api_request q = { .method = "GET", .quiet = true };
	const char *name = files_base_name(p->c->argv[0]);
	struct str path = p->at.path;
	struct api_reply reply;
	bool folder = !path.len || path.ptr[path.len - 1] == '/';

	while (path.len && path.ptr[path.len - 1] == '/')
		path.len--;
	if (!folder)
		folder =
		    files_call(p->c, p->at.id, &q, files_contents(p->c, path, "?content=0"),
		               &reply) == CLI_OK &&
		    files_is_folder(reply.json);
	p->path = !folder    ? path
	          : path.len ? arena_printf(&p->c->arena, "%.*s/%s", STR_ARG(path), name)
	                     : arena_str(&p->c->arena, str_of(name));
	return CLI_OK;
}

int cmd_files_put(struct cli *c)
{
	struct put p = { .c = c, .replace = cli_option(c, "replace") != NULL };
	int r;

	p.fd = open(c->argv[0], O_RDONLY | O_CLOEXEC);
	if (p.fd < 0 || fstat(p.fd, &p.st) < 0)
		return cli_say(c, CLI_FAILED, "%s: %s", c->argv[0], strerror(errno));
	name_source(&p);
	if (!S_ISREG(p.st.st_mode))
		r = cli_say(c, CLI_FAILED, "%s is no file", c->argv[0]);
	else
		r = files_find(c, c->argv[1], &p.at);
	if (r == CLI_OK)
		r = target(&p);
	if (r == CLI_OK)
		r = put_all(&p);
	own_close(&p.fd);
	return r;
}
