/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When the agent writes notebooks: what no page watches goes into the file a
 * second after the last watcher went, then every two seconds while there is
 * more, when the run ends, and at once when kernel or agent end. Writing
 * takes at most a tenth of the time. A page that opens the notebook gets a
 * file with all in it, and then time to follow the run.
 */
#include <errno.h>

#include "agent/docs.h"
#include "agent/runs.h"
#include "base/log.h"

#define PERIOD_MS  2000U
#define AGAIN_MS   10000U /* no file, no room on the disk */
#define HOLD_MS    15000U
#define BUILD_MAX  ((size_t)512 << 20)
#define PATHS_MAX  8U
#define AT_ONCE    32U /* runs in one write: their outputs are all in memory */
#define LOGS_MAX   ((uint64_t)16 << 20)
#define GIVE_UP_MS 600000U /* a run that has ended, and has no cell to go to */

static void on_timer(struct ev_timer *t);

void runs_write_in(struct runs *rs, unsigned ms)
{
	struct ev *ev = rs->k->a->ev;
	mono_ms now = ev_now_ms(ev), at = now + ms;

	if (at < rs->next_ms)
		at = rs->next_ms;
	if (at < rs->hold_ms)
		at = rs->hold_ms;
	if (ev_timer_armed(&rs->timer) && rs->timer.at_ms_ <= at)
		return;
	ev_timer_start(ev, &rs->timer, at - now, on_timer);
}

/* ---- one write ---- */

struct item {
	struct runsave_cell cell;
	struct runs *rs;
	struct run *r;
	struct arena arena;
};

static struct json *item_outputs(struct runsave_cell *c)
{
	struct item *it = CONTAINER_OF(c, struct item, cell);

	return run_outputs(it->rs, it->r, UINT64_MAX, &it->arena);
}

static struct json *item_before(struct runsave_cell *c)
{
	struct item *it = CONTAINER_OF(c, struct item, cell);

	return run_outputs(it->rs, it->r, it->r->saved_records, &it->arena);
}

static void item_init(struct item *it, struct runs *rs, struct run *r)
{
	*it = (struct item){ .rs = rs, .r = r, .arena = ARENA(BUILD_MAX) };
	it->cell = (struct runsave_cell){
		.id = str_of(r->cell_id),
		.code = r->code,
		.has_count = r->has_count,
		.count = r->count,
		.outputs = item_outputs,
		/* It was in the file when it had ended: what somebody then cleared
		 * stays so. */
		.before = r->saved ? item_before : NULL,
	};
}

static bool may_write(const struct runs *rs, const struct run *r, bool watched_too)
{
	return run_is_dirty(r) && (watched_too || !run_is_watched(rs, r));
}

static size_t collect(struct runs *rs, const struct runsave_file *file, bool watched_too,
                      struct item *items)
{
	uint64_t bytes = 0;
	size_t n = 0;

	list_for_each (it, &rs->all) {
		struct run *r = CONTAINER_OF(it, struct run, node);

		if (!may_write(rs, r, watched_too) || runsave_same(&r->away, file))
			continue;
		if (n == AT_ONCE || (n && bytes + r->log.bytes > LOGS_MAX))
			break;
		bytes += r->log.bytes;
		item_init(&items[n++], rs, r);
	}
	return n;
}

static void note_wrote(struct runs *rs, struct str path, const struct runsave_done *done)
{
	char *copy = str_dup_z(path);

	if (!copy)
		return;
	/* One write after the other of ours has the same beginning. */
	if (!rs->wrote_path || !str_is(path, rs->wrote_path) ||
	    strcmp(done->read, rs->wrote.hash) != 0)
		memcpy(rs->wrote_base, done->read, sizeof(rs->wrote_base));
	free(rs->wrote_path);
	rs->wrote_path = copy;
	rs->wrote = *done;
}

static void settle(struct item *it, const struct runsave_done *done, int rc)
{
	if (rc == 0 && it->cell.found) {
		run_saved(it->r);
	} else if (rc == 0) {
		it->r->away = done->file;
	}
	arena_fini(&it->arena);
}

static int write_items(struct runs *rs, struct str path, struct item *items, size_t n)
{
	struct runsave_cell *cells[AT_ONCE];
	struct runsave_done done = { 0 };
	struct err err = ERR_NONE;
	int rc;

	for (size_t i = 0; i < n; i++)
		cells[i] = &items[i].cell;
	rc = runsave_write(rs->k->a, path, cells, n, &done, &err);
	if (rc == 0 && done.wrote)
		note_wrote(rs, path, &done);
	if (rc == 0 && done.wrote)
		docs_written(rs->k->a, path);
	for (size_t i = 0; i < n; i++)
		settle(&items[i], &done, rc);
	if (rc < 0 && !rs->failing)
		log_event(LOG_WARN, "outputs_not_written", LZ("kernel", rs->k->id),
		          LZ("why", err.code ? err.msg : strerror(-rc)));
	rs->failing = rc < 0;
	return rc;
}

/* One group of runs into one notebook; false: nothing more to do there now. */
static bool write_some(struct runs *rs, struct str path, bool watched_too)
{
	struct item *items = calloc(AT_ONCE, sizeof(*items));
	struct runsave_file file;
	mono_ms began = time_mono_ms(), took;
	size_t n = 0;
	int rc = -ENOENT;

	if (items && runsave_look(rs->k->a, path, &file) == 0)
		n = collect(rs, &file, watched_too, items);
	if (n)
		rc = write_items(rs, path, items, n);
	free(items);
	if (!n)
		return false;
	took = time_mono_ms() - began;
	rs->next_ms = began + took * 10;
	return rc == 0;
}

void runs_write_all(struct runs *rs, bool watched_too)
{
	struct arena m = ARENA(1U << 20); /* paths may change hands meanwhile */
	struct str path[PATHS_MAX];
	size_t n = sessions_notebooks(rs->k->a, rs->k, &m, path, PATHS_MAX);

	for (size_t i = 0; i < n; i++) {
		while (write_some(rs, path[i], watched_too))
			;
	}
	arena_fini(&m);
}

/* One group into the notebook whose turn it is; false: all have had theirs. */
static bool write_next(struct runs *rs)
{
	struct arena m = ARENA(1U << 20);
	struct str path[PATHS_MAX];
	size_t n = sessions_notebooks(rs->k->a, rs->k, &m, path, PATHS_MAX);
	bool wrote = false;

	while (!wrote && rs->at < n) {
		wrote = write_some(rs, path[rs->at], false);
		rs->at += !wrote;
	}
	if (!wrote)
		rs->at = 0;
	arena_fini(&m);
	return wrote;
}

/* ---- when ---- */

/* In how many ms to try again; 0: there is nothing to write. */
static unsigned again_in(const struct runs *rs)
{
	mono_ms now = ev_now_ms(rs->k->a->ev);
	bool any = false;

	list_for_each (it, &rs->all) {
		const struct run *r = CONTAINER_OF(it, struct run, node);

		if (may_write(rs, r, false))
			any |= r->state != RUN_DONE || now - r->ended_ms < GIVE_UP_MS;
	}
	return any ? AGAIN_MS : 0;
}

static void on_timer(struct ev_timer *t)
{
	struct runs *rs = CONTAINER_OF(t, struct runs, timer);
	unsigned again;

	if (ev_now_ms(rs->k->a->ev) < rs->hold_ms) {
		runs_write_in(rs, 0);
		return;
	}
	/* Each group of hundreds of cells rewrites the notebook: one in a turn. */
	if (write_next(rs)) {
		runs_write_in(rs, 0);
		return;
	}
	again = again_in(rs);
	if (again)
		runs_write_in(rs, again);
}

static bool has_open_run(const struct runs *rs)
{
	list_for_each (it, &rs->all) {
		const struct run *r = CONTAINER_OF(it, struct run, node);

		if (r->state != RUN_DONE && !run_is_watched(rs, r))
			return true;
	}
	return false;
}

void runs_before_read(struct agent *a, struct str path)
{
	struct kernel *k = sessions_kernel(a, path);

	if (!k || !k->runs)
		return;
	runs_write_all(k->runs, false);
	if (has_open_run(k->runs))
		k->runs->hold_ms = ev_now_ms(a->ev) + HOLD_MS;
}

void runs_flush(struct kernel *k)
{
	if (k->runs)
		runs_write_all(k->runs, false);
}

void runs_flush_all(struct agent *a)
{
	list_for_each (it, &a->kernels->all)
		runs_flush(CONTAINER_OF(it, struct kernel, node));
}

/* While the agent ends, the pages are going too, and what they were told to
 * save they have saved. */
void runs_end(struct kernel *k)
{
	struct runs *rs = k->runs;

	if (!rs)
		return;
	runs_on_restart(k);
	runs_write_all(rs, k->a->stopping);
	ev_timer_stop(&rs->timer);
	list_for_each_safe (it, &rs->all)
		runs_drop(rs, CONTAINER_OF(it, struct run, node));
	runlog_fini(&rs->log);
	free(rs->wrote_path);
	free(rs);
	k->runs = NULL;
}
