/* SPDX-License-Identifier: Apache-2.0 */
/* Invoices as JSON, CSV and as a page of their own; FOCUS. */
#include <errno.h>
#include <stdio.h>

#include "api/do.h"
#include "api/focus.h"
#include "api/invoice-page.h"
#include "api/show.h"
#include "api/state.h"
#include "store/invoices.h"

static void show_head(struct jsonw *w, const struct core *core, const struct invoice *i)
{
	char label[INVOICE_LABEL_MAX];

	invoice_label(i, label);
	jw_kv_z(w, "id", i->id);
	jw_kv_i64(w, "number", i->number);
	jw_kv_z(w, "label", label);
	jw_kv_z(w, "month", i->month.name);
	jw_kv_time(w, "from", i->month.from);
	jw_kv_time(w, "to", i->month.to);
	jw_kv_z(w, "time_zone", core->months->zone);
	jw_key(w, "account");
	jw_obj(w);
	jw_kv_z(w, "id", i->account_id);
	jw_kv_z(w, "name", i->name);
	jw_kv_z(w, "email", i->email);
	jw_obj_end(w);
	jw_kv_time(w, "closed_at", i->closed);
	show_money(w, "usage", i->usage);
	show_money(w, "credit", i->credit);
	show_money(w, "due", i->due);
	jw_kv_z(w, "currency", i->currency);
	jw_kv_i64(w, "line_count", i->lines);
}

struct out {
	struct call *c;
	struct jsonw *w;
	struct page page;
};

static void on_line(void *arg, const struct charge *c, const char *workspace_name)
{
	show_charge(((struct out *)arg)->w, c, workspace_name);
}

static void on_invoice(void *arg, const struct invoice *i)
{
	struct out *o = arg;

	if (!page_row(&o->page, i->number))
		return;
	jw_obj(o->w);
	show_head(o->w, o->c->core, i);
	jw_obj_end(o->w);
}

void do_invoices(struct call *c)
{
	struct jsonw w = JSONW(&c->out);
	struct out o = { .c = c, .w = &w };
	bool all = str_is(call_query(c, "all"), "true");
	struct list_of of;

	if (all && !c->who.admin) {
		call_fail(c, PROBLEM_FORBIDDEN, "all", "Only administrators see everybody's.");
		return;
	}
	if (!call_page(c, &o.page))
		return;
	of = call_list(c, &o.page);
	if (all)
		of.account_id = STR("");
	jw_obj(&w);
	jw_key(&w, "items");
	jw_arr(&w);
	if (invoice_list(store_reader(c->core->store), &of, call_query(c, "month"), on_invoice,
	                 &o) < 0) {
		call_fail(c, PROBLEM_INTERNAL, NULL, "The invoices can't be read; try again.");
		return;
	}
	jw_arr_end(&w);
	page_next(&w, &o.page);
	jw_obj_end(&w);
	call_reply(c, 200, CONTENT_JSON);
}

static int put_json(struct call *c, const struct invoice *i)
{
	struct jsonw w = JSONW(&c->out);
	struct out o = { .c = c, .w = &w };
	int r;

	jw_obj(&w);
	show_head(&w, c->core, i);
	jw_key(&w, "lines");
	jw_arr(&w);
	r = charge_list_invoice(store_reader(c->core->store), i->number, on_line, &o);
	jw_arr_end(&w);
	jw_obj_end(&w);
	return r;
}

/* No names: a spreadsheet that opens it must find nothing that a user wrote. */
static void line_csv(void *arg, const struct charge *c, const char *workspace_name)
{
	struct buf *b = arg;
	char from[TIME_RFC3339_MAX], to[TIME_RFC3339_MAX], s[MONEY_TEXT_MAX],
	    rate[MONEY_TEXT_MAX], amount[MONEY_TEXT_MAX];

	time_rfc3339(c->p.from, from);
	time_rfc3339(c->p.to, to);
	seconds_text(c->p.ns, s);
	money_text(c->p.rate, rate);
	money_text(c->p.amount, amount);
	buf_printf(b, "%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%llu,%s,%s,%s,%s,%s\r\n", c->id,
	           charge_kind_name(c->kind), c->p.month, c->workspace_id, c->session_id,
	           c->volume_id, c->resource, from, to, s, (unsigned long long)c->bytes, rate,
	           c->p.free ? "true" : "false", amount, c->estimated ? "true" : "false",
	           c->corrects);
}

static int put_csv(struct call *c, const struct invoice *i)
{
	buf_put_z(&c->out, "id,kind,month,workspace_id,session_id,volume_id,resource,from,to,"
	                   "seconds,bytes,rate,free,amount,estimated,corrects\r\n");
	return charge_list_invoice(store_reader(c->core->store), i->number, line_csv, &c->out);
}

/* An invoice is whole or none: a month of 500 volumes has 15,000 lines, of some 600 bytes. */
#define INVOICE_MAX (96UL << 20)

void do_invoice(struct call *c)
{
	struct str format = call_query(c, "format");
	struct invoice i;
	char label[INVOICE_LABEL_MAX];
	enum content_class class = CONTENT_JSON;
	int r = invoice_get(store_reader(c->core->store),
	                    c->who.admin ? STR("") : str_of(c->who.account_id), c->path_id, &i);

	if (r <= 0) {
		call_not_found(c);
		return;
	}
	invoice_label(&i, label);
	buf_init(&c->out, INVOICE_MAX); /* nothing is in it yet */
	if (!format.ptr || str_is(format, "json")) {
		r = put_json(c, &i);
	} else if (str_is(format, "csv")) {
		(void)snprintf(c->filename, sizeof(c->filename), "invoice-%s.csv", label);
		class = CONTENT_LINES;
		r = put_csv(c, &i);
	} else if (str_is(format, "html")) {
		(void)snprintf(c->filename, sizeof(c->filename), "invoice-%s.html", label);
		class = CONTENT_PAGE;
		r = invoice_page(store_reader(c->core->store), &i, c->core->months->zone,
		                 &c->out);
	} else {
		call_fail(c, PROBLEM_INVALID_FIELD, "format", "'format' is json, csv or html.");
		return;
	}
	if (r < 0)
		call_fail(c, PROBLEM_INTERNAL, NULL, "The invoice can't be read; try again.");
	else
		call_reply(c, 200, class);
}

static void reply_part(struct call *c, int64_t next)
{
	if (next)
		http_hdrf(c->req, "X-Next-Cursor", "%lld", (long long)next);
	call_reply(c, 200, CONTENT_LINES);
}

/* Only what is on invoices: then the sum is what they say is due. */
void do_focus(struct call *c)
{
	struct db *db = store_reader(c->core->store);
	struct str cursor = call_query(c, "cursor");
	uint64_t before = INT64_MAX;
	int64_t next = 0;
	struct month m;

	if (!take_month(c, call_query(c, "month"), &m))
		return;
	if (month_is_closed(db, m.name) <= 0) {
		call_fail(
		    c, PROBLEM_CONFLICT, "month",
		    "The month %s is not closed yet: `carrel admin invoice close %s` does "
		    "that when it is over.",
		    m.name, m.name);
		return;
	}
	if (cursor.ptr && str_to_u64(cursor, 1, INT64_MAX, &before) < 0) {
		call_fail(c, PROBLEM_INVALID_FIELD, "cursor",
		          "A cursor is the X-Next-Cursor of the part before; begin again "
		          "without it.");
		return;
	}
	(void)snprintf(c->filename, sizeof(c->filename), "focus-%s.csv", m.name);
	buf_init(&c->out, INVOICE_MAX); /* nothing is in it yet */
	if (focus_put(db, &m, (int64_t)before, &c->out, &next) < 0)
		call_fail(c, PROBLEM_INTERNAL, NULL, "The invoices can't be read; try again.");
	else
		reply_part(c, next);
}
