/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An intrusive, circular, doubly linked list. A node that is in no list
 * points to itself (LIST_INIT) or is zeroed; list_del on such a node is safe.
 */
#pragma once

#include <stdbool.h>

#include "base/macros.h"

struct list {
	struct list *next, *prev;
};

#define LIST_INIT(l)                ((struct list){ &(l), &(l) })
#define LIST_ENTRY(p, type, member) CONTAINER_OF(p, type, member)

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}
static inline bool list_empty(const struct list *l)
{
	return !l->next || l->next == l;
}
static inline void list_insert_(struct list *prev, struct list *next, struct list *n)
{
	n->prev = prev;
	n->next = next;
	prev->next = n;
	next->prev = n;
}
static inline void list_push(struct list *l, struct list *n) /* at the end */
{
	list_insert_(l->prev, l, n);
}
static inline void list_push_front(struct list *l, struct list *n)
{
	list_insert_(l, l->next, n);
}
static inline void list_del(struct list *n)
{
	if (n->next) {
		n->prev->next = n->next;
		n->next->prev = n->prev;
	}
	n->next = n->prev = n;
}
#define list_for_each(it, l) for (struct list *it = (l)->next; it != (l); it = it->next)
#define list_for_each_safe(it, l)                                           \
	for (struct list *it = (l)->next, *it##_next = it->next; it != (l); \
	     it = it##_next, it##_next = it->next)
