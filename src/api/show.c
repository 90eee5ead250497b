/* SPDX-License-Identifier: Apache-2.0 */
#include "api/show.h"

#include <stdio.h>

#include "api/catalogue.h"
#include "api/line.h"
#include "api/live.h"
#include "api/start-line.h"
#include "core/meter.h"

void show_time(struct jsonw *w, const char *key, wall_us t)
{
	if (t)
		jw_kv_time(w, key, t);
	else
		jw_kv_null(w, key);
}

void show_money(struct jsonw *w, const char *key, money_micro m)
{
	char text[MONEY_TEXT_MAX];

	money_text(m, text);
	jw_kv_z(w, key, text);
}

void show_seconds(struct jsonw *w, const char *key, uint64_t ns)
{
	char text[MONEY_TEXT_MAX];

	seconds_text(ns, text);
	jw_kv_raw(w, key, str_of(text));
}

static const char *or_null(const char *s)
{
	return s[0] ? s : NULL;
}

static void show_stats(struct jsonw *w, const struct live_stats *st)
{
	char cores[MONEY_TEXT_MAX];

	(void)snprintf(cores, sizeof(cores), "%llu.%03llu",
	               (unsigned long long)st->cpu_milli_used / 1000,
	               (unsigned long long)st->cpu_milli_used % 1000);
	jw_key(w, "stats");
	jw_obj(w);
	jw_kv_raw(w, "cpu_cores_used", str_of(cores));
	jw_kv_u64(w, "memory_bytes", st->memory_bytes);
	jw_kv_u64(w, "memory_limit_bytes", st->memory_limit_bytes);
	jw_kv_u64(w, "disk_used_bytes", st->disk_used_bytes);
	jw_kv_u64(w, "disk_size_bytes", st->disk_size_bytes);
	jw_kv_u64(w, "pids", st->pids);
	jw_kv_u64(w, "oom_kills", st->oom_kills);
	jw_obj_end(w);
}

/* Beyond what contracts.md names: message (the reason as a sentence),
 * extended_until (so that a user sees what extend did). */
void show_session_standing(struct jsonw *w, struct core *core, enum show how,
                           const struct session *s, const struct workspace *ws,
                           const struct standing *st)
{
	const struct core_cfg *cfg = core->cfg;
	struct now now = core_now(core);
	struct session seen = *s;
	const struct live *live = how == SHOW_LIVE ? live_overlay(core, &seen) : NULL;
	char url[256];
	uint64_t ns;
	money_micro cost;
	bool running = seen.state == SESSION_RUNNING;
	int n;

	jw_obj(w);
	jw_kv_z(w, "id", s->id);
	jw_kv_z(w, "workspace_id", s->workspace_id);
	jw_kv_z(w, "workspace_name", ws->name);
	jw_kv_z(w, "state", session_state_name(seen.state));
	jw_kv_z(w, "phase",
	        session_is_live(seen.state) ? session_phase_name(seen.phase) : NULL);
	jw_kv_raw(w, "phases", seen.phases[0] ? str_of(seen.phases) : STR("[]"));
	jw_kv_z(w, "reason", or_null(seen.reason));
	jw_kv_z(w, "message", or_null(seen.message));
	jw_kv_raw(w, "evidence", seen.evidence[0] ? str_of(seen.evidence) : STR("{}"));
	n = snprintf(url, sizeof(url), "%s://%s.%s", cfg->session_scheme, ws->label,
	             cfg->session_host);
	jw_kv_str(w, "url", (struct str){ url, (size_t)n });
	n = snprintf(url, sizeof(url), "%s/-/s/%s", cfg->console_origin, s->id);
	jw_kv_str(w, "program_url", (struct str){ url, (size_t)n });
	jw_kv_z(w, "instance_type", s->instance_type);
	jw_kv_z(w, "image", s->image_id);
	jw_kv_u64(w, "epoch", s->epoch);
	show_time(w, "created_at", s->created);
	show_time(w, "started_at", s->started);
	show_time(w, "stopped_at", s->stopped);
	show_time(w, "stop_at",
	          running && seen.stop_at ? clock_wall_of(&now, seen.stop_at) : 0);
	jw_kv_z(w, "stop_why", running ? or_null(seen.stop_why) : NULL);
	show_time(w, "extended_until",
	          running && seen.extend_until > now.boot
	              ? clock_wall_of(&now, seen.extend_until)
	              : 0);
	jw_kv_u64(w, "auto_stop_seconds", s->auto_stop_s);
	jw_kv_u64(w, "max_seconds", s->max_s);
	meter_so_far(s, &now, &ns, &cost);
	show_money(w, "cost", cost);
	show_money(w, "price_per_hour", s->price_per_hour);
	jw_kv_z(w, "currency", cfg->currency);
	show_seconds(w, "seconds", ns);
	if (live && running && live->stats.known)
		show_stats(w, &live->stats);
	else
		jw_kv_null(w, "stats");
	jw_key(w, "queue");
	if (how == SHOW_LIVE)
		line_show_live(w, core, s);
	else
		line_show(w, core, s, st && st->in_line ? &st->place : NULL,
		          st && st->in_line ? st->free_types : NULL);
	jw_obj_end(w);
}

void show_session(struct jsonw *w, struct core *core, enum show how, const struct session *s,
                  const struct workspace *ws)
{
	show_session_standing(w, core, how, s, ws, NULL);
}

void workspace_etag(const struct workspace *w, char ret[ETAG_MAX])
{
	(void)snprintf(ret, ETAG_MAX, "\"%.28s.%u\"", w->id, w->version);
}

void show_workspace(struct jsonw *w, struct core *core, enum show how,
                    const struct workspace_view *v)
{
	struct instance_type t = { 0 };
	char etag[ETAG_MAX];

	(void)core_type(core, v->w.instance_type, &t);

	jw_obj(w);
	jw_kv_z(w, "id", v->w.id);
	jw_kv_z(w, "name", v->w.name);
	jw_kv_z(w, "label", v->w.label);
	jw_kv_z(w, "image", v->w.image);
	jw_kv_z(w, "instance_type", v->w.instance_type);
	jw_kv_u64(w, "storage_bytes", v->w.storage_bytes);
	jw_kv_u64(w, "auto_stop_seconds", v->w.auto_stop_s);
	jw_kv_u64(w, "max_seconds", v->w.max_s);
	jw_kv_z(w, "stop_calendar", v->w.stop_calendar);
	jw_kv_time(w, "created_at", v->w.created);
	jw_kv_time(w, "updated_at", v->w.updated);
	jw_key(w, "session");
	if (v->has_session)
		show_session(w, core, how, &v->session, &v->w);
	else
		jw_null(w);
	jw_key(w, "last_session");
	if (v->has_last)
		show_session(w, core, how, &v->last, &v->w);
	else
		jw_null(w);
	show_money(w, "price_per_hour", t.price_per_hour);
	jw_kv_z(w, "currency", core->cfg->currency);
	jw_kv_z(w, "open_path", v->w.example ? EXAMPLE_FIRST : NULL);
	workspace_etag(&v->w, etag);
	jw_kv_z(w, "etag", etag);
	show_time(w, "deleted_at", v->deleted);
	show_time(w, "kept_until", v->kept_until);
	jw_obj_end(w);
}

/* Could this host ever run it? Unknown hosts could. */
static bool fits(const struct core *core, const struct instance_type *t)
{
	const struct facts *f = &core->facts;
	struct capacity c =
	    capacity_of(f->cpu_milli, f->memory_bytes, f->gpu, f->ngpu, &core->cfg->capacity);
	struct amount none = { 0 }, need = capacity_need(&c, t->cpu_milli, t->memory_bytes,
	                                                 t->gpu_class, t->gpu_count);

	return !f->known || amount_fits(&c.total, &none, &need);
}

void show_type(struct jsonw *w, const struct core *core, const struct instance_type *t)
{
	char cpu[MONEY_TEXT_MAX];

	seconds_text((uint64_t)t->cpu_milli * 1000000, cpu); /* thousandths, as decimals */
	jw_kv_z(w, "id", t->id);
	jw_kv_z(w, "name", t->name);
	jw_kv_raw(w, "cpu", str_of(cpu));
	jw_kv_u64(w, "memory_bytes", t->memory_bytes);
	jw_kv_u64(w, "gpu", t->gpu_count);
	jw_kv_z(w, "gpu_class", or_null(t->gpu_class));
	jw_kv_bool(w, "preemptible", t->preemptible);
	show_money(w, "price_per_hour", t->price_per_hour);
	jw_kv_z(w, "currency", core->cfg->currency);
	jw_kv_bool(w, "available", fits(core, t));
	line_show_type(w, core, t->id);
}

void show_image(struct jsonw *w, const struct core *core, const struct image *i)
{
	const char *title = i->name, *text = "";

	for (size_t k = 0; k < core->cfg->nimages; k++) {
		if (strcmp(core->cfg->images[k].name, i->name) != 0)
			continue;
		if (core->cfg->images[k].title[0])
			title = core->cfg->images[k].title;
		text = core->cfg->images[k].description;
	}
	jw_obj(w);
	jw_kv_z(w, "id", i->id);
	jw_kv_z(w, "name", i->name);
	jw_kv_z(w, "title", title);
	jw_kv_z(w, "description", text);
	jw_kv_z(w, "digest", i->digest);
	jw_kv_u64(w, "size_bytes", i->size_bytes);
	jw_kv_bool(w, "ready", i->ready);
	jw_obj_end(w);
}

void show_token(struct jsonw *w, const struct token *t, const char *text)
{
	struct str rest = str_of(t->scopes), one;

	jw_obj(w);
	jw_kv_z(w, "id", t->id);
	jw_kv_z(w, "name", t->name);
	jw_key(w, "scopes");
	jw_arr(w);
	while (str_split(&rest, ' ', &one))
		jw_str(w, one);
	jw_arr_end(w);
	jw_kv_time(w, "created_at", t->expiry.made);
	jw_kv_time(w, "expires_at", expiry_at(&t->expiry));
	show_time(w, "last_used_at", t->last_used);
	if (text)
		jw_kv_z(w, "token", text);
	jw_obj_end(w);
}

void show_account(struct jsonw *w, const struct account *a)
{
	jw_obj(w);
	jw_kv_z(w, "id", a->id);
	jw_kv_z(w, "email", a->email);
	jw_kv_z(w, "name", a->name);
	jw_kv_z(w, "theme", a->theme[0] ? a->theme : "system");
	jw_kv_bool(w, "admin", a->admin);
	jw_kv_bool(w, "has_password", a->password[0] != '\0');
	jw_obj_end(w);
}
