/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The members of a JSON object by structure alone: strings are skipped and
 * brackets counted, because a message's content may have 60 MB and its grammar
 * is its receiver's business. A span is what stands between colon and comma.
 */
#pragma once

#include "base/str.h"

/* key without quotes, not decoded. False ends the walk. */
typedef bool jspan_fn(struct str key, struct str raw, void *arg);

struct jspan_cut { /* the member whose value the text ends in */
	struct str key, raw;
};

/* Calls take for each member; false if the text is no object, or take said so.
 * cut (may be NULL) is only written when the text ends within a value. */
bool jspan_members(struct str text, jspan_fn *take, void *arg, struct jspan_cut *cut);
/* The longest part of the inside of a string, at most max bytes, that ends
 * neither in an escape nor in a character. */
size_t jspan_string_cut(struct str s, size_t max);
