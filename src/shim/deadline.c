/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/deadline.h"

#define NS_PER_S UINT64_C(1000000000)

boot_ns deadline_at(const struct deadline *d, const char **ret_why)
{
	boot_ns idle = DEADLINE_NEVER;

	if (d->idle_seconds) {
		if (__builtin_add_overflow(d->last_active, d->idle_seconds * NS_PER_S, &idle))
			idle = DEADLINE_NEVER;
		if (idle < d->extend_until)
			idle = d->extend_until;
	}
	if (d->max_at && d->max_at <= idle) {
		*ret_why = "max";
		return d->max_at;
	}
	*ret_why = idle == DEADLINE_NEVER ? "" : "idle";
	return idle;
}

void deadline_activity(struct deadline *d, boot_ns last_active, bool busy, boot_ns now)
{
	d->last_active = busy || last_active > now ? now : last_active;
}
