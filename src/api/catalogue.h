/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The catalogue inside core: a copy of the instance types for what is shown,
 * which may be asked on the loop and on the store's thread alike. What is
 * decided (may this be started, at which price) is read from the store, in the
 * transaction that decides.
 */
#pragma once

#include "api/state.h"

void catalogue_init(struct core *core);
void catalogue_fini(struct core *core);
/* Reads the copy anew: after a change was committed, and when a price becomes
 * valid. On the loop only. False: it could not be read, and will be tried again. */
bool catalogue_load(struct core *core);
/* Once a second. */
void catalogue_tick(struct core *core);
/* Retired ones too. False: there never was one of that id. */
bool core_type(struct core *core, const char *id, struct instance_type *ret);
/* Is it there, and not retired? */
bool core_offers(struct core *core, const char *id);

/* The type that is chosen beforehand for an owner of this plan: the
 * configuration's if the plan allows it, else the cheapest that it allows, ""
 * if there is none. */
struct plan;
int catalogue_usual_type(struct db *db, const struct core_cfg *cfg, const struct plan *p,
                         wall_us now, char ret[TYPE_ID_MAX]) MUST_CHECK;
/* At start, in a transaction: types of the configuration file that the store
 * lacks, what nobody has edited as the file has it now, the example plans if
 * there is none. */
int catalogue_seed(struct db *db, const struct core_cfg *cfg, const struct now *now,
                   struct err *err) MUST_CHECK;
