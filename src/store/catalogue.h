/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The catalogue: instance types, plans, and prices with the moment from which
 * they hold. Prices are only ever added: the newest row whose moment is not
 * after t holds at t (of two with the same moment, the later row), and the
 * first price of a thing holds from the beginning of time, so that no clock
 * finds it without one. A planned price is taken back by another row.
 */
#pragma once

#include "core/plan.h"
#include "store/store.h"

#define CATALOGUE_TYPES_MAX 64
#define CATALOGUE_PLANS_MAX 32

/* A price's name: "type:<id>", in micro-units per hour; */
#define RESOURCE_MAX (TYPE_ID_MAX + 8)
void resource_of_type(const char *type_id, char ret[RESOURCE_MAX]);
/* in micro-units per GB of 10^9 bytes and month of 730 hours. */
#define RESOURCE_STORAGE "storage"

enum type_source {
	TYPE_FROM_CONFIG,    /* follows the configuration file */
	TYPE_FROM_CATALOGUE, /* somebody has edited it */
};

/* Cheapest first, retired ones too; price_per_hour is that of `at`. */
typedef void type_fn(void *arg, const struct instance_type *t, enum type_source source);
int type_list(struct db *db, wall_us at, type_fn *fn, void *arg) MUST_CHECK;
/* 1, 0, -errno; ret_source may be NULL. */
int type_get(struct db *db, struct str id, wall_us at, struct instance_type *ret,
             enum type_source *ret_source) MUST_CHECK;
/* All but its price; new or not. */
int type_put(struct db *db, const struct instance_type *t, enum type_source source, wall_us now,
             struct err *err) MUST_CHECK;

typedef void plan_fn(void *arg, const struct plan *p);
int plan_list(struct db *db, plan_fn *fn, void *arg) MUST_CHECK;
int plan_get(struct db *db, struct str id, struct plan *ret) MUST_CHECK;
/* New or not. Two default plans are -EEXIST: take the old one's mark first. */
int plan_put(struct db *db, const struct plan *p, wall_us now, struct err *err) MUST_CHECK;
int plan_clear_default(struct db *db, struct err *err) MUST_CHECK;
/* The account's own, else the default one. A retired plan goes on for those
 * who have it. 0: there is no such account, or no plan at all. */
int plan_of_account(struct db *db, struct str account_id, struct plan *ret) MUST_CHECK;
/* What the account has now, in this transaction. 1 or -errno. */
int plan_use_of(struct db *db, struct str account_id, struct plan_use *ret) MUST_CHECK;
/* How many accounts have it ("" by default: those of the default plan), how
 * many sessions and workspaces they have. 1 or -errno. */
struct plan_people {
	int64_t accounts, workspaces, sessions;
};
int plan_people_of(struct db *db, const struct plan *p, struct plan_people *ret) MUST_CHECK;
/* How many sessions that have not ended, and workspaces, are of this type. */
int type_people_of(struct db *db, struct str type_id, struct plan_people *ret) MUST_CHECK;
/* Who has volumes. */
int storage_people_of(struct db *db, struct plan_people *ret) MUST_CHECK;
/* How many of the plan's accounts have more than these limits of p allow. */
int plan_over_of(struct db *db, const struct plan *p, int64_t *ret) MUST_CHECK;
/* How many workspaces the account has of each type. */
typedef void type_use_fn(void *arg, const char *type, int64_t n);
int type_use_of(struct db *db, struct str account_id, type_use_fn *fn, void *arg) MUST_CHECK;

/* 1, or 0 if there is no price at all. *ret_from: the moment of the row; may
 * be NULL. */
int price_at(struct db *db, struct str resource, wall_us t, money_micro *ret,
             wall_us *ret_from) MUST_CHECK;
/* Every moment after `after` for which there is a row, with what holds from
 * then on; neighbours may be equal. fn false: enough. */
typedef bool price_fn(void *arg, wall_us from, money_micro rate);
int price_each(struct db *db, struct str resource, wall_us after, price_fn *fn,
               void *arg) MUST_CHECK;
/* The first change after t: one whose rate differs from that at t. 1, 0, -errno. */
int price_next(struct db *db, struct str resource, wall_us t, money_micro *ret,
               wall_us *ret_from) MUST_CHECK;
int price_add(struct db *db, struct str resource, wall_us from, money_micro rate,
              const char *actor, wall_us now, struct err *err) MUST_CHECK;
/* When anything's price changes next after t, 0: never. */
int price_next_any(struct db *db, wall_us t, wall_us *ret) MUST_CHECK;

/* The ETag of the whole. 1 or -errno. */
int catalogue_version(struct db *db, uint64_t *ret) MUST_CHECK;
int catalogue_bump(struct db *db, struct err *err) MUST_CHECK;
