/* SPDX-License-Identifier: Apache-2.0 */
#include "api/books.h"

#include <stdio.h>

#include "api/show.h"
#include "base/log.h"
#include "base/tz.h"
#include "store/books.h"
#include "store/catalogue.h"
#include "store/credits.h"
#include "store/spans.h"

#define AGAIN_MS      60000U /* looks whether a day has ended; a wall clock may be stepped */
#define FIRST_MS      2000U
#define SPANS_AT_ONCE 200U

/* A wall clock that was stepped forward must not charge the time between: no
 * more than an hour is believed beside what the boot clock says has passed. */
wall_us books_believable(const struct core *core, wall_us now)
{
	boot_ns passed = time_boot_ns() - core->books_since.boot;
	wall_us most =
	    core->books_since.wall + (wall_us)(passed / 1000) + INT64_C(3600) * US_PER_S;

	return now < most || !core->books_since.wall ? now : most;
}

struct books core_books(const struct core *core, wall_us now)
{
	return (struct books){ core->months, core->cfg->currency, now,
		               books_believable(core, now) };
}

int books_zone(struct core *core, struct err *err)
{
	int r = tz_load(str_of(core->cfg->time_zone), &core->zone, err);

	if (r < 0)
		return err_wrap(err, r, "time_zone");
	months_of_zone(core->zone, &core->zone_months);
	core->months = &core->zone_months;
	return 0;
}

void books_detail(struct buf *b, const char *account_id, money_micro amount, const char *note,
                  const char *corrects)
{
	struct jsonw w = JSONW(b);

	jw_obj(&w);
	jw_kv_z(&w, "account", account_id);
	show_money(&w, "amount", amount);
	jw_kv_z(&w, "note", note);
	if (corrects)
		jw_kv_z(&w, "corrects", corrects);
	jw_obj_end(&w);
}

int books_welcome(struct db *db, const struct core *core, const struct now *now,
                  const char *account_id, struct err *err)
{
	struct books b = core_books(core, now->wall);
	struct credit c = { .note = "Credit of a new account", .actor = "core" };
	struct buf detail = BUF(2048);
	struct audit_row row = { .at = now->wall,
		                 .boot = now->boot,
		                 .account_id = account_id,
		                 .actor = "core",
		                 .verb = "credit.give",
		                 .object = c.id };
	struct plan p = { 0 };
	int r = plan_of_account(db, str_of(account_id), &p);

	if (r < 0 || p.credit_new <= 0)
		return r < 0 ? ERR(err, r, "plan of the account") : 0;
	c.amount = p.credit_new;
	(void)snprintf(c.account_id, sizeof(c.account_id), "%s", account_id);
	r = credit_give(db, &b, &c, err);
	books_detail(&detail, c.account_id, c.amount, c.note, NULL);
	row.detail = buf_cstr(&detail);
	if (r == 0)
		r = buf_error(&detail);
	if (r == 0)
		r = audit_add(db, &row, err);
	buf_fini(&detail);
	return r;
}

struct daily {
	struct store_job job;
	struct core *core;
	wall_us now, to; /* the last midnight */
	int charged;
};

static int run_daily(struct db *db, struct store_job *j, struct err *err)
{
	struct daily *d = CONTAINER_OF(j, struct daily, job);
	struct books b = core_books(d->core, d->now);
	int r = zone_note(db, &b, err);

	if (r == 0)
		r = spans_adopt(db, &b, err);
	if (r == 0)
		r = spans_charge(db, &b, d->to, SPANS_AT_ONCE, err);
	d->charged = r;
	return r < 0 ? r : 0;
}

static void on_again(struct ev_timer *t);

static void done_daily(struct store_job *j)
{
	struct daily *d = CONTAINER_OF(j, struct daily, job);
	struct core *core = d->core;

	core->books_busy = false;
	if (j->result < 0)
		log_err(LOG_ERROR, "storage_charge", &j->err);
	else if (d->charged == (int)SPANS_AT_ONCE && !core->books_stopped)
		on_again(&core->books);
	free(d);
}

/* The last midnight: the day before's end. */
static wall_us midnight(const struct months *m, wall_us now)
{
	wall_us at = m->day_end(m, now - INT64_C(2) * 86400 * US_PER_S), next;

	while ((next = m->day_end(m, at)) <= now)
		at = next;
	return at;
}

static void on_again(struct ev_timer *t)
{
	struct core *core = CONTAINER_OF(t, struct core, books);
	struct daily *d;

	ev_timer_start(core->ev, t, AGAIN_MS, on_again);
	if (core->books_busy)
		return;
	d = xcalloc(1, sizeof(*d));
	d->job = (struct store_job){ .run = run_daily, .done = done_daily, .essential = true };
	d->core = core;
	d->now = books_believable(core, time_wall_us());
	d->to = midnight(core->months, d->now);
	core->books_busy = true;
	CHECK(store_submit(core->store, &d->job) == 0);
}

void books_start(struct core *core)
{
	core->books_since = core_now(core);
	ev_timer_start(core->ev, &core->books, FIRST_MS, on_again);
}

void books_stop(struct core *core)
{
	core->books_stopped = true;
	ev_timer_stop(&core->books);
}
