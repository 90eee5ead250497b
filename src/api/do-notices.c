/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "api/do.h"
#include "api/recents.h"
#include "api/show.h"
#include "api/sse.h"
#include "api/state.h"
#include "store/feed.h"
#include "store/notices.h"

struct list_out {
	struct jsonw *w;
	struct page page;
};

static void show(struct jsonw *w, const struct notice *n)
{
	jw_obj(w);
	jw_kv_z(w, "id", n->id);
	jw_kv_z(w, "kind", n->kind);
	jw_kv_z(w, "object_id", n->object_id);
	jw_kv_raw(w, "data", n->data);
	jw_kv_time(w, "at", n->at);
	show_time(w, "read_at", n->read);
	jw_obj_end(w);
}

static void on_row(void *arg, const struct notice *n, int64_t seq)
{
	struct list_out *o = arg;

	if (page_row(&o->page, seq))
		show(o->w, n);
}

static void on_few(void *arg, const struct notice *n, int64_t seq)
{
	show(arg, n);
}

int show_notices(struct jsonw *w, struct core *core, struct str account_id, bool unread,
                 unsigned limit)
{
	struct list_of of = { account_id, INT64_MAX, limit };
	int r;

	jw_arr(w);
	r = notice_list(store_reader(core->store), &of, unread, on_few, w);
	jw_arr_end(w);
	return r;
}

void do_notices(struct call *c)
{
	struct db *db = store_reader(c->core->store);
	struct str unread = call_query(c, "unread");
	struct jsonw w = JSONW(&c->out);
	struct list_out o = { .w = &w };
	struct list_of of;
	int64_t n = 0;

	if (unread.ptr && !str_is(unread, "true") && !str_is(unread, "false")) {
		call_fail(c, PROBLEM_INVALID_FIELD, "unread", "'unread' is true or false.");
		return;
	}
	if (!call_page(c, &o.page))
		return;
	jw_obj(&w);
	jw_key(&w, "items");
	jw_arr(&w);
	of = call_list(c, &o.page);
	if (notice_list(db, &of, str_is(unread, "true"), on_row, &o) < 0 ||
	    notice_count_unread(db, str_of(c->who.account_id), &n) < 0) {
		call_fail(c, PROBLEM_INTERNAL, NULL, "The notices can't be read; try again.");
		return;
	}
	jw_arr_end(&w);
	page_next(&w, &o.page);
	jw_kv_i64(&w, "unread", n);
	jw_obj_end(&w);
	call_reply(c, 200, CONTENT_JSON);
}

static void on_one(void *arg, const struct notice *n, int64_t seq)
{
	show(arg, n);
}

static int tx_read(struct db *db, struct call *c, struct err *err)
{
	struct str account = str_of(c->who.account_id);
	struct jsonw w = JSONW(&c->out);
	int r = notice_read(db, account, c->path_id, c->now.wall, err);

	if (r > 0)
		r = notice_get(db, account, c->path_id, on_one, &w);
	if (r > 0) /* other tabs take it off their lists */
		r = event_add_data(db, c->who.account_id, "notice", "", buf_str(&c->out), err) <
		            0
		        ? -EIO
		        : r;
	if (r <= 0)
		return r < 0 ? r
		             : call_problem(
		                   c, PROBLEM_NOT_FOUND, NULL,
		                   "There is no such thing, or it is not yours. Check the id.");
	return call_audit(db, c, c->who.account_id, "", err);
}

static void after_read(struct call *c)
{
	sse_wake(c->core, c->who.account_id);
}

void do_notice_read(struct call *c)
{
	call_commit(c, tx_read, after_read);
}

static int tx_read_all(struct db *db, struct call *c, struct err *err)
{
	int r = notice_read_all(db, str_of(c->who.account_id), c->now.wall, err);

	if (r == 0)
		r = event_add_data(db, c->who.account_id, "notice", "",
		                   STR("{\"all_read\":true}"), err);
	return r < 0 ? r : call_audit(db, c, c->who.account_id, "", err);
}

void do_notices_read(struct call *c)
{
	call_commit(c, tx_read_all, after_read);
}
