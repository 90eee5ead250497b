/* SPDX-License-Identifier: Apache-2.0 */
/* Search over one's own workspaces, and what one worked on last. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/do.h"
#include "api/index.h"
#include "api/recents.h"
#include "api/show.h"
#include "api/state.h"
#include "api/workspaces-priv.h"
#include "base/encode.h"
#include "core/query.h"
#include "store/documents.h"
#include "store/recents.h"

#define LIMIT_DEFAULT 20U
#define TEXT_MAX      (256U << 10)

/* Words that are compared while the loop stands still: in names of workspaces, and
 * to mark what was found. Searches that people make need a tenth of it. */
#define NAMES_WORDS_MAX 200000U
#define MARKS_WORDS_MAX 100000U

bool take_limit(struct call *c, unsigned *ret)
{
	struct str text = call_query(c, "limit");
	uint64_t n = LIMIT_DEFAULT;

	if (text.ptr && str_to_u64(text, 1, FIND_MAX, &n) < 0) {
		call_fail(c, PROBLEM_INVALID_FIELD, "limit",
		          "'limit' is a number from 1 to %u.", FIND_MAX);
		return false;
	}
	*ret = (unsigned)n;
	return true;
}

/* --- what was found, kept until all of it is known --- */

struct hit {
	int64_t id; /* 0: a workspace */
	char workspace_id[ID_MAX], workspace_name[NAME_BYTES_MAX + 1], label[LABEL_LEN + 1];
	struct str path, title;
	bool notebook, running;
	wall_us at;
	int where;
};

struct search {
	struct call *c;
	struct query q;
	struct str only; /* a workspace's id, or none */
	unsigned limit, n;
	bool more;
	struct hit hit[FIND_MAX];
	unsigned left;     /* words that may be compared, see core/query.h */
	struct buf spaces; /* ids of those that in: names, or `only` */
	bool nowhere;      /* in: names none */
	struct buf heads, text;
};

static bool running(const struct core *core, const char *session_id)
{
	struct session s;

	return session_id[0] && session_of(core, session_id, &s) && s.state == SESSION_RUNNING;
}

static struct hit *next_hit(struct search *s)
{
	if (s->n == s->limit) {
		s->more = true;
		return NULL;
	}
	return &s->hit[s->n++];
}

static bool on_found(void *arg, const struct found *f)
{
	struct search *s = arg;
	struct hit *h = next_hit(s);

	if (!h)
		return false;
	*h = (struct hit){ .id = f->id,
		           .path = arena_str(&s->c->arena, f->path),
		           .title = arena_str(&s->c->arena, f->title),
		           .notebook = f->notebook,
		           .running = running(s->c->core, f->session_id),
		           .at = f->changed,
		           .where = f->where };
	memcpy(h->workspace_id, f->workspace_id, sizeof(h->workspace_id));
	memcpy(h->workspace_name, f->workspace_name, sizeof(h->workspace_name));
	memcpy(h->label, f->label, sizeof(h->label));
	return true;
}

static bool begins(struct str name, struct str prefix)
{
	return str_ieq(str_sub(name, 0, prefix.len), prefix);
}

static void on_space(void *arg, const struct space *sp)
{
	struct search *s = arg;
	struct hit *h;
	bool in = !s->q.in.len || begins(sp->name, s->q.in);

	if (s->only.len && !str_is(s->only, sp->id))
		return;
	if (in && (s->q.in.len || s->only.len))
		buf_put(&s->spaces, sp->id, sizeof(sp->id));
	if (s->only.len || s->q.in.len ||
	    (s->q.type.len && !str_ieq(s->q.type, STR("workspace"))))
		return;
	if (!query_matches(&s->q, sp->name)) {
		s->more |= !s->left; /* who knows */
		return;
	}
	h = next_hit(s);
	if (!h)
		return;
	*h = (struct hit){ .path = STR(""), .title = STR(""), .at = sp->updated };
	h->running = running(s->c->core, sp->session_id);
	memcpy(h->workspace_id, sp->id, sizeof(h->workspace_id));
	memcpy(h->label, sp->label, sizeof(h->label));
	(void)snprintf(h->workspace_name, sizeof(h->workspace_name), "%.*s", STR_ARG(sp->name));
}

static int by_id(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int look_for(struct search *s)
{
	struct db *db = store_reader(s->c->core->store);
	struct find_of of = { .account_id = str_of(s->c->who.account_id), .q = &s->q };
	char(*ids)[ID_MAX];
	struct str spaces;
	int r;

	if (!s->q.n && !s->q.type.len && !s->q.in.len)
		return 0;
	r = space_list(db, of.account_id, on_space, s);
	if (r == 0)
		r = buf_error(&s->spaces);
	spaces = buf_str(&s->spaces);
	s->nowhere = (s->q.in.len || s->only.len) && !spaces.len;
	if (r < 0 || s->nowhere || str_ieq(s->q.type, STR("workspace")))
		return r;
	of.nworkspaces = (unsigned)(spaces.len / ID_MAX);
	ids = (char(*)[ID_MAX])arena_calloc(&s->c->arena, of.nworkspaces, ID_MAX);
	if (!ids)
		return -ENOMEM;
	memcpy(ids, spaces.ptr, spaces.len);
	qsort(ids, of.nworkspaces, ID_MAX, by_id);
	of.workspaces = (const char(*)[ID_MAX])ids;
	of.limit = s->limit - s->n;
	r = document_find(db, &of, on_found, s);
	s->more |= r > 0;
	return r;
}

/* --- as JSON --- */

static void on_piece(void *arg, struct str text, bool match)
{
	struct jsonw *w = arg;

	jw_obj(w);
	jw_kv_str(w, "text", text);
	jw_kv_bool(w, "match", match);
	jw_obj_end(w);
}

static void show_snippet(struct jsonw *w, struct search *s, const struct hit *h)
{
	buf_clear(&s->heads);
	buf_clear(&s->text);
	if (!h->id ||
	    document_body(store_reader(s->c->core->store), h->id, &s->heads, &s->text) <= 0)
		return;
	/* A word of its name need not stand in its text: it is not looked for there. */
	if (h->where == 0)
		query_beginning(&s->q, buf_str(&s->text), on_piece, w);
	else if (h->where == 1)
		(void)query_snippet(&s->q, buf_str(&s->heads), on_piece, w);
	else
		(void)query_snippet(&s->q, buf_str(&s->text), on_piece, w);
}

struct str name_of_path(struct str path)
{
	size_t i = path.len;

	while (i > 0 && path.ptr[i - 1] != '/')
		i--;
	return str_sub(path, i, path.len);
}

static void show_hit(struct jsonw *w, struct search *s, const struct hit *h)
{
	static const char *const where[] = { "name", "heading", "text" };
	struct str name = h->id ? name_of_path(h->path) : str_of(h->workspace_name);

	jw_obj(w);
	jw_kv_z(w, "kind", !h->id ? "workspace" : h->notebook ? "notebook" : "file");
	jw_kv_z(w, "workspace_id", h->workspace_id);
	jw_kv_z(w, "workspace_name", h->workspace_name);
	jw_kv_z(w, "label", h->label);
	jw_kv_str(w, "path", h->path);
	jw_kv_str(w, "name", name);
	jw_kv_str(w, "title", h->title);
	jw_kv_z(w, "where", where[h->where]);
	show_time(w, "updated_at", h->at);
	jw_kv_bool(w, "running", h->running);
	jw_key(w, "name_parts");
	jw_arr(w);
	if (name.len)
		query_mark(&s->q, name, on_piece, w);
	jw_arr_end(w);
	jw_key(w, "snippet");
	jw_arr(w);
	show_snippet(w, s, h);
	jw_arr_end(w);
	jw_obj_end(w);
}

void do_search(struct call *c)
{
	struct search *s = ARENA_NEW(&c->arena, struct search);
	struct str q = call_query(c, "q");
	struct jsonw w = JSONW(&c->out);
	int64_t documents = 0;

	CHECK(s);
	s->c = c;
	s->only = call_query(c, "workspace_id");
	s->heads = BUF(TEXT_MAX);
	s->text = BUF(TEXT_MAX);
	if (!take_limit(c, &s->limit))
		return;
	s->spaces = BUF((size_t)2 * WORKSPACES_PER_ACCOUNT * ID_MAX);
	query_parse(utf8_valid(q) ? q : STR(""), &s->q);
	s->left = NAMES_WORDS_MAX;
	s->q.left = &s->left;
	if (look_for(s) < 0 || document_count(store_reader(c->core->store),
	                                      str_of(c->who.account_id), &documents) < 0) {
		buf_fini(&s->spaces);
		call_fail(c, PROBLEM_INTERNAL, NULL, "The index can't be read; try again.");
		return;
	}
	s->left = MARKS_WORDS_MAX;
	jw_obj(&w);
	jw_kv_str(&w, "q", q.ptr ? q : STR(""));
	jw_key(&w, "items");
	jw_arr(&w);
	for (unsigned i = 0; i < s->n; i++)
		show_hit(&w, s, &s->hit[i]);
	jw_arr_end(&w);
	jw_kv_bool(&w, "more", s->more);
	jw_kv_i64(&w, "documents", documents);
	jw_kv_bool(&w, "catching_up", index_catches_up(c->core, c->who.account_id));
	jw_obj_end(&w);
	buf_fini(&s->spaces);
	buf_fini(&s->heads);
	buf_fini(&s->text);
	call_reply(c, 200, CONTENT_JSON);
}

/* --- recents --- */

struct recents_out {
	struct core *core;
	struct jsonw *w;
};

static void on_recent(void *arg, const struct recent *r)
{
	struct recents_out *o = arg;
	bool runs = running(o->core, r->session_id);

	jw_obj(o->w);
	jw_kv_z(o->w, "workspace_id", r->workspace_id);
	jw_kv_z(o->w, "workspace_name", r->workspace_name);
	jw_kv_z(o->w, "label", r->label);
	jw_kv_str(o->w, "path", r->path);
	jw_kv_str(o->w, "name", name_of_path(r->path));
	jw_kv_z(o->w, "kind", str_ends(r->path, STR(".ipynb")) ? "notebook" : "file");
	jw_kv_str(o->w, "what", r->what);
	jw_kv_time(o->w, "at", r->at);
	jw_kv_bool(o->w, "running", runs);
	jw_kv_z(o->w, "kernel", index_kernel(o->core, str_of(r->session_id), r->path));
	jw_kv_z(o->w, "session_id", r->session_id[0] ? r->session_id : NULL);
	jw_obj_end(o->w);
}

int show_recents(struct jsonw *w, struct core *core, struct str account_id,
                 struct str workspace_id, unsigned limit)
{
	struct recents_out o = { core, w };
	int r;

	jw_arr(w);
	r = recent_list(store_reader(core->store), account_id, workspace_id, limit, on_recent,
	                &o);
	jw_arr_end(w);
	return r;
}

void do_recent(struct call *c)
{
	struct jsonw w = JSONW(&c->out);
	unsigned limit;

	if (!take_limit(c, &limit))
		return;
	jw_obj(&w);
	jw_key(&w, "items");
	if (show_recents(&w, c->core, str_of(c->who.account_id), call_query(c, "workspace_id"),
	                 limit) < 0) {
		call_fail(c, PROBLEM_INTERNAL, NULL,
		          "What you worked on can't be read; try again.");
		return;
	}
	jw_obj_end(&w);
	call_reply(c, 200, CONTENT_JSON);
}
