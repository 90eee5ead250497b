/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernels over an exec: the processes stay our children, their connections stay
 * open at the byte where they were, and what browsers that were sent away have
 * not seen is kept for them. Only kernels that are ready, or have failed for
 * good, are handed over; the others are so soon.
 */
#include <errno.h>
#include <limits.h>

#include "agent/handover.h"
#include "agent/kclient.h"
#include "base/log.h"

#define INFO_MAX (1U << 20)

static bool is_settled(const struct kernel *k)
{
	return k->state == KERNEL_READY || k->state == KERNEL_FAILED;
}

/* ---- browsers ---- */

static void save_client(const struct kclient *c, struct hand_out *out)
{
	hand_put_str(out, str_of(c->session));
	hand_put_str(out, str_of(c->said));
	buf_put_u32le(&out->b, c->v1);
	buf_put_u32le(&out->b, c->browser);
	buf_put_u32le(&out->b, c->clean);
	buf_put_u64le(&out->b, c->run_hash);
	buf_put_u64le(&out->b, c->run_bytes);
	buf_put_u64le(&out->b, c->since);
	buf_put_u64le(&out->b, c->away_ms);
	buf_put_u32le(&out->b, c->nsent);
	for (size_t i = 0; i < KCLIENT_SENT; i++)
		buf_put_u64le(&out->b, c->sent[i]);
	kspool_save(&c->spool, out);
}

static int load_client(struct kernel *k, struct hand_in *in, struct err *err)
{
	struct kclient v = { .spool.fd_ = -1 }, *c = &v;
	struct str session = hand_str(in, KCLIENT_SESSION_MAX - 1);

	if (in->a) {
		c = kclient_new(k, session);
		if (!c)
			return ERR(err, -ENOMEM, "no memory for a browser");
	}
	hand_text(in, c->said, sizeof(c->said));
	c->v1 = hand_bool(in);
	c->browser = hand_bool(in);
	c->clean = hand_bool(in);
	c->run_hash = cur_u64le(&in->c);
	c->run_bytes = (size_t)cur_u64le(&in->c);
	c->since = cur_u64le(&in->c);
	c->away_ms = cur_u64le(&in->c);
	c->nsent = cur_u32le(&in->c);
	for (size_t i = 0; i < KCLIENT_SENT; i++)
		c->sent[i] = cur_u64le(&in->c);
	return kspool_load(&c->spool, in, err);
}

/* ---- what it does ---- */

static void save_run(const struct kernel *k, struct hand_out *out)
{
	hand_put_str(out, buf_str(&k->run.parent));
	hand_put_str(out, buf_str(&k->run.session));
	hand_put_str(out, str_of(k->run.id));
	buf_put_u64le(&out->b, (uint64_t)k->run.since);
	buf_put_u32le(&out->b, k->run.waiting);
	hand_put_str(out, buf_str(&k->run.asked));
	buf_put_u32le(&out->b, k->run.paused);
	buf_put_u32le(&out->b, k->run.replied);
	buf_put_u32le(&out->b, k->nsub);
	for (unsigned i = 0; i < k->nsub; i++)
		buf_put_u64le(&out->b, k->sub[i]);
}

static void load_run(struct kernel *k, struct hand_in *in)
{
	hand_buf(in, &k->run.parent);
	hand_buf(in, &k->run.session);
	hand_text(in, k->run.id, sizeof(k->run.id));
	k->run.since = (wall_us)cur_u64le(&in->c);
	k->run.waiting = hand_bool(in);
	if (in->version >= 2)
		hand_buf(in, &k->run.asked);
	k->run.paused = hand_bool(in);
	k->run.replied = hand_bool(in);
	k->nsub = hand_u32(in, KERNEL_SUBS_MAX);
	for (unsigned i = 0; i < k->nsub; i++)
		k->sub[i] = cur_u64le(&in->c);
}

/* ---- one kernel ---- */

static void save_process(const struct kernel *k, struct hand_out *out)
{
	buf_put_u32le(&out->b, (uint32_t)k->pid);
	hand_put_fd(out, k->output.fd);
	buf_put_u32le(&out->b, k->interrupt_by_message);
	buf_put_u32le(&out->b, k->tcp);
	hand_put_str(out, (struct str){ k->tail, k->tail_len });
	buf_put_u32le(&out->b, (uint32_t)k->sent_signal);
	buf_put_u32le(&out->b, k->restarts);
	buf_put_u32le(&out->b, k->port_tries);
	buf_put_u32le(&out->b, k->cull_seconds);
	buf_put_u32le(&out->b, k->ever_ready);
	buf_put_u64le(&out->b, k->ready_ms);
	hand_put_str(out, str_sub(str_of(k->reason), 0, sizeof(k->reason_kept) - 1));
	hand_put_str(out, str_of(k->file));
	hand_put_str(out, str_of(k->ip));
	for (size_t i = 0; i < ARRAY_LEN(k->ports); i++)
		buf_put_u32le(&out->b, k->ports[i]);
	hand_put_str(out, str_of(k->key));
	hand_put_str(out, str_of(k->session));
}

struct process {
	pid_t pid;
	int output;
};

static struct process load_process(struct kernel *k, struct hand_in *in)
{
	struct process p = { .pid = (pid_t)hand_u32(in, INT32_MAX), .output = hand_fd(in) };
	struct str tail;

	k->interrupt_by_message = hand_bool(in);
	k->tcp = hand_bool(in);
	tail = hand_str(in, sizeof(k->tail));
	if (tail.len)
		memcpy(k->tail, tail.ptr, tail.len);
	k->tail_len = tail.len;
	k->sent_signal = (int)hand_u32(in, 64);
	k->restarts = cur_u32le(&in->c);
	k->port_tries = cur_u32le(&in->c);
	k->cull_seconds = cur_u32le(&in->c);
	k->ever_ready = hand_bool(in);
	k->ready_ms = cur_u64le(&in->c);
	hand_text(in, k->reason_kept, sizeof(k->reason_kept));
	k->reason = k->reason_kept[0] ? k->reason_kept : NULL;
	hand_text(in, k->file, sizeof(k->file));
	hand_text(in, k->ip, sizeof(k->ip));
	for (size_t i = 0; i < ARRAY_LEN(k->ports); i++)
		k->ports[i] = hand_u32(in, UINT16_MAX);
	hand_text(in, k->key, sizeof(k->key));
	hand_text(in, k->session, sizeof(k->session));
	return p;
}

/* Those that can come back. */
static void save_clients(const struct kernel *k, struct hand_out *out)
{
	uint32_t n = 0;

	list_for_each (it, &k->clients)
		n += !CONTAINER_OF(it, struct kclient, node)->made_up;
	buf_put_u32le(&out->b, n);
	list_for_each (it, &k->clients) {
		const struct kclient *c = CONTAINER_OF(it, struct kclient, node);

		if (!c->made_up)
			save_client(c, out);
	}
}

static void save_kernel(const struct kernel *k, struct hand_out *out)
{
	hand_put_str(out, str_of(k->id));
	hand_put_str(out, str_of(k->name));
	hand_put_str(out, str_of(k->cwd));
	hand_put_str(out, k->path ? str_of(k->path) : STR(""));
	hand_put_str(out, k->failure ? str_of(k->failure) : STR(""));
	buf_put_u32le(&out->b, k->state);
	buf_put_u64le(&out->b, k->since_ms);
	buf_put_u32le(&out->b, k->exec);
	buf_put_u64le(&out->b, (uint64_t)k->last_activity);
	buf_put_u64le(&out->b, k->iopub_ms);
	hand_put_str(out, buf_str(&k->info));
	save_process(k, out);
	save_run(k, out);
	for (int c = 0; c < JMSG_CHANNEL_MAX_ && k->state == KERNEL_READY; c++)
		kconn_save(&k->conn[c], out);
	save_clients(k, out);
}

static char *text_or_null(struct hand_in *in)
{
	struct str s = hand_str(in, PATH_MAX);
	char *z = s.len && !cur_bad(&in->c) ? str_dup_z(s) : NULL;

	if (s.len && !z)
		cur_fail(&in->c);
	return z;
}

static void load_words(struct kernel *k, struct hand_in *in)
{
	hand_text(in, k->id, sizeof(k->id));
	k->name = text_or_null(in);
	k->cwd = text_or_null(in);
	k->path = text_or_null(in);
	k->failure = text_or_null(in);
	k->state = (enum kernel_state)hand_u32(in, KERNEL_STATE_MAX_ - 1);
	k->since_ms = cur_u64le(&in->c);
	k->exec = (enum kernel_exec)hand_u32(in, EXEC_DEAD);
	k->last_activity = (wall_us)cur_u64le(&in->c);
	k->iopub_ms = cur_u64le(&in->c);
	hand_buf(in, &k->info);
}

/* Its connections and browsers, once it is a kernel of the agent's. */
static int load_rest(struct kernel *k, struct hand_in *in, struct err *err)
{
	uint32_t n;
	int r = 0;

	kernel_prepare_conns(k);
	for (int c = 0; c < JMSG_CHANNEL_MAX_ && r == 0 && k->state == KERNEL_READY; c++)
		r = kconn_load(&k->conn[c], in, err);
	n = hand_u32(in, 100000);
	for (uint32_t i = 0; i < n && r == 0 && !cur_bad(&in->c); i++)
		r = load_client(k, in, err);
	return r;
}

static void begin(struct kernel *k, const struct process *p)
{
	struct err err = ERR_NONE;

	if (k->state == KERNEL_FAILED) {
		kernel_await_gone(k);
		return;
	}
	k->got_info = k->got_iopub = true;
	if (k->cull_seconds)
		kernels_cull_start(k->a->kernels);
	if (kernel_adopt(k, p->pid, p->output, &err) < 0) {
		/* Nobody else reaps our children: this can't be. */
		log_err(LOG_ERROR, "kernel_lost", &err);
		(void)!kernel_move(k, KERNEL_DEAD, NULL);
		return;
	}
	if (k->run.replied)
		kernel_await_idle(k);
	kclients_sweep(k);
}

static int load_kernel(struct hand_in *in, struct err *err)
{
	struct kernel *k = kernel_blank(in->a);
	struct process p;
	int r;

	if (!k)
		return ERR(err, -ENOMEM, "no memory for a kernel");
	load_words(k, in);
	p = load_process(k, in);
	load_run(k, in);
	if (cur_bad(&in->c) || !k->name || !k->cwd || !is_settled(k) ||
	    (k->state == KERNEL_READY) != (p.pid > 1)) {
		kernel_free(k);
		return ERR(err, -EPROTO, "a kernel is none");
	}
	if (in->a) {
		list_push(&in->a->kernels->all, &k->node);
		in->a->kernels->n++;
	}
	r = load_rest(k, in, err);
	if (in->a && r == 0)
		begin(k, &p);
	else if (in->a)
		(void)!kernel_move(k, KERNEL_DEAD, NULL);
	else
		kernel_free(k);
	return r;
}

/* ---- all of them ---- */

static bool settled(const struct agent *a)
{
	list_for_each (it, &a->kernels->all) {
		const struct kernel *k = CONTAINER_OF(it, struct kernel, node);

		if (!is_settled(k) || !list_empty(&k->waits))
			return false;
	}
	return true;
}

static void leave(struct agent *a)
{
	list_for_each (it, &a->kernels->all)
		kclients_leave(CONTAINER_OF(it, struct kernel, node));
}

static size_t busy(const struct agent *a)
{
	size_t n = 0;

	list_for_each (it, &a->kernels->all)
		n += kclients_leaving(CONTAINER_OF(it, struct kernel, node));
	return n;
}

static void cut(struct agent *a)
{
	list_for_each (it, &a->kernels->all)
		kclients_cut(CONTAINER_OF(it, struct kernel, node));
}

static void save(struct agent *a, struct hand_out *out)
{
	buf_put_u64le(&out->b, (uint64_t)a->kernels->last_activity);
	buf_put_u64le(&out->b, a->kernels->oom_heard);
	buf_put_u32le(&out->b, (uint32_t)a->kernels->n);
	list_for_each (it, &a->kernels->all)
		save_kernel(CONTAINER_OF(it, struct kernel, node), out);
}

static int load(struct hand_in *in, struct err *err)
{
	wall_us last = (wall_us)cur_u64le(&in->c);
	uint64_t oom_kills = cur_u64le(&in->c);
	uint32_t n = hand_u32(in, KERNELS_MAX);
	int r = 0;

	if (in->a) {
		in->a->kernels->last_activity = last;
		in->a->kernels->oom_kills = in->a->kernels->oom_heard = oom_kills;
	}
	for (uint32_t i = 0; i < n && r == 0; i++)
		r = load_kernel(in, err);
	return r;
}

const struct hand_part hand_kernels = {
	.tag = "KERN",
	.version = 2,
	.settled = settled,
	.leave = leave,
	.busy = busy,
	.cut = cut,
	.save = save,
	.load = load,
};
