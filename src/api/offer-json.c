/* SPDX-License-Identifier: Apache-2.0 */
#include "api/offer-json.h"

#include <errno.h>
#include <stdio.h>

#include "api/doc.h"
#include "api/show.h"
#include "core/name.h"

#define HOUR_S     INT64_C(3600)
#define DAY_S      INT64_C(86400)
#define MIB        (UINT64_C(1) << 20)
#define TIB        (UINT64_C(1) << 40)
#define PIDS_USUAL 1024

/* --- reading --- */

static int take_cpu(struct doc *in, uint32_t *ret)
{
	const struct json *v = doc_member(in, "cpu");
	money_micro m = 0;

	if (!v)
		return doc_wrong(in, "cpu", "is missing.");
	if (v->type != JSON_NUMBER || money_parse(v->text, 1024 * 1000000LL, &m) < 0 ||
	    m < 50000 || m % 1000)
		return doc_wrong(in, "cpu",
		                 "must be a number of cores from 0.05 to 1024, with at most "
		                 "3 decimals.");
	*ret = (uint32_t)(m / 1000);
	return 0;
}

static int take_later(struct doc *in, const char *key, struct offer_prices *ret)
{
	const struct json *list = doc_member(in, "next_prices");
	size_t i = 0;
	char keys[64];

	ret->nlater = 0;
	if (!list)
		return 0;
	if (list->type != JSON_ARRAY || list->n > OFFER_LATER_MAX)
		return doc_wrong(in, "next_prices", "must be a list of at most %d prices.",
		                 OFFER_LATER_MAX);
	(void)snprintf(keys, sizeof(keys), "from %s", key);
	json_for_each(it, list)
	{
		struct offer_price *p = &ret->later[i];
		struct str from = json_str_or(it, "from", STR(""));
		struct doc one;
		int r = doc_enter(in, "next_prices", i, it, &one);

		if (r == 0)
			r = doc_keys(&one, keys);
		if (r == 0)
			r = doc_money(&one, key, true, &p->rate);
		if (r == 0 && time_parse_rfc3339(from, &p->from) < 0)
			r = doc_wrong(&one, "from",
			              "must be a time such as \"2027-01-01T00:00:00Z\".");
		if (r < 0)
			return r;
		ret->nlater = ++i;
	}
	return 0;
}

static int take_type(struct doc *in, struct offer_type *ret)
{
	int64_t bytes = 0;
	int r = doc_keys(in, "id name cpu memory_bytes pids gpu_class gpu_count preemptible "
	                     "price_per_hour next_prices");

	if (r == 0)
		r = doc_text(in, "id", true, ret->t.id, sizeof(ret->t.id));
	if (r == 0)
		r = doc_check_id(in, "id", ret->t.id);
	if (r == 0)
		r = doc_text(in, "name", true, ret->t.name, sizeof(ret->t.name));
	if (r == 0)
		r = take_cpu(in, &ret->t.cpu_milli);
	if (r == 0)
		r = doc_int(
		    in, "memory_bytes",
		    (struct doc_range){ (int64_t)(128 * MIB), (int64_t)(64 * TIB), false },
		    NULL, &bytes);
	ret->t.memory_bytes = (uint64_t)bytes;
	if (r == 0)
		r = doc_u32(in, "pids", (struct doc_range){ 32, 1000000, false }, PIDS_USUAL,
		            &ret->t.pids);
	if (r == 0)
		r = doc_text(in, "gpu_class", false, ret->t.gpu_class,
		             sizeof(ret->t.gpu_class));
	if (r == 0)
		r = doc_check_id(in, "gpu_class", ret->t.gpu_class);
	if (r == 0)
		r = doc_u32(in, "gpu_count", (struct doc_range){ 0, 64, true }, 0,
		            &ret->t.gpu_count);
	if (r == 0)
		r = doc_bool(in, "preemptible", &ret->t.preemptible);
	if (r == 0)
		r = doc_money(in, "price_per_hour", true, &ret->prices.now);
	ret->t.price_per_hour = ret->prices.now;
	return r < 0 ? r : take_later(in, "price_per_hour", &ret->prices);
}

/* ["small", "large"] or ["*"], kept with spaces between them. */
static int take_plan_types(struct doc *in, struct plan *ret)
{
	const struct json *list = doc_member(in, "types");
	size_t at = 0;

	if (!list || list->type != JSON_ARRAY)
		return doc_wrong(in, "types",
		                 "must be a list of instance types, or [\"*\"] for all.");
	json_for_each(it, list)
	{
		char id[TYPE_ID_MAX];

		(void)snprintf(id, sizeof(id), "%.*s", STR_ARG(it->text));
		if (it->type != JSON_STRING || it->text.len == 0 ||
		    (!str_is(it->text, "*") &&
		     (it->text.len > DOC_ID_MAX || doc_check_id(in, "types", id) < 0)))
			return doc_wrong(in, "types",
			                 "must be a list of ids of instance types.");
		if (at + it->text.len + 2 > sizeof(ret->types))
			return doc_wrong(in, "types",
			                 "is too long; [\"*\"] stands for all types.");
		at += (size_t)snprintf(ret->types + at, sizeof(ret->types) - at, "%s%s",
		                       at ? " " : "", id);
	}
	return 0;
}

static int take_price_mode(struct doc *in, struct plan *ret)
{
	char mode[16] = "keep";
	int r = doc_text(in, "price_mode", false, mode, sizeof(mode));

	ret->price_mode = str_is(str_of(mode), "follow") ? PRICE_FOLLOW : PRICE_KEEP;
	if (r == 0 && ret->price_mode == PRICE_KEEP && !str_is(str_of(mode), "keep"))
		r = doc_wrong(in, "price_mode",
		              "is keep (a session keeps the price of its start) or follow.");
	return r;
}

static int take_plan_times(struct doc *in, struct plan *p)
{
	const struct doc_range week = { 10, 7 * DAY_S, true };
	int r = doc_u32(in, "session_max_seconds", (struct doc_range){ 60, 30 * DAY_S, true },
	                0, &p->session_max_s);

	if (r == 0)
		r = doc_u32(in, "auto_stop_min_seconds", week, 0, &p->auto_stop_min_s);
	if (r == 0)
		r = doc_u32(in, "auto_stop_max_seconds", week, 0, &p->auto_stop_max_s);
	if (r == 0)
		r = doc_u32(in, "free_seconds_per_month",
		            (struct doc_range){ 0, 100000 * HOUR_S, true }, 0,
		            &p->free_s_month);
	if (r == 0)
		r = doc_u32(in, "notice_seconds", (struct doc_range){ 60, 30 * DAY_S, true }, 0,
		            &p->notice_s);
	if (r == 0)
		r = doc_u32(in, "hold_seconds", (struct doc_range){ 10, DAY_S, true }, 0,
		            &p->hold_s);
	return r;
}

static int take_plan(struct doc *in, struct plan *p)
{
	int64_t bytes = 0, priority = 0;
	const int64_t none = 0;
	int r = doc_keys(in, "id name sessions_max storage_bytes_max session_max_seconds "
	                     "auto_stop_min_seconds auto_stop_max_seconds types private "
	                     "free_seconds_per_month credit_new priority price_mode "
	                     "notice_seconds hold_seconds default");

	if (r == 0)
		r = doc_text(in, "id", true, p->id, sizeof(p->id));
	if (r == 0)
		r = doc_check_id(in, "id", p->id);
	if (r == 0)
		r = doc_text(in, "name", true, p->name, sizeof(p->name));
	if (r == 0)
		r = doc_u32(in, "sessions_max", (struct doc_range){ 1, 100000, false }, 0,
		            &p->sessions_max);
	if (r == 0 && p->sessions_max == 0)
		r = doc_wrong(in, "sessions_max", "is missing.");
	if (r == 0)
		r = doc_int(
		    in, "storage_bytes_max",
		    (struct doc_range){ (int64_t)(64 * MIB), (int64_t)(1024 * TIB), true },
		    &none, &bytes);
	if (r == 0)
		r = take_plan_times(in, p);
	if (r == 0)
		r = take_plan_types(in, p);
	if (r == 0)
		r = doc_bool(in, "private", &p->may_be_private);
	if (r == 0)
		r = doc_money(in, "credit_new", false, &p->credit_new);
	if (r == 0)
		r = doc_int(in, "priority", (struct doc_range){ -1000, 1000, false }, &none,
		            &priority);
	if (r == 0)
		r = take_price_mode(in, p);
	if (r == 0)
		r = doc_bool(in, "default", &p->is_default);
	p->storage_bytes_max = (uint64_t)bytes;
	p->priority = (int32_t)priority;
	return r;
}

static int take_types(struct doc *doc, struct offer *ret)
{
	const struct json *list = doc_member(doc, "instance_types");

	if (!list || list->type != JSON_ARRAY || list->n > OFFER_TYPES_MAX)
		return doc_wrong(doc, "instance_types", "must be a list of at most %d types.",
		                 OFFER_TYPES_MAX);
	json_for_each(it, list)
	{
		struct doc in;
		int r = doc_enter(doc, "instance_types", ret->ntypes, it, &in);

		if (r == 0)
			r = take_type(&in, &ret->types[ret->ntypes]);
		if (r < 0)
			return r;
		ret->ntypes++;
	}
	return 0;
}

static int take_plans(struct doc *doc, struct offer *ret)
{
	const struct json *list = doc_member(doc, "plans");

	if (!list || list->type != JSON_ARRAY || list->n > OFFER_PLANS_MAX)
		return doc_wrong(doc, "plans", "must be a list of at most %d plans.",
		                 OFFER_PLANS_MAX);
	json_for_each(it, list)
	{
		struct doc in;
		int r = doc_enter(doc, "plans", ret->nplans, it, &in);

		if (r == 0)
			r = take_plan(&in, &ret->plans[ret->nplans]);
		if (r < 0)
			return r;
		ret->nplans++;
	}
	return 0;
}

static int take_storage(struct doc *doc, struct offer *ret)
{
	struct doc in = { .o = doc_member(doc, "storage"),
		          .place = doc->place,
		          .err = doc->err };
	int r;

	(void)snprintf(in.where, sizeof(in.where), "storage");
	if (!in.o || in.o->type != JSON_OBJECT)
		return doc_wrong(doc, "storage", "must be an object with price_per_gb_month.");
	r = doc_keys(&in, "price_per_gb_month next_prices");
	if (r == 0)
		r = doc_money(&in, "price_per_gb_month", true, &ret->storage.now);
	return r < 0 ? r : take_later(&in, "price_per_gb_month", &ret->storage);
}

int offer_parse(const struct json *doc, wall_us now, struct offer *ret,
                char field[DOC_PLACE_MAX], struct err *err)
{
	struct doc in = { .o = doc, .place = field, .err = err };
	int r;

	memset(ret, 0, sizeof(*ret));
	r = take_storage(&in, ret);
	if (r == 0)
		r = take_types(&in, ret);
	if (r == 0)
		r = take_plans(&in, ret);
	return r < 0 ? r : offer_check(ret, now, field, err);
}

/* --- writing --- */

void prices_show(struct jsonw *w, const struct offer_prices *p, const char *key)
{
	show_money(w, key, p->now);
	jw_key(w, "next_prices");
	jw_arr(w);
	for (size_t i = 0; i < p->nlater; i++) {
		jw_obj(w);
		jw_kv_time(w, "from", p->later[i].from);
		show_money(w, key, p->later[i].rate);
		jw_obj_end(w);
	}
	jw_arr_end(w);
}

static void type_show(struct jsonw *w, const struct offer_type *o)
{
	char cpu[MONEY_TEXT_MAX];

	seconds_text((uint64_t)o->t.cpu_milli * 1000000, cpu); /* thousandths, as decimals */
	jw_obj(w);
	jw_kv_z(w, "id", o->t.id);
	jw_kv_z(w, "name", o->t.name);
	jw_kv_raw(w, "cpu", str_of(cpu));
	jw_kv_u64(w, "memory_bytes", o->t.memory_bytes);
	jw_kv_u64(w, "pids", o->t.pids);
	jw_kv_z(w, "gpu_class", o->t.gpu_class);
	jw_kv_u64(w, "gpu_count", o->t.gpu_count);
	jw_kv_bool(w, "preemptible", o->t.preemptible);
	prices_show(w, &o->prices, "price_per_hour");
	jw_obj_end(w);
}

void plan_show(struct jsonw *w, const struct plan *p)
{
	struct str rest = str_of(p->types), one;

	jw_obj(w);
	jw_kv_z(w, "id", p->id);
	jw_kv_z(w, "name", p->name);
	jw_kv_u64(w, "sessions_max", p->sessions_max);
	jw_kv_u64(w, "storage_bytes_max", p->storage_bytes_max);
	jw_kv_u64(w, "session_max_seconds", p->session_max_s);
	jw_kv_u64(w, "auto_stop_min_seconds", p->auto_stop_min_s);
	jw_kv_u64(w, "auto_stop_max_seconds", p->auto_stop_max_s);
	jw_key(w, "types");
	jw_arr(w);
	while (str_split(&rest, ' ', &one))
		if (one.len)
			jw_str(w, one);
	jw_arr_end(w);
	jw_kv_bool(w, "private", p->may_be_private);
	jw_kv_u64(w, "free_seconds_per_month", p->free_s_month);
	show_money(w, "credit_new", p->credit_new);
	jw_kv_i64(w, "priority", p->priority);
	jw_kv_z(w, "price_mode", p->price_mode == PRICE_FOLLOW ? "follow" : "keep");
	jw_kv_u64(w, "notice_seconds", p->notice_s);
	jw_kv_u64(w, "hold_seconds", p->hold_s);
	jw_kv_bool(w, "default", p->is_default);
	jw_obj_end(w);
}

void offer_show(struct jsonw *w, const struct offer *o, const char *currency)
{
	jw_obj(w);
	jw_kv_u64(w, "version", o->version);
	jw_kv_z(w, "currency", currency);
	jw_key(w, "storage");
	jw_obj(w);
	prices_show(w, &o->storage, "price_per_gb_month");
	jw_obj_end(w);
	jw_key(w, "instance_types");
	jw_arr(w);
	for (size_t i = 0; i < o->ntypes; i++)
		type_show(w, &o->types[i]);
	jw_arr_end(w);
	jw_key(w, "plans");
	jw_arr(w);
	for (size_t i = 0; i < o->nplans; i++)
		plan_show(w, &o->plans[i]);
	jw_arr_end(w);
	jw_obj_end(w);
}
