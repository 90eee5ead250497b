/* SPDX-License-Identifier: Apache-2.0 */
/* A database in a folder of its own, for the tests of the queries. */
#pragma once

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/schema.h"
#include "test.h"

static char test_dir[64];

static inline const char *test_db_path(void)
{
	static char path[96];

	if (!test_dir[0]) {
		(void)snprintf(test_dir, sizeof(test_dir), "/tmp/test-store-XXXXXX");
		T_OK(mkdtemp(test_dir) != NULL);
	}
	(void)snprintf(path, sizeof(path), "%s/carrel.db", test_dir);
	return path;
}

static inline void test_db_open(struct db *db)
{
	struct err err = ERR_NONE;

	T_EQ(db_open(test_db_path(), DB_WRITER, db, &err), 0);
	T_EQ(schema_migrate(db, &err), 0);
}

static inline int test_rm_(const char *path, const struct stat *st, int type, struct FTW *f)
{
	return remove(path);
}

static inline void test_db_remove(void)
{
	if (test_dir[0])
		(void)nftw(test_dir, test_rm_, 8, FTW_DEPTH | FTW_PHYS);
	test_dir[0] = '\0';
}

static inline void test_db_close(struct db *db)
{
	db_close(db);
	test_db_remove();
}
