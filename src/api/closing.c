/* SPDX-License-Identifier: Apache-2.0 */
/*
 *   storage ──(200 volumes a job)──> owners ──(one job each, 64 at once)──> closed
 *
 * Each owner's invoice is one transaction, and each may be the last that a
 * killed core makes: closing again goes on with the owners that have none. The
 * group commit makes many of them with one fsync.
 */
#include "api/closing.h"

#include <errno.h>
#include <stdio.h>

#include "api/books.h"
#include "api/show.h"
#include "api/sse.h"
#include "base/log.h"
#include "store/feed.h"
#include "store/invoices.h"
#include "store/notices.h"
#include "store/spans.h"

#define OWNERS_AT_ONCE 64U
#define SPANS_AT_ONCE  200U

struct closing {
	struct core *core;
	struct call *c; /* whose answer it is */
	struct month m;
	struct store_job job; /* the storage's */
	int charged;
	char (*owners)[ID_MAX];
	size_t n, room, next;
	unsigned flying;
	int64_t invoices, lines; /* made by this call */
	int result;              /* the first failure */
	struct err err;
};

struct owner_job {
	struct store_job job;
	struct closing *cl;
	const char *account_id;
	struct invoice made;
	bool is_new;
};

static void give_up(struct closing *cl)
{
	struct call *c = cl->c;

	log_err(LOG_ERROR, "month_close", &cl->err);
	call_fail(c, problem_of(cl->result), NULL,
	          "%lld invoices were made, then it stopped. Close the month again: it goes "
	          "on where it stopped.",
	          (long long)cl->invoices);
}

/* --- at the end: the month is closed, and the answer --- */

static int audit_closed(struct db *db, struct call *c, const struct closing *cl,
                        struct err *err)
{
	char detail[96];

	(void)snprintf(detail, sizeof(detail), "{\"invoices\":%lld,\"lines\":%lld}",
	               (long long)cl->invoices, (long long)cl->lines);
	return call_audit(db, c, cl->m.name, detail, err);
}

static int tx_closed(struct db *db, struct call *c, struct err *err)
{
	const struct closing *cl = c->own;
	struct jsonw w = JSONW(&c->out);
	struct month_sum sum = { 0 };
	int made = month_close(db, cl->m.name, c->who.account_id, c->now.wall, err), r = made;

	if (r > 0)
		r = audit_closed(db, c, cl, err);
	if (r == 0 && month_total(db, cl->m.name, &sum) < 0)
		r = ERR(err, -EIO, "the invoices can't be added up");
	if (r < 0)
		return r;
	jw_obj(&w);
	jw_kv_z(&w, "month", cl->m.name);
	jw_kv_i64(&w, "invoices", cl->invoices);
	jw_kv_i64(&w, "lines", cl->lines);
	jw_kv_bool(&w, "already", made == 0);
	jw_key(&w, "total");
	jw_obj(&w);
	jw_kv_i64(&w, "invoices", sum.invoices);
	jw_kv_i64(&w, "lines", sum.lines);
	show_money(&w, "usage", sum.usage);
	show_money(&w, "credit", sum.credit);
	show_money(&w, "due", sum.due);
	jw_kv_z(&w, "currency", c->core->cfg->currency);
	jw_obj_end(&w);
	jw_obj_end(&w);
	return 0;
}

static void finish(struct closing *cl)
{
	struct call *c = cl->c;

	cl->core->closing = NULL;
	c->in_flight = false;
	if (cl->result < 0) {
		give_up(cl);
	} else {
		struct closing *kept = ARENA_NEW(&c->arena, struct closing);

		CHECK(kept);
		*kept = *cl;
		c->own = kept;
		call_commit(c, tx_closed, NULL);
	}
	free(cl->owners);
	free(cl);
}

/* --- the owners --- */

static void next_owners(struct closing *cl);

static int tell_owner(struct db *db, const struct invoice *i, struct err *err)
{
	char label[INVOICE_LABEL_MAX], data[400], due[MONEY_TEXT_MAX], shown[MONEY_TEXT_MAX];
	int n;

	invoice_label(i, label);
	money_text(i->due, due);
	money_cents(i->due, shown);
	n = snprintf(data, sizeof(data),
	             "{\"id\":\"%s\",\"number\":%lld,\"label\":\"%s\",\"month\":\"%s\","
	             "\"due\":\"%s\",\"currency\":\"%s\"}",
	             i->id, (long long)i->number, label, i->month.name, due, i->currency);
	n = event_add_data(db, i->account_id, "invoice", i->id, (struct str){ data, (size_t)n },
	                   err);
	if (n < 0)
		return n;
	n = snprintf(data, sizeof(data),
	             "{\"text\":\"The invoice %s for %s is there: %s %s.\",\"label\":\"%s\","
	             "\"month\":\"%s\",\"due\":\"%s\",\"currency\":\"%s\"}",
	             label, i->month.name, shown, i->currency, label, i->month.name, due,
	             i->currency);
	return notice_add(db, i->account_id, "invoice", i->id, (struct str){ data, (size_t)n },
	                  i->closed, err);
}

static int run_owner(struct db *db, struct store_job *j, struct err *err)
{
	struct owner_job *o = CONTAINER_OF(j, struct owner_job, job);
	struct books b = core_books(o->cl->core, o->cl->c->now.wall);
	int r = invoice_close(db, &b, &o->cl->m, o->account_id, &o->made, err);

	o->is_new = r > 0;
	return r > 0 ? tell_owner(db, &o->made, err) : r;
}

static void done_owner(struct store_job *j)
{
	struct owner_job *o = CONTAINER_OF(j, struct owner_job, job);
	struct closing *cl = o->cl;

	cl->flying--;
	if (j->result < 0 && cl->result == 0) {
		cl->result = j->result;
		cl->err = j->err;
	} else if (j->result == 0 && o->is_new) {
		cl->invoices++;
		cl->lines += o->made.lines;
		sse_wake(cl->core, o->account_id);
	}
	free(o);
	next_owners(cl);
}

static void next_owners(struct closing *cl)
{
	if (cl->core->books_stopped && cl->result == 0)
		cl->result = ERR(&cl->err, -EAGAIN, "The platform is being stopped.");
	while (cl->result == 0 && cl->flying < OWNERS_AT_ONCE && cl->next < cl->n) {
		struct owner_job *o = xcalloc(1, sizeof(*o));

		o->job = (struct store_job){ .run = run_owner,
			                     .done = done_owner,
			                     .essential = true };
		o->cl = cl;
		o->account_id = cl->owners[cl->next++];
		cl->flying++;
		CHECK(store_submit(cl->core->store, &o->job) == 0);
	}
	if (cl->flying == 0)
		finish(cl);
}

static void on_owner(void *arg, struct str id)
{
	struct closing *cl = arg;

	if (cl->n == cl->room) {
		size_t room = cl->room ? cl->room * 2 : 256;
		void *more = reallocarray(cl->owners, room, sizeof(*cl->owners));

		if (!more) {
			cl->result = ERR(&cl->err, -ENOMEM, "too many owners");
			return;
		}
		cl->owners = more;
		cl->room = room;
	}
	(void)snprintf(cl->owners[cl->n++], ID_MAX, "%.*s", STR_ARG(id));
}

/* --- the storage --- */

static void charge_storage(struct closing *cl);

static int run_storage(struct db *db, struct store_job *j, struct err *err)
{
	struct closing *cl = CONTAINER_OF(j, struct closing, job);
	struct books b = core_books(cl->core, cl->c->now.wall);

	cl->charged = spans_charge(db, &b, cl->m.to, SPANS_AT_ONCE, err);
	return cl->charged < 0 ? cl->charged : 0;
}

static void done_storage(struct store_job *j)
{
	struct closing *cl = CONTAINER_OF(j, struct closing, job);

	if (j->result < 0) {
		cl->result = j->result;
		cl->err = j->err;
		finish(cl);
	} else if (cl->charged == (int)SPANS_AT_ONCE) {
		charge_storage(cl);
	} else {
		int r = invoice_owners(store_reader(cl->core->store), cl->m.to, on_owner, cl);

		if (r < 0)
			cl->result = ERR(&cl->err, r, "The charges can't be read.");
		next_owners(cl);
	}
}

static void charge_storage(struct closing *cl)
{
	cl->job =
	    (struct store_job){ .run = run_storage, .done = done_storage, .essential = true };
	CHECK(store_submit(cl->core->store, &cl->job) == 0);
}

void closing_begin(struct call *c, const struct month *m)
{
	struct core *core = c->core;
	struct closing *cl;

	if (core->closing) {
		call_fail(c, PROBLEM_CONFLICT, "month",
		          "The month %s is being closed just now. Ask again when that is done.",
		          core->closing->m.name);
		return;
	}
	cl = xcalloc(1, sizeof(*cl));
	cl->core = core;
	cl->c = c;
	cl->m = *m;
	core->closing = cl;
	/* The client may go meanwhile, the call must not. */
	c->in_flight = true;
	if (month_is_closed(store_reader(core->store), m->name) > 0)
		finish(cl);
	else
		charge_storage(cl);
}
