/* SPDX-License-Identifier: Apache-2.0 */
#include "api/route.h"

#include <stdio.h>
#include <string.h>

/* Segment by segment, on the list that the server has decoded once. */
static bool path_matches(const char *path, const struct url *u, struct str *ret_id)
{
	struct str rest = str_of(path + 1), part, id = STR_NONE;
	size_t i = 0;

	if (u->trailing_slash)
		return false;
	while (str_split(&rest, '/', &part)) {
		if (i >= u->n)
			return false;
		if (str_is(part, "{id}"))
			id = u->seg[i];
		else if (!str_eq(part, u->seg[i]))
			return false;
		i++;
	}
	if (i != u->n)
		return false;
	*ret_id = id;
	return true;
}

enum route_found route_find(const struct url *u, struct str method, const struct route **ret,
                            struct str *ret_id, char allow[64])
{
	struct str want = str_is(method, "HEAD") ? STR("GET") : method;
	size_t n = 0;

	for (size_t i = 0; i < nroutes; i++) {
		if (!path_matches(routes[i].path, u, ret_id))
			continue;
		if (str_is(want, routes[i].method)) {
			*ret = &routes[i];
			return ROUTE_FOUND;
		}
		n += (size_t)snprintf(allow + n, 64 - n, "%s%s", n ? ", " : "",
		                      routes[i].method);
	}
	return n ? ROUTE_OTHER_METHOD : ROUTE_UNKNOWN;
}
