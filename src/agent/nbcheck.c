/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/nbcheck.h"

#include <stdio.h>

static bool is_type(const struct json *v, enum json_type t)
{
	return v && v->type == t;
}

static bool is_text(const struct json *v)
{
	if (is_type(v, JSON_STRING))
		return true;
	if (!is_type(v, JSON_ARRAY))
		return false;
	json_for_each(it, v)
	{
		if (it->type != JSON_STRING)
			return false;
	}
	return true;
}

static bool is_count(const struct json *o)
{
	const struct json *v = json_get(o, "execution_count");

	return is_type(v, JSON_NULL) || is_type(v, JSON_NUMBER);
}

static const char *check_output(const struct json *o)
{
	struct str type = json_str_or(o, "output_type", STR(""));

	if (str_is(type, "stream")) {
		if (!is_type(json_get(o, "name"), JSON_STRING) || !is_text(json_get(o, "text")))
			return "a stream output needs a name and a text";
	} else if (str_is(type, "display_data") || str_is(type, "execute_result")) {
		if (!is_type(json_get(o, "data"), JSON_OBJECT) ||
		    !is_type(json_get(o, "metadata"), JSON_OBJECT))
			return "a display output needs data and metadata";
		if (str_is(type, "execute_result") && !is_count(o))
			return "an execute_result needs an execution_count";
	} else if (str_is(type, "error")) {
		if (!is_type(json_get(o, "ename"), JSON_STRING) ||
		    !is_type(json_get(o, "evalue"), JSON_STRING) ||
		    !is_type(json_get(o, "traceback"), JSON_ARRAY))
			return "an error output needs ename, evalue and traceback";
	} else {
		return "an output of an unknown type";
	}
	return NULL;
}

static const char *check_cell(const struct json *c, unsigned minor)
{
	struct str type = json_str_or(c, "cell_type", STR(""));

	if (c->type != JSON_OBJECT)
		return "it is not an object";
	if (!str_is(type, "code") && !str_is(type, "markdown") && !str_is(type, "raw"))
		return "its cell_type is not code, markdown or raw";
	if (!is_type(json_get(c, "metadata"), JSON_OBJECT))
		return "it has no metadata object";
	if (!is_text(json_get(c, "source")))
		return "its source is not text";
	if (minor < 5 && json_get(c, "id"))
		return "cell ids came with nbformat 4.5 only";
	if (!str_is(type, "code"))
		return NULL;
	if (!is_count(c))
		return "a code cell needs an execution_count (or null)";
	if (!is_type(json_get(c, "outputs"), JSON_ARRAY))
		return "a code cell needs a list of outputs";
	json_for_each(o, json_get(c, "outputs"))
	{
		const char *why = check_output(o);

		if (why)
			return why;
	}
	return NULL;
}

static void say(struct nb *nb, const char *what)
{
	(void)snprintf(nb->problem, sizeof(nb->problem), "%s", what);
}

void nb_check(struct nb *nb)
{
	const struct json *cells = json_get(nb->root, "cells");
	size_t at = 0;

	nb->problem[0] = '\0';
	if (!is_type(json_get(nb->root, "metadata"), JSON_OBJECT)) {
		say(nb, "the notebook has no metadata object");
	} else if (!is_type(json_get(nb->root, "nbformat_minor"), JSON_NUMBER)) {
		say(nb, "the notebook has no nbformat_minor number");
	} else if (!is_type(cells, JSON_ARRAY)) {
		say(nb, "the notebook has no list of cells");
	} else {
		json_for_each(c, cells)
		{
			const char *why = check_cell(c, nb->minor);

			if (why) {
				(void)snprintf(nb->problem, sizeof(nb->problem), "cell %zu: %s",
				               at, why);
				return;
			}
			at++;
		}
	}
}
