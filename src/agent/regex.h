/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The regular expressions of JSON Schema (ECMA-262 without look-behind and
 * back-references), searched for anywhere in a text. The expression becomes a
 * small program; each pair of place in it and place in the text is visited at
 * most once, so no expression takes longer than their product. Pure.
 */
#pragma once

#include "base/arena.h"

enum regex_result {
	REGEX_NO,
	REGEX_YES,
	REGEX_UNKNOWN /* not a form that is known here, or too large */
};

enum regex_result regex_search(struct str pattern, struct str text);
