/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "api/do.h"
#include "api/show.h"
#include "api/sse.h"
#include "api/state.h"
#include "store/books.h"

void do_events(struct call *c)
{
	if (str_is(c->req->head.method, "HEAD"))
		call_fail(c, PROBLEM_METHOD, NULL, "An event stream has no end: GET it.");
	else
		sse_begin(c);
}

struct usage_out {
	struct call *c;
	struct jsonw *w; /* NULL: CSV */
	struct page page;
};

static void line_json(struct usage_out *o, const struct segment *g, const char *name)
{
	struct jsonw *w = o->w;

	jw_obj(w);
	jw_kv_z(w, "session_id", g->session_id);
	jw_kv_z(w, "workspace_id", g->workspace_id);
	jw_kv_z(w, "workspace_name", name);
	jw_kv_u64(w, "segment", g->segment);
	jw_kv_z(w, "instance_type", g->instance_type);
	jw_kv_time(w, "started_at", g->started);
	jw_kv_time(w, "stopped_at", g->stopped);
	show_seconds(w, "seconds", g->ns);
	show_money(w, "price_per_hour", g->price_per_hour);
	show_money(w, "amount", g->amount);
	jw_kv_z(w, "currency", o->c->core->cfg->currency);
	jw_kv_bool(w, "estimated", g->estimated);
	jw_kv_z(w, "reason", g->reason[0] ? g->reason : NULL);
	jw_obj_end(w);
}

/* No names: a spreadsheet that opens it must find nothing that a user wrote. */
static void line_csv(struct buf *b, const struct segment *g, const char *currency)
{
	char from[TIME_RFC3339_MAX], to[TIME_RFC3339_MAX], s[MONEY_TEXT_MAX], p[MONEY_TEXT_MAX],
	    m[MONEY_TEXT_MAX];

	time_rfc3339(g->started, from);
	time_rfc3339(g->stopped, to);
	seconds_text(g->ns, s);
	money_text(g->price_per_hour, p);
	money_text(g->amount, m);
	buf_printf(b, "%s,%s,%u,%s,%s,%s,%s,%s,%s,%s,%s\r\n", g->session_id, g->workspace_id,
	           g->segment, g->instance_type, from, to, s, p, m, currency,
	           g->estimated ? "true" : "false");
}

static void on_segment(void *arg, const struct segment *g, const char *name)
{
	struct usage_out *o = arg;

	if (!page_row(&o->page, g->seq))
		return;
	if (o->w)
		line_json(o, g, name);
	else
		line_csv(&o->c->out, g, o->c->core->cfg->currency);
}

static bool take_time(struct call *c, const char *name, wall_us absent, wall_us *ret)
{
	struct str s = call_query(c, name);

	*ret = absent;
	if (!s.ptr || time_parse_rfc3339(s, ret) == 0)
		return true;
	call_fail(c, PROBLEM_INVALID_FIELD, name,
	          "'%s' is a time like 2026-11-01T00:00:00Z (write + as %%2B).", name);
	return false;
}

static void show_total(struct jsonw *w, const struct core *core, const struct usage_total *t)
{
	jw_key(w, "total");
	jw_obj(w);
	show_money(w, "amount", t->amount);
	show_seconds(w, "seconds", t->ns);
	jw_kv_i64(w, "lines", t->lines);
	jw_kv_z(w, "currency", core->cfg->currency);
	jw_obj_end(w);
}

static bool wants_csv(struct call *c)
{
	return str_is(call_query(c, "format"), "csv");
}

/* Lines are of the period in which they started, so that months don't overlap
 * and nothing falls between them. Without `from`: since ever. */
void do_usage(struct call *c)
{
	struct db *db = store_reader(c->core->store);
	struct str account = str_of(c->who.account_id);
	bool csv = wants_csv(c);
	struct jsonw w = JSONW(&c->out);
	struct usage_out o = { .c = c, .w = csv ? NULL : &w };
	struct usage_total total = { 0 };
	struct list_of of;
	wall_us from, to;

	if (!call_page(c, &o.page) || !take_time(c, "from", 0, &from) ||
	    !take_time(c, "to", INT64_MAX, &to))
		return;
	if (csv) {
		buf_put_z(&c->out,
		          "session_id,workspace_id,segment,instance_type,started_at,"
		          "stopped_at,seconds,price_per_hour,amount,currency,estimated\r\n");
		o.page.limit = call_query(c, "limit").ptr ? o.page.limit : 20000;
	} else {
		jw_obj(&w);
		jw_key(&w, "items");
		jw_arr(&w);
	}
	of = call_list(c, &o.page);
	if (segment_list(db, &of, from, to, on_segment, &o) < 0 ||
	    segment_total(db, account, from, to, &total) < 0) {
		call_fail(c, PROBLEM_INTERNAL, NULL, "The usage can't be read; try again.");
		return;
	}
	if (!csv) {
		jw_arr_end(&w);
		page_next(&w, &o.page);
		show_total(&w, c->core, &total);
		jw_obj_end(&w);
	}
	call_reply(c, 200, csv ? CONTENT_LINES : CONTENT_JSON);
}

static void on_audit(void *arg, const struct audit_row *a)
{
	struct usage_out *o = arg;
	struct jsonw *w = o->w;

	if (!page_row(&o->page, a->seq))
		return;
	jw_obj(w);
	jw_kv_i64(w, "seq", a->seq);
	jw_kv_time(w, "at", a->at);
	jw_kv_z(w, "account_id", a->account_id);
	jw_kv_z(w, "actor", a->actor);
	jw_kv_z(w, "verb", a->verb);
	jw_kv_z(w, "object", a->object);
	jw_kv_raw(w, "detail", a->detail[0] ? str_of(a->detail) : STR("{}"));
	jw_kv_z(w, "source", a->source);
	jw_kv_z(w, "request_id", a->request_id);
	jw_obj_end(w);
}

void do_audit(struct call *c)
{
	struct jsonw w = JSONW(&c->out);
	struct usage_out o = { .c = c, .w = &w };
	bool all = str_is(call_query(c, "all"), "true");
	struct list_of of;

	if (all && !c->who.admin) {
		call_fail(c, PROBLEM_FORBIDDEN, "all", "Only administrators see everybody's.");
		return;
	}
	if (!call_page(c, &o.page))
		return;
	jw_obj(&w);
	jw_key(&w, "items");
	jw_arr(&w);
	of = call_list(c, &o.page);
	if (all)
		of.account_id = STR("");
	if (audit_list(store_reader(c->core->store), &of, on_audit, &o) < 0) {
		call_fail(c, PROBLEM_INTERNAL, NULL, "The audit log can't be read; try again.");
		return;
	}
	jw_arr_end(&w);
	page_next(&w, &o.page);
	jw_obj_end(&w);
	call_reply(c, 200, CONTENT_JSON);
}
