/* SPDX-License-Identifier: Apache-2.0 */
#include "api/line.h"

#include <stdio.h>
#include <stdlib.h>

#include "api/sse.h"
#include "base/log.h"
#include "store/catalogue.h"
#include "store/sessions.h"

#define PLACES_MAX 20000
#define EVERY_S    30   /* estimates move by themselves */
#define SOON_MS    200U /* for one that has just joined, and is shown already */
#define MINUTE     INT64_C(60000000000)

struct line {
	struct map by_session; /* id -> struct place, in `places` */
	struct place *places;
	size_t n;
	struct line_type types[CATALOGUE_TYPES_MAX];
	size_t ntypes;
	char free_types[TYPE_LIST_MAX];
	bool dirty;
	unsigned age;
	mono_ms read_ms;
};

struct line *line_new(void)
{
	struct line *l = xcalloc(1, sizeof(*l));

	map_init(&l->by_session, PLACES_MAX);
	l->dirty = true;
	return l;
}

static void drop(struct line *l)
{
	map_fini(&l->by_session);
	free(l->places);
	l->places = NULL;
	l->n = 0;
}

void line_free(struct line *l)
{
	if (l)
		drop(l);
	free(l);
}

void line_changed(struct core *core)
{
	core->line->dirty = true;
}

void line_greet(struct core *core, const char *account_id)
{
	struct line *l = core->line;

	for (size_t i = 0; i < l->n; i++) {
		if (strcmp(l->places[i].account_id, account_id) != 0)
			continue;
		l->places[i].changed = l->dirty = true;
	}
}

const struct place *line_place(const struct core *core, const char *session_id)
{
	return map_get(&core->line->by_session, str_of(session_id));
}

const struct line_type *line_type(const struct core *core, const char *type_id)
{
	const struct line *l = core->line;

	for (size_t i = 0; i < l->ntypes; i++)
		if (strcmp(l->types[i].id, type_id) == 0)
			return &l->types[i];
	return NULL;
}

struct place line_place_of(const struct admission *a, const struct queue_item *i)
{
	const struct queue_row *r = &a->rows[i->ref].row;
	struct place p = { .verdict = i->verdict,
		           .place = i->place,
		           .estimate = i->estimate,
		           .expected = i->estimate,
		           .ends = i->ends };

	memcpy(p.session_id, r->id, sizeof(p.session_id));
	memcpy(p.account_id, r->account_id, sizeof(p.account_id));
	memcpy(p.workspace_id, r->workspace_id, sizeof(p.workspace_id));
	for (size_t k = 0; k < a->q.nitems; k++)
		p.of += a->q.items[k].place > 0;
	return p;
}

/* --- reading --- */

/* If those that run stop when they would now, and not at the latest. */
static void expect(struct admission *a)
{
	for (size_t i = 0; i < a->nruns; i++)
		a->runs[i].ends_by = a->planned[i];
	queue_estimate(&a->q);
}

static bool same_minute(int64_t a, int64_t b)
{
	return a / MINUTE == b / MINUTE;
}

static bool has_changed(const struct place *was, const struct place *p)
{
	return !was || was->place != p->place || was->of != p->of || was->ends != p->ends ||
	       was->verdict != p->verdict || !same_minute(was->estimate, p->estimate) ||
	       !same_minute(was->expected, p->expected);
}

struct types {
	struct line *l;
	const struct admission *a;
};

static void on_type(void *arg, const struct instance_type *t, enum type_source source)
{
	struct types *x = arg;
	struct line *l = x->l;
	const struct queue *q = &x->a->q;
	struct amount need = admit_need(x->a, t), none = { 0 };
	struct line_type *lt = &l->types[l->ntypes];

	if (t->retired || l->ntypes == CATALOGUE_TYPES_MAX)
		return;
	*lt = (struct line_type){ .fits = amount_fits(&q->total, &none, &need) };
	memcpy(lt->id, t->id, sizeof(lt->id));
	lt->free = queue_has_room(q, &need, QUEUE_NEVER_ENDS);
	lt->estimate = lt->expected = QUEUE_NEVER_ENDS;
	l->ntypes++;
}

struct ask {
	const struct admission *a;
	struct line *l;
	bool expected;
};

/* Somebody who would come now waits at the end. */
static void on_ask(void *arg, const struct instance_type *t, enum type_source source)
{
	struct ask *x = arg;
	struct queue q = x->a->q;
	struct queue_item *last = &q.items[q.nitems];

	for (size_t i = 0; i < x->l->ntypes; i++) {
		struct line_type *lt = &x->l->types[i];

		if (strcmp(lt->id, t->id) != 0 || lt->free || !lt->fits)
			continue;
		*last = (struct queue_item){ .nwants = 1, .verdict = QUEUE_WAIT };
		last->want[0] = admit_need(x->a, t);
		q.nitems++;
		queue_estimate(&q);
		if (x->expected)
			lt->expected = last->estimate;
		else
			lt->estimate = last->estimate;
		lt->place = 1;
		for (size_t k = 0; k + 1 < q.nitems; k++)
			lt->place += q.items[k].place > 0;
	}
}

static void read_types(struct core *core, struct db *db, struct admission *a)
{
	struct line *l = core->line;
	struct types x = { l, a };
	struct ask ask = { a, l, false };
	size_t at = 0;

	l->ntypes = 0;
	if (type_list(db, a->world.now.wall, on_type, &x) < 0 ||
	    type_list(db, a->world.now.wall, on_ask, &ask) < 0)
		log_event(LOG_ERROR, "store_read", LZ("what", "instance types"));
	l->free_types[0] = '\0';
	for (size_t i = 0; i < l->ntypes && at < sizeof(l->free_types) - TYPE_ID_MAX - 2; i++)
		if (l->types[i].free)
			at += (size_t)snprintf(l->free_types + at, sizeof(l->free_types) - at,
			                       "%s%s", at ? " " : "", l->types[i].id);
}

static void read_line(struct core *core)
{
	struct admit_world w = admit_world_of(core);
	struct db *db = store_reader(core->store);
	struct line *l = core->line, was = *l;
	struct admission a;
	struct ask ask = { &a, l, true };
	struct err err = ERR_NONE;

	l->read_ms = ev_now_ms(core->ev);
	if (admit_load(db, &w, &a, &err) < 0) {
		log_err(LOG_ERROR, "line_read", &err);
		admit_fini(&a);
		return;
	}
	map_init(&l->by_session, PLACES_MAX);
	l->n = a.q.nitems;
	l->places = xcalloc(l->n + 1, sizeof(*l->places));
	if (w.known)
		queue_estimate(&a.q);
	for (size_t i = 0; i < l->n; i++)
		l->places[i] = line_place_of(&a, &a.q.items[i]);
	read_types(core, db, &a);
	if (w.known) {
		expect(&a);
		if (type_list(db, w.now.wall, on_ask, &ask) < 0)
			log_event(LOG_ERROR, "store_read", LZ("what", "instance types"));
	}
	for (size_t i = 0; i < l->n; i++) {
		struct place *p = &l->places[i], *old;

		p->expected = a.q.items[i].estimate;
		old = map_get(&was.by_session, str_of(p->session_id));
		p->changed = has_changed(old, p) || old->changed;
		if (map_set(&l->by_session, str_of(p->session_id), p, NULL) < 0)
			p->changed = false;
	}
	drop(&was);
	admit_fini(&a);
}

/* --- telling --- */

static void tell(struct core *core, const char *account)
{
	struct db *db = store_reader(core->store);
	struct line *l = core->line;
	struct buf b = BUF(64UL * 1024);
	struct jsonw w = JSONW(&b);
	struct session s;

	jw_obj(&w);
	jw_key(&w, "items");
	jw_arr(&w);
	for (size_t i = 0; i < l->n; i++) {
		struct place *p = &l->places[i];

		if (strcmp(p->account_id, account) != 0)
			continue;
		p->changed = false;
		if (session_by_id(db, str_of(p->session_id), &s) <= 0 ||
		    s.state != SESSION_QUEUED)
			continue;
		jw_obj(&w);
		jw_kv_z(&w, "session_id", p->session_id);
		jw_kv_z(&w, "workspace_id", p->workspace_id);
		jw_key(&w, "queue");
		line_show_live(&w, core, &s);
		jw_obj_end(&w);
	}
	jw_arr_end(&w);
	jw_obj_end(&w);
	if (!buf_error(&b))
		sse_tell(core, account, "queue", buf_str(&b));
	buf_fini(&b);
}

void line_tick(struct core *core)
{
	struct line *l = core->line;

	l->age++;
	if (!l->dirty && (l->n == 0 || l->age < EVERY_S))
		return;
	l->dirty = false;
	l->age = 0;
	read_line(core);
	for (size_t i = 0; i < l->n; i++)
		if (l->places[i].changed && sse_has_reader(core, l->places[i].account_id))
			tell(core, l->places[i].account_id);
}

void line_show_live(struct jsonw *w, struct core *core, const struct session *s)
{
	char free_types[TYPE_LIST_MAX];

	if (s->state == SESSION_QUEUED && core->line->dirty && !line_place(core, s->id) &&
	    ev_now_ms(core->ev) - core->line->read_ms >= SOON_MS)
		read_line(core); /* still dirty: the next tick tells the others */
	memcpy(free_types, core->line->free_types, sizeof(free_types));
	if (s->state == SESSION_QUEUED)
		line_allowed(store_reader(core->store), s->account_id, free_types);
	line_show(w, core, s, line_place(core, s->id), free_types);
}
