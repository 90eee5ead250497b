/* SPDX-License-Identifier: Apache-2.0 */
/* The tables, as a list of migrations; PRAGMA user_version counts them. */
#pragma once

#include "store/db.h"

extern const unsigned schema_version;
/* Brings the file to schema_version, each step in a transaction of its own.
 * -EPROTO: the file is of a newer version than this program. */
MUST_CHECK int schema_migrate(struct db *db, struct err *err);
/* For tests: only up to `version`. */
MUST_CHECK int schema_migrate_to(struct db *db, unsigned version, struct err *err);
