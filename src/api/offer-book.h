/* SPDX-License-Identifier: Apache-2.0 */
/* The whole catalogue from the store and back, in one transaction. */
#pragma once

#include "core/offer.h"
#include "store/catalogue.h"

/* What is offered at `now`: nothing that is retired. 0 or -errno. */
MUST_CHECK int offer_load(struct db *db, wall_us now, struct offer *ret);
/* Makes `want` of `have`, which was loaded in this transaction: changed things
 * are somebody's own from here on, missing ones are retired, prices get new
 * rows only where they differ. Raises the version, in *want too. */
MUST_CHECK int offer_save(struct db *db, const struct offer *have, struct offer *want,
                          const char *actor, wall_us now, struct err *err);
