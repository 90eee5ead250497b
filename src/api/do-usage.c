/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "api/do.h"
#include "api/show.h"
#include "api/sse.h"
#include "api/state.h"
#include "core/month.h"
#include "store/books.h"
#include "store/usage.h"

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
	bool all; /* everybody's */

	/* The day that is being summed up. */
	wall_us day_from, day_to;
	struct usage_sum day;
};

static const char *or_null(const char *s)
{
	return s[0] ? s : NULL;
}

static void line_json(struct usage_out *o, const struct charge *g, const char *name,
                      const char *email)
{
	bool compute = g->kind == CHARGE_COMPUTE;
	struct jsonw *w = o->w;

	jw_obj(w);
	jw_kv_z(w, "id", g->id);
	jw_kv_z(w, "kind", charge_kind_name(g->kind));
	if (o->all) {
		jw_kv_z(w, "account_id", g->account_id);
		jw_kv_z(w, "email", email);
	}
	jw_kv_z(w, "session_id", or_null(g->session_id));
	jw_kv_z(w, "workspace_id", or_null(g->workspace_id));
	jw_kv_z(w, "workspace_name", or_null(name));
	jw_kv_u64(w, "segment", g->segment);
	jw_kv_u64(w, "part", g->part);
	jw_kv_z(w, "instance_type", compute ? g->resource : NULL);
	jw_kv_time(w, "started_at", g->p.from);
	jw_kv_time(w, "stopped_at", g->p.to);
	show_seconds(w, "seconds", g->p.ns);
	if (compute)
		show_money(w, "price_per_hour", g->p.rate);
	else
		jw_kv_null(w, "price_per_hour");
	show_money(w, "rate", g->p.rate);
	jw_kv_u64(w, "bytes", g->bytes);
	jw_kv_bool(w, "free", g->p.free);
	show_money(w, "amount", g->p.amount);
	jw_kv_z(w, "currency", o->c->core->cfg->currency);
	jw_kv_bool(w, "estimated", g->estimated);
	jw_kv_z(w, "reason", or_null(g->reason));
	jw_kv_z(w, "corrects", or_null(g->corrects));
	jw_obj_end(w);
}

#define CSV_LINES                                                                             \
	"session_id,workspace_id,segment,instance_type,started_at,stopped_at,seconds,"        \
	"price_per_hour,amount,currency,estimated,kind,free,rate,bytes,charge_id,account_id," \
	"corrects\r\n"
#define CSV_GROUPS "key,amount,currency,seconds,free_seconds,lines\r\n"

/* No names and no notes: a spreadsheet that opens it must find nothing that a
 * user wrote. */
static void line_csv(struct buf *b, const struct charge *g, const char *currency)
{
	char from[TIME_RFC3339_MAX], to[TIME_RFC3339_MAX], s[MONEY_TEXT_MAX], p[MONEY_TEXT_MAX],
	    m[MONEY_TEXT_MAX];
	bool compute = g->kind == CHARGE_COMPUTE;

	time_rfc3339(g->p.from, from);
	time_rfc3339(g->p.to, to);
	seconds_text(g->p.ns, s);
	money_text(g->p.rate, p);
	money_text(g->p.amount, m);
	buf_printf(b, "%s,%s,%u,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%llu,%s,%s,%s\r\n",
	           g->session_id, g->workspace_id, g->segment, compute ? g->resource : "", from,
	           to, s, compute ? p : "", m, currency, g->estimated ? "true" : "false",
	           charge_kind_name(g->kind), g->p.free ? "true" : "false", p,
	           (unsigned long long)g->bytes, g->id, g->account_id, g->corrects);
}

static void on_line(void *arg, const struct charge *g, const char *name, const char *email)
{
	struct usage_out *o = arg;

	if (!page_row(&o->page, g->seq))
		return;
	if (o->w)
		line_json(o, g, name, email);
	else
		line_csv(&o->c->out, g, o->c->core->cfg->currency);
}

/* --- sums --- */

static void on_group(void *arg, const char *key, const char *name, const struct usage_sum *s)
{
	struct usage_out *o = arg;
	const char *currency = o->c->core->cfg->currency;
	char m[MONEY_TEXT_MAX], t[MONEY_TEXT_MAX], f[MONEY_TEXT_MAX];

	if (!o->w) {
		money_text(s->amount, m);
		seconds_text(s->ns, t);
		seconds_text(s->free_ns, f);
		buf_printf(&o->c->out, "%s,%s,%s,%s,%s,%lld\r\n", key, m, currency, t, f,
		           (long long)s->lines);
		return;
	}
	jw_obj(o->w);
	jw_kv_z(o->w, "key", key);
	jw_kv_z(o->w, "name", name[0] ? name : key);
	show_money(o->w, "amount", s->amount);
	jw_kv_z(o->w, "currency", currency);
	show_seconds(o->w, "seconds", s->ns);
	show_seconds(o->w, "free_seconds", s->free_ns);
	jw_kv_i64(o->w, "lines", s->lines);
	jw_obj_end(o->w);
}

/* "2026-11-21", in the site's time zone. */
static void day_key(const struct months *months, wall_us at, char ret[16])
{
	struct month m;
	unsigned day = 1;

	months->of(months, at, &m);
	for (wall_us t = m.from; (t = months->day_end(months, t)) <= at; day++)
		continue;
	(void)snprintf(ret, 16, "%s-%02u", m.name, day);
}

static void end_day(struct usage_out *o)
{
	char key[16];

	if (o->day.lines == 0)
		return;
	day_key(o->c->core->months, o->day_from, key);
	on_group(o, key, key, &o->day);
	o->day = (struct usage_sum){ 0 };
}

static void on_moment(void *arg, wall_us from, const struct usage_sum *s)
{
	struct usage_out *o = arg;
	const struct months *months = o->c->core->months;

	if (o->day.lines == 0 || from >= o->day_to) {
		end_day(o);
		o->day_from = from;
		o->day_to = months->day_end(months, from);
	}
	o->day.amount += s->amount;
	o->day.ns += s->ns;
	o->day.free_ns += s->free_ns;
	o->day.lines += s->lines;
}

static int put_groups(struct usage_out *o, const struct usage_of *of, struct str by)
{
	static const struct {
		const char *name;
		enum usage_group by;
	} groups[] = { { "workspace", USAGE_BY_WORKSPACE },
		       { "type", USAGE_BY_TYPE },
		       { "account", USAGE_BY_ACCOUNT } };
	struct db *db = store_reader(o->c->core->store);
	int r;

	for (size_t i = 0; i < ARRAY_LEN(groups); i++)
		if (str_is(by, groups[i].name))
			return usage_groups(db, of, groups[i].by, on_group, o);
	r = usage_moments(db, of, on_moment, o);
	end_day(o);
	return r;
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

static void show_total(struct jsonw *w, const struct core *core, const struct usage_sum *t)
{
	jw_key(w, "total");
	jw_obj(w);
	show_money(w, "amount", t->amount);
	show_seconds(w, "seconds", t->ns);
	show_seconds(w, "free_seconds", t->free_ns);
	jw_kv_i64(w, "lines", t->lines);
	jw_kv_z(w, "currency", core->cfg->currency);
	jw_obj_end(w);
}

static bool wants_csv(struct call *c)
{
	return str_is(call_query(c, "format"), "csv");
}

static bool is_group(struct str by)
{
	return str_is(by, "day") || str_is(by, "workspace") || str_is(by, "type") ||
	       str_is(by, "account");
}

/* What is asked for; false: the problem was sent. */
static bool take_usage(struct call *c, struct usage_out *o, struct usage_of *of)
{
	struct str by = call_query(c, "group");

	o->all = str_is(call_query(c, "all"), "true");
	if (o->all && !c->who.admin) {
		call_fail(c, PROBLEM_FORBIDDEN, "all", "Only administrators see everybody's.");
		return false;
	}
	if (by.ptr && !is_group(by)) {
		call_fail(c, PROBLEM_INVALID_FIELD, "group",
		          "'group' is day, workspace, type or account.");
		return false;
	}
	of->account_id = o->all ? STR("") : str_of(c->who.account_id);
	return call_page(c, &o->page) && take_time(c, "from", 0, &of->from) &&
	       take_time(c, "to", INT64_MAX, &of->to);
}

/* Lines are of the period in which they started, so that months don't overlap
 * and nothing falls between them. Without `from`: since ever. */
void do_usage(struct call *c)
{
	struct db *db = store_reader(c->core->store);
	bool csv = wants_csv(c);
	struct jsonw w = JSONW(&c->out);
	struct usage_out o = { .c = c, .w = csv ? NULL : &w };
	struct str by = call_query(c, "group");
	struct usage_sum total = { 0 };
	struct usage_of of;
	int r;

	if (!take_usage(c, &o, &of))
		return;
	if (csv) {
		buf_put_z(&c->out, by.ptr ? CSV_GROUPS : CSV_LINES);
		o.page.limit = call_query(c, "limit").ptr ? o.page.limit : 20000;
	} else {
		jw_obj(&w);
		jw_key(&w, "items");
		jw_arr(&w);
	}
	r = by.ptr ? put_groups(&o, &of, by)
	           : usage_list(db, &of, o.page.before, o.page.limit + 1, on_line, &o);
	if (r < 0 || usage_sum(db, &of, &total) < 0) {
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
	jw_kv_z(w, "actor_email", a->actor_email);
	jw_kv_z(w, "verb", a->verb);
	jw_kv_z(w, "object", a->object);
	jw_kv_raw(w, "detail", a->detail[0] ? str_of(a->detail) : STR("{}"));
	jw_kv_z(w, "source", a->source);
	jw_kv_z(w, "request_id", a->request_id);
	jw_obj_end(w);
}

#define AUDIT_COUNTED 100000

void do_audit(struct call *c)
{
	struct jsonw w = JSONW(&c->out);
	struct usage_out o = { .c = c, .w = &w };
	bool all = str_is(call_query(c, "all"), "true");
	struct db *db = store_reader(c->core->store);
	struct str has = call_query(c, "q");
	struct list_of of;
	int64_t total = 0;

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
	if (audit_list(db, &of, has, on_audit, &o) < 0 ||
	    audit_count(db, of.account_id, has, AUDIT_COUNTED + 1, &total) < 0) {
		call_fail(c, PROBLEM_INTERNAL, NULL, "The audit log can't be read; try again.");
		return;
	}
	jw_arr_end(&w);
	page_next(&w, &o.page);
	/* A log of years is not counted to its end, whatever is looked for in it. */
	if (total <= AUDIT_COUNTED)
		jw_kv_i64(&w, "total", total);
	jw_obj_end(&w);
	call_reply(c, 200, CONTENT_JSON);
}
