/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stopped workspace's files: one throw-away process a volume, made when core
 * asks for it, ended when nobody has asked for a minute (files_idle), or at once when a
 * session, a growth or a deletion needs the volume.
 *
 *   STARTING ──its report ends──> SERVING ──idle, needed elsewhere──> ENDING
 *       └───────────────────────── failed ───────────────────────────────┘
 *
 * It dies with the engine: nothing of it is worth adopting, for whatever was
 * half done (an upload) stands on the volume.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/log.h"
#include "engine/filter.h"
#include "engine/host.h"
#include "engine/local.h"
#include "engine/stale.h"

#define FILES_MAX 64U   /* at once on a host */
#define BUSY_MS   5000U /* one asked for so lately makes no room for another */
#define BPF_MAX   (1U << 20)

struct files_call {
	struct list node;
	struct engine_call *call;
};

static struct files *find(const struct local *l, struct str volume)
{
	list_for_each (it, &l->files) {
		struct files *f = LIST_ENTRY(it, struct files, node);

		if (str_is(volume, f->volume) && f->state != FILES_ENDING)
			return f;
	}
	return NULL;
}

static void fail_calls(struct files *f, const struct err *err)
{
	while (!list_empty(&f->calls)) {
		struct files_call *w = LIST_ENTRY(f->calls.next, struct files_call, node);

		list_del(&w->node);
		engine_fail(w->call, err);
		free(w);
	}
}

static void say_key(const struct files *f, struct engine_call *c)
{
	struct wire_msg m = { .type = WIRE_FILES_START_OK };

	m.files_start_ok.key = str_of(f->key);
	engine_answer(c, &m);
}

static void end(struct files *f, const struct err *why)
{
	if (f->state != FILES_ENDING)
		(void)kill(f->keeper.pid, SIGTERM); /* ours, and not reaped: its pid holds */
	f->state = FILES_ENDING;
	ev_timer_stop(&f->idle);
	ev_fd_stop(&f->report);
	own_close(&f->report_fd);
	fail_calls(f, why);
}

static void on_free(struct ev_later *later)
{
	free(CONTAINER_OF(later, struct files, later));
}

static void on_keeper_exit(struct ev_child *child, int code, int status)
{
	struct files *f = CONTAINER_OF(child, struct files, keeper);
	struct local *l = f->l;
	struct err err = ERR_NONE;

	(void)ERR(&err, -EAGAIN, "the process of the files has ended: ask again");
	if (f->state == FILES_SERVING)
		log_event(LOG_WARN, "files_process_died", LZ("volume", f->volume),
		          LI("code", code), LI("status", status));
	f->state = FILES_ENDING; /* it has: nothing to signal */
	end(f, &err);
	files_unmake(f);
	l->used[f->index] = false;
	l->nfiles--;
	list_del(&f->node);
	ev_at_turn_end(l->ev, &f->later, on_free);
}

/* Nothing and the end: the program runs, and its socket listened before. */
static void on_report(struct ev_fd *fd, uint32_t events)
{
	struct files *f = CONTAINER_OF(fd, struct files, report);
	struct {
		int code;
		char text[252];
	} m = { 0 };
	struct err err = ERR_NONE;
	ssize_t n = read(f->report_fd, &m, sizeof(m));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n != 0) {
		m.text[sizeof(m.text) - 1] = '\0';
		(void)ERR(&err, m.code < 0 ? m.code : -EIO, "%s", m.text);
		log_err(LOG_WARN, "files_not_started", &err);
		end(f, &err);
		return;
	}
	ev_fd_stop(&f->report);
	own_close(&f->report_fd);
	f->state = FILES_SERVING;
	while (!list_empty(&f->calls)) {
		struct files_call *w = LIST_ENTRY(f->calls.next, struct files_call, node);

		list_del(&w->node);
		say_key(f, w->call);
		free(w);
	}
}

static void on_idle(struct ev_timer *t)
{
	struct files *f = CONTAINER_OF(t, struct files, idle);
	mono_ms now = ev_now_ms(f->l->ev), until = f->asked + f->l->cfg->files_idle_s * 1000;
	struct err err = ERR_NONE;

	if (now < until) {
		ev_timer_start(f->l->ev, t, until - now, on_idle);
		return;
	}
	(void)ERR(&err, -EAGAIN, "the process of the files did not start in time: ask again");
	end(f, &err);
}

static bool has_session(const struct local *l, struct str volume)
{
	size_t at = 0;
	void *value;

	while (map_next(&l->sessions, &at, NULL, &value))
		if (str_is(volume, ((const struct session *)value)->volume))
			return true;
	return false;
}

/* From the end that sessions take last. */
static int take_index(struct local *l, unsigned *ret)
{
	for (unsigned i = SLOT_SESSIONS; i > 0; i--)
		if (!l->used[i - 1]) {
			*ret = i - 1;
			return 0;
		}
	return -EAGAIN;
}

/* The one that was not asked for longest makes room. */
static int make_room(struct local *l, struct err *err)
{
	mono_ms now = ev_now_ms(l->ev);
	struct files *oldest = NULL;

	if (l->nfiles < FILES_MAX)
		return 0;
	list_for_each (it, &l->files) {
		struct files *f = LIST_ENTRY(it, struct files, node);

		if (f->state == FILES_SERVING && (!oldest || f->asked < oldest->asked))
			oldest = f;
	}
	if (oldest && now - oldest->asked >= BUSY_MS)
		end(oldest, NULL);
	return ERR(err, -EAGAIN,
	           "the files of %u stopped workspaces are open, as many as this host shows "
	           "at once: ask again",
	           FILES_MAX);
}

static int may_start(struct local *l, struct str volume, struct err *err)
{
	char path[VOLUME_PATH_MAX], id[41];

	if (has_session(l, volume))
		return ERR(err, -EBUSY, "a session has the volume");
	if (l->cannot.code) {
		*err = l->cannot;
		return l->cannot.code;
	}
	if (l->pool_low)
		return ERR(err, -ENOSPC,
		           "this host's disk is nearly full: files of stopped workspaces are "
		           "shown again when space is freed");
	(void)snprintf(id, sizeof(id), "%.*s", STR_ARG(volume));
	volume_path(l->volumes, id, path);
	if (access(path, F_OK) < 0)
		return ERR(err, -ENOENT, "the workspace's volume is not there");
	if (!buf_len(&l->files_bpf)) {
		int r = filter_compile_files(&l->files_bpf, err);

		if (r < 0)
			return r;
	}
	return make_room(l, err);
}

static int begin(struct local *l, const struct wire_files_start *m, struct files **ret,
                 struct err *err)
{
	struct files *f;
	unsigned index;
	int r = may_start(l, m->volume_id, err);

	if (r == 0 && take_index(l, &index) < 0)
		r = ERR(err, -EAGAIN, "this host has as many sessions as it can");
	if (r < 0)
		return r;
	f = xcalloc(1, sizeof(*f));
	f->l = l;
	f->index = index;
	f->report_fd = -1;
	f->asked = ev_now_ms(l->ev);
	list_init(&f->calls);
	(void)snprintf(f->volume, sizeof(f->volume), "%.*s", STR_ARG(m->volume_id));
	(void)snprintf(f->image, sizeof(f->image), "%.*s", STR_ARG(m->image_id));
	(void)snprintf(f->key, sizeof(f->key), "%s-%u", f->volume, ++l->next_files);
	r = files_make(f, err);
	if (r == 0) {
		r = ev_child_start(l->ev, &f->keeper, f->keeper.pid, on_keeper_exit, err);
		if (r < 0) {
			(void)kill(f->keeper.pid, SIGKILL);
			(void)waitpid(f->keeper.pid, NULL, 0);
			files_unmake(f);
		}
	}
	if (r < 0) {
		own_close(&f->report_fd);
		free(f);
		return r;
	}
	l->used[index] = true;
	l->nfiles++;
	list_push(&l->files, &f->node);
	ev_timer_start(l->ev, &f->idle, l->cfg->files_idle_s * 1000, on_idle);
	r = ev_fd_start(l->ev, &f->report, f->report_fd, EPOLLIN, on_report, err);
	if (r < 0)
		end(f, err);
	*ret = f;
	return r;
}

void files_start(struct local *l, struct engine_call *c, const struct wire_files_start *m)
{
	struct files *f = find(l, m->volume_id);
	struct files_call *w;
	struct err err = ERR_NONE;

	if (!f && begin(l, m, &f, &err) < 0) {
		engine_fail(c, &err);
		return;
	}
	f->asked = ev_now_ms(l->ev);
	if (f->state == FILES_SERVING) {
		say_key(f, c);
		return;
	}
	w = xcalloc(1, sizeof(*w));
	w->call = c;
	list_push(&f->calls, &w->node);
}

bool files_end(struct local *l, struct str volume)
{
	struct err err = ERR_NONE;
	bool any = false;

	(void)ERR(&err, -EBUSY, "the volume is needed elsewhere: ask again");
	list_for_each_safe (it, &l->files) {
		struct files *f = LIST_ENTRY(it, struct files, node);

		if (!str_is(volume, f->volume))
			continue;
		any = true;
		end(f, &err);
	}
	return any;
}

void files_end_all(struct local *l)
{
	list_for_each_safe (it, &l->files)
		(void)files_end(l, str_of(LIST_ENTRY(it, struct files, node)->volume));
}

bool files_is_key(const struct local *l, const char *key)
{
	list_for_each (it, &l->files)
		if (strcmp(LIST_ENTRY(it, struct files, node)->key, key) == 0)
			return true;
	return false;
}

static bool is_key(const char *key, void *arg)
{
	return files_is_key(arg, key);
}

void files_sweep(struct local *l)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/edge/f", l->cfg->run_dir);
	stale_folders(path, is_key, l);
	(void)snprintf(path, sizeof(path), "%s/files", l->cfg->run_dir);
	stale_folders(path, is_key, l);
	cghost_sweep(&l->files_cgroups, is_key, l);
}

void files_init(struct local *l)
{
	uint64_t eighth = host_memory_bytes() / 8;

	l->files_memory =
	    l->cfg->files_memory_bytes < eighth ? l->cfg->files_memory_bytes : eighth;
	list_init(&l->files);
	buf_init(&l->files_bpf, BPF_MAX);
	/* Keys of an engine that was killed are none of this one's. */
	l->next_files = (unsigned)(time_wall_us() / 1000 % 1000000000);
}

void files_fini(struct local *l)
{
	list_for_each_safe (it, &l->files) {
		struct files *f = LIST_ENTRY(it, struct files, node);

		end(f, &(struct err){ .code = -ESHUTDOWN, .msg = "the engine ends" });
		ev_child_stop(&f->keeper);
		(void)waitpid(f->keeper.pid, NULL, 0);
		files_unmake(f);
		list_del(&f->node);
		free(f);
	}
	buf_fini(&l->files_bpf);
}
