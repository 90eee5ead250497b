/* SPDX-License-Identifier: Apache-2.0 */
#include "core/meter.h"

#include <stdio.h>

int meter_segment(const struct session *s, const struct run_record *start,
                  const struct run_record *stop, struct segment *ret)
{
	bool sound = strcmp(start->boot_id, stop->boot_id) == 0 && stop->boot >= start->boot;
	struct segment g = {
		.epoch = start->epoch,
		.segment = start->segment,
		.started = start->wall,
		.ns = sound ? stop->boot - start->boot : 0,
		.price_per_hour = s->price_per_hour,
		.estimated = stop->estimated || !sound,
	};
	int r = money_of(s->price_per_hour, g.ns, &g.amount);

	if (r < 0)
		return r;
	g.stopped = g.started + (wall_us)(g.ns / 1000);
	memcpy(g.session_id, s->id, sizeof(g.session_id));
	memcpy(g.workspace_id, s->workspace_id, sizeof(g.workspace_id));
	memcpy(g.account_id, s->account_id, sizeof(g.account_id));
	memcpy(g.instance_type, s->instance_type, sizeof(g.instance_type));
	memcpy(g.reason, stop->reason, sizeof(g.reason));
	*ret = g;
	return 0;
}

void meter_so_far(const struct session *s, const struct now *now, uint64_t *ret_ns,
                  money_micro *ret_cost)
{
	uint64_t open = 0;
	money_micro amount = 0;

	if (session_is_live(s->state) && s->started_boot && now->boot > s->started_boot &&
	    strcmp(s->boot_id, now->boot_id) == 0)
		open = now->boot - s->started_boot;
	if (money_of(s->price_per_hour, open, &amount) < 0)
		amount = 0;
	*ret_ns = s->metered_ns + open;
	*ret_cost = s->cost + amount;
}
