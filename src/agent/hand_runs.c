/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs over an exec: what cells showed stays in the same unlinked files. Pages
 * are given time to come back before anything is written in their place.
 */
#include <errno.h>

#include "agent/handover.h"
#include "agent/runs.h"

#define RETURN_MS 15000U
#define PATH_LEN  65536U

static void save_run(const struct run *r, struct hand_out *out)
{
	hand_put_str(out, str_of(r->msg_id));
	hand_put_str(out, str_of(r->cell_id));
	hand_put_str(out, r->last_id ? str_of(r->last_id) : STR(""));
	hand_put_str(out, (struct str){ (const char *)r->code, sizeof(r->code) });
	for (size_t i = 0; i < RUNS_WATCHERS; i++)
		hand_put_str(out, r->watcher[i] ? str_of(r->watcher[i]) : STR(""));
	buf_put_u64le(&out->b, r->hash);
	buf_put_u32le(&out->b, r->state);
	buf_put_u32le(&out->b, r->has_count);
	buf_put_u64le(&out->b, r->count);
	buf_put_u64le(&out->b, (uint64_t)r->started_at);
	buf_put_u64le(&out->b, r->ended_ms);
	runlog_save_part(&r->log, out);
	buf_put_u64le(&out->b, r->nrecords);
	buf_put_u64le(&out->b, r->seq);
	buf_put_u64le(&out->b, r->text_bytes);
	buf_put_u64le(&out->b, r->compact_at);
	buf_put_u32le(&out->b, r->shrinks);
	buf_put_u32le(&out->b, r->cut);
	buf_put_u32le(&out->b, r->cut_all);
	buf_put_u64le(&out->b, r->lost);
	buf_put_u32le(&out->b, (uint32_t)r->nids);
	for (size_t i = 0; i < r->nids; i++)
		buf_put_u64le(&out->b, r->ids[i]);
	buf_put_u64le(&out->b, r->rev);
	buf_put_u64le(&out->b, r->saved_rev);
	buf_put_u64le(&out->b, r->saved_records);
	buf_put_u32le(&out->b, r->saved);
}

/* Like the registry: room for a power of two. */
static bool load_ids(struct run *r, struct hand_in *in)
{
	uint32_t n = hand_u32(in, 1024);
	size_t cap = 1;

	while (cap < n)
		cap *= 2;
	if (n) {
		r->ids = calloc(cap, sizeof(*r->ids));
		if (!r->ids)
			return false;
	}
	r->nids = n;
	for (uint32_t i = 0; i < n; i++)
		r->ids[i] = cur_u64le(&in->c);
	return true;
}

static char *text(struct hand_in *in)
{
	struct str s = hand_str(in, PATH_LEN);
	char *z = s.len && !cur_bad(&in->c) ? str_dup_z(s) : NULL;

	if (s.len && !z)
		cur_fail(&in->c);
	return z;
}

static void load_words(struct run *r, struct hand_in *in)
{
	struct str code;

	r->msg_id = text(in);
	r->cell_id = text(in);
	r->last_id = text(in);
	code = hand_str(in, sizeof(r->code));
	if (code.len == sizeof(r->code))
		memcpy(r->code, code.ptr, code.len);
	else
		cur_fail(&in->c);
	for (size_t i = 0; i < RUNS_WATCHERS; i++)
		r->watcher[i] = text(in);
	r->hash = cur_u64le(&in->c);
	r->state = (enum run_state)hand_u32(in, RUN_DONE);
	r->has_count = hand_bool(in);
	r->count = cur_u64le(&in->c);
	r->started_at = (wall_us)cur_u64le(&in->c);
	r->ended_ms = cur_u64le(&in->c);
}

static bool load_numbers(struct run *r, struct hand_in *in)
{
	bool ok;

	r->nrecords = cur_u64le(&in->c);
	r->seq = cur_u64le(&in->c);
	r->text_bytes = cur_u64le(&in->c);
	r->compact_at = cur_u64le(&in->c);
	r->shrinks = hand_bool(in);
	r->cut = hand_bool(in);
	r->cut_all = hand_bool(in);
	r->lost = cur_u64le(&in->c);
	ok = load_ids(r, in);
	r->rev = cur_u64le(&in->c);
	r->saved_rev = cur_u64le(&in->c);
	r->saved_records = cur_u64le(&in->c);
	r->saved = hand_bool(in);
	return ok && !cur_bad(&in->c) && r->msg_id && r->cell_id && r->watcher[0];
}

static int load_run(struct runs *rs, struct hand_in *in, struct err *err)
{
	struct run *r = xcalloc(1, sizeof(*r));
	int rc;

	load_words(r, in);
	rc = cur_bad(&in->c) ? -EPROTO : runlog_load_part(&rs->log, &r->log, in, err);
	if (rc == 0 && !load_numbers(r, in))
		rc = -EPROTO;
	if (rc < 0) {
		runlog_forget(&rs->log, &r->log);
		run_free(r);
		return ERR(err, rc, "what a cell showed is no run");
	}
	list_push(&rs->all, &r->node);
	rs->n++;
	return 0;
}

/* ---- of one kernel ---- */

static void save_runs(const struct runs *rs, struct hand_out *out)
{
	hand_put_str(out, str_of(rs->k->id));
	buf_put_u64le(&out->b, rs->seq);
	hand_put_str(out, rs->wrote_path ? str_of(rs->wrote_path) : STR(""));
	buf_put_u64le(&out->b, rs->wrote.file.dev);
	buf_put_u64le(&out->b, rs->wrote.file.ino);
	buf_put_u64le(&out->b, rs->wrote.file.size);
	buf_put_u64le(&out->b, (uint64_t)rs->wrote.file.mtime_ns);
	buf_put_u32le(&out->b, rs->wrote.wrote);
	buf_put_u64le(&out->b, (uint64_t)rs->wrote.mtime);
	hand_put_str(out, str_of(rs->wrote.hash));
	hand_put_str(out, str_of(rs->wrote.read));
	hand_put_str(out, str_of(rs->wrote_base));
	runlog_save(&rs->log, out);
	buf_put_u32le(&out->b, (uint32_t)rs->n);
	list_for_each (it, &rs->all)
		save_run(CONTAINER_OF(it, struct run, node), out);
}

static int load_into(struct runs *rs, struct hand_in *in, struct err *err)
{
	uint32_t n;
	int r;

	rs->seq = cur_u64le(&in->c);
	rs->wrote_path = text(in);
	rs->wrote.file.dev = cur_u64le(&in->c);
	rs->wrote.file.ino = cur_u64le(&in->c);
	rs->wrote.file.size = cur_u64le(&in->c);
	rs->wrote.file.mtime_ns = (int64_t)cur_u64le(&in->c);
	rs->wrote.wrote = hand_bool(in);
	rs->wrote.mtime = (wall_us)cur_u64le(&in->c);
	hand_text(in, rs->wrote.hash, sizeof(rs->wrote.hash));
	hand_text(in, rs->wrote.read, sizeof(rs->wrote.read));
	hand_text(in, rs->wrote_base, sizeof(rs->wrote_base));
	r = runlog_load(&rs->log, in, err);
	n = hand_u32(in, RUNS_MAX * 4);
	for (uint32_t i = 0; i < n && r == 0; i++)
		r = load_run(rs, in, err);
	return r;
}

/* Only looked at: nothing of it may reach a file. */
static int check_runs(struct hand_in *in, struct err *err)
{
	struct runs rs = { 0 };
	int r;

	list_init(&rs.all);
	runlog_init(&rs.log, "");
	r = load_into(&rs, in, err);
	list_for_each_safe (it, &rs.all) {
		struct run *run = CONTAINER_OF(it, struct run, node);

		list_del(&run->node);
		runlog_forget(&rs.log, &run->log);
		run_free(run);
	}
	free(rs.wrote_path);
	return r;
}

static int load_runs(struct hand_in *in, struct err *err)
{
	struct str id = hand_str(in, KERNEL_ID_MAX - 1);
	struct kernel *k;
	struct runs *rs;
	int r;

	if (!in->a)
		return check_runs(in, err);
	k = kernel_by_id(in->a, id);
	rs = k ? runs_of(k) : NULL;
	if (!rs)
		return ERR(err, -EPROTO, "the kernel of these runs is not there");
	r = load_into(rs, in, err);
	if (r == 0) {
		rs->hold_ms = ev_now_ms(in->a->ev) + RETURN_MS;
		runs_write_in(rs, 0);
	}
	return r;
}

/* ---- of all ---- */

static void leave(struct agent *a)
{
	list_for_each (it, &a->kernels->all) {
		struct kernel *k = CONTAINER_OF(it, struct kernel, node);

		if (k->runs)
			k->runs->hold_ms = ev_now_ms(a->ev) + RETURN_MS;
	}
}

static void save(struct agent *a, struct hand_out *out)
{
	uint32_t n = 0;

	list_for_each (it, &a->kernels->all)
		n += CONTAINER_OF(it, struct kernel, node)->runs != NULL;
	buf_put_u32le(&out->b, n);
	list_for_each (it, &a->kernels->all) {
		const struct kernel *k = CONTAINER_OF(it, struct kernel, node);

		if (k->runs)
			save_runs(k->runs, out);
	}
}

static int load(struct hand_in *in, struct err *err)
{
	uint32_t n = hand_u32(in, KERNELS_MAX);
	int r = 0;

	for (uint32_t i = 0; i < n && r == 0; i++)
		r = load_runs(in, err);
	return r;
}

const struct hand_part hand_runs = {
	.tag = "RUNS",
	.version = 1,
	.leave = leave,
	.save = save,
	.load = load,
};
