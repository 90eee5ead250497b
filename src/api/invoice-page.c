/* SPDX-License-Identifier: Apache-2.0 */
#include "api/invoice-page.h"

#include <errno.h>
#include <stdio.h>

#define LINES_MAX 200000U

static const char style[] =
    "@page{size:A4;margin:16mm 15mm}*{box-sizing:border-box}"
    "body{margin:0;background:#fff;color:#1c1a17;font:14px/20px system-ui,sans-serif}"
    "main{max-width:820px;margin:0 auto;padding:40px 32px}"
    "header{display:flex;justify-content:space-between}h1{margin:0;font-size:36px;line-height:"
    "44px}"
    "p{margin:0}.t2{color:#57534c}.t3{color:#6b665e}.n{text-align:right;white-space:nowrap;"
    "font-variant-numeric:tabular-nums;padding-left:16px}.mono{font-family:ui-monospace,"
    "monospace}"
    ".meta{display:grid;grid-template-columns:1fr 1.3fr auto;gap:24px;margin:32px 0 24px;"
    "padding:16px 0;border-top:1px solid;border-bottom:1px solid #ddd8cf}"
    ".small{font-size:12px}.figure{font-size:28px;line-height:36px}"
    "table{width:100%;border-collapse:collapse}th{text-align:left;font-size:11px;font-weight:"
    "500;"
    "color:#6b665e;padding-bottom:6px;border-bottom:1px solid #ddd8cf}thead{display:"
    "table-header-group}tr{break-inside:avoid}.head td{padding:9px 0 2px;font-weight:500;"
    "border-top:1px solid #ddd8cf}.head .n{padding-left:16px}.ln "
    "td{color:#6b665e;font-size:12px;"
    "line-height:18px}.ln td:first-child{padding-left:16px}.sub{color:#8a857c}"
    ".tot{margin:24px 0 0 auto;width:62%;border-top:1px solid}.tot td{padding:5px 0}"
    ".grand td{border-top:1px solid #ddd8cf;font-weight:600;font-size:18px}";

void html_text(struct buf *b, const char *s)
{
	for (; *s; s++) {
		unsigned char ch = (unsigned char)*s;

		if (ch == '&')
			buf_put_z(b, "&amp;");
		else if (ch == '<')
			buf_put_z(b, "&lt;");
		else if (ch == '>')
			buf_put_z(b, "&gt;");
		else if (ch == '"')
			buf_put_z(b, "&quot;");
		else if (ch == '\'')
			buf_put_z(b, "&#39;");
		else if (ch < 0x20 || ch == 0x7f)
			buf_put_c(b, ' ');
		else
			buf_put_c(b, *s);
	}
}

/* Micro-units in full, those below the cent lighter. */
static void put_money(struct buf *b, money_micro m)
{
	char text[MONEY_TEXT_MAX];
	size_t dot;

	money_text(m, text);
	dot = str_chr(str_of(text), '.', 0) + 3;
	buf_printf(b, "%.*s", (int)dot, text);
	if (text[dot])
		buf_printf(b, "<span class=\"sub\">%s</span>", text + dot);
}

static void put_duration(struct buf *b, uint64_t ns)
{
	unsigned long long s = ns / NS_PER_S;

	if (s >= 3600)
		buf_printf(b, "%llu h %02llu min %02llu s", s / 3600, s / 60 % 60, s % 60);
	else if (s >= 60)
		buf_printf(b, "%llu min %02llu s", s / 60, s % 60);
	else
		buf_printf(b, "%llu s", s);
}

static void put_time(struct buf *b, wall_us t)
{
	char text[TIME_RFC3339_MAX];

	time_rfc3339(t, text);
	buf_printf(b, "%.10s %.8s", text, text + 11);
}

/* --- its lines, by what they are for --- */

struct line {
	struct charge c;
	char name[NAME_BYTES_MAX + 1];
};

struct lines {
	struct line *list;
	size_t n, room;
	int r;
};

static void on_line(void *arg, const struct charge *c, const char *name)
{
	struct lines *l = arg;

	if (l->r < 0)
		return;
	if (l->n == l->room) {
		size_t room = l->room ? l->room * 2 : 64;
		void *more =
		    room > LINES_MAX ? NULL : reallocarray(l->list, room, sizeof(*l->list));

		if (!more) {
			l->r = -E2BIG;
			return;
		}
		l->list = more;
		l->room = room;
	}
	l->list[l->n].c = *c;
	(void)snprintf(l->list[l->n++].name, sizeof(l->list[0].name), "%s", name);
}

/* Lines of one heading: the same kind of the same workspace on the same type. */
static int by_heading(const struct line *a, const struct line *b)
{
	int r = (int)a->c.kind - (int)b->c.kind;

	if (r == 0)
		r = strcmp(a->name, b->name);
	if (r == 0)
		r = strcmp(a->c.workspace_id, b->c.workspace_id);
	return r ? r : strcmp(a->c.resource, b->c.resource);
}

static int by_heading_and_time(const void *pa, const void *pb)
{
	const struct line *a = pa, *b = pb;
	int r = by_heading(a, b);

	if (r)
		return r;
	return a->c.p.from < b->c.p.from ? -1 : a->c.p.from > b->c.p.from;
}

static const char *heading(const struct line *l)
{
	if (l->c.kind == CHARGE_CORRECTION)
		return "Corrections";
	return l->name[0] ? l->name : "Workspace";
}

static void put_heading(struct buf *b, const struct line *l, size_t n)
{
	money_micro sum = 0;
	uint64_t ns = 0;

	for (size_t i = 0; i < n; i++) {
		CHECK(money_add(sum, l[i].c.p.amount, &sum) == 0);
		ns += l[i].c.p.ns;
	}
	buf_put_z(b, "<tr class=\"head\"><td>");
	html_text(b, heading(l));
	buf_put_z(b, "</td><td class=\"mono\">");
	html_text(b, l->c.kind == CHARGE_STORAGE ? "storage" : l->c.resource);
	buf_put_z(b, "</td><td class=\"n\">");
	if (l->c.kind == CHARGE_COMPUTE)
		put_duration(b, ns);
	buf_put_z(b, "</td><td></td><td class=\"n\">");
	put_money(b, sum);
	buf_put_z(b, "</td></tr>");
}

static void put_quantity(struct buf *b, const struct charge *c)
{
	if (c->kind == CHARGE_STORAGE)
		buf_printf(b, "%llu.%03llu GB, ", (unsigned long long)(c->bytes / 1000000000),
		           (unsigned long long)(c->bytes % 1000000000 / 1000000));
	if (c->kind != CHARGE_CORRECTION)
		put_duration(b, c->p.ns);
}

static void put_line(struct buf *b, const struct charge *c)
{
	buf_put_z(b, "<tr class=\"ln\"><td>");
	put_time(b, c->p.from);
	if (c->kind == CHARGE_CORRECTION) {
		buf_put_z(b, " ");
		html_text(b, c->reason);
	}
	buf_printf(b, "</td><td>%s%s</td><td class=\"n\">", c->p.free ? "free hours " : "",
	           c->estimated ? "estimated" : "");
	put_quantity(b, c);
	buf_put_z(b, "</td><td class=\"n\">");
	if (c->kind != CHARGE_CORRECTION)
		put_money(b, c->p.rate);
	buf_put_z(b, "</td><td class=\"n\">");
	put_money(b, c->p.amount);
	buf_put_z(b, "</td></tr>");
}

static void put_lines(struct buf *b, struct lines *l)
{
	size_t n;

	buf_put_z(b,
	          "<table><thead><tr><th>Workspace and time</th><th>Type</th><th class=\"n\">"
	          "Quantity</th><th class=\"n\">Rate</th><th class=\"n\">Amount</th></tr>"
	          "</thead><tbody>");
	if (l->n)
		qsort(l->list, l->n, sizeof(*l->list), by_heading_and_time);
	for (size_t i = 0; i < l->n; i += n) {
		for (n = 1; i + n < l->n && by_heading(&l->list[i], &l->list[i + n]) == 0;)
			n++;
		put_heading(b, &l->list[i], n);
		for (size_t k = 0; k < n; k++)
			put_line(b, &l->list[i + k].c);
	}
	buf_put_z(b, "</tbody></table>");
}

static void put_head(struct buf *b, const struct invoice *i, const char *zone)
{
	char label[INVOICE_LABEL_MAX];

	invoice_label(i, label);
	buf_printf(b,
	           "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
	           "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	           "style-src 'unsafe-inline'\"><meta name=\"viewport\" content=\""
	           "width=device-width, initial-scale=1\"><title>Invoice %s</title><style>%s"
	           "</style></head><body><main><header><p>Carrel</p><div class=\"n\"><h1>"
	           "Invoice</h1><p class=\"t2\">%s</p></div></header><section class=\"meta\">"
	           "<div><p class=\"small t3\">For</p><p>",
	           label, style, label);
	html_text(b, i->name);
	buf_put_z(b, "<br><span class=\"t2\">");
	html_text(b, i->email);
	buf_put_z(b, "</span></p></div><div><p class=\"small t3\">Period</p><p>");
	put_time(b, i->month.from);
	buf_put_z(b, " to<br>");
	put_time(b, i->month.to);
	buf_put_z(b, " UTC<br><span class=\"t2\">the month ");
	html_text(b, i->month.name);
	buf_put_z(b, " in ");
	html_text(b, zone);
	buf_put_z(b, "; closed ");
	put_time(b, i->closed);
	buf_put_z(b, "</span></p></div><div class=\"n\"><p class=\"small t3\">Due</p>"
	             "<p class=\"figure\">");
	put_money(b, i->due);
	buf_printf(b, " %s</p></div></section>", i->currency);
}

static void put_total(struct buf *b, const struct invoice *i)
{
	buf_printf(b, "<table class=\"tot\"><tr><td>Sum of %lld lines</td><td class=\"n\">",
	           (long long)i->lines);
	put_money(b, i->usage);
	buf_put_z(b, "</td></tr><tr><td>Credit that was used</td><td class=\"n\">");
	put_money(b, -i->credit);
	buf_printf(b, "</td></tr><tr class=\"grand\"><td>Due, %s</td><td class=\"n\">",
	           i->currency);
	put_money(b, i->due);
	buf_put_z(b, "</td></tr></table><p class=\"small t3\">Times are UTC. Every line is "
	             "rounded once, half to even, to a millionth.</p></main></body></html>\n");
}

int invoice_page(struct db *db, const struct invoice *i, const char *zone, struct buf *b)
{
	struct lines l = { 0 };
	int r = charge_list_invoice(db, i->number, on_line, &l);

	if (r == 0)
		r = l.r;
	if (r == 0) {
		put_head(b, i, zone);
		put_lines(b, &l);
		put_total(b, i);
	}
	free(l.list);
	return r;
}
