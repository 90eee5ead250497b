/* SPDX-License-Identifier: Apache-2.0 */
#include "core/deadline.h"

#include <errno.h>

/* A stop that moves by less than this is the same stop: no second warning. */
#define SAME_STOP_NS (2 * NS_PER_S)

boot_ns deadline_max_at(const struct session *s)
{
	return s->started_boot ? s->started_boot + s->max_s * NS_PER_S : 0;
}

static boot_ns at_most(boot_ns at, boot_ns max)
{
	return max && at > max ? max : at;
}

boot_ns deadline_first(const struct session *s)
{
	boot_ns at = s->started_boot ? s->started_boot + s->auto_stop_s * NS_PER_S : 0;

	if (!at)
		return 0;
	if (at < s->extend_until)
		at = s->extend_until;
	return at_most(at, deadline_max_at(s));
}

int deadline_extend(const struct session *s, uint64_t seconds, boot_ns now, boot_ns *ret)
{
	boot_ns max_at = deadline_max_at(s), from = s->stop_at > now ? s->stop_at : now, at;

	if (max_at && from >= max_at)
		return -EDOM;
	if (__builtin_add_overflow(from, seconds * NS_PER_S, &at))
		return -EDOM;
	*ret = at_most(at, max_at);
	return 0;
}

uint64_t deadline_warn_lead_s(const struct session *s, const struct deadline_rules *r)
{
	uint64_t limit_s = str_is(str_of(s->stop_why), "max") ? s->max_s : s->auto_stop_s;

	return limit_s < 2 * (uint64_t)r->warn_s ? limit_s / 2 : r->warn_s;
}

enum deadline_warn deadline_warn(const struct session *s, const struct deadline_rules *r,
                                 boot_ns now, boot_ns *ret_at)
{
	uint64_t lead = deadline_warn_lead_s(s, r) * NS_PER_S;
	boot_ns at;

	if (s->state != SESSION_RUNNING || s->stop_at == 0 || s->stop_at <= now)
		return DEADLINE_DONE;
	if (s->warned_stop_at && s->stop_at < s->warned_stop_at + SAME_STOP_NS &&
	    s->warned_stop_at < s->stop_at + SAME_STOP_NS)
		return DEADLINE_DONE;
	at = s->stop_at > lead ? s->stop_at - lead : 0;
	if (at > now) {
		*ret_at = at;
		return DEADLINE_LATER;
	}
	*ret_at = s->stop_at;
	return DEADLINE_NOW;
}
