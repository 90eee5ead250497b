/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole copy of an open database, made beside it a few pages at a time, so
 * that its connection may go on writing meanwhile: what that writes goes into
 * the copy too, and the copy is the database as it is at the last step. It is
 * written as PATH.part, synced and then renamed: PATH is whole or not there.
 */
#pragma once

#include "store/db.h"

struct copy {
	char path[512], part[520];
	sqlite3 *to;
	sqlite3_backup *run;
};

/* On the thread of `from`, like the steps. */
MUST_CHECK int copy_begin(struct db *from, const char *path, struct copy *ret, struct err *err);
/* 1: there is more; 0: it is there, and durable; -errno: it is given up. */
MUST_CHECK int copy_step(struct copy *c, int pages, struct err *err);
/* Leaves nothing behind; fine after the end too. */
void copy_end(struct copy *c);
/* All of it at once. */
MUST_CHECK int copy_whole(struct db *from, const char *path, struct err *err);
