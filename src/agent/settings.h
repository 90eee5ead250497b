/* SPDX-License-Identifier: Apache-2.0 */
/* Between settings.c (one setting) and settings_list.c (all of them). */
#pragma once

#include "agent/call.h"
#include "agent/schemalang.h"
#include "agent/witness.h"

struct settings {
	struct call *c;
	struct arena m;
	struct json *overrides;
	struct schemalang *lang; /* NULL: English */
	struct buf out;
	struct witness *seen; /* NULL: the answer is not kept */
	bool any, ids_only;
};

void settings_init(struct settings *s, struct call *c, struct witness *seen);
void settings_fini(struct settings *s);
/* Appends one entry; -ENOENT or -EINVAL when the schema can't be read. */
int settings_put_one(struct settings *s, struct str id, const char *schema_path,
                     const char *dir);
call_fn settings_list;
