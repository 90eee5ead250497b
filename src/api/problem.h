/* SPDX-License-Identifier: Apache-2.0 */
/* What can go wrong, as problem documents (RFC 9457): the one table. */
#pragma once

#include "base/json.h"

enum problem {
	PROBLEM_NONE,
	PROBLEM_BAD_REQUEST,
	PROBLEM_UNKNOWN_FIELD,
	PROBLEM_INVALID_FIELD,
	PROBLEM_UNAUTHENTICATED,
	PROBLEM_BAD_CREDENTIALS,
	PROBLEM_CROSS_SITE,
	PROBLEM_FORBIDDEN,
	PROBLEM_NOT_FOUND,
	PROBLEM_METHOD,
	PROBLEM_NAME_TAKEN,
	PROBLEM_CONFLICT,
	PROBLEM_QUOTA,
	PROBLEM_BUDGET,
	PROBLEM_NOT_CONFIRMED,
	PROBLEM_CHANGED,
	PROBLEM_TOO_LARGE,
	PROBLEM_MEDIA_TYPE,
	PROBLEM_KEY_REUSED,
	PROBLEM_LIMIT, /* something has to go first: trying again does not help */
	PROBLEM_STREAMS,
	PROBLEM_RATE,
	PROBLEM_INTERNAL,
	PROBLEM_VOLUME,
	PROBLEM_ENGINE_AWAY,
	PROBLEM_BUSY,
	PROBLEM_DISK_FULL,
	PROBLEM_MAX_,
};

unsigned problem_status(enum problem p);
const char *problem_slug(enum problem p);
const char *problem_title(enum problem p);
/* For errors that come up from below with nobody having named a problem. */
enum problem problem_of(int code);
/* field: NULL if it is about none. */
void problem_json(struct jsonw *w, enum problem p, struct str detail, const char *request_id,
                  const char *field);
/* data: a JSON object with what a program needs to go on (the other version, a
 * limit and the use of it), or empty. */
void problem_json_with(struct jsonw *w, enum problem p, struct str detail,
                       const char *request_id, const char *field, struct str data);
