/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "api/books.h"
#include "api/catalogue.h"
#include "api/clock-wish.h"
#include "api/clocks.h"
#include "api/do.h"
#include "api/launch.h"
#include "api/link.h"
#include "api/live.h"
#include "api/quota.h"
#include "api/show.h"
#include "api/sse.h"
#include "api/state.h"
#include "api/workspaces-priv.h"
#include "base/rand.h"
#include "core/name.h"
#include "store/feed.h"
#include "store/sessions.h"
#include "store/workspaces.h"

/* --- reading --- */

struct list_out {
	struct call *c;
	struct jsonw *w;
	struct page page;
};

static void on_workspace(void *arg, const struct workspace_view *v, int64_t seq)
{
	struct list_out *o = arg;

	if (!page_row(&o->page, seq))
		return;
	if (v->has_session)
		live_watch(o->c->core, str_of(v->session.id));
	show_workspace(o->w, o->c->core, SHOW_LIVE, v);
}

void do_workspaces(struct call *c)
{
	struct jsonw w = JSONW(&c->out);
	struct list_of of;
	struct list_out o = { .c = c, .w = &w };

	if (!call_page(c, &o.page))
		return;
	jw_obj(&w);
	jw_key(&w, "items");
	jw_arr(&w);
	of = call_list(c, &o.page);
	if ((str_is(call_query(c, "deleted"), "true")
	         ? workspace_list_deleted(store_reader(c->core->store), &of, c->now.wall,
	                                  on_workspace, &o)
	         : workspace_list(store_reader(c->core->store), &of, call_query(c, "label"),
	                          on_workspace, &o)) < 0) {
		call_fail(c, PROBLEM_INTERNAL, NULL,
		          "The workspaces can't be read; try again.");
		return;
	}
	jw_arr_end(&w);
	page_next(&w, &o.page);
	jw_obj_end(&w);
	call_reply(c, 200, CONTENT_JSON);
}

void workspace_show_one(struct call *c, enum show how, const struct workspace_view *v)
{
	struct jsonw w = JSONW(&c->out);

	workspace_etag(&v->w, c->etag);
	show_workspace(&w, c->core, how, v);
}

void do_workspace(struct call *c)
{
	struct workspace_view v;

	if (workspace_get(store_reader(c->core->store), str_of(c->who.account_id), c->path_id,
	                  &v) <= 0) {
		call_not_found(c);
		return;
	}
	if (v.has_session)
		live_watch(c->core, str_of(v.session.id));
	workspace_show_one(c, SHOW_LIVE, &v);
	call_reply(c, 200, CONTENT_JSON);
}

/* --- the fields that create and change share --- */

struct wish {
	struct workspace w; /* what is set below */
	bool name, image;
	struct quota_asked asked;
	struct clock_wish clocks;
	char session_id[ID_MAX]; /* change: of the one that has not ended, or "" */
	bool may_image_be_new;   /* the engine was never heard of: can't know */
};

static bool take_name(struct call *c, struct wish *x)
{
	struct str name = call_str(c, "name");
	struct err err = ERR_NONE;

	x->name = name.ptr != NULL;
	if (!x->name)
		return true;
	if (name_check(name, &err) < 0) {
		call_fail(c, PROBLEM_INVALID_FIELD, "name", "%s", err.msg);
		return false;
	}
	(void)snprintf(x->w.name, sizeof(x->w.name), "%.*s", STR_ARG(name));
	return true;
}

static bool take_type(struct call *c, struct wish *x)
{
	struct str id = call_str(c, "instance_type");

	x->asked.type = id.ptr != NULL;
	if (!x->asked.type)
		return true;
	(void)snprintf(x->w.instance_type, sizeof(x->w.instance_type), "%.*s", STR_ARG(id));
	if (!core_offers(c->core, x->w.instance_type)) {
		call_fail(
		    c, PROBLEM_INVALID_FIELD, "instance_type",
		    "There is no such instance type; GET /api/v1/instance-types lists them.");
		return false;
	}
	return true;
}

static bool take_numbers(struct call *c, struct wish *x)
{
	const struct core_cfg *cfg = c->core->cfg;
	int64_t stop = call_int(c, "auto_stop_seconds", -1),
	        bytes = call_int(c, "storage_bytes", -1);

	x->asked.auto_stop = stop >= 0;
	x->asked.storage = bytes >= 0;
	if (x->asked.auto_stop &&
	    (stop < cfg->deadlines.auto_stop_min_s || stop > cfg->deadlines.auto_stop_max_s)) {
		call_fail(c, PROBLEM_INVALID_FIELD, "auto_stop_seconds",
		          "The auto-stop time must be %u to %u seconds.",
		          cfg->deadlines.auto_stop_min_s, cfg->deadlines.auto_stop_max_s);
		return false;
	}
	if (x->asked.storage && ((uint64_t)bytes < cfg->storage_min_bytes ||
	                         (uint64_t)bytes > cfg->storage_max_bytes)) {
		call_fail(c, PROBLEM_INVALID_FIELD, "storage_bytes",
		          "The storage must be %llu to %llu bytes.",
		          (unsigned long long)cfg->storage_min_bytes,
		          (unsigned long long)cfg->storage_max_bytes);
		return false;
	}
	x->w.auto_stop_s = (uint32_t)(x->asked.auto_stop ? stop : 0);
	x->w.storage_bytes = (uint64_t)(x->asked.storage ? bytes : 0);
	return true;
}

static struct wish *take_wish(struct call *c)
{
	struct wish *x = ARENA_NEW(&c->arena, struct wish);
	struct str image = call_str(c, "image");

	CHECK(x);
	c->own = x;
	x->image = image.ptr != NULL;
	(void)snprintf(x->w.image, sizeof(x->w.image), "%.*s", STR_ARG(image));
	x->may_image_be_new = !c->core->images_kept;
	return take_name(c, x) && take_type(c, x) && take_numbers(c, x) &&
	               clock_wish_take(c, &x->clocks)
	           ? x
	           : NULL;
}

/* Only names and ids that the engine has; its default while its list is not
 * in the store yet. */
static int check_image(struct db *db, struct call *c, const struct wish *x, struct err *err)
{
	struct image i;
	int r = image_find(db, str_of(x->w.image), &i);

	if (r < 0)
		return ERR(err, r, "images");
	if (r == 0 &&
	    !(x->may_image_be_new && strcmp(x->w.image, c->core->cfg->default_image) == 0))
		return call_problem(c, PROBLEM_INVALID_FIELD, "image",
		                    "There is no such image; GET /api/v1/images lists them.");
	return 0;
}

int workspace_name_refused(struct call *c, const char *name)
{
	return call_problem(c, PROBLEM_NAME_TAKEN, "name",
	                    "You have a workspace named %.200s. Choose another name.", name);
}

int workspace_too_many(struct call *c)
{
	return call_problem(c, PROBLEM_LIMIT, NULL,
	                    "An account has at most %d workspaces; delete some first.",
	                    WORKSPACES_PER_ACCOUNT);
}

/* --- create --- */

/* "Examples", "Examples 2", … */
static int choose_name(struct db *db, struct call *c, char ret[NAME_BYTES_MAX + 1])
{
	for (unsigned i = 1; i <= WORKSPACES_PER_ACCOUNT + 1; i++) {
		int r;

		if (i == 1)
			(void)snprintf(ret, NAME_BYTES_MAX + 1, "Examples");
		else
			(void)snprintf(ret, NAME_BYTES_MAX + 1, "Examples %u", i);
		r = workspace_name_taken(db, c->who.account_id, ret);
		if (r <= 0)
			return r;
	}
	return -EEXIST;
}

static int tx_create(struct db *db, struct call *c, struct err *err)
{
	const struct wish *x = c->own;
	struct workspace_view v = { .w = x->w };
	char random[ID_MAX];
	int64_t have = 0;
	int r = workspace_count(db, str_of(c->who.account_id), &have);

	if (r > 0)
		r = check_image(db, c, x, err);
	if (r == 0)
		r = clock_wish_apply(db, c, &x->clocks, &v.w, err);
	if (r < 0)
		return r;
	if (have >= WORKSPACES_PER_ACCOUNT)
		return workspace_too_many(c);
	r = quota_workspace(db, c, &x->asked, &v.w, err);
	if (r == 0 && !x->name)
		r = choose_name(db, c, v.w.name);
	if (r < 0)
		return r;
	rand_id("ws", v.w.id);
	rand_id("v", v.w.volume_id);
	rand_id("x", random);
	memcpy(v.w.label, random + 2, LABEL_LEN + 1);
	memcpy(v.w.account_id, c->who.account_id, sizeof(v.w.account_id));
	v.w.created = v.w.updated = c->now.wall;
	v.w.version = 1;
	r = workspace_insert(db, &v.w, err);
	if (r == -EEXIST)
		return workspace_name_refused(c, v.w.name);
	if (r == 0)
		r = quota_let_go(db, c, err);
	if (r == 0)
		r = event_add(db, v.w.account_id, "workspace", v.w.id, err);
	if (r == 0)
		r = call_audit(db, c, v.w.id, "", err);
	if (r == 0)
		workspace_show_one(c, SHOW_ROW, &v);
	return r;
}

static void after_change(struct call *c)
{
	sse_wake(c->core, c->who.account_id);
}

void do_workspace_create(struct call *c)
{
	const struct core_cfg *cfg = c->core->cfg;
	struct wish *x = take_wish(c);

	if (!x)
		return;
	x->w.example = call_bool(c, "example");
	if (!x->name && !x->w.example) {
		call_fail(c, PROBLEM_INVALID_FIELD, "name", "'name' is missing.");
		return;
	}
	if (!x->image)
		(void)snprintf(x->w.image, sizeof(x->w.image), "%s", cfg->default_image);
	if (!x->asked.storage)
		x->w.storage_bytes = cfg->storage_default_bytes;
	if (!x->asked.auto_stop)
		x->w.auto_stop_s = cfg->deadlines.auto_stop_default_s;
	call_commit(c, tx_create, after_change);
}

/* --- change --- */

static bool if_match(struct str want, const struct workspace *w)
{
	char etag[ETAG_MAX];
	struct str one;

	workspace_etag(w, etag);
	while (str_split(&want, ',', &one)) {
		one = str_trim(one);
		if (str_is(one, "*") || str_is(one, etag))
			return true;
	}
	return false;
}

int workspace_check_match(struct call *c, const struct workspace *w, struct str want)
{
	if (!want.ptr || if_match(want, w))
		return 0;
	return call_problem(
	    c, PROBLEM_CHANGED, NULL,
	    "The workspace was changed meanwhile. Look at it again, then repeat "
	    "your change.");
}

static int apply(struct db *db, struct call *c, const struct wish *x, struct workspace *w,
                 struct err *err)
{
	if (x->name)
		memcpy(w->name, x->w.name, sizeof(w->name));
	if (x->asked.type)
		memcpy(w->instance_type, x->w.instance_type, sizeof(w->instance_type));
	if (x->asked.auto_stop)
		w->auto_stop_s = x->w.auto_stop_s;
	if (x->asked.storage && x->w.storage_bytes < w->storage_bytes)
		return call_problem(c, PROBLEM_INVALID_FIELD, "storage_bytes",
		                    "Storage can grow but not shrink: it is %llu bytes now.",
		                    (unsigned long long)w->storage_bytes);
	if (x->asked.storage)
		w->storage_bytes = x->w.storage_bytes;
	if (x->image) {
		memcpy(w->image, x->w.image, sizeof(w->image));
		return check_image(db, c, x, err);
	}
	return 0;
}

/* A running session follows its workspace's auto-stop at once. */
static int follow(struct db *db, struct workspace_view *v, struct err *err)
{
	if (!v->has_session || v->session.auto_stop_s == v->w.auto_stop_s)
		return 0;
	v->session.auto_stop_s = v->w.auto_stop_s;
	return session_update(db, &v->session, err);
}

static int tx_change(struct db *db, struct call *c, struct err *err)
{
	struct wish *x = c->own;
	struct workspace_view v;
	int r = workspace_get(db, str_of(c->who.account_id), c->path_id, &v);

	if (r <= 0)
		return call_problem(
		    c, PROBLEM_NOT_FOUND, NULL,
		    "There is no such thing, or it is not yours. Check the id.");
	r = workspace_check_match(c, &v.w, c->raw);
	if (r == 0)
		r = quota_change(db, c, &x->asked, &v.w, &x->w, err);
	if (r == 0)
		r = apply(db, c, x, &v.w, err);
	if (r == 0)
		r = clock_wish_apply(db, c, &x->clocks, &v.w, err);
	if (r < 0)
		return r;
	v.w.updated = c->now.wall;
	r = workspace_update(db, &v.w, err);
	if (r == -EEXIST)
		return workspace_name_refused(c, v.w.name);
	memcpy(x->session_id, v.w.session_id, sizeof(x->session_id));
	if (r == 0)
		r = follow(db, &v, err);
	if (r == 0 && x->asked.storage)
		r = quota_let_go(db, c, err);
	if (r == 0)
		r = event_add(db, v.w.account_id, "workspace", v.w.id, err);
	if (r == 0)
		r = call_audit(db, c, v.w.id, "", err);
	if (r == 0)
		workspace_show_one(c, SHOW_ROW, &v);
	return r;
}

static void after_patch(struct call *c)
{
	const struct wish *x = c->own;
	struct workspace_view v;

	sse_wake(c->core, c->who.account_id);
	if (x->asked.auto_stop &&
	    workspace_get(store_reader(c->core->store), str_of(c->who.account_id), c->path_id,
	                  &v) > 0 &&
	    v.has_session && v.session.state == SESSION_RUNNING)
		launch_deadline(c->core, &v.session, NULL);
	if (x->clocks.calendar && x->session_id[0])
		clocks_changed(c->core, x->session_id);
}

void do_workspace_change(struct call *c)
{
	struct wish *x = take_wish(c);

	if (!x)
		return;
	/* The head's slices may die with the request: keep what tx needs. */
	c->raw = http_get(&c->req->head, "If-Match");
	if (c->raw.ptr)
		c->raw = arena_str(&c->arena, c->raw);
	call_commit(c, tx_change, after_patch);
}
