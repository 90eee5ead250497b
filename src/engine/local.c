/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "engine/local.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "engine/filter.h"
#include "engine/host.h"
#include "engine/journals.h"
#include "engine/local-ops.h"
#include "engine/nft.h"
#include "engine/proc.h"
#include "engine/stale.h"

#define SWEEP_MS      30000
#define SWEEP_SOON_MS 500
#define LOG_DAYS      30
#define GUARD_MS      10000
#define BPF_MAX       (1U << 20)
#define CA_MAX        (8U << 20)
#define DNS_MAX       256

/* What a journal says, as events. */

/* {"phase","message"} of a start that failed. */
static void emit_failed(struct local *l, const struct journal_rec *r)
{
	struct arena a = ARENA(65536);
	struct wire_msg m = { .type = WIRE_EV_FAILED };
	struct json *t = NULL;

	if (json_parse(&a, str_of(r->evidence), NULL, &t, NULL) < 0)
		t = NULL;
	m.ev_failed = (struct wire_ev_failed){
		str_of(r->session), r->epoch, json_str_or(t, "phase", STR("container")),
		str_of(r->reason), json_str_or(t, "message", STR("the start failed"))
	};
	engine_emit(&l->base, &m);
	arena_fini(&a);
}

static void emit_record(const struct journal_rec *r, void *arg)
{
	struct local *l = arg;
	struct wire_msg m = { .type = WIRE_EV_RUN };

	wire_from_journal(r, &m.ev_run);
	engine_emit(&l->base, &m);
	if (r->kind == JOURNAL_STOP && strcmp(r->reason, "start-failed") == 0)
		emit_failed(l, r);
}

void local_emit_run(struct local *l, const char *key)
{
	(void)!journals_run(l->journals, key, emit_record, l);
}

void local_replay(struct local *l)
{
	struct str key;
	void *value;
	size_t at = 0;

	journals_each(l->journals, emit_record, l);
	while (map_next(&l->sessions, &at, &key, &value))
		session_listen(value);
}

/* Finding what a crash left. */

static bool is_session(const char *key, void *arg)
{
	struct local *l = arg;

	return map_get(&l->sessions, str_of(key)) != NULL;
}

static bool is_known(const char *key, void *arg)
{
	return is_session(key, arg) || strcmp(key, FILES_CGROUP) == 0;
}

static bool is_used_link(const char *ifname, void *arg)
{
	struct local *l = arg;
	unsigned index;

	return slot_of_ifname(str_of(ifname), l->cfg->slot, &index) && l->used[index];
}

static void close_journal(const char *key, void *arg)
{
	struct local *l = arg;
	struct err err = ERR_NONE;
	struct str id;
	char session[41], epoch[16];
	const char *argv[] = { l->cfg->shim, "--close", l->journals, session, epoch, NULL };
	uint32_t n;

	if (is_session(key, l) || !journals_is_running(l->journals, key) ||
	    journals_split_key(str_of(key), &id, &n) < 0)
		return;
	(void)snprintf(session, sizeof(session), "%.*s", STR_ARG(id));
	(void)snprintf(epoch, sizeof(epoch), "%u", n);
	if (proc_run(argv, STR_NONE, &err) < 0)
		log_err(LOG_ERROR, "journal_not_closed", &err);
	else
		log_event(LOG_WARN, "run_lost", LZ("session", key));
	local_emit_run(l, key);
}

/* A folder without an object: somebody's unfinished business. */
static void find_one(struct local *l, const char *dir, const char *key)
{
	struct shim_conf *c = xcalloc(1, sizeof(*c));
	struct buf b = BUF(SHIM_FILE_MAX);
	struct session *s = NULL;
	char path[600];
	unsigned index;

	(void)snprintf(path, sizeof(path), "%s/%s/shim.conf", dir, key);
	if (file_read(AT_FDCWD, path, &b, NULL) == 0 &&
	    shim_conf_get(buf_str(&b), c, NULL) == 0 &&
	    slot_of_userns(c->userns_base, l->cfg->slot, &index))
		s = session_new(l, key, index);
	if (s) { /* for all we know: a thaw too many does no harm */
		s->frozen = true;
		volume_name(c->volume, s->volume);
	}
	buf_fini(&b);
	free(c);
}

static void find_sessions(struct local *l)
{
	char path[256];
	DIR *d;

	(void)snprintf(path, sizeof(path), "%s/sessions", l->cfg->run_dir);
	d = opendir(path);
	for (struct dirent *e; d && (e = readdir(d));)
		if (e->d_name[0] != '.' && !is_session(e->d_name, l))
			find_one(l, path, e->d_name);
	if (d)
		(void)closedir(d);
}

static void remove_unfinished(struct local *l)
{
	char path[256];
	DIR *d;

	(void)snprintf(path, sizeof(path), "%s/sessions", l->cfg->run_dir);
	d = opendir(path);
	for (struct dirent *e; d && (e = readdir(d));)
		if (str_starts(str_of(e->d_name), STR(".tmp-")))
			(void)!file_remove_tree(dirfd(d), e->d_name, NULL);
	if (d)
		(void)closedir(d);
}

static void sweep(struct local *l)
{
	char path[256], logs[600];

	find_sessions(l);
	remove_unfinished(l);
	(void)snprintf(path, sizeof(path), "%s/edge/s", l->cfg->run_dir);
	stale_folders(path, is_session, l);
	(void)snprintf(path, sizeof(path), "%s/runtime", l->cfg->run_dir);
	stale_folders(path, is_session, l);
	if (l->cannot.code == 0)
		cghost_sweep(&l->cgroups, is_known, l);
	files_sweep(l);
	stale_links(l->cfg->slot, is_used_link, l);
	journals_keys(l->journals, close_journal, l);
	(void)snprintf(logs, sizeof(logs), "%s/log", l->cfg->state);
	stale_files(logs, ".log", LOG_DAYS);
}

static void on_sweep(struct ev_timer *t)
{
	struct local *l = CONTAINER_OF(t, struct local, sweep);

	sweep(l);
	ev_timer_start(l->ev, t, SWEEP_MS, on_sweep);
}

/* The packet filter: without it no session may have a network. */

static void load_rules(struct local *l)
{
	struct nft_rules r = { l->cfg->slot, buf_str(&l->dns), str_of(l->cfg->network_allow) };
	struct err err = ERR_NONE;

	if (nft_load(&r, &err) < 0 || host_forward(l->note, &err) < 0) {
		log_err(LOG_ERROR, "no_network", &err);
		l->no_network = err;
	} else {
		l->no_network = ERR_NONE;
	}
}

static void on_guard(struct ev_timer *t)
{
	struct local *l = CONTAINER_OF(t, struct local, guard);

	if (!nft_is_loaded(l->cfg->slot)) {
		log_event(LOG_WARN, "rules_lost", LI("slot", l->cfg->slot));
		load_rules(l);
	}
	ev_timer_start(l->ev, t, GUARD_MS, on_guard);
}

/* Start-up. */

static int set_path(char *to, size_t n, const char *dir, const char *name, struct err *err)
{
	if ((size_t)snprintf(to, n, "%s%s", dir, name) >= n)
		return ERR(err, -ENAMETOOLONG, "the path %s is too long", dir);
	return 0;
}

static int make_dirs(struct local *l, struct err *err)
{
	const struct {
		const char *dir, *name;
		mode_t mode;
	} dirs[] = {
		{ l->cfg->state, "/journal/done", 0700 }, { l->cfg->state, "/volumes", 0700 },
		{ l->cfg->state, "/log", 0750 },          { l->cfg->run_dir, "", 0711 },
		{ l->cfg->run_dir, "/sessions", 0711 },   { l->cfg->run_dir, "/edge", 0711 },
		{ l->cfg->run_dir, "/edge/s", 0711 },     { l->cfg->run_dir, "/runtime", 0700 },
		{ l->cfg->run_dir, "/edge/f", 0711 },     { l->cfg->run_dir, "/files", 0700 },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(dirs); i++) {
		char path[600];

		(void)snprintf(path, sizeof(path), "%s%s", dirs[i].dir, dirs[i].name);
		r = file_mkdirs(path, dirs[i].mode, err);
		if (r == 0 && chmod(path, dirs[i].mode) < 0)
			r = ERR(err, -errno, "can't set the mode of %s: %m", path);
	}
	return r;
}

/* A copy that every session's root may read. */
static int copy_ca(struct local *l, struct err *err)
{
	struct buf b = BUF(CA_MAX);
	int r;

	if (!l->cfg->ca_bundle[0] || access(l->cfg->ca_bundle, R_OK) < 0)
		return 0;
	r = file_read(AT_FDCWD, l->cfg->ca_bundle, &b, err);
	if (r == 0)
		r = set_path(l->ca_file, sizeof(l->ca_file), l->cfg->run_dir, "/ca.crt", err);
	if (r == 0)
		r = file_write_atomic(AT_FDCWD, l->ca_file, buf_str(&b), 0644, err);
	buf_fini(&b);
	return r;
}

static bool is_crun(const char *runtime)
{
	const char *slash = strrchr(runtime, '/');

	return strncmp(slash ? slash + 1 : runtime, "crun", 4) == 0;
}

/* What sessions need of the host; what is missing does not stop the engine,
 * it is told to whoever wants to start one. */
static void prepare(struct local *l)
{
	struct err *err = &l->cannot;
	int r = host_find_program(l->cfg->runtime, l->runtime, sizeof(l->runtime), err);

	if (r == 0)
		r = cghost_open(l->cfg->instance, &l->cgroups, err);
	if (r == 0)
		r = cghost_share(&l->cgroups, FILES_CGROUP, l->files_memory, &l->files_cgroups,
		                 err);
	if (r == 0)
		r = volume_scratch(l->volumes, l->cfg->scratch_bytes, l->scratch, err);
	if (r == 0)
		r = copy_ca(l, err);
	if (r == 0 && is_crun(l->runtime))
		r = filter_compile(&l->bpf, err);
	if (r < 0)
		log_err(LOG_ERROR, "cannot_start_sessions", err);
	load_rules(l);
	l->mtu = host_mtu();
}

static int open_all(struct local *l, struct err *err)
{
	struct rlimit files = { 0 };
	int r = slot_network(str_of(l->cfg->network), &l->network, err);

	if (r == 0 && l->cfg->slot >= SLOTS)
		r = ERR(err, -EINVAL, "there is no slot %u", l->cfg->slot);
	if (r == 0)
		r = set_path(l->volumes, sizeof(l->volumes), l->cfg->state, "/volumes", err);
	if (r == 0)
		r = set_path(l->journals, sizeof(l->journals), l->cfg->state, "/journal", err);
	if (r == 0)
		r = make_dirs(l, err);
	if (r == 0)
		r = pool_new(l->ev, 4, 1024, &l->pool, err);
	(void)snprintf(l->note, sizeof(l->note), "%s/ip_forward", l->cfg->run_dir);
	l->nofile_hard = getrlimit(RLIMIT_NOFILE, &files) == 0 ? files.rlim_max : 4096;
	host_dns(l->cfg->dns, &l->dns);
	l->ngpu = host_gpus(l->cfg->gpus, l->gpu);
	return r;
}

int local_new(struct ev *ev, const struct engine_cfg *cfg, struct local **ret, struct err *err)
{
	struct local *l = xcalloc(1, sizeof(*l));
	int r;

	l->base.ops = &local_ops;
	l->ev = ev;
	l->cfg = cfg;
	buf_init(&l->dns, DNS_MAX);
	buf_init(&l->bpf, BPF_MAX);
	map_init(&l->sessions, (size_t)2 * SLOT_SESSIONS);
	list_init(&l->volume_jobs);
	files_init(l);
	r = open_all(l, err);
	if (r < 0) {
		local_free(l);
		return r;
	}
	prepare(l);
	volume_sweep(l->volumes);
	sweep(l);
	/* Soon again: what a killed engine left may just be dying. */
	ev_timer_start(ev, &l->sweep, SWEEP_SOON_MS, on_sweep);
	ev_timer_start(ev, &l->guard, GUARD_MS, on_guard);
	freeze_watch(l);
	l->started = true;
	*ret = l;
	return 0;
}

void local_free(struct local *l)
{
	struct err err = ERR_NONE;

	if (!l)
		return;
	ev_timer_stop(&l->sweep);
	ev_timer_stop(&l->guard);
	ev_timer_stop(&l->space);
	files_fini(l);
	pool_free(l->pool);
	/* One that did not come to look for sessions may have some. */
	if (l->started && map_count(&l->sessions) == 0) {
		cghost_close(&l->files_cgroups);
		cghost_close(&l->cgroups);
		if (nft_remove(l->cfg->slot, &err) < 0)
			log_err(LOG_WARN, "rules_stay", &err);
		host_unforward(l->note);
	}
	map_fini(&l->sessions);
	buf_fini(&l->dns);
	buf_fini(&l->bpf);
	free(l);
}
