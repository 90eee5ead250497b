/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The peer's culling, for stand-alone servers and for kernel specs that ask
 * for it (metadata.cull_idle_timeout): a kernel that did nothing for long, and
 * that nobody looks at, is ended. A session has its auto-stop instead.
 */
#include "agent/kernel.h"
#include "base/log.h"

#define INTERVAL_S 300U

static bool is_due(const struct kernel *k, wall_us now)
{
	const struct agent_cfg *cfg = k->a->cfg;

	if (!k->cull_seconds || k->state != KERNEL_READY)
		return false;
	if (now - k->last_activity < (wall_us)k->cull_seconds * 1000000)
		return false;
	if (!cfg->cull_busy && (k->exec == EXEC_BUSY || kernel_is_working(k)))
		return false;
	return cfg->cull_connected || kernel_connections(k) == 0;
}

static void on_cull(struct ev_timer *t)
{
	struct kernels *ks = CONTAINER_OF(t, struct kernels, cull);
	wall_us now = time_wall_us();
	bool any = false;

	list_for_each_safe (it, &ks->all) {
		struct kernel *k = CONTAINER_OF(it, struct kernel, node);

		any = any || k->cull_seconds;
		if (!is_due(k, now))
			continue;
		log_event(LOG_INFO, "kernel_culled", LZ("kernel", k->id), LZ("name", k->name),
		          LI("idle_s", (now - k->last_activity) / 1000000));
		kernel_stop(k, NULL);
	}
	if (any)
		kernels_cull_start(ks);
}

void kernels_cull_start(struct kernels *ks)
{
	unsigned s = ks->a->cfg->cull_interval_seconds;

	if (!ev_timer_armed(&ks->cull))
		ev_timer_start(ks->a->ev, &ks->cull, (s ? s : INTERVAL_S) * 1000ULL, on_cull);
}
