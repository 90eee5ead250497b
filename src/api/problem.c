/* SPDX-License-Identifier: Apache-2.0 */
#include "api/problem.h"

#include <errno.h>

/* clang-format off */
static const struct {
	unsigned status;
	const char *slug, *title;
} problems[PROBLEM_MAX_] = {
	[PROBLEM_NONE]            = { 500, "internal", "Something went wrong." },
	[PROBLEM_BAD_REQUEST]     = { 400, "bad-request", "The request can't be understood." },
	[PROBLEM_UNKNOWN_FIELD]   = { 400, "unknown-field", "The request has a field that does not exist." },
	[PROBLEM_INVALID_FIELD]   = { 400, "invalid-field", "A value is not valid." },
	[PROBLEM_UNAUTHENTICATED] = { 401, "unauthenticated", "Sign in first." },
	[PROBLEM_BAD_CREDENTIALS] = { 401, "bad-credentials", "That did not sign you in." },
	[PROBLEM_CROSS_SITE]      = { 403, "cross-site", "The request came from another site." },
	[PROBLEM_FORBIDDEN]       = { 403, "forbidden", "You are not allowed to do this." },
	[PROBLEM_NOT_FOUND]       = { 404, "not-found", "There is no such thing." },
	[PROBLEM_METHOD]          = { 405, "method-not-allowed", "This can't be done here." },
	[PROBLEM_NAME_TAKEN]      = { 409, "name-taken", "The name is taken." },
	[PROBLEM_CONFLICT]        = { 409, "conflict", "This can't be done now." },
	[PROBLEM_QUOTA]           = { 409, "quota", "The plan does not allow it." },
	[PROBLEM_BUDGET]          = { 409, "budget-used-up", "The budget is used up." },
	[PROBLEM_LIMIT]           = { 409, "limit", "A limit is reached." },
	[PROBLEM_NOT_CONFIRMED]   = { 409, "not-confirmed", "Deleting needs a confirmation." },
	[PROBLEM_CHANGED]         = { 412, "changed", "It was changed by somebody else." },
	[PROBLEM_TOO_LARGE]       = { 413, "too-large", "The request is too large." },
	[PROBLEM_MEDIA_TYPE]      = { 415, "media-type", "The request must be JSON." },
	[PROBLEM_KEY_REUSED]      = { 422, "idempotency-key-reused", "The Idempotency-Key belongs to another request." },
	[PROBLEM_VOLUME]          = { 423, "volume-broken", "The volume can't be opened." },
	[PROBLEM_STREAMS]         = { 429, "too-many-streams", "Too many event streams are open." },
	[PROBLEM_RATE]            = { 429, "too-many-attempts", "Too many attempts." },
	[PROBLEM_INTERNAL]        = { 500, "internal", "Something went wrong." },
	[PROBLEM_ENGINE_AWAY]     = { 503, "engine-away", "The container engine does not answer." },
	[PROBLEM_BUSY]            = { 503, "busy", "The platform is busy." },
	[PROBLEM_DISK_FULL]       = { 507, "disk-full", "The disk of the platform is full." },
};
/* clang-format on */

unsigned problem_status(enum problem p)
{
	CHECK(p < PROBLEM_MAX_);
	return problems[p].status;
}

const char *problem_slug(enum problem p)
{
	CHECK(p < PROBLEM_MAX_);
	return problems[p].slug;
}

const char *problem_title(enum problem p)
{
	CHECK(p < PROBLEM_MAX_);
	return problems[p].title;
}

enum problem problem_of(int code)
{
	switch (code) {
	case -ENOSPC:
		return PROBLEM_DISK_FULL;
	case -EAGAIN:
	case -EBUSY:
		return PROBLEM_BUSY;
	case -ENOTCONN:
		return PROBLEM_ENGINE_AWAY;
	default:
		return PROBLEM_INTERNAL;
	}
}

void problem_json_with(struct jsonw *w, enum problem p, struct str detail,
                       const char *request_id, const char *field, struct str data)
{
	char type[96];
	int n = snprintf(type, sizeof(type), "https://carrel.dev/problems/%s", problem_slug(p));

	jw_obj(w);
	jw_kv_str(w, "type", (struct str){ type, (size_t)n });
	jw_kv_z(w, "title", problems[p].title);
	jw_kv_u64(w, "status", problems[p].status);
	jw_kv_str(w, "detail", detail.len ? detail : str_of(problems[p].title));
	jw_kv_z(w, "request_id", request_id);
	if (field)
		jw_kv_z(w, "field", field);
	if (data.len)
		jw_kv_raw(w, "data", data);
	jw_obj_end(w);
}

void problem_json(struct jsonw *w, enum problem p, struct str detail, const char *request_id,
                  const char *field)
{
	problem_json_with(w, p, detail, request_id, field, STR_NONE);
}
