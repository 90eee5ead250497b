/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Budgets: what a month has cost so far, and until when it can go on. A hard
 * budget is a lease: the moment at which what burns has used up what is left.
 * Every rounding is against the owner's use, never against the cap:
 *
 *   used(t)  = closed charges + every open piece up to t, rounded up
 *   until    = the last t with used(t) <= amount
 *   lease    = until - BUDGET_LEAD_S, so that the orderly end is paid for too
 *
 * The owner's free time is counted for the cheapest pieces first: whatever
 * order the sessions end in, they can't cost more. At the end of the month the
 * same amount is there again, and the lease says so, because nobody may be
 * there to say it then.
 */
#pragma once

#include "core/clock.h"
#include "core/money.h"

#define BUDGET_LEAD_S      4  /* the lease ends so long before the money does */
#define BUDGET_START_MIN_S 10 /* a start that could not run so long is refused */
#define BUDGET_NEVER       UINT64_MAX
#define BUDGET_ALERTED_MAX 16 /* "2026-11:100" */
/* No budget is larger, so that no sum can overflow. */
#define BUDGET_AMOUNT_MAX (INT64_C(1000000000) * 1000000)

/* Something that costs: from..to on the boot clock at one rate per hour. */
struct budget_piece {
	unsigned owner;   /* index of its owner */
	bool compute;     /* takes of the free time */
	boot_ns from, to; /* not in a closed charge yet; to: BUDGET_NEVER, open */
	money_micro rate;
};

struct budget_owner {
	money_micro used;      /* closed charges of this month */
	money_micro before;    /* not charged yet, of before this boot */
	uint64_t free_ns;      /* left of this month's free time */
	uint64_t free_next_ns; /* what a new month brings */
};

/* Pieces sorted by budget_sort(); one owner's, or everybody's for the site. */
struct budget_view {
	struct budget_piece *pieces;
	size_t n;
	const struct budget_owner *owners;
	size_t nowners;
	unsigned first; /* the number of owners[0] */
	boot_ns now, month_ends;
};

void budget_sort(struct budget_view *v);
/* What one owner has in it. */
struct budget_view budget_view_of(const struct budget_view *v, unsigned owner);
/* Cost of this month up to `at`, now <= at <= month_ends; saturates. */
money_micro budget_used(const struct budget_view *v, boot_ns at);
/* What burns at `now`, per hour. */
money_micro budget_burn(const struct budget_view *v);
/* The last moment at which the month's cost is within the amount, now if it is
 * over already; BUDGET_NEVER if what burns never gets there. */
boot_ns budget_until(const struct budget_view *v, money_micro amount);

/* The lease that two budgets leave, 0 = none. One that is more than an hour
 * away ends a tenth of what is beyond that hour early: so far ahead the next
 * start changes little, and what the shims hold need not change at all. Whoever
 * comes nearer gets more; with core dead the tenth is lost, never overrun. */
boot_ns budget_lease(boot_ns mine, boot_ns site, boot_ns now);
/* Is it worth telling the shim? Not by a second, nor within that tenth. */
bool budget_lease_moved(boot_ns was, boot_ns is, boot_ns now);

/* Whole per cent, rounded down, at most 1000. A budget of 0 is used up. */
unsigned budget_percent(money_micro used, money_micro amount);
/* The alert that is due at so many per cent: 50, 80, 100, or 0; `alerted` is
 * the last one, "2026-11:80" or "". */
unsigned budget_alert_due(const char *alerted, const char *month, unsigned percent);
void budget_alerted(char ret[BUDGET_ALERTED_MAX], const char *month, unsigned percent);
/* After a change of the amount: what was told of the old amount and is not
 * reached by the new one will be told again. */
void budget_realert(char alerted[BUDGET_ALERTED_MAX], const char *month, unsigned percent);
