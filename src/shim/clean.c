/* SPDX-License-Identifier: Apache-2.0 */
/* The last state of a shim: everything of the session goes. */
#define _GNU_SOURCE
#include "shim/shim.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "base/file.h"
#include "base/log.h"
#include "shim/cgroup.h"
#include "shim/loop.h"
#include "shim/net.h"

#define CLEAN_MAX_MS  30000
#define VOLUME_MAX_MS 5000

/* Folders that only we or the session's own root can have filled. */
static void remove_tree(const char *path)
{
	struct err err = ERR_NONE;

	if (file_remove_tree(AT_FDCWD, path, &err) < 0 && err.code != -ENOENT)
		log_err(LOG_WARN, "not_removed", &err);
}

/* Never recursive: should something still be mounted there, it stays. */
static void empty(const char *path)
{
	DIR *d = opendir(path);

	for (struct dirent *e; d && (e = readdir(d));)
		if (unlinkat(dirfd(d), e->d_name, 0) < 0)
			(void)unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR);
	if (d)
		(void)closedir(d);
}

/* The name goes in one step: under its new one the engine removes it too. */
static void remove_folder(struct shim *s)
{
	char gone[SHIM_PATH_MAX + 16];
	const char *slash = strrchr(s->conf.dir, '/');

	(void)snprintf(gone, sizeof(gone), "%.*s/.tmp-%s", (int)(slash - s->conf.dir),
	               s->conf.dir, slash + 1);
	if (rename(s->conf.dir, gone) < 0)
		(void)snprintf(gone, sizeof(gone), "%s", s->conf.dir);
	empty(gone);
	(void)rmdir(gone);
}

static void remove_runtime_state(struct shim *s)
{
	char path[2 * SHIM_PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/%s-%u", s->conf.runtime_root, s->conf.session,
	               s->conf.epoch);
	remove_tree(path);
}

static bool is_clean(struct shim *s, mono_ms waited)
{
	if (cgroups_remove(&s->conf) < 0)
		return false;
	if (s->conf.ifname[0] && net_link_exists(s->conf.ifname))
		return false;
	/* A next session may have it already; then waiting is not for us. */
	return !loop_image_is_busy(s->conf.volume) || waited > VOLUME_MAX_MS;
}

static void on_cleaning(struct ev_timer *t)
{
	struct shim *s = CONTAINER_OF(t, struct shim, tick);
	mono_ms waited = time_mono_ms() - s->ending_since;

	if (!is_clean(s, waited) && waited < CLEAN_MAX_MS) {
		ev_timer_start(s->ev, &s->tick, ++s->ticks < 20 ? 5 : 100, on_cleaning);
		return;
	}
	if (waited >= CLEAN_MAX_MS)
		log_event(LOG_ERROR, "not_clean", LZ("session", s->conf.session));
	remove_runtime_state(s);
	remove_tree(s->conf.socket_dir);
	remove_folder(s);
	ev_stop(s->ev);
}

void shim_clean(struct shim *s)
{
	s->phase = SHIM_CLEANING;
	s->ticks = 0;
	s->ending_since = time_mono_ms();
	on_cleaning(&s->tick);
}
