/* SPDX-License-Identifier: Apache-2.0 */
#include "api/do.h"
#include "api/offer-json.h"
#include "api/show.h"
#include "api/state.h"
#include "store/catalogue.h"
#include "store/workspaces.h"

struct type_out {
	struct jsonw *w;
	struct call *c;
	struct plan mine;
	struct plan plans[CATALOGUE_PLANS_MAX];
	size_t nplans;
};

static void on_plan(void *arg, const struct plan *p)
{
	struct type_out *o = arg;

	if (!p->retired && o->nplans < CATALOGUE_PLANS_MAX)
		o->plans[o->nplans++] = *p;
}

/* Names of the plans that have it: whom to ask for, when one's own has not. */
static void show_plans_of(struct type_out *o, const struct instance_type *t)
{
	jw_key(o->w, "plans");
	jw_arr(o->w);
	for (size_t i = 0; i < o->nplans; i++)
		if (plan_allows_type(&o->plans[i], t->id))
			jw_z(o->w, o->plans[i].name);
	jw_arr_end(o->w);
}

static void on_type(void *arg, const struct instance_type *t, enum type_source source)
{
	struct type_out *o = arg;
	char resource[RESOURCE_MAX];
	money_micro rate;
	wall_us from;

	if (t->retired)
		return;
	resource_of_type(t->id, resource);
	jw_obj(o->w);
	show_type(o->w, o->c->core, t);
	jw_key(o->w, "next_price");
	if (price_next(store_reader(o->c->core->store), str_of(resource), o->c->now.wall, &rate,
	               &from) > 0) {
		jw_obj(o->w);
		jw_kv_time(o->w, "from", from);
		show_money(o->w, "price_per_hour", rate);
		jw_obj_end(o->w);
	} else {
		jw_null(o->w);
	}
	jw_kv_bool(o->w, "allowed", plan_allows_type(&o->mine, t->id));
	show_plans_of(o, t);
	jw_obj_end(o->w);
}

void do_types(struct call *c)
{
	struct db *db = store_reader(c->core->store);
	struct jsonw w = JSONW(&c->out);
	struct type_out *o = ARENA_NEW(&c->arena, struct type_out);

	CHECK(o);
	o->w = &w;
	o->c = c;
	jw_obj(&w);
	jw_key(&w, "items");
	jw_arr(&w);
	if (plan_of_account(db, str_of(c->who.account_id), &o->mine) < 0 ||
	    plan_list(db, on_plan, o) < 0 || type_list(db, c->now.wall, on_type, o) < 0) {
		call_fail(c, PROBLEM_INTERNAL, NULL,
		          "The instance types can't be read; try again.");
		return;
	}
	jw_arr_end(&w);
	jw_kv_null(&w, "next");
	jw_obj_end(&w);
	call_reply(c, 200, CONTENT_JSON);
}

void do_plans(struct call *c)
{
	struct jsonw w = JSONW(&c->out);
	struct type_out *o = ARENA_NEW(&c->arena, struct type_out);

	CHECK(o);
	if (plan_list(store_reader(c->core->store), on_plan, o) < 0) {
		call_fail(c, PROBLEM_INTERNAL, NULL, "The plans can't be read; try again.");
		return;
	}
	jw_obj(&w);
	jw_key(&w, "items");
	jw_arr(&w);
	for (size_t i = 0; i < o->nplans; i++)
		plan_show(&w, &o->plans[i]);
	jw_arr_end(&w);
	jw_kv_null(&w, "next");
	jw_obj_end(&w);
	call_reply(c, 200, CONTENT_JSON);
}

struct image_out {
	struct jsonw *w;
	const struct core *core;
};

static void on_image(void *arg, const struct image *i)
{
	struct image_out *o = arg;

	show_image(o->w, o->core, i);
}

void do_images(struct call *c)
{
	struct jsonw w = JSONW(&c->out);
	struct image_out o = { &w, c->core };

	jw_obj(&w);
	jw_key(&w, "items");
	jw_arr(&w);
	if (image_list(store_reader(c->core->store), on_image, &o) < 0) {
		call_fail(c, PROBLEM_INTERNAL, NULL, "The images can't be read; try again.");
		return;
	}
	jw_arr_end(&w);
	jw_kv_null(&w, "next");
	jw_obj_end(&w);
	call_reply(c, 200, CONTENT_JSON);
}
