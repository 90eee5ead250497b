/* SPDX-License-Identifier: Apache-2.0 */
#include "api/charts.h"

#include <errno.h>
#include <stdio.h>

#include "api/live.h"
#include "api/show.h"
#include "api/sse.h"
#include "base/log.h"
#include "proto/wire.h"
#include "store/metrics.h"

/* --- gathering --- */

struct save_job {
	struct store_job job;
	char session_id[ID_MAX];
	int64_t minute;
	struct metric_point point[6];
};

static int run_save(struct db *db, struct store_job *j, struct err *err)
{
	struct save_job *x = CONTAINER_OF(j, struct save_job, job);
	int r = metric_save(db, x->session_id, x->minute, x->point, ARRAY_LEN(x->point), err);

	/* Once in ten minutes is often enough. */
	if (r == 0 && x->minute % 600 == 0)
		r = metric_age(db, x->session_id, x->minute + 60, err);
	return r;
}

static void done_save(struct store_job *j)
{
	struct save_job *x = CONTAINER_OF(j, struct save_job, job);

	if (j->result < 0)
		log_err(LOG_WARN, "metrics_unwritten", &j->err);
	free(x);
}

void charts_flush(struct live *l)
{
	struct live_charts *c = &l->charts;
	struct save_job *x;

	if (!c->minute || metric_fold(c->now, ARRAY_LEN(c->now)).n == 0)
		return;
	x = xcalloc(1, sizeof(*x));
	x->job = (struct store_job){ .run = run_save, .done = done_save };
	memcpy(x->session_id, l->id, sizeof(x->session_id));
	x->minute = c->minute;
	memcpy(x->point, c->now, sizeof(x->point));
	memset(c->now, 0, sizeof(c->now));
	if (store_submit(l->core->store, &x->job) < 0)
		free(x); /* the store has more than it can do: a minute is missing */
}

bool charts_looked_at(const struct live *l)
{
	return l->charts.looked_ms &&
	       ev_now_ms(l->core->ev) - l->charts.looked_ms < CHARTS_LOOK_MS;
}

/* --- as JSON --- */

static const char *const columns[] = { "cpu_cores",      "memory_bytes",   "disk_bytes",
	                               "rx_bytes_per_s", "tx_bytes_per_s", "processes" };

static void put_value(struct jsonw *w, const struct metric_point *p, size_t column)
{
	char text[MONEY_TEXT_MAX];

	if (!p->n) {
		jw_null(w);
		return;
	}
	switch (column) {
	case 0:
		seconds_text((uint64_t)p->cpu_milli * 1000000, text); /* thousandths */
		jw_raw(w, str_of(text));
		break;
	case 1:
		jw_u64(w, (uint64_t)p->memory_kib << 10);
		break;
	case 2:
		jw_u64(w, (uint64_t)p->disk_kib << 10);
		break;
	case 3:
		jw_u64(w, p->rx_bytes_s);
		break;
	case 4:
		jw_u64(w, p->tx_bytes_s);
		break;
	default:
		jw_u64(w, p->processes);
		break;
	}
}

/* Columns of the same length, as charts want them. */
static void put_columns(struct jsonw *w, int64_t from, unsigned step,
                        const struct metric_point *p, size_t n)
{
	jw_key(w, "t");
	jw_arr(w);
	for (size_t i = 0; i < n; i++)
		jw_i64(w, from + (int64_t)i * step);
	jw_arr_end(w);
	for (size_t k = 0; k < ARRAY_LEN(columns); k++) {
		jw_key(w, columns[k]);
		jw_arr(w);
		for (size_t i = 0; i < n; i++)
			put_value(w, &p[i], k);
		jw_arr_end(w);
	}
	jw_kv_null(w, "gpu_percent");
	jw_kv_null(w, "gpu_memory_bytes");
}

static void tell(struct live *l, int64_t at, const struct metric_point *p)
{
	struct buf b = BUF(2048);
	struct jsonw w = JSONW(&b);

	jw_obj(&w);
	jw_kv_z(&w, "session_id", l->id);
	put_columns(&w, at, 1, p, 1);
	jw_obj_end(&w);
	if (buf_error(&b) == 0)
		sse_tell(l->core, l->account_id, "metrics", buf_str(&b));
	buf_fini(&b);
}

void charts_sample(struct live *l, const struct wire_session_stats_ok *m, boot_ns at)
{
	const struct metric_sample now = { .at_ns = at,
		                           .cpu_ns = m->cpu_ns,
		                           .memory_bytes = m->memory_bytes,
		                           .disk_bytes = m->disk_used_bytes,
		                           .rx_bytes = m->rx_bytes,
		                           .tx_bytes = m->tx_bytes,
		                           .processes = m->pids };
	int64_t second = time_wall_us() / US_PER_S, minute = second - second % 60;
	struct live_charts *c = &l->charts;
	struct metric_point p;
	bool follows = c->has_last && metric_between(&c->last, &now, &p);

	c->last = now;
	c->has_last = true;
	if (!follows)
		return;
	if (c->minute != minute) {
		charts_flush(l);
		c->minute = minute;
	}
	metric_add(&c->now[second % 60 / METRIC_STEP_MIN], &p);
	if (c->ring)
		metric_ring_put(c->ring, second, &p);
	if (charts_looked_at(l))
		tell(l, second, &p);
}

void charts_drop(struct live *l)
{
	charts_flush(l);
	free(l->charts.ring);
	l->charts.ring = NULL;
}

/* --- showing --- */

struct sheet {
	int64_t from, to;
	unsigned step;
	size_t n;
	struct metric_point *point;
	uint16_t *grain; /* step of what stands there; 0: nothing does */
};

/* The finer of two stands. What is coarser than what was asked for stands in
 * each of the steps that it covers. */
static void put_point(struct sheet *s, int64_t at, unsigned grain, const struct metric_point *p)
{
	int64_t end = at + (int64_t)(grain > s->step ? grain : 1);

	if (p->n == 0)
		return;
	for (; at < end; at += s->step) {
		size_t i = at < s->from ? s->n : (size_t)((at - s->from) / s->step);

		if (i >= s->n || (s->grain[i] && s->grain[i] < grain))
			continue;
		if (s->grain[i] != grain)
			s->point[i] = (struct metric_point){ 0 };
		s->grain[i] = (uint16_t)grain;
		metric_add(&s->point[i], p);
	}
}

static void on_row(void *arg, unsigned step, int64_t from_s, struct str row)
{
	for (unsigned i = 0; i < METRIC_ROW_MAX; i++) {
		struct metric_point p = metric_get(row, i);

		put_point(arg, from_s + (int64_t)i * step, step, &p);
	}
}

static void put_memory(struct sheet *s, const struct live *l)
{
	const struct live_charts *c = &l->charts;

	for (unsigned i = 0; c->minute && i < ARRAY_LEN(c->now); i++)
		put_point(s, c->minute + (int64_t)i * METRIC_STEP_MIN, METRIC_STEP_MIN,
		          &c->now[i]);
	/* Of longer steps the seconds would be a part of the truth only. */
	for (int64_t t = s->from; s->step == 1 && c->ring && t < s->to; t++) {
		struct metric_point p = metric_ring_get(c->ring, t);

		put_point(s, t, 1, &p);
	}
}

static void look(struct live *l)
{
	l->charts.looked_ms = ev_now_ms(l->core->ev);
	if (!l->charts.ring)
		l->charts.ring = xcalloc(1, sizeof(*l->charts.ring));
}

static void put_sheet(struct jsonw *w, const struct session *s, const struct live *l,
                      const struct sheet *sheet)
{
	char cores[MONEY_TEXT_MAX];

	seconds_text((uint64_t)s->cpu_milli * 1000000, cores);
	jw_obj(w);
	jw_kv_z(w, "session_id", s->id);
	jw_kv_time(w, "from", sheet->from * US_PER_S);
	jw_kv_time(w, "to", sheet->to * US_PER_S);
	jw_kv_u64(w, "step", sheet->step);
	jw_kv_bool(w, "live", l && l->state == SESSION_RUNNING);
	jw_key(w, "limits");
	jw_obj(w);
	jw_kv_raw(w, "cpu_cores", str_of(cores));
	jw_kv_u64(w, "memory_bytes", s->memory_bytes);
	if (l && l->stats.known)
		jw_kv_u64(w, "disk_bytes", l->stats.disk_size_bytes);
	else
		jw_kv_null(w, "disk_bytes");
	jw_obj_end(w);
	put_columns(w, sheet->from, sheet->step, sheet->point, sheet->n);
	jw_obj_end(w);
}

int charts_show(struct jsonw *w, struct core *core, const struct session *s, int64_t from,
                int64_t to, unsigned step)
{
	struct sheet sheet = { .from = from - from % step, .to = to, .step = step };
	struct live *l = live_find(core, str_of(s->id));
	int r;

	sheet.n = to > sheet.from ? (size_t)((to - sheet.from + step - 1) / step) : 0;
	sheet.point = calloc(sheet.n + 1, sizeof(*sheet.point));
	sheet.grain = calloc(sheet.n + 1, sizeof(*sheet.grain));
	r = sheet.point && sheet.grain ? 0 : -ENOMEM;
	if (r == 0)
		r = metric_list(store_reader(core->store), str_of(s->id), sheet.from, to,
		                on_row, &sheet);
	if (r == 0 && l) {
		put_memory(&sheet, l);
		look(l);
	}
	if (r == 0)
		put_sheet(w, s, l, &sheet);
	free(sheet.point);
	free(sheet.grain);
	return r;
}
