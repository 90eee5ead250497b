/* SPDX-License-Identifier: Apache-2.0 */
#include "api/clock-wish.h"

#include <errno.h>
#include <stdio.h>

#include "api/clocks.h"
#include "store/catalogue.h"

bool clock_wish_take(struct call *c, struct clock_wish *x)
{
	struct str calendar = call_str(c, "stop_calendar");
	int64_t max = call_int(c, "max_seconds", -1);
	struct err err = ERR_NONE;

	x->max = max >= 0;
	x->max_s = (uint32_t)(max > 0 ? max : 0);
	x->calendar = calendar.ptr != NULL;
	if (x->calendar && clocks_check(c->core, calendar, x->stop_calendar, &err) < 0) {
		call_fail(c, PROBLEM_INVALID_FIELD, "stop_calendar", "%s", err.msg);
		return false;
	}
	return true;
}

int clock_wish_apply(struct db *db, struct call *c, const struct clock_wish *x,
                     struct workspace *w, struct err *err)
{
	const struct deadline_rules *site = &c->core->cfg->deadlines;
	struct plan_range range;
	struct plan p;
	int r;

	if (x->calendar)
		memcpy(w->stop_calendar, x->stop_calendar, sizeof(w->stop_calendar));
	if (!x->max)
		return 0;
	r = plan_of_account(db, str_of(c->who.account_id), &p);
	if (r <= 0)
		return ERR(err, r < 0 ? r : -ENOENT, "plan of the account");
	range = plan_session_max(&p, site);
	if (plan_check_session_max(&p, site, x->max_s) != PLAN_FINE)
		return call_problem(c, PROBLEM_INVALID_FIELD, "max_seconds",
		                    "The longest run must be %u to %u seconds in the plan %s, "
		                    "or 0 for the plan's own.",
		                    range.min_s, range.max_s, p.name);
	w->max_s = x->max_s;
	return 0;
}
