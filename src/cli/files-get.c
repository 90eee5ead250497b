/* SPDX-License-Identifier: Apache-2.0 */
/*
 * files get: a file in pieces, which goes on where a cut line or a restart of
 * either side left off: it gathers in a file beside its target, named by the
 * very version that it is of, and locked by the one command that writes it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/file.h"
#include "base/sha256.h"
#include "cli/files-get.h"
#include "cli/find.h"

#define GET_PIECE    (1U << 20)
#define PIECE_MEMORY ((size_t)64 << 20)

/* 401 is of the token, 429 of the moment: they are the same for every file. */
bool files_is_refusal(long status)
{
	return status >= 400 && status < 500 && status != 401 && status != 429;
}

bool files_is_refusal_here(int errnum)
{
	static const int one[] = { EACCES, EEXIST, EILSEQ,  EINVAL,
		                   EISDIR, ELOOP,  ENOTDIR, ENAMETOOLONG };

	for (size_t i = 0; i < ARRAY_LEN(one); i++)
		if (one[i] == errnum)
			return true;
	return false;
}

static int fail_here(struct get *g, int errnum)
{
	g->passing = files_is_refusal_here(errnum);
	return cli_say(g->c, CLI_FAILED, "%s: %s", g->to, strerror(errnum));
}

/* Without the file's own name, which may be as long as a name can be. */
static int name_part(struct get *g)
{
	const char *name = files_base_name(g->to);
	struct str key =
	    arena_printf(&g->c->arena, "%s %.*s %.*s %llu %s", g->at.id, STR_ARG(g->at.path),
	                 STR_ARG(g->changed), (unsigned long long)g->size, name);
	struct buf hex = BUF(80);
	uint8_t d[SHA256_LEN];
	int n;

	sha256(key, d);
	hex_put(&hex, (struct str){ (const char *)d, 8 });
	n = snprintf(g->part, sizeof(g->part), "%.*s.%s.part", (int)(name - g->to), g->to,
	             buf_cstr(&hex));
	buf_fini(&hex);
	return n < 0 || (size_t)n >= sizeof(g->part) ? -ENAMETOOLONG : 0;
}

/* What would refuse the name at the end refuses it now, before all is fetched. */
static int look_at_target(const struct get *g)
{
	struct stat st;

	if (lstat(g->to, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	return S_ISDIR(st.st_mode) ? -EISDIR : 0;
}

/* Held until the file is in its place. Whoever had it before may just have put
 * the file there, or have given it up: what is open is then no part any more.
 * A file system without locks does without. */
static int lock_part(struct get *g, struct stat *ret)
{
	struct stat now;

	if ((flock(g->fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) &&
	    fstat(g->fd, ret) == 0 && stat(g->part, &now) == 0 && now.st_dev == ret->st_dev &&
	    now.st_ino == ret->st_ino)
		return CLI_OK;
	own_close(&g->fd);
	g->passing = true;
	return cli_say(g->c, CLI_FAILED, "%s is being copied already by another command",
	               g->to);
}

static int open_part(struct get *g)
{
	struct stat st;
	int r;

	if (str_is(str_of(g->to), "-")) {
		g->fd = dup(STDOUT_FILENO);
		return CLI_OK;
	}
	r = name_part(g);
	if (r == 0)
		r = look_at_target(g);
	if (r < 0)
		return fail_here(g, -r);
	g->fd = open(g->part, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (g->fd < 0)
		return fail_here(g, errno);
	r = lock_part(g, &st);
	if (r != CLI_OK)
		return r;
	g->have = (uint64_t)st.st_size <= g->size ? (uint64_t)st.st_size : 0;
	if (!g->have && ftruncate(g->fd, 0) < 0)
		return cli_say(g->c, CLI_FAILED, "%s: %s", g->part, strerror(errno));
	if (g->have)
		cli_note(g->c, "Going on with what was copied before.");
	return CLI_OK;
}

static int get_piece(struct get *g)
{
	struct api_request q = { .method = "GET" };
	struct buf bytes = BUF(GET_PIECE + 16);
	struct arena keep = g->c->arena; /* a large file must not stand in memory */
	struct api_reply reply;
	char query[96];
	int r;

	g->c->arena = ARENA(PIECE_MEMORY);
	(void)snprintf(query, sizeof(query), "?format=base64&offset=%llu&length=%u",
	               (unsigned long long)g->have, GET_PIECE);
	r = files_call(g->c, g->at.id, &q, files_contents(g->c, g->at.path, query), &reply);
	g->passing = r != CLI_OK && files_is_refusal(reply.status);
	if (r != CLI_OK) {
		/* files_call has said why */
	} else if (!str_eq(json_str_or(reply.json, "last_modified", STR("")), g->changed)) {
		g->passing = true;
		g->have = 0; /* nobody goes on with that version */
		r = cli_say(g->c, CLI_FAILED, "%.*s was changed while it was copied: try again",
		            STR_ARG(g->at.path));
	} else if (base64_get(&bytes, json_str_or(reply.json, "content", STR("")), false) < 0 ||
	           buf_len(&bytes) == 0) {
		g->passing = true;
		r = cli_say(g->c, CLI_FAILED, "%.*s can't be read to its end",
		            STR_ARG(g->at.path));
	} else if (file_write_all(g->fd, buf_str(&bytes), NULL) < 0) {
		r = cli_say(g->c, CLI_FAILED, "%s: %s", g->to, strerror(errno));
	} else {
		g->have += buf_len(&bytes);
		if (g->tree)
			files_tree_came(g->tree, buf_len(&bytes));
	}
	buf_fini(&bytes);
	arena_fini(&g->c->arena);
	g->c->arena = keep;
	return r;
}

static int finish(struct get *g)
{
	struct stat st;

	if (!g->part[0])
		return CLI_OK;
	if (fsync(g->fd) < 0 || fstat(g->fd, &st) < 0)
		return fail_here(g, errno);
	if ((uint64_t)st.st_size != g->size) {
		g->have = 0;
		g->passing = true;
		return cli_say(g->c, CLI_FAILED, "%s is not what was sent: try again", g->to);
	}
	return rename(g->part, g->to) < 0 ? fail_here(g, errno) : CLI_OK;
}

int files_get_one(struct get *g)
{
	int r = open_part(g);

	while (r == CLI_OK && g->have < g->size)
		r = get_piece(g);
	if (r == CLI_OK)
		r = finish(g);
	if (r != CLI_OK && g->part[0] && g->fd >= 0 && !g->have)
		(void)unlink(g->part); /* there is nothing in it to go on with */
	own_close(&g->fd);
	return r;
}

/* The name it gets here: as it is called there, in a folder, or as was said.
 * The home is called like its workspace. */
static const char *local_name(struct cli *c, struct str path)
{
	struct str ws = str_of(c->argv[0]);
	struct str there = path.len ? path : str_sub(ws, 0, str_chr(ws, ':', 0));
	const char *name = files_base_name(arena_strz(&c->arena, there)), *to;
	struct stat st;

	if (c->argc < 2)
		return name;
	to = c->argv[1];
	if (stat(to, &st) == 0 && S_ISDIR(st.st_mode))
		return arena_printf(&c->arena, "%s/%s", to, name).ptr;
	return to;
}

int cmd_files_get(struct cli *c)
{
	struct api_request q = { .method = "GET" };
	struct get g = { .c = c, .fd = -1 };
	struct api_reply reply;
	int r;

	if (!strchr(c->argv[0], ':'))
		return cli_say(
		    c, CLI_USAGE,
		    "say which file or folder: WORKSPACE:PATH; WORKSPACE: is all of them");
	r = files_find(c, c->argv[0], &g.at);
	while (g.at.path.len && g.at.path.ptr[g.at.path.len - 1] == '/')
		g.at.path.len--;
	if (r == CLI_OK)
		r = files_call(c, g.at.id, &q, files_contents(c, g.at.path, "?content=0"),
		               &reply);
	if (r != CLI_OK)
		return r;
	g.to = local_name(c, g.at.path);
	if (files_is_folder(reply.json))
		return files_get_tree(c, g.at.id, g.at.path, g.to);
	if (json_get_u64(reply.json, "size", UINT64_MAX, &g.size) < 0)
		return cli_say(c, CLI_FAILED, "%.*s can't be copied", STR_ARG(g.at.path));
	g.changed = json_str_or(reply.json, "last_modified", STR(""));
	r = files_get_one(&g);
	if (r == CLI_OK && c->json && g.part[0])
		cli_json(reply.body);
	return r;
}
