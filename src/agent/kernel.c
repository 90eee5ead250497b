/* SPDX-License-Identifier: Apache-2.0 */
/* The registry of kernels, their states, and how the API sees them. */
#define _GNU_SOURCE
#include "agent/kernel.h"

#include <errno.h>
#include <sys/stat.h>

#include "agent/kclient.h"
#include "agent/kernelspec.h"
#include "agent/runs.h"
#include "base/log.h"
#include "base/rand.h"

#define TO(s) (1U << KERNEL_##s)
/* clang-format off */
static const struct {
	const char *name;
	unsigned allowed;
} states[KERNEL_STATE_MAX_] = {
	[KERNEL_STARTING]   = { "starting",   TO(READY) | TO(RESTARTING) | TO(STOPPING) | TO(FAILED) | TO(DEAD) },
	[KERNEL_READY]      = { "ready",      TO(RESTARTING) | TO(STOPPING) | TO(DEAD) },
	[KERNEL_RESTARTING] = { "restarting", TO(STARTING) | TO(STOPPING) | TO(FAILED) | TO(DEAD) },
	[KERNEL_STOPPING]   = { "stopping",   TO(DEAD) },
	[KERNEL_FAILED]     = { "dead",       TO(RESTARTING) | TO(STOPPING) | TO(DEAD) },
	[KERNEL_DEAD]       = { "gone",       0 },
};
/* clang-format on */
#undef TO

static const char *const exec_names[] = {
	[EXEC_STARTING] = "starting",     [EXEC_IDLE] = "idle", [EXEC_BUSY] = "busy",
	[EXEC_RESTARTING] = "restarting", [EXEC_DEAD] = "dead",
};

const char *kernel_state_name(enum kernel_state s)
{
	return states[s].name;
}

const char *kernel_exec_name(const struct kernel *k)
{
	return exec_names[k->exec];
}

bool kernel_may(enum kernel_state from, enum kernel_state to)
{
	return states[from].allowed & (1U << to);
}

void kernel_free(struct kernel *k)
{
	for (int c = 0; c < JMSG_CHANNEL_MAX_; c++)
		kconn_fini(&k->conn[c]);
	buf_fini(&k->info);
	buf_fini(&k->run.parent);
	buf_fini(&k->run.session);
	buf_fini(&k->run.asked);
	free(k->name);
	free(k->cwd);
	free(k->path);
	free(k->failure);
	free(k);
}

static void on_gone(struct ev_later *l)
{
	kernel_free(CONTAINER_OF(l, struct kernel, gone));
}

/* Everybody who waits for it learns that it ended. */
static void release_waits(struct kernel *k)
{
	list_for_each_safe (it, &k->waits) {
		struct kernel_wait *w = CONTAINER_OF(it, struct kernel_wait, node);

		list_del(&w->node);
		w->fn(w, k, w->for_end);
	}
}

static void bury(struct kernel *k)
{
	struct kernels *ks = k->a->kernels;

	ev_timer_stop(&k->timer);
	ev_timer_stop(&k->idle_timer);
	ev_timer_stop(&k->sweep);
	kernel_deafen(k);
	kernel_close_process(k);
	kernel_unlink_files(k);
	runs_end(k);
	list_del(&k->node);
	ks->n--;
	kclients_end(k, 1000, STR("the kernel has ended"));
	release_waits(k);
	ev_at_turn_end(k->a->ev, &k->gone, on_gone);
	if (ks->n == 0 && ks->stopped) {
		void (*stopped)(struct agent * a) = ks->stopped;

		ks->stopped = NULL;
		stopped(k->a);
	}
}

int kernel_move(struct kernel *k, enum kernel_state to, struct err *err)
{
	enum kernel_state from = k->state;

	CHECK(to < KERNEL_STATE_MAX_);
	if (!kernel_may(from, to))
		return ERR(err, -EPERM, "kernel is %s, can't become %s", states[from].name,
		           states[to].name);
	k->state = to;
	k->since_ms = ev_now_ms(k->a->ev);
	log_event(LOG_INFO, "kernel", LZ("kernel", k->id), LZ("from", states[from].name),
	          LZ("to", states[to].name));
	if (to == KERNEL_DEAD)
		bury(k);
	return 0;
}

/* ---- the registry ---- */

int kernels_init(struct agent *a, struct err *err)
{
	struct kernels *ks = calloc(1, sizeof(*ks));

	if (!ks)
		return ERR(err, -ENOMEM, "no memory for the kernels");
	ks->a = a;
	list_init(&ks->all);
	list_init(&ks->sessions);
	a->kernels = ks;
	return 0;
}

void kernels_fini(struct agent *a)
{
	if (!a->kernels)
		return;
	list_for_each_safe (it, &a->kernels->all) {
		struct kernel *k = CONTAINER_OF(it, struct kernel, node);

		kernel_signal(k, SIGKILL);
		(void)!kernel_move(k, KERNEL_DEAD, NULL);
	}
	sessions_fini(a);
	ev_timer_stop(&a->kernels->cull);
	ev_timer_stop(&a->kernels->oom_timer);
	free(a->kernels);
	a->kernels = NULL;
}

struct kernel *kernel_by_id(struct agent *a, struct str id)
{
	list_for_each (it, &a->kernels->all) {
		struct kernel *k = CONTAINER_OF(it, struct kernel, node);

		if (str_is(id, k->id))
			return k;
	}
	return NULL;
}

size_t kernels_count(const struct agent *a)
{
	return a->kernels->n;
}

size_t kernel_connections(const struct kernel *k)
{
	size_t n = 0;

	list_for_each (it, &k->clients)
		n += CONTAINER_OF(it, struct kclient, node)->ws != NULL;
	return n;
}

size_t kernels_connections(const struct agent *a)
{
	size_t n = 0;

	list_for_each (it, &a->kernels->all)
		n += kernel_connections(CONTAINER_OF(it, struct kernel, node));
	return n;
}

wall_us kernels_last_activity(const struct agent *a)
{
	return a->kernels->last_activity;
}

bool kernel_is_working(const struct kernel *k)
{
	return (buf_len(&k->run.parent) && !k->run.waiting && !k->run.paused) || k->nsub;
}

size_t kernels_evidence(const struct agent *a, struct jsonw *w)
{
	struct str root = str_of(a->cfg->root);
	size_t n = 0;

	list_for_each (it, &a->kernels->all) {
		const struct kernel *k = CONTAINER_OF(it, struct kernel, node);
		struct str path = str_of(k->path);

		if (!kernel_is_working(k))
			continue;
		if (path.ptr && str_starts(path, root))
			path = str_sub(path, root.len + 1, path.len);
		jw_obj(w);
		jw_kv_z(w, "kernel", k->id);
		jw_kv_z(w, "name", k->name);
		jw_kv_str(w, "path", path.ptr ? path : STR(""));
		jw_kv_time(w, "since", k->run.since);
		jw_kv_z(w, "msg_id", k->run.id);
		jw_obj_end(w);
		n++;
	}
	return n;
}

void kernels_stop_all(struct agent *a, unsigned grace_ms, void (*done)(struct agent *a))
{
	struct kernels *ks = a->kernels;

	if (ks->n == 0) {
		done(a);
		return;
	}
	ks->stopped = done;
	ks->end_ms = grace_ms / 3;
	list_for_each_safe (it, &ks->all)
		kernel_stop(CONTAINER_OF(it, struct kernel, node), NULL);
}

/* ---- one kernel ---- */

/* The folder of the notebook, or the nearest one above it that is there. */
static char *folder_of(struct agent *a, struct str path, bool is_file)
{
	char *full = NULL;
	size_t root = strlen(a->cfg->root);
	struct stat st;

	if (is_file) {
		while (path.len && path.ptr[path.len - 1] != '/')
			path.len--;
	}
	while (path.len && path.ptr[path.len - 1] == '/')
		path.len--;
	while (path.len && path.ptr[0] == '/')
		path = str_sub(path, 1, path.len);
	if ((path.len && memchr(path.ptr, 0, path.len)) ||
	    asprintf(&full, "%s/%.*s", a->cfg->root, STR_ARG(path)) < 0)
		return strdup(a->cfg->root);
	while (strlen(full) > root && (stat(full, &st) < 0 || !S_ISDIR(st.st_mode)))
		*strrchr(full, '/') = '\0';
	return full;
}

static char *session_name_of(struct agent *a, const struct kernel_new *n)
{
	char *full = NULL;

	if (n->path.len == 0 || memchr(n->path.ptr, 0, n->path.len) ||
	    asprintf(&full, "%s/%.*s", a->cfg->root, STR_ARG(n->path)) < 0)
		return NULL;
	return full;
}

struct kernel *kernel_blank(struct agent *a)
{
	struct kernel *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->a = a;
	list_init(&k->clients);
	list_init(&k->waits);
	buf_init(&k->info, 1U << 20);
	buf_init(&k->run.parent, JMSG_HEADER_MAX);
	buf_init(&k->run.session, 1024);
	buf_init(&k->run.asked, KERNEL_ASKED_MAX);
	k->child.pidfd = -1;
	k->output.fd = -1;
	return k;
}

static struct kernel *alloc_kernel(struct agent *a, const struct kernel_new *n)
{
	struct kernel *k = kernel_blank(a);

	if (!k)
		return NULL;
	k->cwd = folder_of(a, n->path, n->is_file);
	k->path = session_name_of(a, n);
	k->last_activity = time_wall_us();
	k->since_ms = ev_now_ms(a->ev);
	rand_uuid(k->session);
	if (n->id.len)
		memcpy(k->id, n->id.ptr, n->id.len);
	else
		rand_uuid(k->id);
	return k;
}

static int check_new(struct agent *a, const struct kernel_new *n, struct err *err)
{
	if (a->stopping)
		return ERR(err, -EAGAIN, "The session is being stopped: no kernel can start");
	if (a->kernels->n >= KERNELS_MAX)
		return ERR(err, -EAGAIN, "There are %u kernels already: shut one down first",
		           KERNELS_MAX);
	if (n->id.len >= KERNEL_ID_MAX || (n->id.len && memchr(n->id.ptr, 0, n->id.len)))
		return ERR(err, -EINVAL, "This is no kernel id");
	if (n->id.len && kernel_by_id(a, n->id))
		return ERR(err, -EEXIST, "Kernel already exists: %.*s", STR_ARG(n->id));
	return 0;
}

/* Registers it and starts its process; on failure it is buried again. */
static int begin(struct kernel *k, const struct kspec *spec, struct err *err)
{
	int r;

	k->name = str_dup_z(spec->name);
	k->tcp = spec->tcp;
	list_push(&k->a->kernels->all, &k->node);
	k->a->kernels->n++;
	if (k->name && k->cwd)
		r = kernel_prepare_files(k, err);
	else
		r = ERR(err, -ENOMEM, "no memory for a kernel");
	if (r == 0)
		r = kernel_launch(k, err);
	if (r < 0)
		(void)!kernel_move(k, KERNEL_DEAD, NULL);
	return r;
}

int kernel_new(struct agent *a, const struct kernel_new *n, struct kernel **ret,
               struct err *err)
{
	struct arena m = ARENA(2U << 20);
	struct kspec *spec = NULL;
	struct kernel *k = NULL;
	int r = check_new(a, n, err);

	if (r == 0)
		r = kspec_find(a, &m, n->name, &spec, err);
	if (r == 0) {
		k = alloc_kernel(a, n);
		r = k && spec ? begin(k, spec, err)
		              : ERR(err, -ENOMEM, "no memory for a kernel");
	}
	arena_fini(&m);
	if (r < 0 || !k)
		return r;
	kernel_emit(k, "start", "success", "Kernel started");
	*ret = k;
	return 0;
}

void kernel_put_model(const struct kernel *k, struct jsonw *w)
{
	jw_obj(w);
	jw_kv_z(w, "id", k->id);
	jw_kv_z(w, "name", k->name);
	jw_kv_time(w, "last_activity", k->last_activity);
	jw_kv_z(w, "execution_state", kernel_exec_name(k));
	jw_kv_u64(w, "connections", kernel_connections(k));
	if (k->failure)
		jw_kv_z(w, "reason", k->failure);
	else if (k->reason)
		jw_kv_z(w, "reason", k->reason);
	if (k->failure && k->tail_len)
		jw_kv_str(w, "traceback", (struct str){ k->tail, k->tail_len });
	jw_obj_end(w);
}

void kernel_emit(struct kernel *k, const char *action, const char *status, const char *msg)
{
	struct buf b = BUF(4096);
	struct jsonw w = JSONW(&b);

	jw_obj(&w);
	jw_kv_z(&w, "action", action);
	jw_kv_z(&w, "msg", msg);
	jw_kv_z(&w, "kernel_id", k->id);
	jw_kv_z(&w, "kernel_name", k->name);
	jw_kv_z(&w, "status", status);
	jw_obj_end(&w);
	if (!buf_error(&b))
		events_emit(k->a, EVENT_KERNEL, str_sub(buf_str(&b), 1, buf_len(&b) - 1));
	buf_fini(&b);
}
