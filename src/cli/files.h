/* SPDX-License-Identifier: Apache-2.0 */
/* A workspace's files, also while it is stopped; files-get.c and files-put.c copy. */
#pragma once

#include "cli/api.h"

struct files_at {
	const char *id;  /* of the workspace */
	struct str path; /* in it; "" is the home */
};

/* "NAME" or "NAME:PATH". Says what is wrong. */
int files_find(struct cli *c, const char *arg, struct files_at *ret);
/* One exchange on …/files/<what>; waits while the files are not there just now. */
int files_call(struct cli *c, const char *id, struct api_request *q, struct str what,
               struct api_reply *ret);
/* "contents/<path>", encoded, and what follows it. */
struct str files_contents(struct cli *c, struct str path, const char *query);
const char *files_base_name(const char *path);
bool files_is_folder(const struct json *model);
