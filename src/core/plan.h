/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an owner may do: a plan's limits, and the questions that are asked of
 * them. The checks look at values only; whoever makes something asks them in
 * the transaction that makes it, with the use that this transaction sees.
 *
 * The site's configuration bounds every plan: the narrower one holds. 0 in a
 * plan's seconds or bytes means that the plan has no limit of its own.
 */
#pragma once

#include "core/deadline.h"
#include "core/types.h"

struct plan {
	char id[PLAN_ID_MAX];
	char name[NAME_BYTES_MAX + 1];
	uint32_t sessions_max;      /* queued, starting and running at once */
	uint64_t storage_bytes_max; /* over all volumes */
	uint32_t session_max_s;
	uint32_t auto_stop_min_s, auto_stop_max_s;
	char types[TYPE_LIST_MAX]; /* ids separated by spaces, or "*" */
	bool may_be_private;       /* else public workspaces only */
	uint32_t free_s_month;     /* compute that costs nothing, every month */
	money_micro credit_new;    /* given to a new account */
	int32_t priority;          /* in the queue: more is sooner */
	enum price_mode price_mode;
	uint32_t notice_s; /* told when a session has run for so long */
	uint32_t hold_s;   /* how long a turn in the queue is kept */
	bool is_default, retired;
};

/* What the plan's owner has now. */
struct plan_use {
	uint32_t sessions; /* queued, starting or running */
	uint64_t storage_bytes;
};

enum plan_limit {
	PLAN_FINE,
	PLAN_SESSIONS,
	PLAN_STORAGE,
	PLAN_TYPE,
	PLAN_AUTO_STOP,
	PLAN_SESSION_MAX,
};

bool plan_allows_type(const struct plan *p, const char *type);
/* One more session on this type. */
enum plan_limit plan_check_start(const struct plan *p, const struct plan_use *use,
                                 const char *type);
/* So many bytes more than `use` has. */
enum plan_limit plan_check_storage(const struct plan *p, const struct plan_use *use,
                                   uint64_t more_bytes);

/* A time's shortest and longest value for owners of this plan. */
struct plan_range {
	uint32_t min_s, max_s;
};
struct plan_range plan_auto_stop(const struct plan *p, const struct deadline_rules *site);
/* min_s is 60, or less where the maximum is. */
struct plan_range plan_session_max(const struct plan *p, const struct deadline_rules *site);
enum plan_limit plan_check_auto_stop(const struct plan *p, const struct deadline_rules *site,
                                     uint64_t s);
/* 0 is the plan's own and always fine. */
enum plan_limit plan_check_session_max(const struct plan *p, const struct deadline_rules *site,
                                       uint64_t s);
/* The nearest that is allowed; session_max 0 becomes the plan's longest. */
uint32_t plan_clamp_auto_stop(const struct plan *p, const struct deadline_rules *site,
                              uint32_t s);
uint32_t plan_clamp_session_max(const struct plan *p, const struct deadline_rules *site,
                                uint32_t s);

/* The field of a request that a limit is about, or NULL. */
const char *plan_limit_field(enum plan_limit l);
/* What was asked for, for the sentence. */
struct plan_want {
	const char *type;
	uint64_t bytes, seconds;
};
/* The limit, the present use and the way out, for the person who asked. */
void plan_explain(const struct plan *p, const struct deadline_rules *site, enum plan_limit l,
                  const struct plan_use *use, const struct plan_want *want,
                  char ret[MESSAGE_MAX]);

/* Is the present use over the limit l (sessions or storage), as after a move to
 * a smaller plan? Then the sentence says what follows: nothing is taken away. */
bool plan_over(const struct plan *p, const struct plan_use *use, enum plan_limit l,
               char ret[MESSAGE_MAX]);

/* The plans of a site that has none yet, the default one among them: it allows
 * what a site without plans allowed. types: those of the configuration. */
#define PLAN_EXAMPLES 4
void plan_examples(const struct instance_type *types, size_t ntypes,
                   struct plan ret[PLAN_EXAMPLES]);
