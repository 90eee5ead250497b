/* SPDX-License-Identifier: Apache-2.0 */
#include "api/leases.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/budget-book.h"
#include "api/launch.h"
#include "api/leases-priv.h"
#include "api/link.h"
#include "api/live.h"
#include "api/sse.h"
#include "base/log.h"
#include "store/sessions.h"

#define EVERY_TICKS 60U /* prices come into force, months end, alerts fall due */

/* Somebody waits until the others' leases are held. */
struct lease_wait {
	struct list node;
	char session_id[ID_MAX], account_id[ID_MAX];
	leases_fn *then;
	void *arg;
};

/* --- telling the shims --- */

struct telling {
	struct core *core;
	char session_id[ID_MAX];
	boot_ns lease;
};

static void tell(struct core *core, struct live *l);

static bool holds(const struct live *l)
{
	return l->lease == 0 || (l->lease_known && l->lease_held && l->lease_held <= l->lease);
}

/* Is one that shares a budget with it still without its shorter lease? */
static bool waits(struct core *core, const struct lease_wait *w)
{
	struct str key;
	void *value;
	size_t at = 0;

	while (map_next(&core->live, &at, &key, &value)) {
		const struct live *l = value;

		if (l->state != SESSION_RUNNING || holds(l) ||
		    strcmp(l->id, w->session_id) == 0)
			continue;
		if (core->leases.site || strcmp(l->account_id, w->account_id) == 0)
			return true;
	}
	return false;
}

static void wake(struct core *core, int result)
{
	list_for_each_safe (at, &core->leases.waits) {
		struct lease_wait *w = LIST_ENTRY(at, struct lease_wait, node);

		if (result == 0 && waits(core, w))
			continue;
		list_del(&w->node);
		w->then(core, result, w->arg);
		free(w);
	}
}

static void on_told(struct link *link, const struct wire_msg *m, const struct err *err,
                    void *arg)
{
	struct telling *t = arg;
	struct core *core = t->core;
	struct live *l = live_find(core, str_of(t->session_id));
	boot_ns lease = t->lease;

	free(t);
	if (l) {
		l->lease_telling = false;
		/* One that the engine does not know has ended: its record comes. */
		if (!err || err->code != -ENOTCONN) {
			l->lease_known = true;
			l->lease_held = lease;
		}
		if (!err && l->lease != lease)
			tell(core, l);
	}
	wake(core, 0);
}

static void tell(struct core *core, struct live *l)
{
	struct telling *t;
	struct session s;

	if (l->lease_telling || l->state != SESSION_RUNNING || !link_up(core->link) ||
	    session_by_id(store_reader(core->store), str_of(l->id), &s) <= 0)
		return;
	t = xcalloc(1, sizeof(*t));
	t->core = core;
	t->lease = s.lease_until;
	memcpy(t->session_id, l->id, sizeof(t->session_id));
	l->lease = s.lease_until;
	l->lease_telling = true;
	launch_deadline_to(core, &s, on_told, t);
}

void leases_ready(struct core *core, struct str session)
{
	struct live *l = live_find(core, session);

	if (l && l->lease)
		tell(core, l);
}

void leases_up(struct core *core)
{
	struct str key;
	void *value;
	size_t at = 0;

	while (map_next(&core->live, &at, &key, &value))
		((struct live *)value)->lease_known = false;
	leases_check(core);
}

void leases_check(struct core *core)
{
	struct str key;
	void *value;
	size_t at = 0;

	while (map_next(&core->live, &at, &key, &value)) {
		struct live *l = value;

		if (!l->lease_known && (core->leases.any || l->lease))
			tell(core, l);
	}
}

void leases_down(struct core *core)
{
	struct str key;
	void *value;
	size_t at = 0;

	while (map_next(&core->live, &at, &key, &value))
		((struct live *)value)->lease_known = false;
	wake(core, -ENOTCONN);
}

/* --- settling --- */

static void done(struct store_job *j)
{
	struct lease_job *x = CONTAINER_OF(j, struct lease_job, job);
	struct core *core = x->core;

	if (j->result < 0)
		log_err(LOG_ERROR, "budgets", &j->err);
	for (size_t i = 0; j->result == 0 && i < x->nmoved; i++) {
		struct live *l = live_find(core, str_of(x->moved[i].id));

		if (!l)
			continue;
		l->lease = x->moved[i].lease;
		tell(core, l);
	}
	for (size_t i = 0; j->result == 0 && i < x->ntold; i++)
		sse_wake(core, x->told[i].id);
	if (j->result == 0) {
		core->leases.site = x->site_hard;
		core->leases.site_left = x->site_left;
		core->leases.site_burn = x->site_burn;
		core->leases.site_at = x->now.boot;
		core->leases.any = x->any;
	}
	if (x->shared) {
		core->leases.busy = false;
		if (core->leases.again)
			leases_settle(core, "");
	}
	if (x->then) {
		struct lease_wait *w = xcalloc(1, sizeof(*w));

		memcpy(w->session_id, x->session_id, sizeof(w->session_id));
		memcpy(w->account_id, x->account_id, sizeof(w->account_id));
		w->then = x->then;
		w->arg = x->arg;
		list_push(&core->leases.waits, &w->node);
		if (j->result < 0 || !link_up(core->link))
			wake(core, j->result < 0 ? j->result : -ENOTCONN);
		else
			wake(core, 0);
	}
	free(x->moved);
	free(x->told);
	free(x);
}

static struct lease_job *make(struct core *core, const char *account_id)
{
	struct lease_job *x = xcalloc(1, sizeof(*x));

	x->job = (struct store_job){ .run = lease_run, .done = done, .essential = true };
	x->core = core;
	x->now = core_now(core);
	(void)snprintf(x->account_id, sizeof(x->account_id), "%s", account_id);
	return x;
}

void leases_settle(struct core *core, const char *account_id)
{
	struct lease_job *x;

	if (!core->leases.any)
		return;
	/* Everybody is read anyway: what comes while that is under way is settled
	 * together, afterwards. */
	if (core->leases.site && core->leases.busy) {
		core->leases.again = true;
		return;
	}
	x = make(core, account_id);
	x->shared = core->leases.site;
	if (x->shared) {
		core->leases.busy = true;
		core->leases.again = false;
	}
	CHECK(store_submit(core->store, &x->job) == 0);
}

void leases_before(struct core *core, const struct session *s, leases_fn *then, void *arg)
{
	struct lease_job *x;

	if (!core->leases.any) {
		then(core, 0, arg);
		return;
	}
	x = make(core, s->account_id);
	memcpy(x->session_id, s->id, sizeof(x->session_id));
	x->then = then;
	x->arg = arg;
	CHECK(store_submit(core->store, &x->job) == 0);
}

void leases_tick(struct core *core)
{
	if (core->ticks % EVERY_TICKS == 0)
		leases_settle(core, "");
}

void leases_load(struct core *core)
{
	core->leases.any = true;
	leases_settle(core, "");
}

void leases_free_all(struct core *core)
{
	list_for_each_safe (at, &core->leases.waits) {
		struct lease_wait *w = LIST_ENTRY(at, struct lease_wait, node);

		list_del(&w->node);
		free(w);
	}
}
