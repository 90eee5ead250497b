/* SPDX-License-Identifier: Apache-2.0 */
#include "core/scope.h"

#include <errno.h>

#define SESSION_PREFIX STR("session:")

static bool is_session_scope(struct str s)
{
	struct str id = str_sub(s, SESSION_PREFIX.len, s.len);

	if (!str_starts(s, SESSION_PREFIX) || !str_starts(id, STR("s_")) || id.len != 28)
		return false;
	for (size_t i = 2; i < id.len; i++)
		if (!((id.ptr[i] >= '0' && id.ptr[i] <= '9') ||
		      (id.ptr[i] >= 'a' && id.ptr[i] <= 'z')))
			return false;
	return true;
}

int scope_check(struct str scope, struct err *err)
{
	if (str_is(scope, "account") || str_is(scope, "read") || is_session_scope(scope))
		return 0;
	return ERR(err, -EINVAL,
	           "'%.*s' is not a scope; use account, read or session:<session id>.",
	           scope.len > 60 ? 60 : (int)scope.len, scope.ptr ? scope.ptr : "");
}

bool scope_allows(struct str scopes, enum right right, struct str session)
{
	struct str one;

	while (str_split(&scopes, ' ', &one)) {
		if (str_is(one, "*") || str_is(one, "account"))
			return true;
		if (str_is(one, "read") && (right == RIGHT_READ || right == RIGHT_SESSION))
			return true;
		if ((right == RIGHT_SESSION || right == RIGHT_PROGRAM) && session.len &&
		    is_session_scope(one) &&
		    str_eq(str_sub(one, SESSION_PREFIX.len, one.len), session))
			return true;
	}
	return false;
}

bool scope_may_grant(struct str scopes, struct str wanted)
{
	struct str one;

	if (scope_allows(scopes, RIGHT_SECRETS, STR_NONE))
		return true;
	while (str_split(&scopes, ' ', &one))
		if (str_eq(one, wanted))
			return true;
	return false;
}
