/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/file.h"

int place_clean(struct arena *a, struct str in, struct str *ret)
{
	char *z = arena_alloc(a, in.len + 1);
	size_t n = 0;
	struct str rest = in, part;

	if (!z)
		return -ENOMEM;
	while (rest.len && str_split(&rest, '/', &part)) {
		if (part.len == 0 || str_is(part, "."))
			continue;
		if (str_is(part, "..") || part.len > NAME_MAX || str_chr(part, 0, 0) < part.len)
			return -ENOENT;
		if (n)
			z[n++] = '/';
		memcpy(z + n, part.ptr, part.len);
		n += part.len;
	}
	if (n >= PATH_MAX)
		return -ENOENT;
	*ret = (struct str){ z, n };
	return 0;
}

bool place_hidden(struct str path)
{
	struct str part;

	while (path.len && str_split(&path, '/', &part))
		if (part.len && part.ptr[0] == '.')
			return true;
	return false;
}

static size_t last_slash(struct str path)
{
	for (size_t i = path.len; i > 0; i--)
		if (path.ptr[i - 1] == '/')
			return i - 1;
	return path.len;
}

struct str place_name(struct str path)
{
	size_t at = last_slash(path);

	return at == path.len ? path : str_sub(path, at + 1, path.len);
}

struct str place_parent(struct str path)
{
	size_t at = last_slash(path);

	return at == path.len ? STR("") : str_sub(path, 0, at);
}

struct str place_child(struct arena *a, struct str parent, struct str name)
{
	if (!parent.len)
		return name;
	return arena_printf(a, "%.*s/%.*s", STR_ARG(parent), STR_ARG(name));
}

int place_open(const struct agent *a, struct str path, int flags)
{
	char z[PATH_MAX];

	if (path.len >= sizeof(z))
		return -ENAMETOOLONG;
	if (path.len)
		memcpy(z, path.ptr, path.len);
	z[path.len] = '\0';
	return file_open_beneath(a->root_fd, path.len ? z : ".", flags, 0);
}

int place_of(const struct agent *a, struct str path, struct place *ret)
{
	struct str name = place_name(path);
	int fd;

	if (!name.len || name.len > NAME_MAX)
		return -EINVAL;
	fd = place_open(a, place_parent(path), O_PATH | O_DIRECTORY);
	if (fd < 0)
		return fd;
	ret->dir = fd;
	memcpy(ret->name, name.ptr, name.len);
	ret->name[name.len] = '\0';
	return 0;
}

void place_fini(struct place *p)
{
	own_close(&p->dir);
}

int place_sync(const struct place *p)
{
	/* An O_PATH folder can't be synced itself, nor one that only others may read. */
	autoclose int fd = openat(p->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if ((fd < 0 || fsync(fd) < 0) && errno != EACCES && errno != EINVAL)
		return -errno;
	return 0;
}

int place_resolve(const struct agent *a, struct str path, struct place *ret)
{
	char proc[64], real[PATH_MAX], root[PATH_MAX];
	autoclose int fd = place_open(a, path, O_PATH);
	ssize_t n, m;

	if (fd < 0)
		return fd == -ENOENT ? place_of(a, path, ret) : fd;
	(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	n = readlink(proc, real, sizeof(real) - 1);
	(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", a->root_fd);
	m = readlink(proc, root, sizeof(root) - 1);
	if (n <= 0 || m <= 0)
		return place_of(a, path, ret);
	if (m == 1)
		m = 0; /* the root is "/" */
	if (n <= m || memcmp(real, root, (size_t)m) != 0 || real[m] != '/')
		return place_of(a, path, ret);
	return place_of(a, (struct str){ real + m + 1, (size_t)(n - m - 1) }, ret);
}

bool place_writable(int dirfd, const char *name)
{
	/* Not faccessat: libc's emulation may fork, and AT_EACCESS is the point. */
	if (syscall(SYS_faccessat2, dirfd, name, W_OK, AT_EACCESS | AT_EMPTY_PATH) == 0)
		return true;
	return errno == ENOSYS;
}
