/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "edge/edge-priv.h"

#define CORE_IDLE_MAX 1024U

static void on_gone(struct ev_later *l)
{
	free(CONTAINER_OF(l, struct upstream, gone));
}

static struct str conn_key(const uint64_t *conn)
{
	return (struct str){ (const char *)conn, sizeof(*conn) };
}

void upstream_close(struct upstream *u)
{
	if (!u || !u->c)
		return;
	if (u->conn && map_get(&u->e->core_conns, conn_key(&u->conn)) == u)
		map_del(&u->e->core_conns, conn_key(&u->conn));
	list_del(&u->node);
	http_client_close(STEAL(u->c));
	u->p = NULL;
	ev_at_turn_end(u->e->ev, &u->gone, on_gone);
}

static struct upstream *take_idle(struct edge *e, struct route *rt, uint64_t conn)
{
	struct upstream *u = NULL;

	if (!rt)
		u = map_del(&e->core_conns, conn_key(&conn));
	else if (!list_empty(&rt->idle)) /* the one used last: the others may go */
		u = LIST_ENTRY(rt->idle.prev, struct upstream, node);
	if (!u)
		return NULL;
	list_del(&u->node);
	if (http_client_idle(u->c))
		return u;
	upstream_close(u);
	return NULL;
}

int upstream_take(struct edge *e, struct route *rt, uint64_t conn, bool fresh,
                  struct upstream **ret, struct err *err)
{
	struct http_client_cfg cfg = proxy_client_cfg;
	struct upstream *u = fresh ? NULL : take_idle(e, rt, conn);
	int r;

	if (u) {
		u->reused = true;
		*ret = u;
		return 0;
	}
	u = xcalloc(1, sizeof(*u));
	cfg.arg = u;
	r = http_client_open(e->ev, rt ? &rt->agent : &e->core, &cfg, &u->c, err);
	if (r < 0) {
		free(u);
		return r;
	}
	u->e = e;
	u->conn = rt ? 0 : conn;
	*ret = u;
	return 0;
}

void upstream_done(struct upstream *u, struct route *rt)
{
	bool keep = http_client_idle(u->c);

	u->p = NULL;
	u->since = ev_now_ms(u->e->ev);
	if (keep && !rt)
		keep = u->conn && map_count(&u->e->core_conns) < CORE_IDLE_MAX &&
		       map_set(&u->e->core_conns, conn_key(&u->conn), u, NULL) == 0;
	if (keep)
		list_push(rt ? &rt->idle : &u->e->core_idle, &u->node);
	else
		upstream_close(u);
}

void upstream_sweep(struct list *idle, mono_ms now, mono_ms max_ms)
{
	list_for_each_safe (it, idle) {
		struct upstream *u = LIST_ENTRY(it, struct upstream, node);

		if (now - u->since >= max_ms)
			upstream_close(u);
	}
}
