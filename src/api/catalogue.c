/* SPDX-License-Identifier: Apache-2.0 */
#include "api/catalogue.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>

#include "api/leases.h"
#include "api/line.h"
#include "api/turns.h"
#include "base/log.h"
#include "store/books.h"
#include "store/catalogue.h"

struct catalogue {
	pthread_mutex_t mu; /* guards types and n */
	struct instance_type *types;
	size_t n;
	wall_us next; /* the loop's: when a price becomes valid, 0 = none is planned */
};

/* --- the copy --- */

void catalogue_init(struct core *core)
{
	core->catalogue = xcalloc(1, sizeof(*core->catalogue));
	(void)pthread_mutex_init(&core->catalogue->mu, NULL);
}

void catalogue_fini(struct core *core)
{
	(void)pthread_mutex_destroy(&core->catalogue->mu);
	free(core->catalogue->types);
	free(core->catalogue);
	core->catalogue = NULL;
}

struct copy {
	struct instance_type *types;
	size_t n, room;
};

static void on_copy(void *arg, const struct instance_type *t, enum type_source source)
{
	struct copy *c = arg;

	if (c->n == c->room) {
		size_t room = c->room ? 2 * c->room : 16;
		struct instance_type *more = xcalloc(room, sizeof(*more));

		if (c->n)
			memcpy(more, c->types, c->n * sizeof(*more));
		free(c->types);
		c->types = more;
		c->room = room;
	}
	c->types[c->n++] = *t;
}

bool catalogue_load(struct core *core)
{
	struct catalogue *cat = core->catalogue;
	struct db *db = store_reader(core->store);
	wall_us now = core_now(core).wall, next = 0;
	struct copy copy = { 0 };
	struct instance_type *old;

	if (type_list(db, now, on_copy, &copy) < 0 || price_next_any(db, now, &next) < 0) {
		log_event(LOG_ERROR, "catalogue_unread");
		free(copy.types);
		cat->next = now; /* the copy that there is goes on, until the next tick */
		return false;
	}
	pthread_mutex_lock(&cat->mu);
	old = cat->types;
	cat->types = copy.types;
	cat->n = copy.n;
	pthread_mutex_unlock(&cat->mu);
	cat->next = next;
	free(old);
	leases_settle(core, ""); /* what runs may cost more, or less */
	/* A smaller type may be somebody's turn. */
	if (core->link) {
		line_changed(core);
		turns_kick(core);
	}
	return true;
}

void catalogue_tick(struct core *core)
{
	if (core->catalogue->next && core_now(core).wall >= core->catalogue->next)
		(void)catalogue_load(core);
}

bool core_type(struct core *core, const char *id, struct instance_type *ret)
{
	struct catalogue *cat = core->catalogue;
	bool found = false;

	pthread_mutex_lock(&cat->mu);
	for (size_t i = 0; i < cat->n && !found; i++) {
		found = strcmp(cat->types[i].id, id) == 0;
		if (found)
			*ret = cat->types[i];
	}
	pthread_mutex_unlock(&cat->mu);
	return found;
}

bool core_offers(struct core *core, const char *id)
{
	struct instance_type t;

	return core_type(core, id, &t) && !t.retired;
}

struct usual {
	const struct core_cfg *cfg;
	const struct plan *p;
	char *ret;
	bool found;
};

static void on_usual(void *arg, const struct instance_type *t, enum type_source source)
{
	struct usual *u = arg;
	bool usual = strcmp(t->id, u->cfg->default_type) == 0;

	if (t->retired || !plan_allows_type(u->p, t->id) || (u->found && !usual))
		return;
	u->found = true; /* they come cheapest first */
	(void)snprintf(u->ret, TYPE_ID_MAX, "%s", t->id);
}

int catalogue_usual_type(struct db *db, const struct core_cfg *cfg, const struct plan *p,
                         wall_us now, char ret[TYPE_ID_MAX])
{
	struct usual u = { .cfg = cfg, .p = p, .ret = ret };

	ret[0] = '\0';
	return type_list(db, now, on_usual, &u);
}

/* --- at start --- */

struct seed {
	struct db *db;
	const struct core_cfg *cfg;
	const struct now *now;
	bool changed;
};

static bool same_machine(const struct instance_type *a, const struct instance_type *b)
{
	return strcmp(a->name, b->name) == 0 && a->cpu_milli == b->cpu_milli &&
	       a->memory_bytes == b->memory_bytes && a->pids == b->pids && !a->retired &&
	       !b->retired;
}

static int seed_type(struct seed *s, const struct instance_type *want, struct err *err)
{
	char resource[RESOURCE_MAX];
	enum type_source source;
	struct instance_type have;
	int r = type_get(s->db, str_of(want->id), s->now->wall, &have, &source);
	bool is_new = r == 0;

	if (r < 0)
		return ERR(err, r, "instance types");
	if (!is_new && source != TYPE_FROM_CONFIG)
		return 0;
	resource_of_type(want->id, resource);
	r = 0;
	if (is_new || !same_machine(&have, want)) {
		r = type_put(s->db, want, TYPE_FROM_CONFIG, s->now->wall, err);
		s->changed = true;
	}
	if (r == 0 && (is_new || have.price_per_hour != want->price_per_hour)) {
		r = price_add(s->db, str_of(resource), is_new ? 0 : s->now->wall,
		              want->price_per_hour, "config", s->now->wall, err);
		s->changed = true;
	}
	return r;
}

/* Ids that the file does not have any more. */
struct leftover {
	const struct core_cfg *cfg;
	struct instance_type types[CATALOGUE_TYPES_MAX];
	size_t n;
};

static void on_leftover(void *arg, const struct instance_type *t, enum type_source source)
{
	struct leftover *l = arg;

	if (source != TYPE_FROM_CONFIG || t->retired || l->n == ARRAY_LEN(l->types))
		return;
	for (size_t i = 0; i < l->cfg->ntypes; i++)
		if (strcmp(l->cfg->types[i].id, t->id) == 0)
			return;
	l->types[l->n] = *t;
	l->types[l->n++].retired = true;
}

static int retire_leftovers(struct seed *s, struct err *err)
{
	struct leftover *l = xcalloc(1, sizeof(*l));
	int r;

	l->cfg = s->cfg;
	r = type_list(s->db, s->now->wall, on_leftover, l);
	for (size_t i = 0; r == 0 && i < l->n; i++) {
		r = type_put(s->db, &l->types[i], TYPE_FROM_CONFIG, s->now->wall, err);
		s->changed = true;
	}
	free(l);
	return r;
}

static void on_any_plan(void *arg, const struct plan *p)
{
	*(bool *)arg = true;
}

static int seed_plans(struct seed *s, struct err *err)
{
	struct plan plans[PLAN_EXAMPLES];
	bool any = false;
	int r = plan_list(s->db, on_any_plan, &any);

	if (r < 0 || any)
		return r;
	plan_examples(s->cfg->types, s->cfg->ntypes, plans);
	for (size_t i = 0; r == 0 && i < PLAN_EXAMPLES; i++)
		r = plan_put(s->db, &plans[i], s->now->wall, err);
	s->changed = true;
	return r;
}

static int seed_storage(struct seed *s, struct err *err)
{
	money_micro rate;
	int r = price_at(s->db, STR(RESOURCE_STORAGE), s->now->wall, &rate, NULL);

	if (r != 0)
		return r < 0 ? r : 0;
	s->changed = true;
	return price_add(s->db, STR(RESOURCE_STORAGE), 0, 0, "config", s->now->wall, err);
}

static int note_seed(struct seed *s, struct err *err)
{
	struct audit_row row = { .at = s->now->wall,
		                 .boot = s->now->boot,
		                 .actor = "core",
		                 .verb = "catalogue.follow",
		                 .object = "catalogue" };
	int r = catalogue_bump(s->db, err);

	return r < 0 ? r : audit_add(s->db, &row, err);
}

int catalogue_seed(struct db *db, const struct core_cfg *cfg, const struct now *now,
                   struct err *err)
{
	struct seed s = { .db = db, .cfg = cfg, .now = now };
	int r = 0;

	CHECK(cfg->types || cfg->ntypes == 0);
	for (size_t i = 0; r == 0 && i < cfg->ntypes; i++)
		r = seed_type(&s, &cfg->types[i], err);
	if (r == 0)
		r = retire_leftovers(&s, err);
	if (r == 0)
		r = seed_plans(&s, err);
	if (r == 0)
		r = seed_storage(&s, err);
	return r == 0 && s.changed ? note_seed(&s, err) : r;
}
