/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/deadline.h"

#define NS_PER_S UINT64_C(1000000000)

static boot_ns idle_at(const struct deadline *d)
{
	boot_ns idle;

	if (!d->idle_seconds)
		return DEADLINE_NEVER;
	if (__builtin_add_overflow(d->last_active, d->idle_seconds * NS_PER_S, &idle))
		return DEADLINE_NEVER;
	if (idle < d->busy_until)
		idle = d->busy_until;
	return idle < d->extend_until ? d->extend_until : idle;
}

boot_ns deadline_at(const struct deadline *d, const char **ret_why)
{
	const struct {
		boot_ns at; /* 0: none */
		const char *why;
	} clocks[] = { { d->max_at, "max" },
		       { d->lease_until, "budget" },
		       { d->calendar_at, "calendar" },
		       { idle_at(d), "idle" } };
	boot_ns first = DEADLINE_NEVER;

	*ret_why = "";
	for (size_t i = 0; i < ARRAY_LEN(clocks); i++) {
		if (clocks[i].at == 0 || clocks[i].at >= first)
			continue;
		first = clocks[i].at;
		*ret_why = clocks[i].why;
	}
	return first;
}

void deadline_activity(struct deadline *d, boot_ns last_active, bool busy, boot_ns now)
{
	d->last_active = busy || last_active > now ? now : last_active;
	d->busy_until = busy ? now + DEADLINE_WORD_NS : 0;
}
