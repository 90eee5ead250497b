/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/names.h"

struct str name_numbered(struct arena *a, struct str stem, const char *insert, unsigned n,
                         struct str ext)
{
	if (n == 0)
		return arena_printf(a, "%.*s%.*s", STR_ARG(stem), STR_ARG(ext));
	return arena_printf(a, "%.*s%s%u%.*s", STR_ARG(stem), insert, n, STR_ARG(ext));
}

void name_cut(struct str name, struct str *stem, struct str *ext)
{
	size_t at = str_chr(name, '.', 0);

	if (str_ends(name, STR(".ipynb")))
		at = name.len - 6;
	*stem = str_sub(name, 0, at);
	*ext = str_sub(name, at, name.len);
}

struct str name_strip_copy(struct str stem)
{
	size_t n = stem.len;

	while (n > 0 && stem.ptr[n - 1] >= '0' && stem.ptr[n - 1] <= '9')
		n--;
	if (str_ends(str_sub(stem, 0, n), STR("-Copy")))
		return str_sub(stem, 0, n - 5);
	return stem;
}

bool name_is_clutter(struct str name)
{
	return str_is(name, "__pycache__") || str_ends(name, STR(".pyc")) ||
	       str_ends(name, STR(".pyo")) || str_is(name, ".DS_Store") ||
	       str_ends(name, STR("~"));
}
