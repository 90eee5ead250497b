/* SPDX-License-Identifier: Apache-2.0 */
#include "core/plan.h"

#include <stdio.h>

#define GIB          (UINT64_C(1) << 30)
#define HOUR_S       3600U
#define SHORTEST_S   60U
#define SENTENCE_MAX 300

bool plan_allows_type(const struct plan *p, const char *type)
{
	struct str rest = str_of(p->types), one;

	if (str_is(rest, "*"))
		return true;
	while (str_split(&rest, ' ', &one))
		if (one.len > 0 && str_is(one, type))
			return true;
	return false;
}

enum plan_limit plan_check_start(const struct plan *p, const struct plan_use *use,
                                 const char *type)
{
	if (!plan_allows_type(p, type))
		return PLAN_TYPE;
	return use->sessions >= p->sessions_max ? PLAN_SESSIONS : PLAN_FINE;
}

enum plan_limit plan_check_storage(const struct plan *p, const struct plan_use *use,
                                   uint64_t more_bytes)
{
	uint64_t sum;

	if (p->storage_bytes_max == 0)
		return PLAN_FINE;
	return __builtin_add_overflow(use->storage_bytes, more_bytes, &sum) ||
	               sum > p->storage_bytes_max
	           ? PLAN_STORAGE
	           : PLAN_FINE;
}

static uint32_t at_most(uint32_t limit, uint32_t s)
{
	return limit && s > limit ? limit : s;
}

struct plan_range plan_auto_stop(const struct plan *p, const struct deadline_rules *site)
{
	struct plan_range r = { site->auto_stop_min_s,
		                at_most(p->auto_stop_max_s, site->auto_stop_max_s) };

	if (p->auto_stop_min_s > r.min_s)
		r.min_s = p->auto_stop_min_s;
	/* A plan and a site that contradict each other: the shorter time. */
	if (r.min_s > r.max_s)
		r.min_s = r.max_s;
	return r;
}

struct plan_range plan_session_max(const struct plan *p, const struct deadline_rules *site)
{
	uint32_t max = at_most(p->session_max_s, site->max_s);

	return (struct plan_range){ max < SHORTEST_S ? max : SHORTEST_S, max };
}

static bool in_range(struct plan_range r, uint64_t s)
{
	return s >= r.min_s && s <= r.max_s;
}

enum plan_limit plan_check_auto_stop(const struct plan *p, const struct deadline_rules *site,
                                     uint64_t s)
{
	return in_range(plan_auto_stop(p, site), s) ? PLAN_FINE : PLAN_AUTO_STOP;
}

enum plan_limit plan_check_session_max(const struct plan *p, const struct deadline_rules *site,
                                       uint64_t s)
{
	return s == 0 || in_range(plan_session_max(p, site), s) ? PLAN_FINE : PLAN_SESSION_MAX;
}

static uint32_t clamp(struct plan_range r, uint32_t s)
{
	return s < r.min_s ? r.min_s : s > r.max_s ? r.max_s : s;
}

uint32_t plan_clamp_auto_stop(const struct plan *p, const struct deadline_rules *site,
                              uint32_t s)
{
	return clamp(plan_auto_stop(p, site), s);
}

uint32_t plan_clamp_session_max(const struct plan *p, const struct deadline_rules *site,
                                uint32_t s)
{
	struct plan_range r = plan_session_max(p, site);

	return s == 0 ? r.max_s : clamp(r, s);
}

const char *plan_limit_field(enum plan_limit l)
{
	switch (l) {
	case PLAN_STORAGE:
		return "storage_bytes";
	case PLAN_TYPE:
		return "instance_type";
	case PLAN_AUTO_STOP:
		return "auto_stop_seconds";
	case PLAN_SESSION_MAX:
		return "max_seconds";
	case PLAN_FINE:
	case PLAN_SESSIONS:
		break;
	}
	return NULL;
}

/* "5 GiB", "1.5 GiB", "700 MiB"; cut, never rounded up. */
static void size_text(uint64_t bytes, char ret[32])
{
	uint64_t unit = bytes >= GIB ? GIB : UINT64_C(1) << 20;
	uint64_t tenths = bytes % unit * 10 / unit;

	if (tenths)
		(void)snprintf(ret, 32, "%llu.%llu %s", (unsigned long long)(bytes / unit),
		               (unsigned long long)tenths, unit == GIB ? "GiB" : "MiB");
	else
		(void)snprintf(ret, 32, "%llu %s", (unsigned long long)(bytes / unit),
		               unit == GIB ? "GiB" : "MiB");
}

static void explain_storage(const struct plan *p, const struct plan_use *use, uint64_t more,
                            char ret[SENTENCE_MAX])
{
	char max[32], have[32], add[32];

	size_text(p->storage_bytes_max, max);
	size_text(use->storage_bytes, have);
	size_text(more, add);
	(void)snprintf(ret, SENTENCE_MAX,
	               "allows %s of storage over all workspaces; yours have %s, and this is "
	               "%s more. Ask for less, delete a workspace",
	               max, have, add);
}

static void explain_range(const char *what, struct plan_range r, uint64_t s,
                          char ret[SENTENCE_MAX])
{
	(void)snprintf(ret, SENTENCE_MAX,
	               "allows %s of %u to %u seconds here, not %llu. Choose one of those",
	               what, r.min_s, r.max_s, (unsigned long long)s);
}

void plan_explain(const struct plan *p, const struct deadline_rules *site, enum plan_limit l,
                  const struct plan_use *use, const struct plan_want *want,
                  char ret[MESSAGE_MAX])
{
	char text[SENTENCE_MAX] = "";

	switch (l) {
	case PLAN_SESSIONS:
		(void)snprintf(text, sizeof(text),
		               "allows %u %s at once, and %u of yours %s under way. Stop one",
		               p->sessions_max, p->sessions_max == 1 ? "session" : "sessions",
		               use->sessions, use->sessions == 1 ? "is" : "are");
		break;
	case PLAN_STORAGE:
		explain_storage(p, use, want->bytes, text);
		break;
	case PLAN_TYPE:
		(void)snprintf(text, sizeof(text),
		               "does not include the instance type %.60s. Choose another type",
		               want->type);
		break;
	case PLAN_AUTO_STOP:
		explain_range("an auto-stop time", plan_auto_stop(p, site), want->seconds,
		              text);
		break;
	case PLAN_SESSION_MAX:
		explain_range("a longest session", plan_session_max(p, site), want->seconds,
		              text);
		break;
	case PLAN_FINE:
		break;
	}
	(void)snprintf(ret, MESSAGE_MAX,
	               "The plan %.40s %s, or ask an administrator for another plan.", p->name,
	               text);
}

bool plan_over(const struct plan *p, const struct plan_use *use, enum plan_limit l,
               char ret[MESSAGE_MAX])
{
	char max[32], have[32];

	if (l == PLAN_SESSIONS && use->sessions > p->sessions_max) {
		(void)snprintf(
		    ret, MESSAGE_MAX,
		    "%u sessions are under way, the plan %.40s allows %u: they go on, "
		    "and no other starts until there are fewer.",
		    use->sessions, p->name, p->sessions_max);
		return true;
	}
	if (l == PLAN_STORAGE && plan_check_storage(p, use, 0) != PLAN_FINE) {
		size_text(p->storage_bytes_max, max);
		size_text(use->storage_bytes, have);
		(void)snprintf(
		    ret, MESSAGE_MAX,
		    "The workspaces have %s of storage, the plan %.40s allows %s: "
		    "nothing is deleted, and nothing is made or grows until there is "
		    "less.",
		    have, p->name, max);
		return true;
	}
	return false;
}

/* The ids of those that cost nothing; if there are none, the cheapest. */
static void free_types(const struct instance_type *types, size_t n, char ret[TYPE_LIST_MAX])
{
	size_t cheapest = 0, at = 0;

	for (size_t i = 0; i < n; i++) {
		if (types[i].price_per_hour < types[cheapest].price_per_hour)
			cheapest = i;
		if (types[i].price_per_hour == 0 &&
		    at + strlen(types[i].id) + 2 < TYPE_LIST_MAX)
			at += (size_t)snprintf(ret + at, TYPE_LIST_MAX - at, "%s%s",
			                       at ? " " : "", types[i].id);
	}
	if (at == 0)
		(void)snprintf(ret, TYPE_LIST_MAX, "%s", n ? types[cheapest].id : "");
}

void plan_examples(const struct instance_type *types, size_t ntypes,
                   struct plan ret[PLAN_EXAMPLES])
{
	ret[0] = (struct plan){ .id = "free",
		                .name = "Free",
		                .sessions_max = 1,
		                .storage_bytes_max = 5 * GIB,
		                .session_max_s = 12 * HOUR_S,
		                .auto_stop_max_s = 2 * HOUR_S,
		                .notice_s = 6 * HOUR_S,
		                .hold_s = 5 * 60 };
	free_types(types, ntypes, ret[0].types);
	ret[1] = (struct plan){ .id = "standard",
		                .name = "Standard",
		                .sessions_max = 100,
		                .types = "*",
		                .may_be_private = true,
		                .priority = 10,
		                .notice_s = 8 * HOUR_S,
		                .hold_s = 10 * 60,
		                .is_default = true };
	ret[2] = (struct plan){ .id = "pro",
		                .name = "Pro",
		                .sessions_max = 5,
		                .storage_bytes_max = 200 * GIB,
		                .types = "*",
		                .may_be_private = true,
		                .free_s_month = 20 * HOUR_S,
		                .priority = 20,
		                .notice_s = 8 * HOUR_S,
		                .hold_s = 15 * 60 };
	ret[3] = (struct plan){ .id = "team",
		                .name = "Team",
		                .sessions_max = 50,
		                .storage_bytes_max = 1024 * GIB,
		                .types = "*",
		                .may_be_private = true,
		                .free_s_month = 100 * HOUR_S,
		                .priority = 30,
		                .notice_s = 12 * HOUR_S,
		                .hold_s = 30 * 60 };
}
