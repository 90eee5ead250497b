/* SPDX-License-Identifier: Apache-2.0 */
/* A place in line as JSON and in words. */
#include <stdio.h>

#include "api/line.h"
#include "api/show.h"
#include "api/turns.h"
#include "store/catalogue.h"

static void show_at(struct jsonw *w, const char *key, const struct now *now, int64_t at)
{
	if (at > 0 && at != QUEUE_NEVER_ENDS)
		jw_kv_time(w, key, clock_wall_of(now, (boot_ns)at));
	else
		jw_kv_null(w, key);
}

static void clock_text(const struct now *now, int64_t at, char ret[16])
{
	char text[TIME_RFC3339_MAX];

	time_rfc3339(clock_wall_of(now, (boot_ns)at), text);
	(void)snprintf(ret, 16, "%.5s UTC", text + 11);
}

/* Why we think so. */
static void basis(const struct place *p, const struct now *now, char ret[160])
{
	char when[16];

	if (p->verdict == QUEUE_NEVER)
		(void)snprintf(ret, 160, "no machine here is large enough");
	else if (p->verdict == QUEUE_HELD)
		(void)snprintf(ret, 160, "its turn is kept");
	else if (p->verdict == QUEUE_START)
		(void)snprintf(ret, 160, "it starts now");
	else if (p->estimate == QUEUE_NEVER_ENDS)
		(void)snprintf(ret, 160,
		               "nobody knows when the sessions before it end; it starts when "
		               "enough of them have stopped");
	else {
		clock_text(now, p->estimate, when);
		(void)snprintf(ret, 160, "%u session%s by %s at the latest", p->ends,
		               p->ends == 1 ? " ends" : "s end", when);
	}
}

static void show_list(struct jsonw *w, const char *key, const char *list)
{
	struct str rest = str_of(list), one;

	jw_key(w, key);
	jw_arr(w);
	while (str_split(&rest, ' ', &one))
		if (one.len)
			jw_str(w, one);
	jw_arr_end(w);
}

/* Those that another start would take at once. */
static void show_free(struct jsonw *w, const struct session *s, const char *list)
{
	struct str rest = str_of(list ? list : ""), one;

	jw_key(w, "free_types");
	jw_arr(w);
	while (str_split(&rest, ' ', &one))
		if (one.len && !str_is(one, s->instance_type))
			jw_str(w, one);
	jw_arr_end(w);
}

static bool is_in_line(const struct session *s)
{
	return s->state == SESSION_QUEUED &&
	       (strcmp(s->reason, "capacity") == 0 || strcmp(s->reason, "turn") == 0 ||
	        strcmp(s->reason, "too-large") == 0);
}

void line_show(struct jsonw *w, struct core *core, const struct session *s,
               const struct place *p, const char *free_types)
{
	struct now now = core_now(core);
	bool held = turn_is_held(s, &now);
	char text[160] = "";

	if (!is_in_line(s)) {
		jw_null(w);
		return;
	}
	if (p)
		basis(p, &now, text);
	jw_obj(w);
	if (p && p->place) {
		jw_kv_u64(w, "place", p->place);
		jw_kv_u64(w, "of", p->of);
	} else {
		jw_kv_null(w, "place");
		jw_kv_null(w, "of");
	}
	show_at(w, "estimate_at", &now, p && p->verdict == QUEUE_WAIT ? p->estimate : 0);
	show_at(w, "expected_at", &now, p && p->verdict == QUEUE_WAIT ? p->expected : 0);
	jw_kv_u64(w, "ends", p ? p->ends : 0);
	jw_kv_z(w, "basis", text[0] ? text : NULL);
	jw_kv_z(w, "on_turn", s->hold_turn ? "hold" : "start");
	show_time(w, "held_until", held ? clock_wall_of(&now, s->held_until) : 0);
	show_list(w, "fallback_types", s->fallback_types);
	show_free(w, s, free_types);
	jw_obj_end(w);
}

struct free_types {
	const struct admission *a;
	char *ret;
	size_t at;
};

static void on_type(void *arg, const struct instance_type *t, enum type_source source)
{
	struct free_types *f = arg;
	struct amount need = admit_need(f->a, t);

	if (t->retired || f->at + strlen(t->id) + 2 > TYPE_LIST_MAX ||
	    !queue_has_room(&f->a->q, &need, QUEUE_NEVER_ENDS))
		return;
	f->at += (size_t)snprintf(f->ret + f->at, TYPE_LIST_MAX - f->at, "%s%s",
	                          f->at ? " " : "", t->id);
}

void line_free_types(struct db *db, const struct admission *a, char ret[TYPE_LIST_MAX])
{
	struct free_types f = { a, ret, 0 };

	ret[0] = '\0';
	if (!a->world.known || type_list(db, a->world.now.wall, on_type, &f) < 0)
		ret[0] = '\0';
}

void line_allowed(struct db *db, const char *account_id, char list[TYPE_LIST_MAX])
{
	char kept[TYPE_LIST_MAX] = "";
	struct str rest = str_of(list), one;
	struct plan p;
	size_t at = 0;

	if (plan_of_account(db, str_of(account_id), &p) <= 0)
		return;
	while (str_split(&rest, ' ', &one)) {
		char id[TYPE_ID_MAX];

		if (!one.len || one.len >= sizeof(id))
			continue;
		(void)snprintf(id, sizeof(id), "%.*s", STR_ARG(one));
		if (plan_allows_type(&p, id))
			at += (size_t)snprintf(kept + at, sizeof(kept) - at, "%s%s",
			                       at ? " " : "", id);
	}
	memcpy(list, kept, sizeof(kept));
}

void line_show_type(struct jsonw *w, const struct core *core, const char *type_id)
{
	const struct line_type *t = line_type(core, type_id);
	struct now now = core_now(core);

	if (t)
		jw_kv_bool(w, "free_now", t->free);
	else
		jw_kv_null(w, "free_now");
	if (t && t->place)
		jw_kv_u64(w, "queue_place", t->place);
	else
		jw_kv_null(w, "queue_place");
	show_at(w, "queue_estimate_at", &now, t && t->place ? t->estimate : 0);
	show_at(w, "queue_expected_at", &now, t && t->place ? t->expected : 0);
}
