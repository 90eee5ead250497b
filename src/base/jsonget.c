/* SPDX-License-Identifier: Apache-2.0 */
/* Look-ups in a tree that json.c made. */
#include "base/json.h"

#include <errno.h>

const struct json *json_get(const struct json *o, const char *key)
{
	const struct json *found = NULL;

	if (!o || o->type != JSON_OBJECT)
		return NULL;
	json_for_each(v, o)
	{
		if (str_is(v->key, key))
			found = v; /* no break: with lax_dup the last one counts */
	}
	return found;
}

const struct json *json_at(const struct json *a, size_t i)
{
	if (!a || a->type != JSON_ARRAY || i >= a->n)
		return NULL;
	json_for_each(v, a)
	{
		if (i-- == 0)
			return v;
	}
	return NULL;
}

int json_get_str(const struct json *o, const char *key, struct str *ret)
{
	const struct json *v = json_get(o, key);

	if (!v || v->type == JSON_NULL)
		return -ENOENT;
	if (v->type != JSON_STRING)
		return -EINVAL;
	*ret = v->text;
	return 0;
}

int json_get_u64(const struct json *o, const char *key, uint64_t max, uint64_t *ret)
{
	const struct json *v = json_get(o, key);

	if (!v || v->type == JSON_NULL)
		return -ENOENT;
	if (v->type != JSON_NUMBER || str_to_u64(v->text, 0, max, ret) < 0)
		return -EINVAL;
	return 0;
}

int json_get_bool(const struct json *o, const char *key, bool *ret)
{
	const struct json *v = json_get(o, key);

	if (!v || v->type == JSON_NULL)
		return -ENOENT;
	if (v->type != JSON_TRUE && v->type != JSON_FALSE)
		return -EINVAL;
	*ret = v->type == JSON_TRUE;
	return 0;
}

struct str json_str_or(const struct json *o, const char *key, struct str fallback)
{
	struct str s;

	return json_get_str(o, key, &s) == 0 ? s : fallback;
}
