/* SPDX-License-Identifier: Apache-2.0 */
#include "api/do.h"
#include "api/show.h"
#include "api/state.h"
#include "store/workspaces.h"

void do_types(struct call *c)
{
	const struct core_cfg *cfg = c->core->cfg;
	struct jsonw w = JSONW(&c->out);

	jw_obj(&w);
	jw_key(&w, "items");
	jw_arr(&w);
	for (size_t i = 0; i < cfg->ntypes; i++)
		show_type(&w, c->core, &cfg->types[i]);
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
