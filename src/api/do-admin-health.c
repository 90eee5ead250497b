/* SPDX-License-Identifier: Apache-2.0 */
/* How the parts of the platform are, and with what it runs: for administrators. */
#include <stdio.h>

#include "api/do.h"
#include "api/link.h"
#include "api/show.h"
#include "api/state.h"
#include "store/accounts.h"
#include "store/sessions.h"

static void show_sessions(struct jsonw *w, const int64_t n[SESSION_STATE_MAX_])
{
	jw_key(w, "sessions");
	jw_obj(w);
	for (int i = 0; session_is_live((enum session_state)i); i++)
		jw_kv_i64(w, session_state_name((enum session_state)i), n[i]);
	jw_obj_end(w);
}

/* What an operator has set that people feel; nothing here is a secret. */
static void show_settings(struct jsonw *w, const struct core_cfg *cfg)
{
	jw_key(w, "settings");
	jw_obj(w);
	jw_kv_z(w, "console_origin", cfg->console_origin);
	jw_kv_z(w, "session_host", cfg->session_host);
	jw_kv_z(w, "currency", cfg->currency);
	jw_kv_z(w, "time_zone", cfg->time_zone);
	jw_kv_u64(w, "login_days", cfg->login_days);
	jw_kv_u64(w, "code_ttl_seconds", cfg->code_ttl_s);
	jw_kv_u64(w, "storage_default_bytes", cfg->storage_default_bytes);
	jw_kv_u64(w, "storage_min_bytes", cfg->storage_min_bytes);
	jw_kv_u64(w, "storage_max_bytes", cfg->storage_max_bytes);
	jw_kv_z(w, "default_type", cfg->default_type);
	jw_kv_z(w, "default_image", cfg->default_image);
	jw_obj_end(w);
}

static void show_store(struct jsonw *w, const struct store_stats *st)
{
	jw_key(w, "store");
	jw_obj(w);
	jw_kv_bool(w, "full", st->full);
	jw_kv_u64(w, "commits", st->commits);
	jw_kv_u64(w, "commit_microseconds",
	          st->commits ? st->commit_ns / st->commits / 1000 : 0);
	jw_kv_u64(w, "waiting", st->waiting);
	jw_obj_end(w);
}

void do_admin_health(struct call *c)
{
	const struct core *core = c->core;
	struct db *db = store_reader(core->store);
	struct store_stats st = store_stats(core->store);
	struct jsonw w = JSONW(&c->out);
	int64_t n[SESSION_STATE_MAX_] = { 0 }, accounts = 0;

	if (session_count_live(db, n) < 0 || account_count(db, &accounts) < 0) {
		call_fail(c, PROBLEM_INTERNAL, NULL, "The store can't be read; try again.");
		return;
	}
	jw_obj(&w);
	jw_kv_z(&w, "version", CARREL_VERSION);
	jw_kv_i64(&w, "up_seconds", (int64_t)((ev_now_ms(core->ev) - core->began) / 1000));
	jw_key(&w, "engine");
	jw_obj(&w);
	jw_kv_bool(&w, "up", link_up(core->link) && core->facts.known);
	jw_kv_u64(&w, "disk_bytes_total", core->facts.pool_bytes_total);
	jw_kv_u64(&w, "disk_bytes_free", core->facts.pool_bytes_free);
	jw_kv_raw(&w, "warnings",
	          core->facts.known && core->facts.warnings[0] ? str_of(core->facts.warnings)
	                                                       : STR("[]"));
	jw_obj_end(&w);
	show_store(&w, &st);
	show_sessions(&w, n);
	jw_kv_i64(&w, "accounts", accounts);
	show_settings(&w, core->cfg);
	jw_obj_end(&w);
	call_reply(c, 200, CONTENT_JSON);
}
