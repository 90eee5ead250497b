/* SPDX-License-Identifier: Apache-2.0 */
#include "api/start-line.h"

#include <errno.h>
#include <stdio.h>

#include "api/show.h"
#include "api/turns.h"
#include "store/catalogue.h"
#include "store/sessions.h"

bool line_wish_read(struct call *c, struct line_wish *ret)
{
	struct str on_turn = call_str(c, "on_turn");
	const struct json *list = json_get(c->body, "fallback_types");
	size_t at = 0, n = 0;

	ret->has_on_turn = on_turn.ptr != NULL;
	ret->hold = str_is(on_turn, "hold");
	if (ret->has_on_turn && !ret->hold && !str_is(on_turn, "start")) {
		call_fail(
		    c, PROBLEM_INVALID_FIELD, "on_turn",
		    "'on_turn' is start (it starts by itself when its turn comes) or hold "
		    "(its turn is kept for you for a while).");
		return false;
	}
	ret->has_fallbacks = list != NULL && list->type == JSON_ARRAY;
	if (!ret->has_fallbacks)
		return true;
	json_for_each(it, list)
	{
		struct str id = it->text;

		n++;
		if (id.len == 0 || id.len >= TYPE_ID_MAX || n >= QUEUE_WANTS_MAX ||
		    str_chr(id, ' ', 0) < id.len || at + id.len + 2 > TYPE_LIST_MAX) {
			call_fail(c, PROBLEM_INVALID_FIELD, "fallback_types",
			          "'fallback_types' are at most %d ids of instance types; GET "
			          "/api/v1/instance-types lists them.",
			          QUEUE_WANTS_MAX - 1);
			return false;
		}
		at += (size_t)snprintf(ret->fallback_types + at, TYPE_LIST_MAX - at, "%s%.*s",
		                       at ? " " : "", STR_ARG(id));
	}
	return true;
}

int start_allows(struct db *db, struct call *c, const char *account_id, const char *type,
                 const char *field, struct err *err)
{
	struct plan p;
	int r = plan_of_account(db, str_of(account_id), &p);

	if (r <= 0)
		return ERR(err, r < 0 ? r : -ENOENT, "plan of the account");
	if (plan_allows_type(&p, type))
		return 0;
	return call_problem(c, PROBLEM_CONFLICT, field,
	                    "The plan %.60s does not include the instance type %.60s. Choose "
	                    "another one, or ask an administrator for another plan.",
	                    p.name, type);
}

int line_wish_apply(struct db *db, struct call *c, const struct line_wish *w, struct session *s,
                    struct err *err)
{
	struct str rest = str_of(w->fallback_types), id;
	struct instance_type t;
	int r;

	if (w->has_on_turn)
		s->hold_turn = w->hold;
	if (!w->has_fallbacks)
		return 0;
	while (str_split(&rest, ' ', &id)) {
		if (!id.len)
			continue;
		r = type_get(db, id, c->now.wall, &t, NULL);
		if (r < 0)
			return ERR(err, r, "instance types");
		if (r == 0 || t.retired)
			return call_problem(c, PROBLEM_INVALID_FIELD, "fallback_types",
			                    "There is no instance type %.*s; GET "
			                    "/api/v1/instance-types lists them.",
			                    STR_ARG(id));
		r = start_allows(db, c, s->account_id, t.id, "fallback_types", err);
		if (r < 0)
			return r;
	}
	memcpy(s->fallback_types, w->fallback_types, sizeof(s->fallback_types));
	return 0;
}

struct fitting {
	const struct admission *a;
	char text[200];
	size_t at;
};

static void on_type(void *arg, const struct instance_type *t, enum type_source source)
{
	struct fitting *f = arg;
	struct amount none = { 0 }, need = admit_need(f->a, t);

	if (t->retired || !amount_fits(&f->a->q.total, &none, &need) ||
	    f->at + strlen(t->id) + 3 > sizeof(f->text))
		return;
	f->at += (size_t)snprintf(f->text + f->at, sizeof(f->text) - f->at, "%s%s",
	                          f->at ? ", " : "", t->id);
}

static int too_large(struct db *db, struct call *c, const struct admission *a,
                     const struct session *s)
{
	struct fitting f = { .a = a };

	if (type_list(db, c->now.wall, on_type, &f) < 0 || !f.at)
		return call_problem(
		    c, PROBLEM_CONFLICT, "instance_type",
		    "No machine here is large enough for %.60s, nor for any other "
		    "type. Tell an administrator.",
		    s->instance_type);
	return call_problem(c, PROBLEM_CONFLICT, "instance_type",
	                    "No machine here is large enough for %.60s, even when nothing else "
	                    "runs. These would fit: %s.",
	                    s->instance_type, f.text);
}

int start_take(struct db *db, struct call *c, struct session *s, struct err *err)
{
	int r;

	s->held_until = 0;
	r = session_move(s, SESSION_STARTING, NULL, &c->now, err);
	return r < 0 ? r : session_update(db, s, err);
}

/* Its own type, or one of those that would do as well. */
static int take_turn(struct db *db, struct call *c, const struct admission *a,
                     const struct queue_item *i, struct session *s, struct err *err)
{
	const struct instance_type *t = admit_type(a, str_of(a->rows[i->ref].names[i->chosen]));
	int r = 0;

	if (t) {
		admit_set_type(s, t);
		r = session_update_type(db, s, err);
	}
	return r < 0 ? r : start_take(db, c, s, err);
}

static int wait_in_line(struct db *db, struct admission *a, const struct queue_item *i,
                        struct session *s, struct standing *ret, struct err *err)
{
	turn_say_waiting(s);
	queue_estimate(&a->q);
	ret->in_line = true;
	ret->place = line_place_of(a, i);
	line_free_types(db, a, ret->free_types);
	line_allowed(db, s->account_id, ret->free_types);
	return session_update(db, s, err);
}

int start_judge(struct db *db, struct call *c, const struct admit_world *w, struct session *s,
                struct standing *ret, struct err *err)
{
	const struct queue_item *i;
	struct admission a;
	int r;

	ret->in_line = false;
	if (!w->known || !w->engine_up)
		return 0;
	r = admit_load(db, w, &a, err);
	i = r == 0 ? admit_find(&a, s->id) : NULL;
	/* Else it waits for something else, and says so. */
	if (i && i->verdict == QUEUE_NEVER)
		r = too_large(db, c, &a, s);
	else if (i && i->verdict == QUEUE_START)
		r = take_turn(db, c, &a, i, s, err);
	else if (i && i->verdict == QUEUE_WAIT)
		r = wait_in_line(db, &a, i, s, ret, err);
	admit_fini(&a);
	return r;
}

void start_answer(struct call *c, const struct session *s, const struct workspace *w,
                  const struct standing *st)
{
	struct jsonw j = JSONW(&c->out);

	jw_obj(&j);
	jw_key(&j, "session");
	if (s)
		show_session_standing(&j, c->core, SHOW_ROW, s, w, st);
	else
		jw_null(&j);
	jw_obj_end(&j);
}
