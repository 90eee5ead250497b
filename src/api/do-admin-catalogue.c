/* SPDX-License-Identifier: Apache-2.0 */
/* The administrator's catalogue: one document, one version, a diff before it
 * is applied. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "api/catalogue.h"
#include "api/do.h"
#include "api/offer-book.h"
#include "api/offer-json.h"
#include "api/show.h"
#include "api/state.h"

#define AUDIT_MAX (16UL << 10)

static void put_etag(struct call *c, uint64_t version)
{
	(void)snprintf(c->etag, sizeof(c->etag), "\"%llu\"", (unsigned long long)version);
}

void do_admin_catalogue(struct call *c)
{
	struct offer *o = ARENA_NEW(&c->arena, struct offer);
	struct jsonw w = JSONW(&c->out);

	CHECK(o);
	if (offer_load(store_reader(c->core->store), c->now.wall, o) < 0) {
		call_fail(c, PROBLEM_INTERNAL, NULL, "The catalogue can't be read; try again.");
		return;
	}
	put_etag(c, o->version);
	offer_show(&w, o, c->core->cfg->currency);
	call_reply(c, 200, CONTENT_JSON);
}

/* --- what would change --- */

struct change {
	struct offer want;
	struct str match; /* If-Match, or "" with `version` of the body */
	uint64_t version; /* 0: none was sent */
	bool dry;
	/* In the transaction. */
	struct offer have;
	struct db *db;
	struct call *c;
	struct jsonw *w, *audit;
	size_t n;
	int result;
};

static const char *thing_name(enum offer_thing t)
{
	static const char *const names[] = {
		[OFFER_TYPE] = "instance_type",
		[OFFER_PLAN] = "plan",
		[OFFER_STORAGE] = "storage",
	};

	return names[t];
}

static void put_change(struct jsonw *w, const struct offer_change *x, struct arena *a)
{
	static const char *const kinds[] = {
		[OFFER_ADDED] = "added",
		[OFFER_CHANGED] = "changed",
		[OFFER_RETIRED] = "retired",
	};

	jw_obj(w);
	jw_kv_z(w, "thing", thing_name(x->thing));
	jw_kv_z(w, "id", x->id);
	jw_kv_z(w, "what", kinds[x->what]);
	jw_kv_z(w, "field", x->field);
	jw_kv_z(w, "from", x->from);
	jw_kv_z(w, "to", x->to);
	jw_kv_str(w, "text", offer_change_text(x, a));
	jw_obj_end(w);
}

static void on_change(void *arg, const struct offer_change *x)
{
	struct change *g = arg;

	g->n++;
	put_change(g->w, x, &g->c->arena);
	if (g->audit && buf_len(g->audit->b) < AUDIT_MAX)
		jw_str(g->audit, offer_change_text(x, &g->c->arena));
}

/* Whom a change is about, once for each thing; diff tells a thing's fields one
 * after the other. */
struct touching {
	struct change *g;
	enum offer_thing thing;
	char id[TYPE_ID_MAX];
	bool any;
};

static int people_of(struct change *g, const struct offer_change *x, struct plan_people *ret)
{
	const struct plan *p = offer_plan(&g->have, x->id);

	if (x->thing == OFFER_TYPE)
		return type_people_of(g->db, str_of(x->id), ret);
	if (x->thing == OFFER_PLAN && p)
		return plan_people_of(g->db, p, ret);
	*ret = (struct plan_people){ 0 };
	return x->thing == OFFER_STORAGE ? storage_people_of(g->db, ret) : 0;
}

static void on_touched(void *arg, const struct offer_change *x)
{
	struct touching *t = arg;
	struct plan_people people = { 0 };

	if (t->any && t->thing == x->thing && strcmp(t->id, x->id) == 0)
		return;
	t->any = true;
	t->thing = x->thing;
	(void)snprintf(t->id, sizeof(t->id), "%s", x->id);
	if (people_of(t->g, x, &people) < 0)
		t->g->result = -EIO;
	jw_obj(t->g->w);
	jw_kv_z(t->g->w, "thing", thing_name(x->thing));
	jw_kv_z(t->g->w, "id", x->id);
	jw_kv_i64(t->g->w, "accounts", people.accounts);
	jw_kv_i64(t->g->w, "workspaces", people.workspaces);
	jw_kv_i64(t->g->w, "sessions", people.sessions);
	jw_obj_end(t->g->w);
}

/* --- what somebody should know --- */

static void warn(struct change *g, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void warn(struct change *g, const char *fmt, ...)
{
	char text[MESSAGE_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	jw_z(g->w, text);
}

static void warn_plan(struct change *g, const struct plan *p)
{
	const struct deadline_rules *site = &g->c->core->cfg->deadlines;
	const struct plan *had = offer_plan(&g->have, p->id);
	int64_t over = 0;

	if (p->session_max_s > site->max_s)
		warn(g,
		     "Plan %s: session_max_seconds is %u, but the site's configuration allows "
		     "%u; that holds.",
		     p->id, p->session_max_s, site->max_s);
	if (p->auto_stop_max_s > site->auto_stop_max_s)
		warn(g,
		     "Plan %s: auto_stop_max_seconds is %u, but the site's configuration "
		     "allows %u; that holds.",
		     p->id, p->auto_stop_max_s, site->auto_stop_max_s);
	if (!had || (had->sessions_max <= p->sessions_max &&
	             had->storage_bytes_max == p->storage_bytes_max))
		return;
	if (plan_over_of(g->db, p, &over) < 0)
		g->result = -EIO;
	if (over > 0)
		warn(g,
		     "Plan %s: %lld %s more than it will allow. Nothing is stopped or deleted; "
		     "nothing more can be started or made there until they have less.",
		     p->id, (long long)over, over == 1 ? "account has" : "accounts have");
}

static void put_warnings(struct change *g)
{
	const char *usual = g->c->core->cfg->default_type;

	if (!offer_type(&g->want, usual))
		warn(g,
		     "The instance type %s, which the configuration chooses beforehand, is not "
		     "in the catalogue: the cheapest that a plan allows takes its place.",
		     usual);
	for (size_t i = 0; i < g->want.nplans; i++)
		warn_plan(g, &g->want.plans[i]);
}

static void put_answer(struct change *g)
{
	struct touching t = { .g = g };

	jw_obj(g->w);
	jw_key(g->w, "changes");
	jw_arr(g->w);
	offer_diff(&g->have, &g->want, &g->c->arena, on_change, g);
	jw_arr_end(g->w);
	jw_key(g->w, "touches");
	jw_arr(g->w);
	offer_diff(&g->have, &g->want, &g->c->arena, on_touched, &t);
	jw_arr_end(g->w);
	jw_key(g->w, "warnings");
	jw_arr(g->w);
	put_warnings(g);
	jw_arr_end(g->w);
}

/* --- the transaction --- */

static bool matches(const struct change *g)
{
	struct str rest = g->match, one;
	char etag[32];

	if (!rest.ptr)
		return g->version == g->have.version;
	(void)snprintf(etag, sizeof(etag), "\"%llu\"", (unsigned long long)g->have.version);
	while (str_split(&rest, ',', &one))
		if (str_is(str_trim(one), "*") || str_is(str_trim(one), etag))
			return true;
	return false;
}

/* Somebody was first: both versions, and what lies between them. */
static int conflict(struct change *g)
{
	struct buf *b = &g->c->problem_data;
	struct jsonw w = JSONW(b);

	g->w = &w;
	buf_clear(b);
	put_answer(g);
	jw_kv_u64(&w, "version", g->have.version);
	jw_key(&w, "catalogue");
	offer_show(&w, &g->have, g->c->core->cfg->currency);
	jw_obj_end(&w);
	return call_problem(g->c, PROBLEM_CHANGED, NULL,
	                    "Somebody else has changed the catalogue meanwhile (it is version "
	                    "%llu now). Look at their change, then make yours again.",
	                    (unsigned long long)g->have.version);
}

static int apply(struct change *g, struct err *err)
{
	struct buf detail = BUF(AUDIT_MAX + 4096);
	struct jsonw audit = JSONW(&detail);
	int r;

	jw_obj(&audit);
	jw_kv_u64(&audit, "version", g->have.version + 1);
	jw_key(&audit, "changes");
	jw_arr(&audit);
	g->audit = &audit;
	put_answer(g);
	g->audit = NULL;
	jw_arr_end(&audit);
	jw_obj_end(&audit);
	r = g->result;
	if (r == 0 && !g->dry && g->n > 0) {
		r = offer_save(g->db, &g->have, &g->want, g->c->who.account_id, g->c->now.wall,
		               err);
		if (r == 0)
			r = call_audit_buf(g->db, g->c, "catalogue", &detail, err);
	} else {
		g->want.version = g->have.version;
	}
	buf_fini(&detail);
	return r;
}

static int tx_change(struct db *db, struct call *c, struct err *err)
{
	struct change *g = c->own;
	struct jsonw w = JSONW(&c->out);
	int r = offer_load(db, c->now.wall, &g->have);

	g->db = db;
	g->c = c;
	g->w = &w;
	g->n = 0;
	g->result = 0;
	if (r < 0)
		return ERR(err, r, "catalogue");
	if (!matches(g))
		return conflict(g);
	r = apply(g, err);
	if (r < 0)
		return r;
	jw_kv_bool(&w, "applied", !g->dry && g->n > 0);
	jw_kv_u64(&w, "version", g->want.version);
	jw_key(&w, "catalogue");
	offer_show(&w, &g->want, c->core->cfg->currency);
	jw_obj_end(&w);
	put_etag(c, g->want.version);
	return 0;
}

static void after_change(struct call *c)
{
	(void)catalogue_load(c->core);
}

static bool take_version(struct call *c, struct change *g)
{
	struct str match = http_get(&c->req->head, "If-Match");

	g->match = match.ptr ? arena_str(&c->arena, match) : STR_NONE;
	g->version = (uint64_t)call_int(c, "version", 0);
	if (g->match.ptr || g->version)
		return true;
	call_fail(c, PROBLEM_INVALID_FIELD, "version",
	          "Say which version you have changed: the header If-Match with the ETag of "
	          "the catalogue, or its \"version\". Otherwise somebody else's change could "
	          "be undone unseen.");
	return false;
}

void do_admin_catalogue_change(struct call *c)
{
	struct change *g = ARENA_NEW(&c->arena, struct change);
	struct str currency = call_str(c, "currency");
	char field[OFFER_FIELD_MAX];
	struct err err = ERR_NONE;
	int r;

	CHECK(g);
	c->own = g;
	if (!take_version(c, g))
		return;
	if (currency.ptr && !str_is(currency, c->core->cfg->currency)) {
		call_fail(c, PROBLEM_INVALID_FIELD, "currency",
		          "This site's currency is %s; amounts are not converted.",
		          c->core->cfg->currency);
		return;
	}
	r = offer_parse(c->body, c->now.wall, &g->want, field, &err);
	if (r < 0) {
		call_fail(c, r == -ENOENT ? PROBLEM_UNKNOWN_FIELD : PROBLEM_INVALID_FIELD,
		          field, "%s", err.msg);
		return;
	}
	g->dry = str_is(call_query(c, "dry_run"), "true");
	call_commit(c, tx_change, after_change);
}
