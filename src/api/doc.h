/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A strict reader of nested JSON documents: each function takes one member of
 * an object, and a failure (-EINVAL, for a member that does not exist -ENOENT)
 * names the place, "plans.2.sessions_max", with a sentence. Flat bodies are
 * read by the route's list of fields instead.
 */
#pragma once

#include "base/json.h"
#include "core/money.h"

#define DOC_PLACE_MAX 80
#define DOC_ID_MAX    40

/* The object that is being read, and where it stands in the document. */
struct doc {
	const struct json *o;
	char where[DOC_PLACE_MAX]; /* "plans.2", or "" */
	char *place;               /* of what is wrong; room for DOC_PLACE_MAX */
	struct err *err;
};

struct doc_range {
	int64_t min, max;
	bool or_zero; /* 0 is fine too: none */
};

int doc_wrong(struct doc *d, const char *name, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* names: all that there may be, separated by spaces. */
int doc_keys(struct doc *d, const char *names) MUST_CHECK;
/* NULL if it is absent or null. */
const struct json *doc_member(const struct doc *d, const char *name);
int doc_text(struct doc *d, const char *name, bool needed, char *ret, size_t room) MUST_CHECK;
/* a-z, 0-9, - and _; "" is fine. */
int doc_check_id(struct doc *d, const char *name, const char *id) MUST_CHECK;
/* absent: the value of one that is not there; NULL: it must be. */
int doc_int(struct doc *d, const char *name, struct doc_range r, const int64_t *absent,
            int64_t *ret) MUST_CHECK;
int doc_u32(struct doc *d, const char *name, struct doc_range r, uint32_t absent,
            uint32_t *ret) MUST_CHECK;
int doc_bool(struct doc *d, const char *name, bool *ret) MUST_CHECK;
/* A decimal in quotes from 0 on: what is not exact is refused, never rounded. */
int doc_money(struct doc *d, const char *name, bool needed, money_micro *ret) MUST_CHECK;
/* Into v, the i-th of the list `name`, which must be an object. */
int doc_enter(struct doc *list, const char *name, size_t i, const struct json *v,
              struct doc *ret) MUST_CHECK;
