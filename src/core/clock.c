/* SPDX-License-Identifier: Apache-2.0 */
#include "core/clock.h"

struct expiry expiry_from(const struct now *now, uint64_t ttl_s)
{
	struct expiry e = { .made = now->wall, .made_boot = now->boot, .ttl_s = ttl_s };

	memcpy(e.boot_id, now->boot_id, sizeof(e.boot_id));
	return e;
}

wall_us expiry_at(const struct expiry *e)
{
	return e->made + (wall_us)e->ttl_s * US_PER_S;
}

bool expiry_valid(const struct expiry *e, const struct now *now)
{
	if (e->boot_id[0] && strcmp(e->boot_id, now->boot_id) == 0)
		return now->boot >= e->made_boot &&
		       now->boot - e->made_boot < e->ttl_s * NS_PER_S;
	return now->wall >= e->made && now->wall < expiry_at(e);
}

wall_us clock_wall_of(const struct now *now, boot_ns at)
{
	if (at >= now->boot)
		return now->wall + (wall_us)((at - now->boot) / 1000);
	return now->wall - (wall_us)((now->boot - at) / 1000);
}
