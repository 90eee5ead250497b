/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All settings at once, as JupyterLab asks for them at its start: some 140 KB
 * made of 200 files. The answer is kept until one of those has changed.
 */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "agent/lab.h"
#include "agent/pump.h"
#include "agent/settings.h"

#define PLUGINS_MAX 4096U
#define KEEP_MAX    ((size_t)1 << 20) /* a larger answer is made anew each time */

struct settings_kept {
	struct witness seen;
	struct buf answer;
};

struct plugin {
	struct str id;
	const char *path, *dir;
};

struct plugins {
	struct plugin list[PLUGINS_MAX];
	size_t n;
};

static void add_plugin(struct settings *s, struct plugins *p, struct str pkg, const char *dir,
                       const char *name)
{
	struct str n = str_of(name);
	struct plugin e;

	if (!str_ends(n, STR(".json")) || p->n >= PLUGINS_MAX)
		return;
	e.id =
	    arena_printf(&s->m, "%.*s:%.*s", STR_ARG(pkg), STR_ARG(str_sub(n, 0, n.len - 5)));
	e.path = arena_printf(&s->m, "%s/%s", dir, name).ptr;
	e.dir = arena_str(&s->m, str_of(dir)).ptr;
	if (!e.id.ptr || !e.path || !e.dir)
		return;
	/* The same id again (from an extension): it replaces the first. */
	for (size_t i = 0; i < p->n; i++) {
		if (str_eq(p->list[i].id, e.id)) {
			p->list[i] = e;
			return;
		}
	}
	p->list[p->n++] = e;
}

static void scan(struct settings *s, struct plugins *p, struct str pkg, const char *dir,
                 unsigned depth)
{
	char path[PATH_MAX];
	struct dirent *e;
	DIR *d;

	witness_add(s->seen, dir);
	d = opendir(dir);
	while (d && (e = readdir(d))) {
		struct stat st;

		if (e->d_name[0] == '.' ||
		    snprintf(path, sizeof(path), "%s/%s", dir, e->d_name) >=
		        (int)sizeof(path) ||
		    stat(path, &st) < 0)
			continue;
		if (S_ISREG(st.st_mode) && pkg.len)
			add_plugin(s, p, pkg, dir, e->d_name);
		else if (S_ISDIR(st.st_mode) && depth < 2)
			scan(s, p,
			     pkg.len ? arena_printf(&s->m, "%.*s/%s", STR_ARG(pkg), e->d_name)
			             : arena_str(&s->m, str_of(e->d_name)),
			     path, depth + 1);
	}
	if (d)
		(void)closedir(d);
}

struct ext_scan {
	struct settings *s;
	struct plugins *p;
};

/* Extensions keep theirs under <ext>/schemas/<scope>/<pkg>/. */
static void ext_dir(const char *dir, struct ext_scan *x, bool scoped)
{
	char path[PATH_MAX];
	struct dirent *e;
	DIR *d;

	witness_add(x->s->seen, dir);
	d = opendir(dir);
	while (d && (e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		if (e->d_name[0] == '@' && !scoped) {
			if (snprintf(path, sizeof(path), "%s/%s", dir, e->d_name) <
			    (int)sizeof(path))
				ext_dir(path, x, true);
		} else if (snprintf(path, sizeof(path), "%s/%s/schemas", dir, e->d_name) <
		           (int)sizeof(path)) {
			scan(x->s, x->p, STR(""), path, 0);
		}
	}
	if (d)
		(void)closedir(d);
}

static int by_id_descending(const void *a, const void *b)
{
	return -str_cmp(((const struct plugin *)a)->id, ((const struct plugin *)b)->id);
}

static void list_all(struct settings *s)
{
	struct plugins *p = xcalloc(1, sizeof(*p));
	struct ext_scan x = { s, p };
	const char *dir = lab_schemas_dir(s->c->a, &s->m);
	struct jsonw w;

	if (dir)
		scan(s, p, STR(""), dir, 0);
	for (size_t i = s->c->a->lab->ndirs; i > 0; i--)
		ext_dir(s->c->a->lab->dirs[i - 1], &x, false);
	qsort(p->list, p->n, sizeof(p->list[0]), by_id_descending);
	buf_put_z(&s->out, "{\"settings\":[");
	for (size_t i = 0; i < p->n; i++) {
		if (!s->ids_only) {
			/* One broken schema must not take the others with it. */
			(void)(settings_put_one(s, p->list[i].id, p->list[i].path,
			                        p->list[i].dir) == 0);
			continue;
		}
		buf_put_z(&s->out, i ? "," : "");
		w = JSONW(&s->out);
		jw_obj(&w);
		jw_kv_str(&w, "id", p->list[i].id);
		jw_obj_end(&w);
	}
	buf_put_z(&s->out, "]}");
	free(p);
}

static void forget(struct lab *lab)
{
	if (!lab->kept)
		return;
	witness_fini(&lab->kept->seen);
	buf_fini(&lab->kept->answer);
	free(lab->kept);
	lab->kept = NULL;
}

static void keep(struct lab *lab, struct witness *seen, struct str answer)
{
	if (!witness_good(seen) || answer.len > KEEP_MAX) {
		witness_fini(seen);
		return;
	}
	lab->kept = xcalloc(1, sizeof(*lab->kept));
	lab->kept->seen = *seen;
	lab->kept->answer = BUF(KEEP_MAX);
	buf_put_str(&lab->kept->answer, answer);
}

static void send_kept(struct call *c, const struct settings_kept *k)
{
	struct buf copy = BUF(KEEP_MAX);

	buf_put_str(&copy, buf_str(&k->answer));
	pump_buf(c, 200, &copy);
}

void settings_list(struct call *c)
{
	bool ids_only = str_is(url_param(&c->r->url, "ids_only"), "true");
	struct lab *lab = c->a->lab;
	struct settings s;
	struct witness seen;

	if (!ids_only && lab->kept && witness_same(&lab->kept->seen)) {
		send_kept(c, lab->kept);
		return;
	}
	forget(lab);
	witness_init(&seen, time_wall_us());
	settings_init(&s, c, &seen);
	list_all(&s);
	/* A translated one depends on a language pack's files too. */
	if (ids_only || s.lang || buf_error(&s.out))
		witness_fini(&seen);
	else
		keep(lab, &seen, buf_str(&s.out));
	pump_buf(c, 200, &s.out);
	settings_fini(&s);
}

void settings_list_fini(struct lab *lab)
{
	forget(lab);
}
