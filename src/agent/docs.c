/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/docs.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/docs-priv.h"
#include "agent/kernel.h"
#include "agent/place.h"
#include "proto/wire.h"

#define SOON_MS        300U
#define SCAN_PAUSE_MS  20U /* between two steps of the walk */
#define RESCAN_MS      180000U
#define KERNELS_MS     1000U
#define PAGE_BYTES     (60U << 10)
#define SEEN_NOTEBOOKS 4U

static void on_pump(struct ev_timer *t);
static void on_rescan(struct ev_timer *t);
static void on_walk(struct ev_timer *t);

void docs_pump(struct docs *d, unsigned ms)
{
	if (d->on && (ms == 0 || !ev_timer_armed(&d->pump)))
		ev_timer_start(d->a->ev, &d->pump, ms, on_pump);
}

/* --- what is to be said --- */

static void scan_now(struct docs *d)
{
	d->scanned_at = 0;
	ev_timer_start(d->a->ev, &d->rescan, SOON_MS, on_rescan);
}

static void item_free(struct docs *d, struct docs_item *it)
{
	(void)map_del(&d->by_path, str_of(it->path));
	list_del(&it->node);
	free(it->path);
	free(it);
}

/* NULL: there is too much to say, the next list will find it. */
static struct docs_item *item_of(struct docs *d, struct str path)
{
	struct docs_item *it = map_get(&d->by_path, path);
	char *copy;

	if (it || map_count(&d->by_path) >= QUEUE_MAX)
		return it;
	copy = str_dup_z(path);
	if (!copy)
		return NULL;
	it = xcalloc(1, sizeof(*it));
	it->path = copy;
	if (map_set(&d->by_path, path, it, NULL) < 0) {
		free(copy);
		free(it);
		return NULL;
	}
	list_push(&d->queue, &it->node);
	return it;
}

static void changed(struct docs *d, struct str path)
{
	struct docs_item *it = doc_path_ok(path) ? item_of(d, path) : NULL;

	if (it)
		it->text = true;
	docs_pump(d, SOON_MS);
}

static void seen(struct docs *d, struct str path, enum doc_what what)
{
	struct docs_item *it;

	if (!doc_path_ok(path) || place_hidden(path))
		return;
	it = item_of(d, path);
	if (!it)
		return;
	/* To save or run says more than to open. */
	if (!it->seen || what != DOC_OPENED)
		it->what = what;
	it->seen = true;
	it->at = time_wall_us();
	docs_pump(d, SOON_MS);
}

static void moved(struct docs *d, struct str from, struct str to)
{
	struct docs_move *m = &d->move[d->nmoves];

	if (!doc_path_ok(from) || !doc_path_ok(to) || place_hidden(from) || place_hidden(to))
		return scan_now(d);
	if (d->nmoves == MOVES_MAX)
		return scan_now(d);
	m->from = str_dup_z(from);
	m->to = str_dup_z(to);
	if (m->from && m->to)
		d->nmoves++;
	/* What waits to be said of the old name is looked at anew. */
	if (!list_empty(&d->queue))
		scan_now(d);
	docs_pump(d, SOON_MS);
}

void docs_event(struct agent *a, const char *action, struct str path, struct str source)
{
	struct docs *d = a->docs;

	if (!d)
		return;
	if (strcmp(action, "rename") == 0) {
		moved(d, source, path);
		if (docscan_wants(path)) /* perhaps it was none before */
			changed(d, path);
	} else if (strcmp(action, "delete") == 0) {
		changed(d, path);
	} else if (docscan_wants(path)) {
		changed(d, path);
		seen(d, path, DOC_SAVED);
	} else if (strcmp(action, "save") == 0 || strcmp(action, "upload") == 0) {
		seen(d, path, DOC_SAVED);
	} else if (strcmp(action, "copy") == 0) {
		scan_now(d); /* it may be a folder */
	}
}

void docs_opened(struct agent *a, struct str path)
{
	if (a->docs)
		seen(a->docs, path, DOC_OPENED);
}

void docs_written(struct agent *a, struct str path)
{
	if (a->docs && docscan_wants(path))
		changed(a->docs, path);
}

void docs_ran(struct agent *a, const struct kernel *k)
{
	struct str path[SEEN_NOTEBOOKS];
	struct arena m = ARENA(65536);
	size_t n;

	if (!a->docs)
		return;
	n = sessions_notebooks(a, k, &m, path, SEEN_NOTEBOOKS);
	for (size_t i = 0; i < n; i++)
		seen(a->docs, path[i], DOC_RUN);
	arena_fini(&m);
}

void docs_kernels_changed(struct agent *a)
{
	if (!a->docs)
		return;
	a->docs->kernels = true;
	docs_pump(a->docs, KERNELS_MS);
}

/* --- the next message --- */

static bool put(struct docs *d, const struct docmsg *m)
{
	buf_clear(&d->body);
	if (docmsg_put(&d->body, m) == 0)
		return true;
	buf_clear(&d->body);
	return false;
}

static bool next_move(struct docs *d)
{
	struct docmsg m = { .op = DOC_MOVE };
	bool ok;

	if (!d->nmoves)
		return false;
	m.path = str_of(d->move[0].from);
	m.to = str_of(d->move[0].to);
	ok = put(d, &m);
	free(d->move[0].from);
	free(d->move[0].to);
	d->nmoves--;
	memmove(&d->move[0], &d->move[1], d->nmoves * sizeof(d->move[0]));
	return ok;
}

static bool next_kernels(struct docs *d)
{
	struct doc_item items[64];
	struct docmsg m = { .op = DOC_KERNELS, .items = items };

	if (!d->kernels)
		return false;
	d->kernels = false;
	m.nitems = sessions_documents(d->a, items, ARRAY_LEN(items));
	if (!put(d, &m) || str_eq(buf_str(&d->body), buf_str(&d->kernels_said))) {
		buf_clear(&d->body);
		return false;
	}
	d->is_kernels = true;
	return true;
}

static bool next_item(struct docs *d)
{
	struct docs_item *it;
	struct docmsg m = { .op = DOC_SEEN };
	struct str path;
	bool ok = true;

	if (list_empty(&d->queue))
		return false;
	it = LIST_ENTRY(d->queue.next, struct docs_item, node);
	path = str_of(it->path);
	if (it->seen) {
		m.path = path;
		m.what = it->what;
		m.at = it->at;
		it->seen = false;
		ok = put(d, &m);
	} else if (it->text) {
		it->text = false;
		docs_read_begin(d, path);
	}
	if (!it->seen && !it->text)
		item_free(d, it);
	return ok;
}

static int older_first(const void *a, const void *b, void *arg)
{
	const struct doc_item *items = arg;
	int64_t x = items[*(const size_t *)a].changed, y = items[*(const size_t *)b].changed;

	return (x > y) - (x < y);
}

static bool next_wanted(struct docs *d)
{
	if (d->listing || d->wanted_at == d->nwanted)
		return false;
	docs_read_begin(d, d->scan.items[d->wanted[d->wanted_at++]].path);
	return true;
}

/* The next page of what is there; the last one has no end. */
static bool next_page(struct docs *d)
{
	struct docmsg m = { .op = DOC_LIST, .upto = STR("") };
	size_t bytes = 0;

	if (!d->listing)
		return false;
	d->page_to = d->page_from;
	while (d->page_to < d->scan.n && d->page_to - d->page_from < DOC_ITEMS_MAX &&
	       bytes < PAGE_BYTES)
		bytes += d->scan.items[d->page_to++].path.len + 48;
	m.after = d->page_from ? d->scan.items[d->page_from - 1].path : STR("");
	if (d->page_to < d->scan.n)
		m.upto = d->scan.items[d->page_to - 1].path;
	m.items = d->scan.items + d->page_from;
	m.nitems = d->page_to - d->page_from;
	d->is_list = put(d, &m);
	d->listing = d->is_list;
	return d->is_list;
}

static void on_pump(struct ev_timer *t)
{
	struct docs *d = CONTAINER_OF(t, struct docs, pump);

	if (!d->on || d->read.path)
		return;
	if (buf_len(&d->body) && d->parts) {
		docsend_more(d);
		return;
	}
	if (!buf_len(&d->body)) {
		d->is_list = d->is_kernels = false;
		if (!next_move(d) && !next_kernels(d) && !next_item(d) && !next_wanted(d) &&
		    !next_page(d))
			return;
	}
	if (buf_len(&d->body))
		docsend_start(d);
	else if (!d->read.path)
		docs_pump(d, 0); /* that one was nothing: the next */
}

/* --- what core says --- */

static void take_wanted(struct docs *d, struct str want)
{
	if (!d->wanted)
		d->wanted = calloc(SCAN_DOCS_MAX, sizeof(*d->wanted));
	for (size_t i = d->page_from; d->wanted && i < d->page_to; i++)
		if (doc_want_get(want, i - d->page_from) && d->nwanted < SCAN_DOCS_MAX)
			d->wanted[d->nwanted++] = i;
	d->page_from = d->page_to;
	d->listing = d->page_to < d->scan.n;
	/* The newest last: the order of the index is that of what came in. */
	if (!d->listing && d->wanted && d->nwanted)
		qsort_r(d->wanted, d->nwanted, sizeof(*d->wanted), older_first, d->scan.items);
}

static void acknowledged(struct docs *d, struct str want)
{
	ev_timer_stop(&d->patience);
	if (d->is_list)
		take_wanted(d, want);
	if (d->is_kernels) {
		buf_clear(&d->kernels_said);
		buf_put_str(&d->kernels_said, buf_str(&d->body));
	}
	buf_fini(&d->body);
	d->parts = 0;
}

void docs_on_index(struct agent *a, const struct wire_shim_index *m)
{
	struct docs *d = a->docs;

	if (!d)
		return;
	d->credit = m->credit;
	if (!d->on) {
		d->on = true;
		scan_now(d);
	}
	if (m->acked && m->acked == d->gen && d->parts) {
		acknowledged(d, m->want);
	} else if (m->acked == 0) { /* a new core, or a new shim: all over again */
		d->scanned_at = 0;  /* with a list, also where nobody does anything */
		buf_clear(&d->kernels_said);
		d->kernels = true;
		d->part = 0;
	}
	docs_pump(d, 0);
}

/* --- looking around --- */

static void on_rescan(struct ev_timer *t)
{
	struct docs *d = CONTAINER_OF(t, struct docs, rescan);
	boot_ns active = 0;

	for (int i = 0; i < ACT_MAX_; i++)
		active = d->a->activity.at[i] > active ? d->a->activity.at[i] : active;
	ev_timer_start(d->a->ev, t, RESCAN_MS, on_rescan);
	/* One at a time, and none while nobody did anything. */
	if (!d->on || d->scanning || d->listing || d->wanted_at < d->nwanted ||
	    (d->scanned_at && active < d->scanned_at))
		return;
	d->scanned_at = time_boot_ns();
	d->scanning = true;
	d->nwanted = d->wanted_at = 0;
	docscan_begin(&d->scan);
	on_walk(&d->walk);
}

static void on_walk(struct ev_timer *t)
{
	struct docs *d = CONTAINER_OF(t, struct docs, walk);

	if (docscan_step(&d->scan, d->a)) {
		ev_timer_start(d->a->ev, t, SCAN_PAUSE_MS, on_walk);
		return;
	}
	d->scanning = false;
	d->listing = true;
	d->page_from = d->page_to = 0;
	docs_pump(d, 0);
}

void docs_init(struct agent *a)
{
	struct docs *d = xcalloc(1, sizeof(*d));

	d->a = a;
	d->read.fd = -1;
	d->body = BUF(DOC_BODY_MAX);
	d->kernels_said = BUF(DOC_BODY_MAX);
	d->gen = time_boot_ns(); /* after the numbers of a program before this one */
	d->kernels = true;
	map_init(&d->by_path, QUEUE_MAX + 1);
	list_init(&d->queue);
	a->docs = d;
}

void docs_fini(struct agent *a)
{
	struct docs *d = a->docs;

	if (!d)
		return;
	ev_timer_stop(&d->pump);
	ev_timer_stop(&d->patience);
	ev_timer_stop(&d->rescan);
	ev_timer_stop(&d->walk);
	ev_timer_stop(&d->reader);
	docs_read_stop(d);
	docscan_fini(&d->scan);
	list_for_each_safe (it, &d->queue)
		item_free(d, LIST_ENTRY(it, struct docs_item, node));
	for (unsigned i = 0; i < d->nmoves; i++) {
		free(d->move[i].from);
		free(d->move[i].to);
	}
	map_fini(&d->by_path);
	buf_fini(&d->body);
	buf_fini(&d->kernels_said);
	free(d->wanted);
	a->docs = NULL;
	free(d);
}
