/* SPDX-License-Identifier: Apache-2.0 */
#include "store/rows.h"

#include <errno.h>

void q_expiry(struct q *q, const struct expiry *e)
{
	q_int(q, e->made);
	q_int(q, (int64_t)e->made_boot);
	q_text(q, e->boot_id);
	q_int(q, (int64_t)e->ttl_s);
}

void q_get_expiry(struct q *q, struct expiry *ret)
{
	ret->made = q_get_int(q);
	ret->made_boot = (boot_ns)q_get_int(q);
	q_get_text(q, ret->boot_id, sizeof(ret->boot_id));
	ret->ttl_s = (uint64_t)q_get_int(q);
}

void q_get_account(struct q *q, struct account *ret)
{
	q_get_text(q, ret->id, sizeof(ret->id));
	q_get_text(q, ret->email, sizeof(ret->email));
	q_get_text(q, ret->name, sizeof(ret->name));
	q_get_text(q, ret->theme, sizeof(ret->theme));
	q_get_text(q, ret->password, sizeof(ret->password));
	ret->admin = q_get_int(q) != 0;
	ret->created = q_get_int(q);
	q_get_text(q, ret->plan_id, sizeof(ret->plan_id));
}

/* What came with the queue, the clocks and the plans. */
static void get_session_rules(struct q *q, struct session *ret)
{
	q_get_text(q, ret->plan_id, sizeof(ret->plan_id));
	ret->price_mode = str_is(q_get_str(q), "follow") ? PRICE_FOLLOW : PRICE_KEEP;
	q_get_text(q, ret->gpu_class, sizeof(ret->gpu_class));
	ret->gpu_count = (uint32_t)q_get_int(q);
	ret->preemptible = q_get_int(q) != 0;
	ret->priority = (int32_t)q_get_int(q);
	ret->queued_boot = (boot_ns)q_get_int(q);
	ret->hold_turn = str_is(q_get_str(q), "hold");
	ret->held_until = (boot_ns)q_get_int(q);
	q_get_text(q, ret->fallback_types, sizeof(ret->fallback_types));
	ret->calendar_at = (boot_ns)q_get_int(q);
	ret->lease_until = (boot_ns)q_get_int(q);
	ret->warned_early_at = (boot_ns)q_get_int(q);
	ret->noticed_s = (uint32_t)q_get_int(q);
	ret->free_s_month = (uint64_t)q_get_int(q);
}

void q_get_session(struct q *q, struct session *ret)
{
	q_get_text(q, ret->id, sizeof(ret->id));
	q_get_text(q, ret->account_id, sizeof(ret->account_id));
	q_get_text(q, ret->workspace_id, sizeof(ret->workspace_id));
	ret->epoch = (uint32_t)q_get_int(q);
	if (session_state_parse(q_get_str(q), &ret->state) < 0)
		ret->state = SESSION_FAILED;
	ret->phase = (enum session_phase)q_get_int(q);
	if (ret->phase > PHASE_NONE)
		ret->phase = PHASE_NONE;
	q_get_text(q, ret->phases, sizeof(ret->phases));
	q_get_text(q, ret->reason, sizeof(ret->reason));
	q_get_text(q, ret->message, sizeof(ret->message));
	q_get_text(q, ret->evidence, sizeof(ret->evidence));
	q_get_text(q, ret->instance_type, sizeof(ret->instance_type));
	q_get_text(q, ret->image_id, sizeof(ret->image_id));
	ret->cpu_milli = (uint32_t)q_get_int(q);
	ret->memory_bytes = (uint64_t)q_get_int(q);
	ret->pids = (uint32_t)q_get_int(q);
	ret->price_per_hour = q_get_int(q);
	ret->max_s = (uint32_t)q_get_int(q);
	ret->auto_stop_s = (uint32_t)q_get_int(q);
	ret->created = q_get_int(q);
	ret->started = q_get_int(q);
	ret->stopped = q_get_int(q);
	ret->state_boot = (boot_ns)q_get_int(q);
	q_get_text(q, ret->boot_id, sizeof(ret->boot_id));
	ret->started_boot = (boot_ns)q_get_int(q);
	ret->extend_until = (boot_ns)q_get_int(q);
	ret->stop_at = (boot_ns)q_get_int(q);
	ret->warned_stop_at = (boot_ns)q_get_int(q);
	q_get_text(q, ret->stop_why, sizeof(ret->stop_why));
	ret->metered_ns = (uint64_t)q_get_int(q);
	ret->cost = q_get_int(q);
	get_session_rules(q, ret);
}

int q_found(struct q *q, int r)
{
	q_end(q);
	return r;
}
