/* SPDX-License-Identifier: Apache-2.0 */
#include "api/do.h"
#include "api/show.h"
#include "api/state.h"
#include "store/catalogue.h"
#include "store/workspaces.h"

struct type_out {
	struct jsonw *w;
	struct call *c;
};

static void on_type(void *arg, const struct instance_type *t, enum type_source source)
{
	struct type_out *o = arg;

	if (!t->retired)
		show_type(o->w, o->c->core, t);
}

void do_types(struct call *c)
{
	struct jsonw w = JSONW(&c->out);
	struct type_out o = { &w, c };

	jw_obj(&w);
	jw_key(&w, "items");
	jw_arr(&w);
	if (type_list(store_reader(c->core->store), c->now.wall, on_type, &o) < 0) {
		call_fail(c, PROBLEM_INTERNAL, NULL,
		          "The instance types can't be read; try again.");
		return;
	}
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
