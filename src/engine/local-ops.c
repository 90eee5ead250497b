/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "engine/local-ops.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "engine/bundle.h"
#include "engine/host.h"
#include "engine/journals.h"
#include "engine/rootfs.h"

#define ITEMS_MAX   1000000
#define PAGE_MAX    5000U /* of sessions, at most 140 bytes each */
#define LOG_MAX     1000000U
#define VOLUME_MIN  (16ULL << 20) /* what ext4 needs to be of use */
#define MEMORY_MIN  (16ULL << 20) /* what the runtime needs to start */
#define FREED_TRIES 500U          /* of 10 ms */

static struct local *local_of(struct engine *e)
{
	return CONTAINER_OF(e, struct local, base);
}

/* Ids become names of files, cgroups and containers. */
static int check_id(struct str id, size_t max, const char *what, struct err *err)
{
	for (size_t i = 0; i < id.len; i++) {
		char c = id.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
		      c == '-' || (i > 0 && c == '.')))
			return ERR(err, -EINVAL, "%s holds a character that it may not", what);
	}
	if (id.len == 0 || id.len > max || id.ptr[0] == '-')
		return ERR(err, -EINVAL, "%s must have 1 to %zu characters", what, max);
	return 0;
}

static int check_session(struct str id, struct err *err)
{
	return check_id(id, 39, "the session's id", err);
}

/* Host and images. */

static void warn_if(struct jsonw *w, const struct err *err)
{
	if (err->code)
		jw_z(w, err->msg);
}

static void put_warnings(struct local *l, struct jsonw *w)
{
	jw_arr(w);
	warn_if(w, &l->cannot);
	warn_if(w, &l->no_network);
	if (l->pool_low)
		jw_z(w, "the disk is nearly full: all volumes are frozen until space is freed");
	if (buf_len(&l->dns) == 0)
		jw_z(w, "sessions have no name server that they can reach: set `dns`");
	jw_arr_end(w);
}

static void host_facts(struct engine *e, struct engine_call *c)
{
	struct local *l = local_of(e);
	struct wire_msg m = { .type = WIRE_HOST_FACTS_OK };
	struct buf b = BUF(65536), gpus = BUF(4096);
	struct jsonw w = JSONW(&b), g = JSONW(&gpus);
	struct pool_space p = { 0 };
	struct err err = ERR_NONE;

	if (volume_pool(l->volumes, &p, &err) < 0) {
		engine_fail(c, &err);
		return;
	}
	put_warnings(l, &w);
	host_put_gpus(&g, l->gpu, l->ngpu);
	m.host_facts_ok = (struct wire_host_facts_ok){
		host_cpu_milli(),
		host_memory_bytes() - l->files_memory,
		p.total_bytes,
		p.free_bytes,
		buf_str(&b),
		buf_str(&gpus),
		volume_limit(&p, l->cfg->pool_overcommit_pct),
	};
	engine_answer(c, &m);
	buf_fini(&gpus);
	buf_fini(&b);
}

static void image_list_(struct engine *e, struct engine_call *c)
{
	struct wire_msg m = { .type = WIRE_IMAGE_LIST_OK };
	struct buf b = BUF(ITEMS_MAX);
	struct jsonw w = JSONW(&b);
	struct err err = ERR_NONE;

	/* Images that can't be read just now are not gone. */
	if (rootfs_list(local_of(e)->cfg->image_dir, &w, &err) < 0) {
		engine_fail(c, &err);
	} else {
		m.image_list_ok.items = buf_str(&b);
		engine_answer(c, &m);
	}
	buf_fini(&b);
}

/* Volumes: on the pool's threads, one job a request. */

enum volume_verb { VERB_CREATE, VERB_GROW, VERB_DELETE, VERB_STAT };

struct volume_job {
	struct pool_job job;
	struct list node; /* l->volume_jobs */
	struct local *l;
	struct engine_call *call;
	enum volume_verb verb;
	char id[41];
	uint64_t size;
	bool freed; /* the files process had it a moment ago */
	struct volume_stat st;
	int r;
	struct err err;
};

static int grow(struct volume_job *v)
{
	return volume_grow(v->l->volumes, v->id, v->size, v->l->cfg->pool_overcommit_pct,
	                   &v->err);
}

/* One that is there was made by a call whose answer was never heard, perhaps for
 * another size. */
static int create(struct volume_job *v)
{
	char path[VOLUME_PATH_MAX];

	volume_path(v->l->volumes, v->id, path);
	if (access(path, F_OK) == 0)
		return grow(v);
	return volume_create(v->l->volumes, v->id, v->size, v->l->cfg->pool_overcommit_pct,
	                     &v->err);
}

static void do_verb(struct volume_job *v)
{
	switch (v->verb) {
	case VERB_CREATE:
		v->r = create(v);
		break;
	case VERB_GROW:
		v->r = grow(v);
		break;
	case VERB_DELETE:
		v->r = volume_delete(v->l->volumes, v->id, &v->err);
		break;
	case VERB_STAT:
		v->r = volume_stat(v->l->volumes, v->id, &v->st, &v->err);
		break;
	}
}

/* A process that was just killed lets go within some milliseconds. */
static void volume_work(struct pool_job *j)
{
	struct volume_job *v = CONTAINER_OF(j, struct volume_job, job);
	struct timespec ten = { 0, 10000000 };

	do_verb(v);
	for (unsigned i = 0; v->freed && v->r == -EBUSY && i < FREED_TRIES; i++) {
		(void)nanosleep(&ten, NULL);
		do_verb(v);
	}
}

static void volume_done(struct pool_job *j)
{
	struct volume_job *v = CONTAINER_OF(j, struct volume_job, job);
	struct wire_msg m = { .type = WIRE_VOLUME_STAT_OK };

	list_del(&v->node);
	if (v->r < 0) {
		engine_fail(v->call, &v->err);
	} else if (v->verb == VERB_STAT) {
		m.volume_stat_ok =
		    (struct wire_volume_stat_ok){ v->st.size_bytes, v->st.used_bytes,
			                          v->st.allocated_bytes };
		engine_answer(v->call, &m);
	} else {
		engine_ok(v->call);
	}
	free(v);
}

/* Two that change one volume would get into each other's way. */
static bool is_changing(const struct local *l, struct str id)
{
	list_for_each (it, &l->volume_jobs) {
		const struct volume_job *v = LIST_ENTRY(it, struct volume_job, node);

		if (v->verb != VERB_STAT && str_is(id, v->id))
			return true;
	}
	return false;
}

static void volume_call(struct engine *e, struct engine_call *c, enum volume_verb verb,
                        struct str id, uint64_t size)
{
	struct volume_job *v;
	struct err err = ERR_NONE;
	int r = check_id(id, 40, "the volume's id", &err);

	if (r == 0 && (verb == VERB_CREATE || verb == VERB_GROW) &&
	    (size < VOLUME_MIN || size > (1ULL << 46)))
		r = ERR(&err, -EINVAL, "a volume has 16 MiB to 64 TiB");
	if (r == 0 && verb != VERB_STAT && is_changing(local_of(e), id))
		r = ERR(&err, -EAGAIN, "the volume is just being changed: ask again");
	if (r < 0) {
		engine_fail(c, &err);
		return;
	}
	v = xcalloc(1, sizeof(*v));
	v->job = (struct pool_job){ .work = volume_work, .done = volume_done };
	v->l = local_of(e);
	v->call = c;
	v->verb = verb;
	v->size = size;
	if (verb == VERB_GROW || verb == VERB_DELETE)
		v->freed = files_end(v->l, id);
	(void)snprintf(v->id, sizeof(v->id), "%.*s", STR_ARG(id));
	if (pool_submit(v->l->pool, &v->job) < 0) {
		(void)ERR(&err, -EAGAIN, "the engine is busy with other volumes: ask again");
		engine_fail(c, &err);
		free(v);
		return;
	}
	list_push(&v->l->volume_jobs, &v->node);
}

static void volume_create_(struct engine *e, struct engine_call *c,
                           const struct wire_volume_create *m)
{
	volume_call(e, c, VERB_CREATE, m->volume_id, m->size_bytes);
}

static void volume_grow_(struct engine *e, struct engine_call *c,
                         const struct wire_volume_grow *m)
{
	volume_call(e, c, VERB_GROW, m->volume_id, m->size_bytes);
}

static void volume_stat_(struct engine *e, struct engine_call *c,
                         const struct wire_volume_stat *m)
{
	volume_call(e, c, VERB_STAT, m->volume_id, 0);
}

static void volume_delete_(struct engine *e, struct engine_call *c,
                           const struct wire_volume_delete *m)
{
	volume_call(e, c, VERB_DELETE, m->volume_id, 0);
}

static void files_start_(struct engine *e, struct engine_call *c,
                         const struct wire_files_start *m)
{
	struct err err = ERR_NONE;
	int r = check_id(m->volume_id, 40, "the volume's id", &err);

	if (r == 0 && m->image_id.len)
		r = check_id(m->image_id, 80, "the image's id", &err);
	if (r < 0)
		engine_fail(c, &err);
	else
		files_start(local_of(e), c, m);
}

/* Sessions. */

static int check_start(const struct wire_session_start *m, struct err *err)
{
	int r = check_session(m->session, err);

	if (r == 0)
		r = check_id(m->volume_id, 40, "the volume's id", err);
	if (r == 0)
		r = check_id(m->image_id, 80, "the image's id", err);
	if (r == 0)
		r = check_id(m->hostname, 63, "the host name", err);
	if (r == 0)
		r = bundle_check_env(m->env, err);
	if (r == 0 && (m->cpu_milli < 10 || m->memory_bytes < MEMORY_MIN || m->pids < 8))
		r = ERR(err, -EINVAL,
		        "an instance has at least 0.01 CPU, 16 MiB and 8 processes");
	return r;
}

static int take_index(struct local *l, unsigned *ret, struct err *err)
{
	/* Not the one that was freed last: its traces may just be going. */
	for (unsigned i = 0; i < SLOT_SESSIONS; i++) {
		unsigned index = (l->next_index + i) % SLOT_SESSIONS;

		if (l->used[index])
			continue;
		l->next_index = index + 1;
		*ret = index;
		return 0;
	}
	return ERR(err, -EAGAIN, "this host runs %u sessions, as many as it can",
	           SLOT_SESSIONS);
}

static int start(struct local *l, const struct wire_session_start *m, const char *key,
                 struct err *err)
{
	struct session *s;
	unsigned index;
	int r;

	if (l->cannot.code) {
		*err = l->cannot;
		return l->cannot.code;
	}
	r = take_index(l, &index, err);
	if (r == 0)
		r = make_session(l, m, key, index, err);
	if (r < 0)
		return r;
	/* The shim waits until it has let go of the volume. */
	(void)files_end(l, m->volume_id);
	s = session_new(l, key, index);
	if (!s)
		return ERR(err, -EAGAIN, "the engine has too many sessions");
	(void)snprintf(s->volume, sizeof(s->volume), "%.*s", STR_ARG(m->volume_id));
	/* From here on it comes to an end by itself. */
	if (session_spawn(s, false, err) < 0)
		log_err(LOG_ERROR, "no_shim", err);
	s->adopt_at = time_mono_ms() + 1000;
	return 0;
}

static void session_start(struct engine *e, struct engine_call *c,
                          const struct wire_session_start *m)
{
	struct local *l = local_of(e);
	struct err err = ERR_NONE;
	char key[KEY_MAX_];
	int r = check_start(m, &err);

	session_key(m->session, m->epoch, key);
	if (r == 0 && !map_get(&l->sessions, str_of(key)) && !journals_exist(l->journals, key))
		r = start(l, m, key, &err);
	if (r < 0) {
		log_err(LOG_WARN, "start_refused", &err);
		engine_fail(c, &err);
		return;
	}
	engine_ok(c);
	local_emit_run(l, key); /* of one that was asked for before */
}

/* The object; or answers: OK with the journal for a run that has ended. */
static struct session *find(struct engine *e, struct engine_call *c, struct str id,
                            uint32_t epoch, bool ended_is_ok)
{
	struct local *l = local_of(e);
	struct err err = ERR_NONE;
	struct session *s = NULL;
	char key[KEY_MAX_];
	int r = check_session(id, &err);

	if (r == 0) {
		s = session_find(l, id, epoch);
		session_key(id, epoch, key);
	}
	if (s)
		return s;
	if (r == 0 && ended_is_ok && journals_exist(l->journals, key)) {
		engine_ok(c);
		local_emit_run(l, key);
		return NULL;
	}
	if (r == 0)
		(void)ERR(&err, -ENOENT, "there is no session %.*s", STR_ARG(id));
	engine_fail(c, &err);
	return NULL;
}

static void session_stop_(struct engine *e, struct engine_call *c,
                          const struct wire_session_stop *m)
{
	struct session *s = find(e, c, m->session, m->epoch, true);

	if (!s)
		return;
	session_stop(s, m);
	engine_ok(c);
}

static void session_deadline(struct engine *e, struct engine_call *c,
                             const struct wire_session_deadline *m)
{
	struct session *s = find(e, c, m->session, m->epoch, false);

	if (!s)
		return;
	session_set_deadline(s, m);
	engine_ok(c);
}

static int by_key(const void *a, const void *b)
{
	const struct str *x = a, *y = b;
	int r = memcmp(x->ptr, y->ptr, x->len < y->len ? x->len : y->len);

	return r ? r : (x->len > y->len) - (x->len < y->len);
}

/* In the order of their keys, so that pages of a list that changes miss none
 * that was there all the time. */
static void session_list(struct engine *e, struct engine_call *c,
                         const struct wire_session_list *ask)
{
	struct wire_msg m = { .type = WIRE_SESSION_LIST_OK };
	struct local *l = local_of(e);
	struct buf b = BUF(ITEMS_MAX);
	struct jsonw w = JSONW(&b);
	struct str *keys = xcalloc(map_count(&l->sessions) + 1, sizeof(*keys));
	size_t at = 0, n = 0, put = 0;
	void *value;

	while (map_next(&l->sessions, &at, &keys[n], &value))
		n += by_key(&keys[n], &ask->after) > 0;
	qsort(keys, n, sizeof(*keys), by_key);
	jw_arr(&w);
	for (; put < n && put < PAGE_MAX; put++)
		session_put(map_get(&l->sessions, keys[put]), &w);
	jw_arr_end(&w);
	m.session_list_ok.items = buf_str(&b);
	m.session_list_ok.next = put < n ? keys[put - 1] : STR("");
	engine_answer(c, &m);
	buf_fini(&b);
	free(keys);
}

static void session_stats(struct engine *e, struct engine_call *c,
                          const struct wire_session_stats *m)
{
	struct session *s = find(e, c, m->session, m->epoch, false);

	if (s)
		session_ask_stats(s, c);
}

static void session_upgrade(struct engine *e, struct engine_call *c,
                            const struct wire_session_upgrade *m)
{
	struct session *s = find(e, c, m->session, m->epoch, false);

	if (s)
		session_ask_upgrade(s, c);
}

static void session_index(struct engine *e, struct engine_call *c,
                          const struct wire_session_index *m)
{
	struct session *s = find(e, c, m->session, m->epoch, false);

	if (s)
		session_give_credit(s, c, m);
}

/* The last bytes of a log, from the start of a line. */
static int read_tail(const char *path, size_t max, struct buf *b, struct err *err)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	off_t from;
	char *to;
	ssize_t n;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return ERR(err, -errno, "can't open %s: %m", path);
	from = st.st_size > (off_t)max ? st.st_size - (off_t)max : 0;
	to = buf_reserve(b, max);
	n = to ? pread(fd, to, max, from) : -1;
	if (n < 0)
		return ERR(err, -EIO, "can't read %s", path);
	for (ssize_t i = 0; i < n; i++) /* a text for people, and for the wire */
		if (to[i] == '\0')
			to[i] = ' ';
	buf_commit(b, (size_t)n);
	if (from > 0) {
		size_t line = str_chr(buf_str(b), '\n', 0);

		buf_consume(b, line < buf_len(b) ? line + 1 : 0);
	}
	return 0;
}

static void session_log(struct engine *e, struct engine_call *c,
                        const struct wire_session_log *m)
{
	size_t max = m->max_bytes == 0 || m->max_bytes > LOG_MAX ? LOG_MAX : m->max_bytes;
	struct wire_msg answer = { .type = WIRE_SESSION_LOG_OK };
	struct buf b = BUF(LOG_MAX + 4096);
	struct err err = ERR_NONE;
	char path[700], key[KEY_MAX_];
	int r = check_session(m->session, &err);

	if (r == 0) {
		session_key(m->session, m->epoch, key);
		(void)snprintf(path, sizeof(path), "%s/log/%s.log", local_of(e)->cfg->state,
		               key);
		r = read_tail(path, max, &b, &err);
	}
	if (r < 0) {
		engine_fail(c, &err);
	} else {
		answer.session_log_ok.text = buf_str(&b);
		engine_answer(c, &answer);
	}
	buf_fini(&b);
}

static void events(struct engine *e, struct engine_call *c)
{
	engine_ok(c);
	local_replay(local_of(e));
}

static void journal_ack(struct engine *e, struct engine_call *c,
                        const struct wire_journal_ack *m)
{
	struct local *l = local_of(e);
	struct err err = ERR_NONE;
	char key[KEY_MAX_];
	int r = check_session(m->session, &err);

	if (r == 0) {
		session_key(m->session, m->epoch, key);
		r = journals_ack(l->journals, key, &err);
	}
	if (r < 0)
		engine_fail(c, &err);
	else
		engine_ok(c);
}

const struct engine_ops local_ops = {
	.host_facts = host_facts,
	.image_list = image_list_,
	.volume_create = volume_create_,
	.volume_grow = volume_grow_,
	.volume_stat = volume_stat_,
	.volume_delete = volume_delete_,
	.files_start = files_start_,
	.session_start = session_start,
	.session_stop = session_stop_,
	.session_deadline = session_deadline,
	.session_list = session_list,
	.session_stats = session_stats,
	.session_log = session_log,
	.session_upgrade = session_upgrade,
	.session_index = session_index,
	.events = events,
	.journal_ack = journal_ack,
};
