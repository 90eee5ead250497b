/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables, as a list of migrations; PRAGMA user_version counts them. A
 * migration only adds: see doc/decisions/0007-schema-compatibility.md.
 */
#pragma once

#include "store/db.h"

struct migration {
	const char *up; /* from the version before */
	/* From the version before, if the file was once of this one and went back
	 * (schema_back): brings up to date what the older release did not keep. */
	const char *again;
	/* The oldest schema whose releases may use a file of this one as it is. */
	unsigned oldest;
};

extern const struct migration migrations[]; /* schema.c */
extern const unsigned schema_version;

/* Of the file; 0: empty. */
MUST_CHECK int schema_of(struct db *db, unsigned *ret, struct err *err);
/* Brings the file to schema_version, each step in a transaction of its own.
 * If there is something to lose, a copy `before-vN.db` is made first in its
 * folder. A newer file that says that this release may use it is left as it
 * is; -EPROTO: it says that this one may not. */
MUST_CHECK int schema_migrate(struct db *db, struct err *err);
/* For tests: only up to `version`, and without a copy. */
MUST_CHECK int schema_migrate_to(struct db *db, unsigned version, struct err *err);
/* The way back: the file is for a release that knows schema `to` again. Its
 * newer tables stay, with what is in them. A copy `before-back.db` is made. */
MUST_CHECK int schema_back(struct db *db, unsigned to, struct err *err);
