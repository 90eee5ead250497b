/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "engine/volume.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/cur.h"
#include "base/file.h"
#include "engine/proc.h"

#define SUFFIX  ".img"
#define TMP     ".tmp-"
#define BLOCK   4096
#define USER_ID 1000

/* e2fsck: 0 nothing was wrong, 1 what was wrong is mended. */
#define FSCK_MENDED 1

void volume_path(const char *dir, const char *id, char ret[VOLUME_PATH_MAX])
{
	(void)snprintf(ret, VOLUME_PATH_MAX, "%s/%s" SUFFIX, dir, id);
}

void volume_name(const char *path, char ret[41])
{
	const char *slash = strrchr(path, '/');
	struct str name = str_of(slash ? slash + 1 : path);

	if (str_ends(name, STR(SUFFIX)))
		name.len -= sizeof(SUFFIX) - 1;
	else
		name.len = 0;
	(void)snprintf(ret, 41, "%.*s", STR_ARG(name));
}

static int sync_dir(const char *dir, struct err *err)
{
	autoclose int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? ERR(err, -errno, "can't sync %s: %m", dir) : 0;
}

static int make_file(const char *path, int *ret_fd, struct err *err)
{
	(void)unlink(path);
	*ret_fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return *ret_fd < 0 ? ERR(err, -errno, "can't make %s: %m", path) : 0;
}

/* A larger size, if the pool may promise it; sparse. One at a time is asked: the
 * next one then counts what this one got. */
static int promise(const char *dir, int fd, const char *path, uint64_t size,
                   uint64_t overcommit_pct, struct err *err)
{
	static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;
	struct pool_space p;
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return ERR(err, -errno, "can't look at %s: %m", path);
	if ((uint64_t)st.st_size >= size)
		return 0;
	CHECK(pthread_mutex_lock(&one) == 0);
	r = volume_pool(dir, &p, err);
	if (r == 0)
		r = volume_admit(&p, size - (uint64_t)st.st_size, overcommit_pct, err);
	if (r == 0 && ftruncate(fd, (off_t)size) < 0)
		r = ERR(err, -errno, "can't size %s: %m", path);
	CHECK(pthread_mutex_unlock(&one) == 0);
	return r;
}

static int sync_file(int fd, const char *path, struct err *err)
{
	return fsync(fd) < 0 ? ERR(err, -errno, "can't sync %s: %m", path) : 0;
}

/* mkfs -d takes owners from a folder: it holds home/, empty, the user's. */
static int make_template(const char *path, struct err *err)
{
	char home[VOLUME_PATH_MAX + 8];

	(void)snprintf(home, sizeof(home), "%s/home", path);
	if ((mkdir(path, 0755) < 0 && errno != EEXIST) || chmod(path, 0755) < 0 ||
	    (mkdir(home, 0755) < 0 && errno != EEXIST) || chown(home, USER_ID, USER_ID) < 0 ||
	    chmod(home, 0755) < 0)
		return ERR(err, -errno, "can't make %s: %m", home);
	return 0;
}

static int make_fs(const char *path, const char *template, struct err *err)
{
	const char *const argv[] = {
		"mkfs.ext4",
		"-q",
		"-F",
		"-b",
		"4096",
		"-m",
		"0",
		"-J",
		"size=4",
		"-E",
		"lazy_itable_init=1,lazy_journal_init=1,nodiscard,root_owner=0:0",
		"-d",
		template,
		path,
		NULL
	};

	return proc_run(argv, STR_NONE, err);
}

/* A file system in a file that has its size. */
static int fill(const char *dir, const char *path, int fd, struct err *err)
{
	char template[VOLUME_PATH_MAX];
	int r;

	(void)snprintf(template, sizeof(template), "%s/.template", dir);
	r = make_template(template, err);
	if (r == 0)
		r = make_fs(path, template, err);
	if (r == 0)
		r = sync_file(fd, path, err);
	return r < 0 ? err_wrap(err, r, "can't make the volume") : 0;
}

int volume_create(const char *dir, const char *id, uint64_t size_bytes, uint64_t overcommit_pct,
                  struct err *err)
{
	char path[VOLUME_PATH_MAX], tmp[VOLUME_PATH_MAX];
	uint64_t size = size_bytes / BLOCK * BLOCK;
	autoclose int fd = -1;
	int r;

	volume_path(dir, id, path);
	if (access(path, F_OK) == 0)
		return 0;
	/* Not the name that the mkfs of a killed engine may still be writing to. */
	(void)snprintf(tmp, sizeof(tmp), "%s/" TMP "%s.%d" SUFFIX, dir, id, (int)getpid());
	r = make_file(tmp, &fd, err);
	if (r == 0)
		r = promise(dir, fd, tmp, size, overcommit_pct, err);
	if (r == 0)
		r = fill(dir, tmp, fd, err);
	if (r == 0 && rename(tmp, path) < 0)
		r = ERR(err, -errno, "can't name %s: %m", path);
	if (r < 0) {
		(void)unlink(tmp);
		return r;
	}
	return sync_dir(dir, err);
}

/* Opens and locks it. */
static int hold(const char *dir, const char *id, int *ret_fd, struct err *err)
{
	char path[VOLUME_PATH_MAX];
	autoclose int fd = -1;

	volume_path(dir, id, path);
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return ERR(err, -errno, "there is no volume %s: %m", id);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return ERR(err, -EBUSY, "the volume is in use: stop its session first");
	*ret_fd = steal_fd(&fd);
	return 0;
}

int volume_grow(const char *dir, const char *id, uint64_t size_bytes, uint64_t overcommit_pct,
                struct err *err)
{
	uint64_t size = size_bytes / BLOCK * BLOCK;
	char path[VOLUME_PATH_MAX];
	const char *const check[] = { "e2fsck", "-f", "-p", path, NULL };
	const char *const resize[] = { "resize2fs", path, NULL };
	autoclose int fd = -1;
	int r = hold(dir, id, &fd, err);

	if (r == 0) {
		volume_path(dir, id, path);
		r = promise(dir, fd, path, size, overcommit_pct, err);
	}
	if (r < 0)
		return r;
	/* Also when it has the size: a former call may have been killed here. The
	 * programs hold the lock as well: they outlive an engine that is killed. */
	r = proc_run_on(check, fd, FSCK_MENDED, err);
	if (r == 0)
		r = proc_run_on(resize, fd, 0, err);
	if (r == 0)
		r = sync_file(fd, path, err);
	return r < 0 ? err_wrap(err, r, "can't grow the volume") : 0;
}

/* The super block's counts: what the file system last wrote. */
static uint64_t used_bytes(int fd)
{
	char sb[1024];
	struct cur c = cur_of((struct str){ sb, sizeof(sb) });
	uint64_t blocks, free_blocks, high;
	uint32_t log_size;

	if (pread(fd, sb, sizeof(sb), 1024) != sizeof(sb))
		return 0;
	(void)cur_bytes(&c, 4);
	blocks = cur_u32le(&c);
	(void)cur_bytes(&c, 4);
	free_blocks = cur_u32le(&c);
	(void)cur_bytes(&c, 8);
	log_size = cur_u32le(&c);
	(void)cur_bytes(&c, 0x150 - 0x1c);
	high = cur_u32le(&c);
	blocks |= high << 32;
	(void)cur_bytes(&c, 4);
	high = cur_u32le(&c);
	free_blocks |= high << 32;
	return log_size > 6 || free_blocks > blocks ? 0
	                                            : (blocks - free_blocks) << (10 + log_size);
}

int volume_stat(const char *dir, const char *id, struct volume_stat *ret, struct err *err)
{
	char path[VOLUME_PATH_MAX];
	autoclose int fd = -1;
	struct stat st;

	volume_path(dir, id, path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) < 0)
		return ERR(err, -errno, "there is no volume %s: %m", id);
	*ret = (struct volume_stat){ (uint64_t)st.st_size, used_bytes(fd),
		                     (uint64_t)st.st_blocks * 512 };
	return 0;
}

int volume_delete(const char *dir, const char *id, struct err *err)
{
	char path[VOLUME_PATH_MAX];
	autoclose int fd = -1;
	int r = hold(dir, id, &fd, err);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	volume_path(dir, id, path);
	if (unlink(path) < 0 && errno != ENOENT)
		return ERR(err, -errno, "can't delete %s: %m", path);
	return sync_dir(dir, err);
}

int volume_pool(const char *dir, struct pool_space *ret, struct err *err)
{
	struct pool_space p = { 0 };
	DIR *d = opendir(dir);
	struct statvfs fs;

	if (!d || fstatvfs(dirfd(d), &fs) < 0) {
		int r = ERR(err, -errno, "can't look at %s: %m", dir);

		if (d)
			(void)closedir(d);
		return r;
	}
	p.total_bytes = (uint64_t)fs.f_blocks * fs.f_frsize;
	p.free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	for (struct dirent *e; (e = readdir(d));) {
		struct stat st;

		/* Those just being made among them. */
		if (!str_ends(str_of(e->d_name), STR(SUFFIX)) ||
		    fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		p.promised_bytes += (uint64_t)st.st_size;
		p.allocated_bytes += (uint64_t)st.st_blocks * 512;
	}
	(void)closedir(d);
	*ret = p;
	return 0;
}

uint64_t volume_limit(const struct pool_space *p, uint64_t overcommit_pct)
{
	/* What volumes can ever have is what is free and what they have. */
	return (p->free_bytes + p->allocated_bytes) / 100 * overcommit_pct;
}

int volume_admit(const struct pool_space *p, uint64_t more, uint64_t overcommit_pct,
                 struct err *err)
{
	uint64_t limit = volume_limit(p, overcommit_pct);

	if (p->promised_bytes + more <= limit && p->promised_bytes + more >= more)
		return 0;
	return ERR(err, -ENOSPC,
	           "this host has no room for a volume of %llu MiB: %llu MiB of %llu MiB are "
	           "promised to others; delete workspaces or add storage",
	           (unsigned long long)(more >> 20),
	           (unsigned long long)(p->promised_bytes >> 20),
	           (unsigned long long)(limit >> 20));
}

int volume_scratch(const char *dir, uint64_t size_bytes, char ret[VOLUME_PATH_MAX],
                   struct err *err)
{
	char tmp[VOLUME_PATH_MAX];
	const char *const argv[] = { "mkfs.ext4",
		                     "-q",
		                     "-F",
		                     "-b",
		                     "4096",
		                     "-m",
		                     "0",
		                     "-O",
		                     "^has_journal",
		                     "-E",
		                     "lazy_itable_init=1,nodiscard",
		                     tmp,
		                     NULL };
	autoclose int fd = -1;
	int r;

	(void)snprintf(ret, VOLUME_PATH_MAX, "%s/.scratch-%llu", dir,
	               (unsigned long long)size_bytes);
	if (access(ret, F_OK) == 0)
		return 0;
	(void)snprintf(tmp, sizeof(tmp), "%s/" TMP "scratch", dir);
	r = make_file(tmp, &fd, err);
	if (r == 0 && ftruncate(fd, (off_t)(size_bytes / BLOCK * BLOCK)) < 0)
		r = ERR(err, -errno, "can't size %s: %m", tmp);
	if (r == 0)
		r = proc_run(argv, STR_NONE, err);
	if (r == 0)
		r = sync_file(fd, tmp, err);
	if (r == 0 && rename(tmp, ret) < 0)
		r = ERR(err, -errno, "can't name %s: %m", ret);
	return r < 0 ? err_wrap(err, r, "can't make the scratch image") : 0;
}

void volume_sweep(const char *dir)
{
	DIR *d = opendir(dir);

	for (struct dirent *e; d && (e = readdir(d));)
		if (str_starts(str_of(e->d_name), STR(TMP)))
			(void)unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		(void)closedir(d);
}
