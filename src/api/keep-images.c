/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's list of images, in the store: asked for with each round of the
 * reconciler, and again soon when it did not come or could not be written. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/keep.h"
#include "api/launch.h"
#include "base/json.h"
#include "base/log.h"
#include "base/sha256.h"
#include "store/workspaces.h"

#define LIST_ARENA (8 << 20)
#define IMAGES_MAX 64

struct images_job {
	struct store_job job;
	struct core *core;
	wall_us now;
	uint8_t sum[HASH_LEN];
	size_t n;
	struct image image[IMAGES_MAX];
};

static int run_images(struct db *db, struct store_job *j, struct err *err)
{
	struct images_job *i = CONTAINER_OF(j, struct images_job, job);

	return images_replace(db, i->image, i->n, i->now, err);
}

static void images_again(struct core *core, const struct err *err)
{
	log_err(LOG_ERROR, "images_not_kept", err);
	core->images_again = true;
	keep_soon(core);
}

static void done_images(struct store_job *j)
{
	struct images_job *i = CONTAINER_OF(j, struct images_job, job);
	struct core *core = i->core;

	if (j->result < 0) {
		images_again(core, &j->err);
	} else {
		memcpy(core->images_sum, i->sum, sizeof(core->images_sum));
		core->images_kept = true;
		core->images_again = false;
	}
	free(i);
	launch_kick(core); /* something may have waited for its image */
}

static void take_image(struct images_job *j, const struct json *it)
{
	struct image *i = &j->image[j->n];
	struct str id = json_str_or(it, "id", STR("")), name = json_str_or(it, "name", STR(""));
	struct str digest = json_str_or(it, "digest", STR(""));

	if (id.len == 0 || id.len > IMAGE_ID_MAX || name.len == 0 || name.len > IMAGE_ID_MAX ||
	    digest.len >= sizeof(i->digest))
		return;
	(void)snprintf(i->id, sizeof(i->id), "%.*s", STR_ARG(id));
	(void)snprintf(i->name, sizeof(i->name), "%.*s", STR_ARG(name));
	(void)snprintf(i->digest, sizeof(i->digest), "%.*s", STR_ARG(digest));
	if (json_get_u64(it, "size_bytes", INT64_MAX, &i->size_bytes) < 0)
		i->size_bytes = 0;
	if (json_get_bool(it, "ready", &i->ready) < 0)
		i->ready = false;
	j->n++;
}

static void on_images(struct link *l, const struct wire_msg *m, const struct err *err,
                      void *arg)
{
	struct core *core = arg;
	struct arena a = ARENA(LIST_ARENA);
	struct json *list = NULL;
	struct images_job *j;
	uint8_t sum[HASH_LEN];
	struct err e = ERR_NONE;

	if (!m || m->type != WIRE_IMAGE_LIST_OK) {
		if (link_up(l) && err)
			images_again(core, err);
		return;
	}
	sha256(m->image_list_ok.items, sum);
	if (memcmp(sum, core->images_sum, sizeof(sum)) == 0) {
		core->images_again = false;
		return; /* as last time: nothing to write */
	}
	if (json_parse(&a, m->image_list_ok.items, NULL, &list, &e) < 0 ||
	    list->type != JSON_ARRAY) {
		images_again(core, &e);
		arena_fini(&a);
		return;
	}
	j = xcalloc(1, sizeof(*j));
	j->job =
	    (struct store_job){ .run = run_images, .done = done_images, .essential = true };
	j->core = core;
	j->now = time_wall_us();
	memcpy(j->sum, sum, sizeof(sum));
	json_for_each(it, list)
	{
		if (j->n < IMAGES_MAX)
			take_image(j, it);
	}
	arena_fini(&a);
	CHECK(store_submit(core->store, &j->job) == 0);
}

void keep_images(struct core *core)
{
	struct wire_msg m = { .type = WIRE_IMAGE_LIST };

	link_call(core->link, &m, on_images, core);
}
