/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Budgets, and what the rules of core/budget.h ask of the books: what a month
 * has cost so far, what is not charged yet, and which prices are to come.
 */
#pragma once

#include "core/budget.h"
#include "core/types.h"
#include "store/store.h"

#define BUDGET_SITE "" /* account_id of the site's own */

struct budget {
	char id[ID_MAX];
	char account_id[ID_MAX]; /* BUDGET_SITE: everybody's together */
	money_micro amount;
	bool hard;
	char alerted[BUDGET_ALERTED_MAX];
	bool by_admin;    /* an administrator set it: its owner can't change it */
	uint32_t version; /* its ETag */
	wall_us updated;
};
typedef void budget_fn(void *arg, const struct budget *b, const char *email);

int budget_get(struct db *db, struct str account_id, struct budget *ret) MUST_CHECK;
/* Makes or changes it; raises the version, in *b too. */
int budget_put(struct db *db, struct budget *b, struct err *err) MUST_CHECK;
/* 1 gone, 0 there was none. */
int budget_delete(struct db *db, struct str account_id, struct err *err) MUST_CHECK;
int budget_set_alerted(struct db *db, const struct budget *b, struct err *err) MUST_CHECK;
/* The site's first, then by e-mail; email "" for the site's. */
int budget_list(struct db *db, budget_fn *fn, void *arg) MUST_CHECK;
/* Is there any, and any hard one? */
int budget_count(struct db *db, int64_t *ret_all, int64_t *ret_hard) MUST_CHECK;

/* Closed charges of a month. */
struct month_use {
	money_micro amount;
	uint64_t free_ns; /* of the plan's free time, used */
};
int month_use(struct db *db, struct str account_id, const char *month,
              struct month_use *ret) MUST_CHECK;
/* Of everybody who has a charge in it. */
typedef void month_use_fn(void *arg, struct str account_id, const struct month_use *u);
int month_use_each(struct db *db, const char *month, month_use_fn *fn, void *arg) MUST_CHECK;
/* The account's plan's free time in a month, in seconds; the default plan's
 * where it has none of its own. */
int free_seconds(struct db *db, struct str account_id, uint64_t *ret) MUST_CHECK;

/* What of the account's credits no invoice has used up. */
int credit_left(struct db *db, struct str account_id, money_micro *ret) MUST_CHECK;

/* What a budget needs to know of a session that is starting, running or
 * stopping: there may be ten thousand of them. */
struct burning {
	char id[ID_MAX], account_id[ID_MAX];
	uint32_t epoch;
	enum session_state state;
	char instance_type[TYPE_ID_MAX];
	money_micro price_per_hour;
	enum price_mode price_mode;
	char boot_id[37];
	boot_ns started_boot, lease_until;
	boot_ns stop_at, calendar_at; /* as the row has them, 0: none */
	uint32_t max_s;
	uint64_t free_s_month; /* as its charges will have it */
};
/* account_id "": everybody's. */
typedef void burning_fn(void *arg, const struct burning *s);
int burning_each(struct db *db, struct str account_id, burning_fn *fn, void *arg) MUST_CHECK;

/* What a volume has cost since it was charged last. account_id "": everybody's. */
struct storage_open {
	char account_id[ID_MAX];
	uint64_t bytes;
	wall_us from; /* not charged since */
	wall_us to;   /* 0: it goes on */
};
typedef void storage_open_fn(void *arg, const struct storage_open *s);
int storage_open_each(struct db *db, struct str account_id, storage_open_fn *fn,
                      void *arg) MUST_CHECK;

/* The rows of a price that hold at or after `from`, in the order of time: the
 * one that holds at it first. At most `room`; the number of them, or -errno. */
struct price_step {
	wall_us from;
	money_micro rate;
};
int price_steps(struct db *db, const char *resource, wall_us from, struct price_step *ret,
                size_t room) MUST_CHECK;
