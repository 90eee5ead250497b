/* SPDX-License-Identifier: Apache-2.0 */
/* What of the catalogue is in use, and what things have cost until now. */
#include <errno.h>

#include "api/do.h"
#include "api/show.h"
#include "api/state.h"
#include "store/catalogue.h"

#define PRICES_MAX 50U /* of one thing; older ones are in the store */

struct out {
	struct jsonw *w;
	struct db *db;
	wall_us now;
	int result;
};

/* The latest of them, round and round; neighbours that are equal are one. */
struct history {
	wall_us until;
	struct {
		wall_us from;
		money_micro rate;
	} row[PRICES_MAX];
	size_t n;
};

static bool on_price(void *arg, wall_us from, money_micro rate)
{
	struct history *h = arg;

	if (from > h->until)
		return false;
	if (h->n && h->row[(h->n - 1) % PRICES_MAX].rate == rate)
		return true;
	h->row[h->n % PRICES_MAX].from = from;
	h->row[h->n++ % PRICES_MAX].rate = rate;
	return true;
}

/* The newest first. The first of all holds from the beginning of time. */
static void put_prices(struct out *o, struct str resource, const char *key)
{
	struct history h = { .until = o->now };

	if (price_each(o->db, resource, INT64_MIN, on_price, &h) < 0)
		o->result = -EIO;
	jw_key(o->w, "prices");
	jw_arr(o->w);
	for (size_t i = h.n; i > 0 && h.n - i < PRICES_MAX; i--) {
		jw_obj(o->w);
		show_time(o->w, "from", h.row[(i - 1) % PRICES_MAX].from);
		show_money(o->w, key, h.row[(i - 1) % PRICES_MAX].rate);
		jw_obj_end(o->w);
	}
	jw_arr_end(o->w);
}

static void put_people(struct jsonw *w, const struct plan_people *p)
{
	jw_kv_i64(w, "accounts", p->accounts);
	jw_kv_i64(w, "workspaces", p->workspaces);
	jw_kv_i64(w, "sessions", p->sessions);
}

/* What is not offered any more is shown as long as somebody has it. */
static void on_type(void *arg, const struct instance_type *t, enum type_source source)
{
	struct out *o = arg;
	struct plan_people people = { 0 };
	char resource[RESOURCE_MAX];

	if (type_people_of(o->db, str_of(t->id), &people) < 0)
		o->result = -EIO;
	if (t->retired && !people.workspaces && !people.sessions)
		return;
	resource_of_type(t->id, resource);
	jw_obj(o->w);
	jw_kv_z(o->w, "id", t->id);
	jw_kv_z(o->w, "name", t->name);
	jw_kv_bool(o->w, "offered", !t->retired);
	put_people(o->w, &people);
	put_prices(o, str_of(resource), "price_per_hour");
	jw_obj_end(o->w);
}

static void on_plan(void *arg, const struct plan *p)
{
	struct out *o = arg;
	struct plan_people people = { 0 };

	if (plan_people_of(o->db, p, &people) < 0)
		o->result = -EIO;
	if (p->retired && !people.accounts)
		return;
	jw_obj(o->w);
	jw_kv_z(o->w, "id", p->id);
	jw_kv_z(o->w, "name", p->name);
	jw_kv_bool(o->w, "offered", !p->retired);
	put_people(o->w, &people);
	jw_obj_end(o->w);
}

void do_admin_catalogue_use(struct call *c)
{
	struct jsonw w = JSONW(&c->out);
	struct out o = { .w = &w, .db = store_reader(c->core->store), .now = c->now.wall };
	struct plan_people volumes = { 0 };

	jw_obj(&w);
	jw_kv_z(&w, "currency", c->core->cfg->currency);
	jw_key(&w, "instance_types");
	jw_arr(&w);
	if (type_list(o.db, o.now, on_type, &o) < 0)
		o.result = -EIO;
	jw_arr_end(&w);
	jw_key(&w, "plans");
	jw_arr(&w);
	if (plan_list(o.db, on_plan, &o) < 0 || storage_people_of(o.db, &volumes) < 0)
		o.result = -EIO;
	jw_arr_end(&w);
	jw_key(&w, "storage");
	jw_obj(&w);
	jw_kv_i64(&w, "accounts", volumes.accounts);
	jw_kv_i64(&w, "workspaces", volumes.workspaces);
	put_prices(&o, STR(RESOURCE_STORAGE), "price_per_gb_month");
	jw_obj_end(&w);
	jw_obj_end(&w);
	if (o.result < 0)
		call_fail(c, PROBLEM_INTERNAL, NULL, "The catalogue can't be read; try again.");
	else
		call_reply(c, 200, CONTENT_JSON);
}
