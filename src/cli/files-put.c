/* SPDX-License-Identifier: Apache-2.0 */
/*
 * files put: in pieces, and where a cut line or a restart of either side left
 * off. What has come lies on the workspace's own volume.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/time.h"
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
	const char *id; /* of the upload */
	uint64_t offset;
	unsigned failures; /* one after the other */
};

static struct str upload_path(struct put *p, const char *more)
{
	return arena_printf(&p->c->arena, "uploads/%s%s", p->id, more);
}

/* An upload of this very file that was cut: begun after it was last changed. */
static bool find_begun(struct put *p)
{
	struct api_request q = { .method = "GET", .quiet = true };
	struct api_reply reply;
	char changed[TIME_RFC3339_MAX];

	time_rfc3339((wall_us)p->st.st_mtim.tv_sec * 1000000 + p->st.st_mtim.tv_nsec / 1000,
	             changed);
	if (files_call(p->c, p->at.id, &q, STR("uploads"), &reply) != CLI_OK)
		return false;
	json_for_each(u, json_get(reply.json, "items"))
	{
		struct str made = json_str_or(u, "created_at", STR(""));
		uint64_t size;

		if (!str_eq(json_str_or(u, "path", STR("")), p->path) ||
		    json_get_u64(u, "size", UINT64_MAX, &size) < 0 ||
		    size != (uint64_t)p->st.st_size || !made.len ||
		    strncmp(made.ptr, changed, 19) <= 0 ||
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
	jw_kv_bool(&w, "replace", cli_option(p->c, "replace") != NULL);
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

	if (n <= 0)
		return cli_say(p->c, CLI_FAILED, "%s: it got shorter while it was copied",
		               p->c->argv[0]);
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
	struct put p = { .c = c };
	int r;

	p.fd = open(c->argv[0], O_RDONLY | O_CLOEXEC);
	if (p.fd < 0 || fstat(p.fd, &p.st) < 0)
		return cli_say(c, CLI_FAILED, "%s: %s", c->argv[0], strerror(errno));
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
