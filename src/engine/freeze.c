/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second watermark. Volumes are sparse: when the file system under them
 * is full, a write in a session succeeds and its data is lost later. Before
 * that every volume is frozen, and the scratch image beside it: writers wait.
 * They thaw when space is back, or when their session is to end (what waits for
 * a frozen file system can't even be killed). What froze one is kept open to
 * thaw it: the way in leads over the container's first process, and nothing
 * thaws a file system that nobody can open any more.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/major.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "engine/local.h"
#include "engine/volume.h"

#define CHECK_MS 2000

/* In the container: on its volume, and on its scratch image. */
static const char *const places[FROZEN_MAX] = { "home/carrel", "tmp" };

/* The root of the session's container; -1 before there is one, and as soon as its
 * first process is ending, be it that others keep that from its end. */
static int open_root(struct session *s)
{
	autoclose int proc = -1;
	struct shim_state st;
	char path[64];

	if (!session_read_state(s, &st))
		return -1;
	(void)snprintf(path, sizeof(path), "/proc/%lld", (long long)st.pid);
	proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0 || proc_start_time_at(proc) != st.start_time)
		return -1;
	return openat(proc, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* Found without a link. */
static int open_place(int root, size_t i)
{
	struct open_how how = { .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		                .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS };

	return root < 0 ? -1 : (int)syscall(SYS_openat2, root, places[i], &how, sizeof(how));
}

/* An image of a session's: whatever that folder may have become, never what the host
 * itself stands on. */
static bool is_image(const struct local *l, int fd)
{
	struct stat st, pool, root;

	return fstat(fd, &st) == 0 && stat(l->volumes, &pool) == 0 && stat("/", &root) == 0 &&
	       major(st.st_dev) == LOOP_MAJOR && st.st_dev != pool.st_dev &&
	       st.st_dev != root.st_dev;
}

static int freeze_fs(const struct local *l, int fd)
{
	if (!is_image(l, fd))
		return -ENODEV;
	/* EBUSY: an engine before us did it. */
	return ioctl(fd, FIFREEZE, 0) < 0 && errno != EBUSY ? -errno : 0;
}

static void freeze_one(struct session *s, int root, size_t i)
{
	autoclose int fd = open_place(root, i);
	int r;

	if (fd < 0)
		return;
	r = freeze_fs(s->l, fd);
	if (r < 0) {
		log_event(LOG_ERROR, "volume_not_frozen", LZ("session", s->key),
		          LZ("folder", places[i]), LI("errno", -r));
		return;
	}
	s->frozen_fd[i] = steal_fd(&fd);
	s->frozen = true;
	log_event(LOG_ERROR, "volume_frozen", LZ("session", s->key), LZ("folder", places[i]),
	          LZ("why", "the host's disk is nearly full"));
}

/* False: it is still frozen, for all we know. */
static bool thaw_one(struct session *s, int root, size_t i)
{
	autoclose int fd =
	    s->frozen_fd[i] >= 0 ? steal_fd(&s->frozen_fd[i]) : open_place(root, i);

	if (fd < 0)
		return false;
	if (ioctl(fd, FITHAW, 0) == 0) {
		log_event(LOG_WARN, "volume_thawed", LZ("session", s->key),
		          LZ("folder", places[i]));
	} else if (errno != EINVAL) { /* which is: it was not frozen */
		log_event(LOG_ERROR, "volume_not_thawed", LZ("session", s->key),
		          LZ("folder", places[i]), LI("errno", errno));
		s->frozen_fd[i] = steal_fd(&fd);
		return false;
	}
	return true;
}

void session_thaw(struct session *s)
{
	autoclose int root = open_root(s);
	bool all = true;

	for (size_t i = 0; i < FROZEN_MAX; i++)
		all &= thaw_one(s, root, i);
	s->frozen = !all;
}

static bool is_ending(struct session *s)
{
	autoclose int root = -1;

	if (s->state == SESSION_STOPPING_ ||
	    (s->stop_at_boot_ns && time_boot_ns() >= s->stop_at_boot_ns))
		return true;
	/* By itself: it was killed, or ran into its memory limit. */
	root = open_root(s);
	return root < 0;
}

static void freeze(struct session *s)
{
	autoclose int root = open_root(s);

	for (size_t i = 0; i < FROZEN_MAX; i++)
		if (s->frozen_fd[i] < 0)
			freeze_one(s, root, i);
}

static void apply(struct local *l, bool low)
{
	struct str key;
	void *value;
	size_t at = 0;

	while (map_next(&l->sessions, &at, &key, &value)) {
		struct session *s = value;
		bool stays = low && !is_ending(s);

		/* One that an engine before us froze is opened again, to thaw it. */
		if (stays && s->frozen_fd[0] < 0)
			freeze(s);
		else if (s->frozen && !stays)
			session_thaw(s);
	}
}

static void on_space(struct ev_timer *t)
{
	struct local *l = CONTAINER_OF(t, struct local, space);
	uint64_t limit = l->cfg->pool_stop_bytes, free_bytes;
	struct statvfs fs;

	if (statvfs(l->volumes, &fs) == 0) {
		free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
		/* Back again only with some room, or it would flap. */
		if (free_bytes < limit)
			l->pool_low = true;
		else if (free_bytes > limit + limit / 4)
			l->pool_low = false;
		apply(l, l->pool_low);
		if (l->pool_low)
			files_end_all(l);
	}
	ev_timer_start(l->ev, t, CHECK_MS, on_space);
}

static bool uses(const struct session *s, struct str image)
{
	char volume[VOLUME_PATH_MAX];

	volume_path(".", s->volume, volume);
	return str_is(image, volume + 2) || str_find(image, str_of(s->key)) < image.len;
}

/* Does a session lead to it, or is just about to? */
static bool is_held(struct local *l, struct str image)
{
	struct shim_state st;
	struct str key;
	void *value;
	size_t at = 0;

	while (map_next(&l->sessions, &at, &key, &value)) {
		struct session *s = value;
		autoclose int root = -1;

		if (!uses(s, image))
			continue;
		root = open_root(s);
		return root >= 0 || !session_read_state(s, &st);
	}
	return false;
}

void freeze_watch(struct local *l)
{
	thaw_left(l, is_held);
	on_space(&l->space);
}
