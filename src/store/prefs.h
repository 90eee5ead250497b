/* SPDX-License-Identifier: Apache-2.0 */
/* How somebody wants the console, beside the theme; kept in `setting`. */
#pragma once

#include "base/err.h"
#include "store/db.h"

struct prefs {
	char language[8]; /* "system" or a language's code */
	bool one_key;     /* one-letter keys */
	bool tour_done;   /* the first steps were seen */
	bool ide;         /* files open in our own IDE instead of JupyterLab */
};

/* What was never chosen has its first value. */
MUST_CHECK int prefs_get(struct db *db, struct str account_id, struct prefs *ret);
MUST_CHECK int prefs_put(struct db *db, struct str account_id, const struct prefs *p,
                         struct err *err);
