/* SPDX-License-Identifier: Apache-2.0 */
#include "api/doc.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int doc_wrong(struct doc *d, const char *name, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)snprintf(d->place, DOC_PLACE_MAX, "%s%s%.40s", d->where, d->where[0] ? "." : "",
	               name);
	return ERR(d->err, -EINVAL, "%s %s", d->place, text);
}

int doc_keys(struct doc *d, const char *names)
{
	json_for_each(it, d->o)
	{
		struct str rest = str_of(names), one;
		bool known = false;
		char shown[40];

		while (!known && str_split(&rest, ' ', &one))
			known = str_eq(one, it->key);
		if (known)
			continue;
		/* As somebody wrote it, it may hold anything. */
		(void)snprintf(shown, sizeof(shown), "%.*s", STR_ARG(it->key));
		for (char *p = shown; *p; p++)
			if ((unsigned char)*p < 0x20 || *p == 0x7f || *p == '"')
				*p = '?';
		(void)doc_wrong(d, shown, "does not exist: remove it or check its spelling.");
		return -ENOENT;
	}
	return 0;
}

const struct json *doc_member(const struct doc *d, const char *name)
{
	const struct json *v = json_get(d->o, name);

	return v && v->type != JSON_NULL ? v : NULL;
}

int doc_text(struct doc *d, const char *name, bool needed, char *ret, size_t room)
{
	const struct json *v = doc_member(d, name);

	if (!v)
		return needed ? doc_wrong(d, name, "is missing.") : 0;
	if (v->type != JSON_STRING)
		return doc_wrong(d, name, "must be a string.");
	if (v->text.len >= room || (needed && v->text.len == 0))
		return doc_wrong(d, name, "must have %s to %zu bytes.", needed ? "1" : "0",
		                 room - 1);
	for (size_t i = 0; i < v->text.len; i++)
		if ((unsigned char)v->text.ptr[i] < 0x20 || v->text.ptr[i] == 0x7f)
			return doc_wrong(d, name, "must not contain control characters.");
	(void)snprintf(ret, room, "%.*s", STR_ARG(v->text));
	return 0;
}

static bool is_id_char(char ch)
{
	return (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || ch == '-' || ch == '_';
}

int doc_check_id(struct doc *d, const char *name, const char *id)
{
	size_t n = strlen(id);

	for (size_t i = 0; i < n; i++)
		if (!is_id_char(id[i]))
			n = DOC_ID_MAX + 1;
	return n <= DOC_ID_MAX
	           ? 0
	           : doc_wrong(d, name, "is made of a-z, 0-9, - and _, at most %d long.",
	                       DOC_ID_MAX);
}

int doc_int(struct doc *d, const char *name, struct doc_range r, const int64_t *absent,
            int64_t *ret)
{
	const struct json *v = doc_member(d, name);
	int64_t n;

	if (!v && absent) {
		*ret = *absent;
		return 0;
	}
	if (!v)
		return doc_wrong(d, name, "is missing.");
	if (v->type == JSON_NUMBER && str_to_i64(v->text, INT64_MIN, INT64_MAX, &n) == 0 &&
	    ((n >= r.min && n <= r.max) || (n == 0 && r.or_zero))) {
		*ret = n;
		return 0;
	}
	return doc_wrong(d, name, "must be a whole number from %lld to %lld%s.",
	                 (long long)r.min, (long long)r.max,
	                 r.or_zero && r.min > 0 ? ", or 0 for none" : "");
}

int doc_u32(struct doc *d, const char *name, struct doc_range r, uint32_t absent, uint32_t *ret)
{
	int64_t n = 0, usual = absent;
	int e = doc_int(d, name, r, &usual, &n);

	*ret = (uint32_t)n;
	return e;
}

int doc_bool(struct doc *d, const char *name, bool *ret)
{
	const struct json *v = doc_member(d, name);

	if (v && v->type != JSON_TRUE && v->type != JSON_FALSE)
		return doc_wrong(d, name, "must be true or false.");
	*ret = v && v->type == JSON_TRUE;
	return 0;
}

int doc_money(struct doc *d, const char *name, bool needed, money_micro *ret)
{
	const struct json *v = doc_member(d, name);
	size_t dot;
	int r;

	if (!v)
		return needed ? doc_wrong(d, name, "is missing.") : 0;
	if (v->type != JSON_STRING)
		return doc_wrong(d, name,
		                 "must be a decimal number in quotes, such as \"0.06\".");
	dot = str_chr(v->text, '.', 0);
	if (v->text.len > dot + 7)
		return doc_wrong(d, name, "has %zu decimals; at most 6 are exact.",
		                 v->text.len - dot - 1);
	r = money_parse(v->text, MONEY_RATE_MAX, ret);
	if (r == -ERANGE)
		return doc_wrong(d, name, "must be at most %lld.",
		                 (long long)(MONEY_RATE_MAX / 1000000));
	if (r < 0)
		return doc_wrong(d, name,
		                 "must be a decimal number in quotes, such as \"0.06\".");
	return *ret < 0 ? doc_wrong(d, name, "must not be negative.") : 0;
}

int doc_enter(struct doc *list, const char *name, size_t i, const struct json *v,
              struct doc *ret)
{
	*ret = (struct doc){ .o = v, .place = list->place, .err = list->err };
	(void)snprintf(ret->where, sizeof(ret->where), "%s%s%s.%zu", list->where,
	               list->where[0] ? "." : "", name, i);
	if (v->type == JSON_OBJECT)
		return 0;
	(void)snprintf(list->place, DOC_PLACE_MAX, "%s", ret->where);
	return ERR(list->err, -EINVAL, "%s must be an object.", ret->where);
}
