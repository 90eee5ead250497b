/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second watermark. Volumes are sparse: when the file system under them
 * is full, a write in a session succeeds and its data is lost later. Before
 * that every volume is frozen: writers wait. It thaws when space is back, or
 * when its session is to end (what waits for a frozen file system can't even
 * be killed).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#include "base/log.h"
#include "engine/local.h"

#define CHECK_MS 2000
#define HOME     "home/carrel"

/* The home folder of the session's container, found without a link. */
static int open_home(struct session *s)
{
	struct open_how how = { .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		                .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS };
	autoclose int root = -1;
	struct shim_state st;
	char path[64];

	if (!session_read_state(s, &st))
		return -1;
	(void)snprintf(path, sizeof(path), "/proc/%lld/root", (long long)st.pid);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root < 0 ? -1 : (int)syscall(SYS_openat2, root, HOME, &how, sizeof(how));
}

void session_thaw(struct session *s)
{
	autoclose int fd = open_home(s);

	if (fd >= 0 && ioctl(fd, FITHAW, 0) == 0)
		log_event(LOG_WARN, "volume_thawed", LZ("session", s->key));
	s->frozen = false;
}

static void freeze(struct session *s)
{
	autoclose int fd = open_home(s);

	if (fd < 0)
		return;
	if (ioctl(fd, FIFREEZE, 0) < 0 && errno != EBUSY) {
		log_event(LOG_ERROR, "volume_not_frozen", LZ("session", s->key),
		          LI("errno", errno));
		return;
	}
	s->frozen = true;
	log_event(LOG_ERROR, "volume_frozen", LZ("session", s->key),
	          LZ("why", "the host's disk is nearly full"));
}

static bool is_ending(const struct session *s)
{
	return s->state == SESSION_STOPPING_ ||
	       (s->stop_at_boot_ns && time_boot_ns() >= s->stop_at_boot_ns);
}

static void apply(struct local *l, bool low)
{
	struct str key;
	void *value;
	size_t at = 0;

	while (map_next(&l->sessions, &at, &key, &value)) {
		struct session *s = value;

		if (low && !s->frozen && !is_ending(s))
			freeze(s);
		else if (s->frozen && (!low || is_ending(s)))
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

void freeze_watch(struct local *l)
{
	on_space(&l->space);
}
