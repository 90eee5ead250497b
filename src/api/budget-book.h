/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the rules of core/budget.h judge, read from the books: closed charges,
 * open segments and open storage of this month, for one owner or for all. For
 * the loop's reader as for a transaction.
 */
#pragma once

#include "api/state.h"
#include "base/map.h"
#include "core/month.h"
#include "store/budgets.h"

struct book_owner {
	char account_id[ID_MAX];
	unsigned at; /* index in the view */
	/* Of a month: the plan's, or less if a session that runs began with less. */
	uint64_t free_ns, free_used_ns;
	bool has_budget;
	struct budget budget;
	boot_ns until; /* of its hard budget; BUDGET_NEVER */
};

/* A session that burns, or could. */
struct book_run {
	char id[ID_MAX];
	uint32_t epoch;
	boot_ns lease_until; /* that it has */
	unsigned owner;
	bool burns; /* has a price, now or in the time to come */
};

struct budget_book {
	struct now now;
	struct month month;
	struct budget_view view;
	bool has_site;
	struct budget site;
	boot_ns site_until;

	struct book_owner **owner; /* in the order of the view */
	struct budget_owner *sums;
	size_t nowners, room_owners, room_sums;
	struct map by_id;
	struct budget_piece *pieces;
	size_t npieces, room_pieces;
	struct budget_piece *ahead; /* the same, compute up to its stop */
	size_t nahead, room_ahead;
	struct book_run *runs;
	size_t nruns, room_runs;
	/* while reading */
	struct db *db_;
	const struct core *core_;
	const struct book_of *of_;
	int error_;
};

/* Whose. A hard budget of the site's binds everybody together, so everybody is
 * read: ten thousand sessions are some ten milliseconds. `alone`, on the loop
 * only, takes what the last settling knew of the site instead. */
struct book_of {
	struct str account_id;       /* "": everybody */
	const struct session *extra; /* about to start, as if it began now; or NULL */
	bool alone;
	/* When it will stop, as far as one knows; BUDGET_NEVER. For what is foreseen
	 * only: budgets reckon with what might go on. NULL: nothing is foreseen. */
	boot_ns (*stops)(void *arg, const struct burning *s);
	void *stops_arg;
};
int budget_book_read(struct db *db, const struct core *core, const struct now *now,
                     const struct book_of *of, struct budget_book *b,
                     struct err *err) MUST_CHECK;
void budget_book_fini(struct budget_book *b);

/* NULL if it has neither use nor budget nor sessions. */
struct book_owner *budget_book_owner(const struct budget_book *b, struct str account_id);
struct budget_view budget_book_view(const struct budget_book *b, const struct book_owner *o);
/* What the owner's sessions cost per hour just now, without storage. */
money_micro budget_book_compute(const struct budget_book *b, const struct book_owner *o);
/* The month's sum if what runs runs to its stop and storage goes on; of a book
 * that was read with `stops`. */
money_micro budget_book_expected(const struct budget_book *b, const struct book_owner *o);
/* The lease that its owner's and the site's hard budgets leave, 0 = none. */
boot_ns budget_book_lease(const struct budget_book *b, const struct book_run *r);
/* An array with room for one more of `size` bytes. */
void *budget_grow(void *old, size_t n, size_t *room, size_t size) MUST_CHECK;
/* A moment of the wall on the boot clock, by the distance from now. */
boot_ns budget_boot_of(const struct now *now, wall_us at);
