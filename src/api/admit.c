/* SPDX-License-Identifier: Apache-2.0 */
#include "api/admit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/link.h"
#include "store/catalogue.h"

#define OWNERS_MAX 100000

struct admit_world admit_world_of(struct core *core)
{
	struct admit_world w = { .known = core->facts.known,
		                 .images_kept = core->images_kept,
		                 .engine_up = link_up(core->link),
		                 .now = core_now(core) };

	w.capacity = capacity_of(core->facts.cpu_milli, core->facts.memory_bytes,
	                         core->facts.gpu, core->facts.ngpu, &core->cfg->capacity);
	return w;
}

static int64_t seconds(uint64_t s)
{
	return (int64_t)(s * NS_PER_S);
}

int64_t admit_longest(uint32_t max_s, uint32_t hold_s)
{
	return max_s ? seconds((uint64_t)max_s + hold_s + ADMIT_START_S + ADMIT_STOP_S)
	             : QUEUE_NEVER_ENDS;
}

int64_t admit_since(const struct queue_row *r, const struct now *now)
{
	boot_ns at = r->queued_boot ? r->queued_boot : r->state_boot;

	/* Across a reboot only wall time is left, and it may have been stepped. */
	if (strcmp(r->boot_id, now->boot_id) == 0)
		return (int64_t)at;
	return (int64_t)now->boot -
	       (r->created < now->wall ? (now->wall - r->created) * 1000 : 0);
}

/* At the latest: nobody can move the maximum. */
static int64_t ends_by(const struct queue_row *r, const struct now *now)
{
	int64_t at;

	/* Of another boot: the reconciler is about to find that it is gone. */
	if (strcmp(r->boot_id, now->boot_id) != 0)
		return (int64_t)now->boot + seconds(ADMIT_STOP_S);
	if (r->state == SESSION_STOPPING)
		at = (int64_t)r->state_boot + seconds(ADMIT_STOP_S);
	else if (r->max_s == 0)
		return QUEUE_NEVER_ENDS;
	else if (r->started_boot)
		at = (int64_t)r->started_boot + seconds((uint64_t)r->max_s + ADMIT_STOP_S);
	else
		at = (int64_t)r->state_boot + admit_longest(r->max_s, 0);
	/* Overdue, and still there: any moment now. */
	return at > (int64_t)now->boot ? at : (int64_t)now->boot + seconds(1);
}

static unsigned owner_of(struct admission *a, const char *account)
{
	size_t n = (size_t)(uintptr_t)map_get(&a->owners, str_of(account));

	if (n == 0) {
		n = map_count(&a->owners) + 1;
		if (map_set(&a->owners, str_of(account), (void *)(uintptr_t)n, NULL) < 0)
			a->error = -E2BIG;
	}
	return (unsigned)n - 1;
}

static void *grown(void *p, size_t n, size_t *room, size_t size)
{
	if (n < *room)
		return p;
	*room = *room ? 2 * *room : 64;
	p = realloc(p, *room * size);
	CHECK(p);
	return p;
}

static void on_using(void *arg, const struct queue_row *r)
{
	struct admission *a = arg;
	size_t room = a->runs_room;
	struct queue_run *run;

	a->runs = grown(a->runs, a->nruns, &a->runs_room, sizeof(*a->runs));
	a->planned = grown(a->planned, a->nruns, &room, sizeof(*a->planned));
	run = &a->runs[a->nruns];
	run->uses = capacity_need(&a->world.capacity, r->cpu_milli, r->memory_bytes,
	                          r->gpu_class, r->gpu_count);
	run->owner = owner_of(a, r->account_id);
	run->ends_by = ends_by(r, &a->world.now);
	a->planned[a->nruns] = run->ends_by;
	if (r->state == SESSION_RUNNING && r->stop_at > a->world.now.boot &&
	    (int64_t)r->stop_at < run->ends_by)
		a->planned[a->nruns] = (int64_t)r->stop_at;
	a->nruns++;
}

static void on_waiting(void *arg, const struct queue_row *r)
{
	struct admission *a = arg;
	struct admit_row *w;

	a->rows = grown(a->rows, a->nrows, &a->rows_room, sizeof(*a->rows));
	w = &a->rows[a->nrows++];
	*w = (struct admit_row){ .row = *r };
	memcpy(w->names[0], r->instance_type, TYPE_ID_MAX);
	(void)owner_of(a, r->account_id);
}

struct amount admit_need(const struct admission *a, const struct instance_type *t)
{
	return capacity_need(&a->world.capacity, t->cpu_milli, t->memory_bytes, t->gpu_class,
	                     t->gpu_count);
}

static void on_type(void *arg, const struct instance_type *t, enum type_source source)
{
	struct admission *a = arg;

	if (a->ntypes < CATALOGUE_TYPES_MAX && !t->retired)
		a->types[a->ntypes++] = *t;
}

const struct instance_type *admit_type(const struct admission *a, struct str id)
{
	for (size_t i = 0; i < a->ntypes; i++)
		if (str_is(id, a->types[i].id))
			return &a->types[i];
	return NULL;
}

/* Those of its other types that are still offered. */
static void add_fallbacks(struct admission *a, struct admit_row *w, struct queue_item *i)
{
	struct str rest = str_of(w->row.fallback_types), id;

	while (i->nwants < QUEUE_WANTS_MAX && str_split(&rest, ' ', &id)) {
		const struct instance_type *t = admit_type(a, id);

		if (!t)
			continue;
		memcpy(w->names[i->nwants], t->id, TYPE_ID_MAX);
		i->longest_ns[i->nwants] = i->longest_ns[0];
		i->want[i->nwants++] = admit_need(a, t);
	}
}

/* Its type as the catalogue has it now, or as it was when it is not offered
 * any more: one that waits has been given nothing yet. */
static struct amount own_need(const struct admission *a, const struct queue_row *r)
{
	const struct instance_type *t = admit_type(a, str_of(r->instance_type));

	return t ? admit_need(a, t)
	         : capacity_need(&a->world.capacity, r->cpu_milli, r->memory_bytes,
	                         r->gpu_class, r->gpu_count);
}

/* How long its turn may be kept. */
static uint32_t hold_of(const struct admission *a, const struct queue_row *r)
{
	struct plan p;

	if (!r->hold_turn)
		return 0;
	return plan_of_account(a->db, str_of(r->account_id), &p) > 0 && p.hold_s ? p.hold_s
	                                                                         : ADMIT_HOLD_S;
}

static struct queue_item item_of(struct admission *a, size_t index)
{
	struct admit_row *w = &a->rows[index];
	const struct queue_row *r = &w->row;
	const struct now *now = &a->world.now;
	struct queue_item i = { .nwants = 1,
		                .owner = owner_of(a, r->account_id),
		                .priority = r->priority,
		                .since = admit_since(r, now),
		                .seq = (uint64_t)r->seq,
		                .ref = (unsigned)index };

	i.want[0] = own_need(a, r);
	if (r->held_until > now->boot && strcmp(r->boot_id, now->boot_id) == 0) {
		i.held_until = (int64_t)r->held_until;
		i.longest_ns[0] = admit_longest(r->max_s, 0);
	} else {
		i.longest_ns[0] = admit_longest(r->max_s, hold_of(a, r));
		add_fallbacks(a, w, &i);
	}
	return i;
}

/* Nothing is known of the host: nobody starts, nobody is too large. */
static void only_order(struct queue *q)
{
	queue_order(q);
	for (unsigned i = 0; i < q->nitems; i++) {
		q->items[i].verdict = QUEUE_WAIT;
		q->items[i].place = i + 1;
		q->items[i].estimate = QUEUE_NEVER_ENDS;
	}
}

int admit_load(struct db *db, const struct admit_world *w, struct admission *a, struct err *err)
{
	int r;

	*a = (struct admission){ .world = *w, .db = db };
	map_init(&a->owners, OWNERS_MAX);
	a->types = xcalloc(CATALOGUE_TYPES_MAX, sizeof(*a->types));
	r = type_list(db, w->now.wall, on_type, a);
	if (r >= 0)
		r = queue_list_waiting(db, on_waiting, a);
	if (r == 0)
		r = queue_list_using(db, on_using, a);
	if (r < 0 || a->error < 0)
		return ERR(err, r < 0 ? r : a->error, "the line can't be read");
	a->q = (struct queue){ .total = w->capacity.total,
		               .now = (int64_t)w->now.boot,
		               .runs = a->runs,
		               .nruns = a->nruns,
		               .items = xcalloc(a->nrows + 1, sizeof(*a->q.items)),
		               .nitems = a->nrows,
		               .nowners = (unsigned)map_count(&a->owners) };
	for (size_t i = 0; i < a->nrows; i++)
		a->q.items[i] = item_of(a, i);
	if (w->known)
		queue_admit(&a->q);
	else
		only_order(&a->q);
	return 0;
}

void admit_fini(struct admission *a)
{
	map_fini(&a->owners);
	free(a->q.items);
	free(a->planned);
	free(a->types);
	free(a->runs);
	free(a->rows);
}

const struct queue_item *admit_find(const struct admission *a, const char *session_id)
{
	for (size_t i = 0; i < a->q.nitems; i++)
		if (strcmp(a->rows[a->q.items[i].ref].row.id, session_id) == 0)
			return &a->q.items[i];
	return NULL;
}

void admit_set_type(struct session *s, const struct instance_type *t)
{
	memcpy(s->instance_type, t->id, sizeof(s->instance_type));
	s->cpu_milli = t->cpu_milli;
	s->memory_bytes = t->memory_bytes;
	s->pids = t->pids;
	memcpy(s->gpu_class, t->gpu_class, sizeof(s->gpu_class));
	s->gpu_count = t->gpu_count;
	s->preemptible = t->preemptible;
	s->price_per_hour = t->price_per_hour;
}
