/* SPDX-License-Identifier: Apache-2.0 */
/* Between the printers of JSON trees (jsonout.c, jsonpretty.c). */
#pragma once

#include "agent/jsontree.h"

#define JSON_OUT_DEPTH 256U

/* A tree in the browser's form, piece by piece: compact, keys in source order,
 * NaN and Infinity as null. The tree and its source must stay until the end. */
struct json_out {
	const struct json *root;
	struct {
		const struct json *node, *next;
	} stack[JSON_OUT_DEPTH];
	unsigned depth;
	bool begun;
	/* In the middle of a value: */
	struct str rest;         /* goes out as it is */
	struct str list;         /* strings to join, from source */
	const struct json *line; /* strings to join, as nodes */
	bool joining;
};

void json_out_init(struct json_out *o, const struct json *root);
/* Appends at most some `max` bytes and one small value; false: that was all. */
bool json_out_step(struct json_out *o, struct buf *b, size_t max);

void json_put_string(struct buf *b, struct str s);
/* Without the quotes. */
void json_put_inner(struct buf *b, struct str s);
/* Order of `const struct json **`: by key, equal ones as in the source (qsort). */
int json_by_key(const void *x, const void *y);
/* null, true, false, a number or a decoded string, as Python writes them. */
void json_put_leaf(const struct json *v, struct buf *b);
