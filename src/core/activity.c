/* SPDX-License-Identifier: Apache-2.0 */
#include "core/activity.h"

#include <errno.h>
#include <stdio.h>

#include "base/encode.h"
#include "core/deadline.h"

#define ARENA_MAX (64UL * 1024)
/* The agent reports every 10 s, the shim passes it on every 5. */
#define JUST_NOW_NS (60 * NS_PER_S)

/* --- ten minutes --- */

static void push_one(struct activity *a, const struct activity_minute *m)
{
	if (a->n == ACTIVITY_MINUTES)
		memmove(&a->minutes[0], &a->minutes[1], --a->n * sizeof(*m));
	a->minutes[a->n++] = *m;
}

void activity_push(struct activity *a, const struct activity_minute *m)
{
	struct activity_minute gap = { .active = ACTIVITY_NOT_KNOWN,
		                       .cpu_milli = ACTIVITY_NOT_KNOWN };
	wall_us last = a->n ? a->minutes[a->n - 1].at : m->at;

	if (a->n && m->at <= last) { /* the clock was put back */
		a->minutes[a->n - 1] = *m;
		return;
	}
	/* A minute that came half a minute late is no gap. */
	gap.at = m->at - ACTIVITY_MINUTE_US * ACTIVITY_MINUTES;
	if (gap.at < last)
		gap.at = last;
	while (a->n && m->at - gap.at > ACTIVITY_MINUTE_US * 3 / 2) {
		gap.at += ACTIVITY_MINUTE_US;
		push_one(a, &gap);
	}
	push_one(a, m);
}

void activity_put(struct jsonw *w, const struct activity *a)
{
	char cores[32];

	jw_arr(w);
	for (size_t i = 0; i < a->n; i++) {
		const struct activity_minute *m = &a->minutes[i];

		jw_obj(w);
		jw_kv_time(w, "at", m->at);
		if (m->active < 0)
			jw_kv_null(w, "active");
		else
			jw_kv_bool(w, "active", m->active);
		(void)snprintf(cores, sizeof(cores), "%lld.%03lld",
		               (long long)m->cpu_milli / 1000, (long long)m->cpu_milli % 1000);
		if (m->cpu_milli < 0)
			jw_kv_null(w, "cpu_cores");
		else
			jw_kv_raw(w, "cpu_cores", str_of(cores));
		jw_kv_z(w, "why", m->why);
		jw_obj_end(w);
	}
	jw_arr_end(w);
}

/* "0.118" in thousandths. */
static int64_t milli_of(const struct json *v)
{
	size_t dot;
	uint64_t whole, part;

	if (!v || v->type != JSON_NUMBER)
		return ACTIVITY_NOT_KNOWN;
	dot = str_chr(v->raw, '.', 0);
	if (dot + 4 != v->raw.len ||
	    str_to_u64(str_sub(v->raw, 0, dot), 0, 1000000, &whole) < 0 ||
	    str_to_u64(str_sub(v->raw, dot + 1, v->raw.len), 0, 999, &part) < 0)
		return ACTIVITY_NOT_KNOWN;
	return (int64_t)(whole * 1000 + part);
}

int activity_get(struct str text, struct activity *ret)
{
	struct arena mem = ARENA(ARENA_MAX);
	struct activity a = { 0 };
	struct json *list = NULL;
	int r = json_parse(&mem, text, NULL, &list, NULL);

	if (r < 0 || list->type != JSON_ARRAY)
		r = -EBADMSG;
	json_for_each(it, r == 0 ? list : NULL)
	{
		const struct json *active = json_get(it, "active");
		struct activity_minute m = { .active = ACTIVITY_NOT_KNOWN };

		if (time_parse_rfc3339(json_str_or(it, "at", STR("")), &m.at) < 0)
			continue;
		if (active && (active->type == JSON_TRUE || active->type == JSON_FALSE))
			m.active = active->type == JSON_TRUE;
		m.cpu_milli = milli_of(json_get(it, "cpu_cores"));
		(void)snprintf(m.why, sizeof(m.why), "%.*s",
		               STR_ARG(json_str_or(it, "why", STR(""))));
		push_one(&a, &m);
	}
	arena_fini(&mem);
	if (r == 0)
		*ret = a;
	return r;
}

/* --- words for the evidence --- */

/* What speaks for the session, the strongest first. */
struct said {
	struct str file; /* of a busy kernel */
	uint64_t more;   /* other busy kernels */
	wall_us since;   /* 0: not known */
	struct str job;  /* of a terminal, or in the background */
	bool background;
	struct str last; /* start, open, save, run, type, upload */
};

static struct str base_name(struct str path)
{
	size_t at = 0;

	for (size_t i = 0; i < path.len; i++)
		if (path.ptr[i] == '/')
			at = i + 1;
	return str_sub(path, at, path.len);
}

static void read_busy(const struct json *list, struct said *s)
{
	json_for_each(it, list)
	{
		struct str path = json_str_or(it, "path", STR(""));

		if (s->file.len) {
			s->more++;
			continue;
		}
		s->file = path.len ? base_name(path) : json_str_or(it, "name", STR("a kernel"));
		if (time_parse_rfc3339(json_str_or(it, "since", STR("")), &s->since) < 0)
			s->since = 0;
	}
}

static struct said read_evidence(struct arena *mem, const char *evidence)
{
	struct said s = { 0 };
	struct json *e = NULL;

	if (json_parse(mem, str_of(evidence), NULL, &e, NULL) < 0 || e->type != JSON_OBJECT)
		return s;
	read_busy(json_get(e, "busy"), &s);
	json_for_each(it, json_get(e, "terminals"))
	{
		s.job = json_str_or(it, "job", STR(""));
		s.background = str_is(json_str_or(it, "name", STR("")), "background");
		if (s.job.len)
			break;
	}
	s.last = json_str_or(json_get(e, "last"), "what", STR(""));
	return s;
}

static const struct {
	const char *what, *did, *sentence;
} lasts[] = {
	{ "save", "saved", "a file was saved" },
	{ "run", "ran a cell", "a cell was run" },
	{ "type", "typed", "somebody typed" },
	{ "open", "opened a file", "a file was opened" },
	{ "upload", "moved files", "files were moved in or out" },
	{ "start", "started", "it was started" },
};

static const char *last_words(struct str what, bool sentence)
{
	for (size_t i = 0; i < ARRAY_LEN(lasts); i++)
		if (str_is(what, lasts[i].what))
			return sentence ? lasts[i].sentence : lasts[i].did;
	return sentence ? "nothing is known of" : "active";
}

void activity_why(struct str evidence, bool active, char ret[ACTIVITY_WHY_MAX])
{
	struct arena mem = ARENA(ARENA_MAX);
	char text[EVIDENCE_MAX + 1];
	struct str why;
	struct said s;
	struct buf b = BUF(4096);

	(void)snprintf(text, sizeof(text), "%.*s", STR_ARG(evidence));
	s = read_evidence(&mem, text);
	if (!active)
		buf_put_z(&b, "idle");
	else if (s.file.len)
		buf_printf(&b, "%.*s busy", STR_ARG(s.file));
	else if (s.job.len)
		buf_put_str(&b, s.job);
	else
		buf_put_z(&b, last_words(s.last, false));
	why = str_sub(buf_str(&b), 0, ACTIVITY_WHY_MAX - 1);
	(void)snprintf(ret, ACTIVITY_WHY_MAX, "%.*s", (int)utf8_whole(why), why.ptr);
	buf_fini(&b);
	arena_fini(&mem);
}

/* --- the verdict --- */

static void put_duration(struct buf *b, uint64_t s)
{
	uint64_t m = s / 60, h = m / 60;

	if (s < 60)
		buf_printf(b, "%llu s", (unsigned long long)s);
	else if (h == 0)
		buf_printf(b, "%llu min", (unsigned long long)m);
	else if (m % 60 == 0)
		buf_printf(b, "%llu h", (unsigned long long)h);
	else
		buf_printf(b, "%llu h %llu min", (unsigned long long)h,
		           (unsigned long long)m % 60);
}

static void put_busy(struct buf *b, const struct said *s, const struct now *now)
{
	buf_printf(b, "In use: a cell in %.*s has been busy", STR_ARG(s->file));
	if (s->since && s->since <= now->wall) {
		buf_put_z(b, " for ");
		put_duration(b, (uint64_t)((now->wall - s->since) / US_PER_S));
	}
	if (s->more)
		buf_printf(b, ", and %llu more %s", (unsigned long long)s->more,
		           s->more == 1 ? "kernel is" : "kernels are");
	buf_put_z(b, ".");
}

/* True: in use. */
static bool put_use(struct buf *b, const struct said *s, boot_ns last_active,
                    const struct now *now)
{
	uint64_t idle_ns = now->boot > last_active ? now->boot - last_active : 0;

	if (!last_active) {
		buf_put_z(b, "Not known: nothing was heard of its activity yet.");
		return false;
	}
	if (idle_ns > JUST_NOW_NS) {
		buf_put_z(b, "Idle for ");
		put_duration(b, idle_ns / NS_PER_S);
		if (s->last.len)
			buf_printf(b, ": the last thing was that %s",
			           last_words(s->last, true));
		buf_put_z(b, ".");
		return false;
	}
	if (s->file.len)
		put_busy(b, s, now);
	else if (s->job.len)
		buf_printf(b, "In use: %.*s runs in %s.", STR_ARG(s->job),
		           s->background ? "the background" : "a terminal");
	else
		buf_printf(b, "In use: %s just now.", last_words(s->last, true));
	return true;
}

/* In use, the idle clock is put off again and again: one that is not counts. */
static boot_ns stop_of(const struct session *s, bool in_use, const char **ret_why)
{
	boot_ns at;

	if (!in_use) {
		*ret_why = s->stop_why;
		return s->stop_at;
	}
	at = deadline_bound(s, ret_why);
	if (!s->calendar_at || (at && at <= s->calendar_at))
		return at;
	*ret_why = "calendar";
	return s->calendar_at;
}

static void put_stop(struct buf *b, const struct session *s, bool in_use, const struct now *now)
{
	static const struct {
		const char *why, *text;
	} clocks[] = {
		{ "max", ": its longest run is reached then." },
		{ "calendar", ": that is the time of day set for it." },
		{ "budget", ": the budget is used up then." },
	};
	const char *why = "", *text = " unless something happens.";
	boot_ns at = stop_of(s, in_use, &why);

	if (!at)
		return;
	for (size_t i = 0; i < ARRAY_LEN(clocks); i++)
		if (strcmp(why, clocks[i].why) == 0)
			text = clocks[i].text;
	buf_put_z(b, " It stops in ");
	put_duration(b, at > now->boot ? (at - now->boot) / NS_PER_S : 0);
	buf_put_z(b, text);
}

static void put_end(struct buf *b, const struct session *s, const struct said *said)
{
	const char *text = session_reason_text(s->reason);

	if (s->message[0])
		buf_put_z(b, s->message);
	else
		buf_put_z(b, text ? text : "It has ended.");
	if (strcmp(s->reason, "idle") == 0 && said->last.len)
		buf_printf(b, " The last thing was that %s.", last_words(said->last, true));
}

void activity_verdict(const struct session *s, boot_ns last_active, const struct now *now,
                      struct buf *ret)
{
	struct arena mem = ARENA(ARENA_MAX);
	struct said said = read_evidence(&mem, s->evidence);

	if (s->state == SESSION_RUNNING)
		put_stop(ret, s, put_use(ret, &said, last_active, now), now);
	else if (s->state == SESSION_QUEUED || s->state == SESSION_STARTING)
		buf_put_z(ret, s->message[0] ? s->message : "It is being started.");
	else if (s->state == SESSION_STOPPING)
		buf_put_z(ret, "It is being stopped.");
	else
		put_end(ret, s, &said);
	arena_fini(&mem);
}
