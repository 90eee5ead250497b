/* SPDX-License-Identifier: Apache-2.0 */
/* What a shim writes down: the state another shim needs, and the journal. */
#define _GNU_SOURCE
#include "shim/shim.h"

#include <errno.h>
#include <fcntl.h>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "shim/cgroup.h"

int record_state(struct shim *s, struct err *err)
{
	char path[SHIM_PATH_MAX + 32];
	struct buf b = BUF(SHIM_FILE_MAX);
	int r;

	s->state.idle_seconds = s->deadline.idle_seconds;
	s->state.max_at_boot_ns = s->deadline.max_at;
	s->state.extend_until_boot_ns = s->deadline.extend_until;
	s->state.calendar_at_boot_ns = s->deadline.calendar_at;
	s->state.lease_until_boot_ns = s->deadline.lease_until;
	(void)snprintf(s->state.stop_reason, sizeof(s->state.stop_reason), "%s", s->reason);
	shim_state_put(&b, &s->state);
	(void)snprintf(path, sizeof(path), "%s/state", s->conf.dir);
	r = file_write_atomic(AT_FDCWD, path, buf_str(&b), 0600, err);
	buf_fini(&b);
	return r;
}

/* {"last":…} of a longer evidence, if that fits. */
static void only_last(struct str evidence, char *ret, size_t n)
{
	struct arena a = ARENA(64 * 1024);
	struct json *tree = NULL;
	const struct json *last;

	if (json_parse(&a, evidence, NULL, &tree, NULL) == 0) {
		last = json_get(tree, "last");
		if (last && last->raw.len + sizeof("{\"last\":}") <= n)
			(void)snprintf(ret, n, "{\"last\":%.*s}", STR_ARG(last->raw));
	}
	arena_fini(&a);
}

void record_evidence(const char *evidence, char *ret, size_t n)
{
	size_t len = strlen(evidence);

	memset(ret, 0, n);
	if (len < n)
		memcpy(ret, evidence, len);
	else
		only_last(str_of(evidence), ret, n);
}

static void failure_evidence(const struct shim *s, char *ret, size_t n)
{
	struct buf b = BUF(512);
	struct jsonw w = JSONW(&b);
	struct str message = str_sub(str_of(s->message), 0, 160);

	jw_obj(&w);
	jw_kv_z(&w, "phase", s->step);
	jw_kv_str(&w, "message", message);
	jw_obj_end(&w);
	memset(ret, 0, n);
	if (buf_error(&b) == 0 && buf_len(&b) < n)
		memcpy(ret, buf_str(&b).ptr, buf_len(&b));
	buf_fini(&b);
}

static struct journal_rec record(struct shim *s, enum journal_kind kind)
{
	struct journal_rec r = { .epoch = s->conf.epoch, .kind = kind, .exit_status = -1 };
	struct cgroup_stats st;

	cgroups_stats(&s->conf, &st);
	(void)snprintf(r.session, sizeof(r.session), "%s", s->conf.session);
	(void)snprintf(r.boot_id, sizeof(r.boot_id), "%s", s->boot_id);
	r.boottime_ns = time_boot_ns();
	r.wall_us = time_wall_us();
	r.cpu_ns = st.cpu_ns;
	r.mem_peak_bytes = st.memory_peak_bytes;
	r.oom_kills = st.oom_kills;
	return r;
}

static void publish(struct shim *s, const struct journal_rec *r)
{
	struct wire_msg m = { .type = WIRE_EV_RUN };

	wire_from_journal(r, &m.ev_run);
	if (s->engine_listens)
		link_send(s, &s->engine, &m);
}

int record_start(struct shim *s, struct err *err)
{
	struct journal_rec r = record(s, JOURNAL_START);
	int res = jfile_append(&s->journal, &r, err);

	if (res == 0)
		publish(s, &r);
	return res;
}

void record_beat(struct shim *s)
{
	struct journal_rec r = record(s, JOURNAL_BEAT);
	struct err err = ERR_NONE;

	record_evidence(s->evidence, r.evidence, sizeof(r.evidence));
	if (jfile_beat(&s->journal, &r, &err) < 0)
		log_err(LOG_WARN, "beat_failed", &err);
}

/* A run that nobody saw the end of ends with its last beat, else at once. */
static void estimate(struct shim *s, struct journal_rec *r)
{
	struct journal_rec beat;

	if (!jfile_last_beat(&s->journal, &beat))
		beat = s->journal.last;
	r->boottime_ns = beat.boottime_ns;
	r->wall_us = beat.wall_us;
	r->cpu_ns = beat.cpu_ns;
	r->mem_peak_bytes = beat.mem_peak_bytes;
	r->oom_kills = beat.oom_kills;
	memcpy(r->boot_id, beat.boot_id, sizeof(r->boot_id));
	memcpy(r->evidence, beat.evidence, sizeof(r->evidence));
	r->estimated = 1;
}

/* A disk that takes no record makes no run longer. */
static struct journal_rec end_record(struct shim *s)
{
	struct journal_rec r = record(s, JOURNAL_STOP);

	if (!s->ended_boot_ns) {
		s->ended_boot_ns = r.boottime_ns;
		s->ended_wall_us = r.wall_us;
	}
	r.boottime_ns = s->ended_boot_ns;
	r.wall_us = s->ended_wall_us;
	return r;
}

int record_stop(struct shim *s, struct err *err)
{
	struct journal_rec r = end_record(s);
	int res;

	if (jfile_has_ended(&s->journal))
		return 0; /* the stop stands there already */
	if (!s->journal.running) {
		/* Nothing ran: a run of no length says so for ever. */
		struct journal_rec start = r;

		start.kind = JOURNAL_START;
		res = jfile_append(&s->journal, &start, err);
		if (res < 0)
			return res;
		publish(s, &start);
	}
	if (s->failed)
		failure_evidence(s, r.evidence, sizeof(r.evidence));
	else
		record_evidence(s->evidence, r.evidence, sizeof(r.evidence));
	r.segment = s->journal.last.segment;
	r.exit_status = s->exit_status;
	if (s->estimate)
		estimate(s, &r);
	(void)snprintf(r.reason, sizeof(r.reason), "%s", s->reason);
	res = jfile_append(&s->journal, &r, err);
	if (res == 0)
		publish(s, &r);
	return res;
}
