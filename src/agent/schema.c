/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/schema.h"

#include <errno.h>
#include <stdio.h>

#include "agent/regex.h"

#define DEPTH_MAX 48U
#define STEPS_MAX 200000U

struct ctx {
	const struct json *root;
	unsigned depth, steps;
	struct err *err; /* NULL while alternatives are tried */
};

static int check(struct ctx *c, const struct json *s, const struct json *v, const char *where);

static double number(const struct json *v)
{
	char z[64] = { 0 };

	if (v->text.len >= sizeof(z))
		return 0;
	memcpy(z, v->text.ptr, v->text.len);
	return strtod(z, NULL);
}

/* 1.0 is an integer too; what is too large for a fraction is one anyway. */
static bool is_whole(const struct json *v)
{
	double d = number(v), whole;

	if (d > 9e15 || d < -9e15)
		return true;
	whole = (double)(int64_t)d;
	return d <= whole && d >= whole;
}

static bool is_type(const struct json *v, struct str t)
{
	switch (v->type) {
	case JSON_NULL:
		return str_is(t, "null");
	case JSON_FALSE:
	case JSON_TRUE:
		return str_is(t, "boolean");
	case JSON_STRING:
		return str_is(t, "string");
	case JSON_ARRAY:
		return str_is(t, "array");
	case JSON_OBJECT:
		return str_is(t, "object");
	case JSON_NUMBER:
		if (str_is(t, "number"))
			return true;
		return str_is(t, "integer") && is_whole(v);
	}
	return false;
}

static bool equal(const struct json *a, const struct json *b, unsigned depth)
{
	if (a->type != b->type || a->n != b->n || depth > DEPTH_MAX)
		return false;
	if (a->type == JSON_STRING)
		return str_eq(a->text, b->text);
	if (a->type == JSON_NUMBER)
		return str_eq(a->text, b->text) ||
		       (number(a) <= number(b) && number(a) >= number(b));
	if (a->type == JSON_ARRAY) {
		const struct json *y = b->first;

		for (const struct json *x = a->first; x && y; x = x->next, y = y->next)
			if (!equal(x, y, depth + 1))
				return false;
	}
	if (a->type == JSON_OBJECT) {
		json_for_each(x, a)
		{
			const struct json *y = NULL;

			json_for_each(m, b) if (str_eq(m->key, x->key)) y = m;
			if (!y || !equal(x, y, depth + 1))
				return false;
		}
	}
	return true;
}

static int check_type(struct ctx *c, const struct json *s, const struct json *v,
                      const char *where)
{
	const struct json *t = json_get(s, "type"), *e = json_get(s, "enum"),
	                  *k = json_get(s, "const");
	bool ok = !t;

	if (t && t->type == JSON_STRING)
		ok = is_type(v, t->text);
	else
		json_for_each(it, t) if (it->type == JSON_STRING && is_type(v, it->text)) ok =
		    true;
	if (!ok)
		return ERR(c->err, -EINVAL, "%s has the wrong type", where);
	if (e) {
		ok = false;
		json_for_each(it, e) if (equal(it, v, 0)) ok = true;
		if (!ok)
			return ERR(c->err, -EINVAL, "%s is not one of the allowed values",
			           where);
	}
	if (k && !equal(k, v, 0))
		return ERR(c->err, -EINVAL, "%s is not the allowed value", where);
	return 0;
}

static bool bound(const struct json *s, const char *key, double *ret)
{
	const struct json *v = json_get(s, key);

	if (!v || v->type != JSON_NUMBER)
		return false;
	*ret = number(v);
	return true;
}

static int check_size(struct ctx *c, const struct json *s, double n, const char *min,
                      const char *max, const char *where)
{
	double b;

	if (bound(s, min, &b) && n < b)
		return ERR(c->err, -EINVAL, "%s is below its minimum", where);
	if (bound(s, max, &b) && n > b)
		return ERR(c->err, -EINVAL, "%s is above its maximum", where);
	return 0;
}

static bool is_multiple(double n, double of)
{
	double q = n / of, whole = (double)(int64_t)(q < 0 ? q - 0.5 : q + 0.5), d = q - whole;

	/* Beyond that every double is an integer. */
	if (q > 9e15 || q < -9e15)
		return true;
	return d < 1e-9 && d > -1e-9;
}

static int check_pattern(struct ctx *c, const struct json *s, struct str text,
                         const char *where)
{
	struct str pattern;

	if (json_get_str(s, "pattern", &pattern) == 0 &&
	    regex_search(pattern, text) == REGEX_NO)
		return ERR(c->err, -EINVAL, "%s does not fit the pattern %.*s", where,
		           STR_ARG(str_sub(pattern, 0, 80)));
	return 0;
}

static int check_scalar(struct ctx *c, const struct json *s, const struct json *v,
                        const char *where)
{
	double b, n;
	size_t chars = 0;
	int r;

	if (v->type == JSON_NUMBER) {
		n = number(v);
		if (bound(s, "exclusiveMinimum", &b) && n <= b)
			return ERR(c->err, -EINVAL, "%s is below its minimum", where);
		if (bound(s, "exclusiveMaximum", &b) && n >= b)
			return ERR(c->err, -EINVAL, "%s is above its maximum", where);
		if (bound(s, "multipleOf", &b) && b > 0 && !is_multiple(n, b))
			return ERR(c->err, -EINVAL, "%s is not a multiple of %g", where, b);
		return check_size(c, s, n, "minimum", "maximum", where);
	}
	if (v->type == JSON_STRING) {
		for (size_t i = 0; i < v->text.len; i++)
			chars += ((unsigned char)v->text.ptr[i] & 0xC0) != 0x80;
		r = check_size(c, s, (double)chars, "minLength", "maxLength", where);
		return r < 0 ? r : check_pattern(c, s, v->text, where);
	}
	return 0;
}

static const struct json *member(const struct json *o, struct str key)
{
	json_for_each(m, o)
	{
		if (str_eq(m->key, key))
			return m;
	}
	return NULL;
}

static int check_names(struct ctx *c, const struct json *s, const struct json *v,
                       const char *where)
{
	const struct json *names = json_get(s, "propertyNames");
	int r = 0;

	json_for_each(req, json_get(s, "required"))
	{
		if (r == 0 && req->type == JSON_STRING && !member(v, req->text))
			r = ERR(c->err, -EINVAL, "%s lacks %.*s", where,
			        STR_ARG(str_sub(req->text, 0, 60)));
	}
	json_for_each(m, names ? v : NULL)
	{
		struct json name = { .type = JSON_STRING, .text = m->key };

		if (r == 0)
			r = check(c, names, &name, where);
	}
	/* "dependencies": {"a": ["b"]} or {"a": schema} */
	json_for_each(d, json_get(s, "dependencies"))
	{
		if (r < 0 || !member(v, d->key))
			continue;
		if (d->type != JSON_ARRAY)
			r = check(c, d, v, where);
		else
			json_for_each(req, d) if (r == 0 && req->type == JSON_STRING &&
			                          !member(v, req->text)) r =
			    ERR(c->err, -EINVAL, "%s lacks %.*s", where,
			        STR_ARG(str_sub(req->text, 0, 60)));
	}
	return r;
}

/* Against every pattern that its name fits; *known if there is one. */
static int check_patterned(struct ctx *c, const struct json *s, const struct json *m,
                           const char *name, bool *known)
{
	int r = 0;

	json_for_each(p, json_get(s, "patternProperties"))
	{
		enum regex_result fit = r == 0 ? regex_search(p->key, m->key) : REGEX_NO;

		if (fit == REGEX_NO)
			continue;
		*known = true;
		if (fit == REGEX_YES)
			r = check(c, p, m, name);
	}
	return r;
}

static int check_object(struct ctx *c, const struct json *s, const struct json *v,
                        const char *where)
{
	const struct json *props = json_get(s, "properties"),
	                  *more = json_get(s, "additionalProperties");
	char name[80];
	int r = check_size(c, s, (double)v->n, "minProperties", "maxProperties", where);

	if (r == 0)
		r = check_names(c, s, v, where);
	json_for_each(m, v)
	{
		const struct json *p = member(props, m->key);
		bool known = p != NULL;

		if (r < 0)
			return r;
		(void)snprintf(name, sizeof(name), "%.*s", STR_ARG(str_sub(m->key, 0, 60)));
		if (p)
			r = check(c, p, m, name);
		if (r == 0)
			r = check_patterned(c, s, m, name, &known);
		if (known || r < 0 || !more)
			continue;
		if (more->type == JSON_FALSE)
			r = ERR(c->err, -EINVAL, "%s is not a known setting", name);
		else if (more->type == JSON_OBJECT)
			r = check(c, more, m, name);
	}
	return r;
}

static bool fits(struct ctx *c, const struct json *s, const struct json *v, const char *where);

static int check_members(struct ctx *c, const struct json *s, const struct json *v,
                         const char *where)
{
	const struct json *unique = json_get(s, "uniqueItems"), *one = json_get(s, "contains");
	bool found = !one;

	json_for_each(m, v)
	{
		found = found || fits(c, one, m, where);
		if (!unique || unique->type != JSON_TRUE)
			continue;
		for (const struct json *o = m->next; o; o = o->next)
			if (++c->steps > STEPS_MAX || equal(m, o, 0))
				return ERR(c->err, -EINVAL, "%s has a member twice", where);
	}
	return found ? 0 : ERR(c->err, -EINVAL, "%s lacks a member that it needs", where);
}

static int check_array(struct ctx *c, const struct json *s, const struct json *v,
                       const char *where)
{
	const struct json *items = json_get(s, "items"), *tuple = NULL;
	int r = check_size(c, s, (double)v->n, "minItems", "maxItems", where);

	if (r == 0)
		r = check_members(c, s, v, where);
	if (items && items->type == JSON_ARRAY) {
		tuple = items->first;
		items = json_get(s, "additionalItems");
	}
	json_for_each(m, v)
	{
		if (r < 0)
			return r;
		if (tuple) {
			r = check(c, tuple, m, where);
			tuple = tuple->next;
		} else if (items) {
			r = check(c, items, m, where);
		}
	}
	return r;
}

static bool fits(struct ctx *c, const struct json *s, const struct json *v, const char *where)
{
	struct ctx quiet = *c;
	bool ok;

	quiet.err = NULL;
	ok = check(&quiet, s, v, where) == 0;
	c->steps = quiet.steps;
	return ok;
}

static int check_condition(struct ctx *c, const struct json *s, const struct json *v,
                           const char *where)
{
	const struct json *when = json_get(s, "if"), *then;

	if (!when)
		return 0;
	then = json_get(s, fits(c, when, v, where) ? "then" : "else");
	return then ? check(c, then, v, where) : 0;
}

static int check_combined(struct ctx *c, const struct json *s, const struct json *v,
                          const char *where)
{
	const struct json *any = json_get(s, "anyOf"), *one = json_get(s, "oneOf");
	const struct json *not = json_get(s, "not");
	size_t n = 0;
	int r = 0;

	json_for_each(it, json_get(s, "allOf")) if (r == 0) r = check(c, it, v, where);
	if (r < 0)
		return r;
	json_for_each(it, any) n += fits(c, it, v, where);
	if (any && n == 0)
		return ERR(c->err, -EINVAL, "%s fits none of its forms", where);
	n = 0;
	json_for_each(it, one) n += fits(c, it, v, where);
	if (one && n != 1)
		return ERR(c->err, -EINVAL, "%s must fit exactly one of its forms", where);
	if (not &&fits(c, not, v, where))
		return ERR(c->err, -EINVAL, "%s has a form that is excluded", where);
	return check_condition(c, s, v, where);
}

/* "#/definitions/x" */
static const struct json *resolve(struct ctx *c, struct str ref)
{
	const struct json *at = c->root;
	struct str part;

	if (!str_starts(ref, STR("#")))
		return NULL;
	ref = str_sub(ref, 1, ref.len);
	if (ref.len && ref.ptr[0] == '/')
		ref = str_sub(ref, 1, ref.len);
	while (at && ref.len && str_split(&ref, '/', &part))
		at = member(at, part);
	return at;
}

static int check_one(struct ctx *c, const struct json *s, const struct json *v,
                     const char *where)
{
	struct str ref;
	int r;

	if (json_get_str(s, "$ref", &ref) == 0) {
		s = resolve(c, ref);
		return s ? check(c, s, v, where) : 0;
	}
	r = check_type(c, s, v, where);
	if (r == 0)
		r = check_scalar(c, s, v, where);
	if (r == 0 && v->type == JSON_OBJECT)
		r = check_object(c, s, v, where);
	if (r == 0 && v->type == JSON_ARRAY)
		r = check_array(c, s, v, where);
	return r < 0 ? r : check_combined(c, s, v, where);
}

static int check(struct ctx *c, const struct json *s, const struct json *v, const char *where)
{
	int r;

	if (s->type == JSON_FALSE)
		return ERR(c->err, -EINVAL, "%s is not allowed", where);
	if (s->type != JSON_OBJECT)
		return 0;
	/* A schema that refers to itself, or a wide product of alternatives. */
	if (c->depth >= DEPTH_MAX || ++c->steps > STEPS_MAX)
		return ERR(c->err, -EINVAL, "%s is nested too deeply", where);
	c->depth++;
	r = check_one(c, s, v, where);
	c->depth--;
	return r;
}

int schema_check(const struct json *schema, const struct json *value, struct err *err)
{
	struct ctx c = { .root = schema, .err = err };

	return check(&c, schema, value, "the settings object");
}
