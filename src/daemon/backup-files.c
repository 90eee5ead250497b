/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "daemon/backup-files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/file.h"
#include "base/sha256.h"

#define PIECE (256U << 10)

static void hex(const uint8_t sum[SHA256_LEN], char ret[65])
{
	for (size_t i = 0; i < SHA256_LEN; i++)
		(void)snprintf(ret + 2 * i, 3, "%02x", sum[i]);
}

static int open_plain(int dir, const char *name, struct err *err)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return ERR(err, -errno, "%s: %m", name);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1) {
		(void)close(fd);
		return ERR(err, -EPERM, "%s is not a plain file with one name", name);
	}
	return fd;
}

/* to -1: only read. */
static int pass(int from, int to, const char *name, char ret_sum[65], uint64_t *ret_size,
                struct err *err)
{
	char *piece = xcalloc(1, PIECE);
	uint8_t sum[SHA256_LEN];
	struct sha256 sha;
	ssize_t n;
	int r = 0;

	sha256_init(&sha);
	*ret_size = 0;
	while (r == 0 && (n = read(from, piece, PIECE)) != 0) {
		struct str s = { piece, n < 0 ? 0 : (size_t)n };

		if (n < 0) {
			r = ERR(err, -errno, "%s: %m", name);
			break;
		}
		sha256_add(&sha, s);
		*ret_size += s.len;
		if (to >= 0)
			r = file_write_all(to, s, err);
	}
	free(piece);
	if (r == 0 && to >= 0 && fsync(to) < 0)
		r = ERR(err, -errno, "%s: %m", name);
	sha256_end(&sha, sum);
	hex(sum, ret_sum);
	return r;
}

/* Beside it, and of no name that anybody takes for a journal: dir/.name.part */
static void part_name(const char *to, char *ret, size_t size)
{
	const char *slash = strrchr(to, '/'), *name = slash ? slash + 1 : to;

	(void)snprintf(ret, size, "%.*s.%s.part", (int)(name - to), to, name);
}

int backup_copy(int from_dir, const char *from, int to_dir, const char *to, char ret_sum[65],
                uint64_t *ret_size, struct err *err)
{
	autoclose int in = -1, out = -1;
	char part[512];
	int r;

	in = open_plain(from_dir, from, err);
	if (in < 0)
		return in;
	part_name(to, part, sizeof(part));
	(void)unlinkat(to_dir, part, 0); /* of one that was killed */
	out = openat(to_dir, part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (out < 0)
		return ERR(err, -errno, "%s: %m", to);
	r = pass(in, out, from, ret_sum, ret_size, err);
	if (r == 0 && renameat(to_dir, part, to_dir, to) < 0)
		r = ERR(err, -errno, "%s: %m", to);
	if (r < 0)
		(void)unlinkat(to_dir, part, 0);
	return r;
}

int backup_move(int from_dir, const char *from, int to_dir, const char *to, struct err *err)
{
	char sum[65];
	uint64_t size;
	int r;

	if (renameat(from_dir, from, to_dir, to) == 0)
		return 0;
	if (errno != EXDEV)
		return ERR(err, -errno, "%s: %m", from);
	r = backup_copy(from_dir, from, to_dir, to, sum, &size, err);
	if (r == 0)
		(void)unlinkat(from_dir, from, 0);
	return r;
}

void backup_drop_store(int dir, const char *name)
{
	static const char *const suffixes[] = { "", "-journal", "-wal", "-shm" };
	char path[128];

	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", name, suffixes[i]);
		(void)unlinkat(dir, path, 0);
	}
}

int backup_sync(int dir, const char *sub, struct err *err)
{
	autoclose int fd = openat(dir, sub, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? ERR(err, -errno, "%s: %m", sub) : 0;
}

void backup_line(struct buf *manifest, const char *sum, uint64_t size, const char *name)
{
	buf_printf(manifest, "file %s %llu %s\n", sum, (unsigned long long)size, name);
}

int backup_each(int dir, const char *sub, backup_each_fn *fn, void *arg, struct err *err)
{
	int fd = openat(dir, sub, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), r = 0;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d)
		return errno == ENOENT ? 0 : ERR(err, -errno, "%s: %m", sub);
	for (struct dirent *e; r == 0 && (e = readdir(d));)
		if (e->d_name[0] != '.' && e->d_type == DT_REG)
			r = fn(e->d_name, arg, err);
	(void)closedir(d);
	return r;
}

struct str backup_get(struct str manifest, const char *key)
{
	struct str line;

	while (str_split(&manifest, '\n', &line)) {
		size_t space = str_chr(line, ' ', 0);

		if (str_is(str_sub(line, 0, space), key))
			return str_sub(line, space + 1, line.len);
	}
	return STR_NONE;
}

static int verify_one(int dir, struct str line, struct err *err)
{
	struct str sum, size;
	char name[256], have[65];
	autoclose int fd = -1;
	uint64_t bytes;
	int r;

	if (!str_split(&line, ' ', &sum) || !str_split(&line, ' ', &size) || !line.len ||
	    line.len >= sizeof(name))
		return ERR(err, -EBADMSG, "MANIFEST is not whole");
	(void)snprintf(name, sizeof(name), "%.*s", STR_ARG(line));
	fd = file_open_beneath(dir, name, O_RDONLY | O_NOFOLLOW, 0);
	if (fd < 0)
		return ERR(err, fd, "%s of the backup can't be opened", name);
	r = pass(fd, -1, name, have, &bytes, err);
	if (r == 0 && !str_is(sum, have))
		r = ERR(err, -EBADMSG, "%s of the backup is not as it was written", name);
	return r;
}

int backup_verify(int dir, struct buf *ret_manifest, struct err *err)
{
	struct str rest, line;
	int r = file_read(dir, "MANIFEST", ret_manifest, err);

	if (r < 0)
		return err_wrap(err, r, "this is not a whole backup");
	rest = buf_str(ret_manifest);
	if (!str_is(backup_get(rest, "carrel-backup"), "1") || !str_ends(rest, STR("\nend\n")))
		return ERR(err, -EBADMSG, "MANIFEST is not whole, or of another format");
	while (r == 0 && str_split(&rest, '\n', &line))
		if (str_starts(line, STR("file ")))
			r = verify_one(dir, str_sub(line, 5, line.len), err);
	return r;
}
