/* SPDX-License-Identifier: Apache-2.0 */
#include "api/focus.h"

#include <stdio.h>

#include "store/invoices.h"

/* In the specification's order; InvoiceId is of 1.2, x_ are ours. */
static const char header[] =
    "BilledCost,BillingAccountId,BillingAccountName,BillingCurrency,BillingPeriodEnd,"
    "BillingPeriodStart,ChargeCategory,ChargeClass,ChargeDescription,ChargeFrequency,"
    "ChargePeriodEnd,ChargePeriodStart,ConsumedQuantity,ConsumedUnit,ContractedCost,"
    "ContractedUnitPrice,EffectiveCost,InvoiceId,InvoiceIssuerName,ListCost,ListUnitPrice,"
    "PricingCategory,PricingQuantity,PricingUnit,ProviderName,PublisherName,RegionId,"
    "RegionName,ResourceId,ResourceName,ResourceType,ServiceCategory,ServiceName,SkuId,"
    "SkuPriceId,SubAccountId,SubAccountName,Tags,x_ChargeId,x_Free\r\n";

/* "2026-11-01T00:00:00Z": the specification has no fractions. */
#define FOCUS_TIME 24
static void time_text(wall_us t, char ret[FOCUS_TIME])
{
	char full[TIME_RFC3339_MAX];

	time_rfc3339(t, full);
	(void)snprintf(ret, FOCUS_TIME, "%.19sZ", full);
}

struct row {
	const char *category, *class, *text, *frequency;
	char end[FOCUS_TIME], start[FOCUS_TIME];
	char consumed[48], consumed_unit[16];
	char billed[MONEY_TEXT_MAX], list[MONEY_TEXT_MAX], rate[MONEY_TEXT_MAX];
	char quantity[48];
	const char *pricing_unit, *resource_type, *service_category, *service;
	const char *resource_id, *sku;
	char sku_price[TYPE_ID_MAX + MONEY_TEXT_MAX + 4];
	const char *charge_id;
	bool free, priced;
};

struct out {
	struct buf *b;
	const struct invoice *i;
};

static void put_row(struct out *o, const struct row *r)
{
	const struct invoice *i = o->i;
	char label[INVOICE_LABEL_MAX], end[FOCUS_TIME], start[FOCUS_TIME];

	invoice_label(i, label);
	time_text(i->month.from, start);
	time_text(i->month.to, end);
	buf_printf(o->b, "%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,", r->billed, i->account_id,
	           i->account_id, i->currency, end, start, r->category, r->class, r->text,
	           r->frequency);
	buf_printf(o->b, "%s,%s,%s,%s,%s,%s,%s,%s,Carrel,%s,%s,", r->end, r->start, r->consumed,
	           r->consumed_unit, r->list, r->priced ? r->rate : "", r->billed, label,
	           r->list, r->priced ? r->rate : "");
	buf_printf(o->b, "%s,%s,%s,Carrel,Carrel,,,%s,%s,%s,%s,%s,%s,%s,%s,%s,,%s,%s\r\n",
	           r->priced ? "Standard" : "", r->quantity, r->pricing_unit, r->resource_id,
	           r->resource_id, r->resource_type, r->service_category, r->service, r->sku,
	           r->sku_price, i->account_id, i->account_id, r->charge_id,
	           r->free ? "true" : "false");
}

/* n / by with nine decimals, rounded down: quantities are for reading, money
 * is in the cost columns. */
static void ratio(unsigned __int128 n, unsigned __int128 by, char *ret, size_t room)
{
	unsigned long long whole = (unsigned long long)(n / by),
	                   part = (unsigned long long)(n % by * 1000000000 / by);

	(void)snprintf(ret, room, "%llu.%09llu", whole, part);
}

static void fill_compute(struct row *r, const struct charge *c)
{
	const uint64_t hour = UINT64_C(3600) * NS_PER_S;
	money_micro list = 0;

	if (money_of(c->p.rate, c->p.ns, &list) < 0)
		list = c->p.amount; /* not reached: it was charged by that rate */
	money_text(list, r->list);
	seconds_text(c->p.ns, r->consumed);
	(void)snprintf(r->consumed_unit, sizeof(r->consumed_unit), "Seconds");
	ratio(c->p.ns, hour, r->quantity, sizeof(r->quantity));
	r->pricing_unit = "Hours";
	r->service_category = "Compute";
	r->service = "Notebook sessions";
	r->resource_type = "Workspace";
	r->resource_id = c->workspace_id;
	r->text = c->p.free ? "Session time within the free hours of the plan" : "Session time";
}

static void fill_storage(struct row *r, const struct charge *c)
{
	/* bytes × ns / (10^9 × 730 h), and / 1 h */
	const unsigned __int128 gb_hour = (unsigned __int128)1000000000 * 3600 * NS_PER_S;
	unsigned __int128 v = (unsigned __int128)c->bytes * c->p.ns;

	memcpy(r->list, r->billed, sizeof(r->list));
	ratio(v, gb_hour, r->consumed, sizeof(r->consumed));
	(void)snprintf(r->consumed_unit, sizeof(r->consumed_unit), "GB-Hours");
	ratio(v, gb_hour * 730, r->quantity, sizeof(r->quantity));
	r->pricing_unit = "GB-Months";
	r->service_category = "Storage";
	r->service = "Workspace storage";
	r->resource_type = "Volume";
	r->resource_id = c->volume_id;
	r->text = "Storage of a workspace";
}

static void fill_correction(struct row *r, const struct charge *c)
{
	memcpy(r->list, r->billed, sizeof(r->list));
	r->category = "Adjustment";
	r->class = "Correction";
	r->frequency = "One-Time";
	r->text = "Correction of an earlier charge";
	r->service_category = "Other";
	r->service = "Corrections";
	r->resource_id = c->workspace_id;
	r->resource_type = c->workspace_id[0] ? "Workspace" : "";
	r->priced = false;
}

static void on_charge(void *arg, const struct charge *c, const char *workspace_name)
{
	struct row r = { .category = "Usage",
		         .class = "",
		         .frequency = "Usage-Based",
		         .pricing_unit = "",
		         .sku = c->resource,
		         .charge_id = c->id,
		         .free = c->p.free,
		         .priced = true };

	time_text(c->p.from, r.start);
	time_text(c->p.to, r.end);
	money_text(c->p.amount, r.billed);
	money_text(c->p.rate, r.rate);
	if (c->kind == CHARGE_COMPUTE)
		fill_compute(&r, c);
	else if (c->kind == CHARGE_STORAGE)
		fill_storage(&r, c);
	else
		fill_correction(&r, c);
	if (r.priced)
		(void)snprintf(r.sku_price, sizeof(r.sku_price), "%s@%s", c->resource, r.rate);
	put_row(arg, &r);
}

static void put_credit(struct out *o)
{
	struct row r = { .category = "Credit",
		         .class = "",
		         .text = "Credit that was used",
		         .frequency = "One-Time",
		         .pricing_unit = "",
		         .resource_type = "",
		         .service_category = "Other",
		         .service = "Credits",
		         .resource_id = "",
		         .sku = "",
		         .charge_id = o->i->id };

	time_text(o->i->month.from, r.start);
	time_text(o->i->month.to, r.end);
	money_text(-o->i->credit, r.billed);
	(void)snprintf(r.list, sizeof(r.list), "0.00");
	put_row(o, &r);
}

#define INVOICES_AT_ONCE 100U
#define ENOUGH_BYTES     (3UL << 20)

struct gather {
	struct invoice *list;
	size_t n;
};

static void on_invoice(void *arg, const struct invoice *i)
{
	struct gather *g = arg;

	if (g->n < INVOICES_AT_ONCE)
		g->list[g->n++] = *i;
}

static int put_invoice(struct db *db, const struct invoice *i, struct buf *b)
{
	struct out o = { b, i };
	int r = charge_list_invoice(db, i->number, on_charge, &o);

	if (r == 0 && i->credit)
		put_credit(&o);
	return r;
}

int focus_put(struct db *db, const struct month *m, int64_t before, struct buf *b,
              int64_t *ret_next)
{
	struct list_of of = { STR(""), before, INVOICES_AT_ONCE };
	struct gather g = { xcalloc(INVOICES_AT_ONCE, sizeof(*g.list)), 0 };
	int r;

	if (before == INT64_MAX)
		buf_put_z(b, header);
	do {
		g.n = 0;
		r = invoice_list(db, &of, str_of(m->name), on_invoice, &g);
		for (size_t i = 0; r == 0 && i < g.n && buf_len(b) < ENOUGH_BYTES; i++) {
			r = put_invoice(db, &g.list[i], b);
			of.before = g.list[i].number;
		}
	} while (r == 0 && g.n == INVOICES_AT_ONCE && buf_len(b) < ENOUGH_BYTES);
	*ret_next = buf_len(b) < ENOUGH_BYTES ? 0 : of.before;
	free(g.list);
	return r;
}
