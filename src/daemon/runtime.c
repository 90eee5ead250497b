/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/runtime.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#include "base/encode.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/sha256.h"
#include "daemon/slot-net.h"

#define SLOTS_DIR RUNTIME_ROOT "/slots"

static int name_instance(const char *state, struct runtime *ret, struct err *err)
{
	struct buf hex = BUF(2 * SHA256_LEN);
	uint8_t sum[SHA256_LEN];
	char path[PATH_MAX];

	if (!realpath(state, path))
		return ERR(err, -errno, "state directory %s: %m", state);
	if (strlen(path) >= sizeof(ret->state))
		return ERR(err, -ENAMETOOLONG, "state directory %s: the path is too long",
		           state);
	*ret = (struct runtime){ .lock_fd = -1, .net_fd = -1 };
	(void)snprintf(ret->state, sizeof(ret->state), "%s", path);
	sha256(str_of(path), sum);
	hex_put(&hex, (struct str){ (const char *)sum, 4 });
	(void)snprintf(ret->instance, sizeof(ret->instance), "%s", buf_cstr(&hex));
	(void)snprintf(ret->dir, sizeof(ret->dir), RUNTIME_ROOT "/%s", ret->instance);
	buf_fini(&hex);
	return 0;
}

/* The state path that a slot's file holds; "" if there is no such file. */
static void read_slot(unsigned n, char *ret, size_t size)
{
	struct buf b = BUF(PATH_MAX);
	char name[64];

	(void)snprintf(name, sizeof(name), SLOTS_DIR "/%u", n);
	ret[0] = '\0';
	if (file_read(AT_FDCWD, name, &b, NULL) == 0) {
		struct str s = buf_str(&b);

		(void)snprintf(ret, size, "%.*s", (int)str_chr(s, '\n', 0), s.ptr);
	}
	buf_fini(&b);
}

static bool is_empty_dir(const char *path)
{
	DIR *d = opendir(path);
	bool empty = true;

	if (!d)
		return true;
	for (struct dirent *e; (e = readdir(d));)
		if (e->d_name[0] != '.')
			empty = false;
	(void)closedir(d);
	return empty;
}

static int open_slot(unsigned n, bool create)
{
	char name[64];

	(void)snprintf(name, sizeof(name), SLOTS_DIR "/%u", n);
	return open(name, O_RDWR | O_CLOEXEC | (create ? O_CREAT : 0), 0644);
}

/* Nobody's any more: no parent holds its lock, no session of it is left. */
static bool is_stale(unsigned n, const char *state)
{
	autoclose int fd = open_slot(n, false);
	struct runtime other;
	char sessions[64];

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return false;
	if (name_instance(state, &other, NULL) < 0)
		return true;
	(void)snprintf(sessions, sizeof(sessions), "%s/sessions", other.dir);
	return is_empty_dir(sessions);
}

/* Own slot, else a free one, else a stale one; never one of `tried`. -ENOENT. */
static int choose_slot(const char *state, uint64_t tried)
{
	int free_slot = -1, stale_slot = -1;

	for (unsigned n = 0; n < RUNTIME_SLOTS; n++) {
		char owner[PATH_MAX];

		if (tried & UINT64_C(1) << n)
			continue;
		read_slot(n, owner, sizeof(owner));
		if (strcmp(owner, state) == 0)
			return (int)n;
		if (!owner[0] && free_slot < 0)
			free_slot = (int)n;
		if (owner[0] && free_slot < 0 && stale_slot < 0 && is_stale(n, owner))
			stale_slot = (int)n;
	}
	if (free_slot >= 0)
		return free_slot;
	return stale_slot >= 0 ? stale_slot : -ENOENT;
}

int runtime_find(const char *state, struct runtime *ret, struct err *err)
{
	struct runtime rt;
	int r = name_instance(state, &rt, err);

	if (r < 0)
		return r;
	for (unsigned n = 0; n < RUNTIME_SLOTS; n++) {
		char owner[PATH_MAX];

		read_slot(n, owner, sizeof(owner));
		if (strcmp(owner, rt.state) == 0)
			rt.slot = n;
	}
	*ret = rt;
	return 0;
}

static int write_owner(int fd, const char *state, struct err *err)
{
	struct buf b = BUF(PATH_MAX);
	int r;

	buf_printf(&b, "%s\n", state);
	if (ftruncate(fd, 0) < 0)
		r = ERR(err, -errno, "writing the slot's file: %m");
	else
		r = file_write_all(fd, buf_str(&b), err);
	buf_fini(&b);
	return r;
}

/* -EADDRINUSE: an instance with another /run has this slot's addresses. */
static int claim(struct runtime *rt, unsigned n, struct err *err)
{
	autoclose int fd = open_slot(n, true), net = -1;
	struct runtime_process p;
	int r;

	if (fd < 0)
		return ERR(err, -errno, SLOTS_DIR "/%u: %m", n);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (runtime_parent(rt, &p) == 0)
			return ERR(err, -EALREADY, "carreld already runs on %s (pid %d)",
			           rt->state, (int)p.pid);
		return ERR(err, -EALREADY, "carreld already starts or ends on %s", rt->state);
	}
	r = slot_net_take(n, &net, err);
	if (r == 0)
		r = write_owner(fd, rt->state, err);
	if (r < 0)
		return r;
	rt->slot = n;
	rt->lock_fd = steal_fd(&fd);
	rt->net_fd = steal_fd(&net);
	return 0;
}

/* What open_slot made for a slot that then could not be had. */
static void remove_empty_slot(unsigned n)
{
	char owner[PATH_MAX], name[64];

	read_slot(n, owner, sizeof(owner));
	(void)snprintf(name, sizeof(name), SLOTS_DIR "/%u", n);
	if (!owner[0])
		(void)unlink(name);
}

static int choose_and_claim(struct runtime *rt, struct err *err)
{
	uint64_t tried = 0;

	for (;;) {
		int n = choose_slot(rt->state, tried), r;

		if (n < 0)
			return ERR(
			    err, n,
			    "all %d slots in " SLOTS_DIR
			    " are taken by other state directories: stop one of them first",
			    RUNTIME_SLOTS);
		r = claim(rt, (unsigned)n, err);
		if (r != -EADDRINUSE)
			return r;
		remove_empty_slot((unsigned)n);
		tried |= UINT64_C(1) << n;
	}
}

int runtime_take(const char *state, struct runtime *ret, struct err *err)
{
	autoclose int all = -1;
	struct runtime rt;
	int r;

	r = file_mkdirs(state, 0711, err);
	if (r == 0)
		r = file_mkdirs(SLOTS_DIR, 0755, err);
	if (r == 0)
		r = name_instance(state, &rt, err);
	if (r < 0)
		return r;
	all = open(SLOTS_DIR "/.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (all < 0 || flock(all, LOCK_EX) < 0)
		return ERR(err, -errno, SLOTS_DIR "/.lock: %m");
	r = choose_and_claim(&rt, err);
	if (r < 0)
		return r;
	*ret = rt;
	return 0;
}

static int make_dir(const char *path, uid_t uid, gid_t gid, mode_t mode, struct err *err)
{
	autoclose int fd = -1;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return ERR(err, -errno, "mkdir %s: %m", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return ERR(err, -errno, "open %s: %m", path);
	if (fchown(fd, uid, gid) < 0 || fchmod(fd, mode) < 0)
		return ERR(err, -errno, "owner and mode of %s: %m", path);
	return 0;
}

/*
 * The state came from another slot: core's files change hands. The folder was
 * writable by an unprivileged uid, so only plain files with one name are taken.
 */
static int adopt_files(const char *dir, uid_t uid, struct err *err)
{
	DIR *d = opendir(dir);
	int r = 0;

	if (!d)
		return ERR(err, -errno, "open %s: %m", dir);
	for (struct dirent *e; r == 0 && (e = readdir(d));) {
		autoclose int fd = -1;
		struct stat st;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		fd =
		    openat(dirfd(d), e->d_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
		if (fd < 0 || fstat(fd, &st) < 0 || st.st_uid == uid)
			continue;
		if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
			r = ERR(err, -EPERM, "%s/%s is not a plain file with one name", dir,
			        e->d_name);
		else if (fchown(fd, uid, uid) < 0)
			r = ERR(err, -errno, "chown %s/%s: %m", dir, e->d_name);
	}
	(void)closedir(d);
	return r;
}

int runtime_dirs(const struct runtime *rt, struct err *err)
{
	uid_t core = runtime_core_uid(rt->slot);
	const struct {
		const char *base, *sub;
		uid_t uid;
		mode_t mode;
	} dirs[] = {
		{ rt->state, "", 0, 0711 },         { rt->state, "/db", core, 0700 },
		{ rt->state, "/journal", 0, 0700 }, { rt->state, "/journal/done", 0, 0700 },
		{ rt->state, "/volumes", 0, 0700 }, { rt->state, "/config", 0, 0755 },
		{ rt->state, "/log", 0, 0750 },     { rt->dir, "", 0, 0711 },
		{ rt->dir, "/edge", 0, 0711 },      { rt->dir, "/edge/s", 0, 0711 },
		{ rt->dir, "/edge/f", 0, 0711 },    { rt->dir, "/sessions", 0, 0711 },
	};
	char path[sizeof(rt->state) + 16];
	int r;

	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", dirs[i].base, dirs[i].sub);
		r = make_dir(path, dirs[i].uid, dirs[i].uid, dirs[i].mode, err);
		if (r < 0)
			return r;
	}
	(void)snprintf(path, sizeof(path), "%s/db", rt->state);
	return adopt_files(path, core, err);
}

void runtime_leave(struct runtime *rt)
{
	autoclose int root = -1;
	char path[64];

	(void)snprintf(path, sizeof(path), "%s/sessions", rt->dir);
	if (rt->lock_fd < 0 || !is_empty_dir(path))
		return;
	root = open(RUNTIME_ROOT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0 || file_remove_tree(root, rt->instance, NULL) < 0)
		return;
	(void)snprintf(path, sizeof(path), SLOTS_DIR "/%u", rt->slot);
	(void)unlink(path);
}

void runtime_fini(struct runtime *rt)
{
	own_close(&rt->lock_fd);
	own_close(&rt->net_fd);
}

int runtime_status(const struct runtime *rt, const char *key, char *ret, size_t size)
{
	struct buf b = BUF(65536);
	struct str rest, line;
	int r = -ENOENT;
	char path[64];

	(void)snprintf(path, sizeof(path), "%s/status", rt->dir);
	if (file_read(AT_FDCWD, path, &b, NULL) < 0)
		goto out;
	rest = buf_str(&b);
	while (r < 0 && str_split(&rest, '\n', &line)) {
		size_t space = str_chr(line, ' ', 0);

		if (!str_is(str_sub(line, 0, space), key))
			continue;
		line = str_sub(line, space + 1, line.len);
		(void)snprintf(ret, size, "%.*s", STR_ARG(line));
		r = 0;
	}
out:
	buf_fini(&b);
	return r;
}

int runtime_parent(const struct runtime *rt, struct runtime_process *ret)
{
	uint64_t pid, start;
	char text[64];
	struct str s;
	size_t space;

	if (runtime_status(rt, "parent", text, sizeof(text)) < 0)
		return -ESRCH;
	s = str_of(text);
	space = str_chr(s, ' ', 0);
	if (str_to_u64(str_sub(s, 0, space), 1, INT_MAX, &pid) < 0 ||
	    str_to_u64(str_sub(s, space + 1, s.len), 1, UINT64_MAX, &start) < 0 ||
	    proc_start_time((pid_t)pid) != start)
		return -ESRCH;
	*ret = (struct runtime_process){ .pid = (pid_t)pid, .start = start };
	return 0;
}
