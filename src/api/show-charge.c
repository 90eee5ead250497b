/* SPDX-License-Identifier: Apache-2.0 */
#include "api/show.h"
#include "core/charge.h"

static const char *or_null(const char *s)
{
	return s[0] ? s : NULL;
}

void show_charge(struct jsonw *w, const struct charge *c, const char *workspace_name)
{
	jw_obj(w);
	jw_kv_z(w, "id", c->id);
	jw_kv_z(w, "kind", charge_kind_name(c->kind));
	jw_kv_z(w, "month", c->p.month);
	jw_kv_z(w, "workspace_id", or_null(c->workspace_id));
	jw_kv_z(w, "workspace_name", or_null(workspace_name));
	jw_kv_z(w, "session_id", or_null(c->session_id));
	jw_kv_u64(w, "segment", c->segment);
	jw_kv_z(w, "volume_id", or_null(c->volume_id));
	jw_kv_z(w, "resource", or_null(c->resource));
	jw_kv_time(w, "from", c->p.from);
	jw_kv_time(w, "to", c->p.to);
	show_seconds(w, "seconds", c->p.ns);
	jw_kv_u64(w, "bytes", c->bytes);
	show_money(w, "rate", c->p.rate);
	jw_kv_bool(w, "free", c->p.free);
	show_money(w, "amount", c->p.amount);
	jw_kv_bool(w, "estimated", c->estimated);
	jw_kv_z(w, "reason", or_null(c->reason));
	jw_kv_z(w, "corrects", or_null(c->corrects));
	jw_obj_end(w);
}
