/* SPDX-License-Identifier: Apache-2.0 */
/* Terminals over an exec: the pty stays open and the shell our child; what was
 * shown lately is shown to the browsers when they are back. */
#include <errno.h>

#include "agent/handover.h"
#include "agent/term.h"
#include "base/log.h"

#define LEAVE_MS 3000U

static void save_term(const struct term *t, struct hand_out *out)
{
	hand_put_str(out, str_of(t->name));
	hand_put_fd(out, t->pty);
	buf_put_u32le(&out->b, (uint32_t)t->child.pid);
	hand_put_str(out, buf_str(&t->replay));
	hand_put_str(out, buf_str(&t->input));
	hand_put_str(out, (struct str){ t->carry, t->ncarry });
	buf_put_u64le(&out->b, (uint64_t)t->last_activity);
}

static void term_discard(struct term *t)
{
	buf_fini(&t->replay);
	buf_fini(&t->input);
	free(t);
}

static void begin(struct term *t, pid_t shell)
{
	struct terms *all = t->all;
	struct err err = ERR_NONE;

	if (term_watch(t, shell, &err) == 0) {
		list_push(&all->list, &t->node);
		all->n++;
		return;
	}
	/* Nobody else reaps our children: this can't be. */
	log_err(LOG_ERROR, "terminal_lost", &err);
	own_close(&t->pty);
	term_discard(t);
}

static int load_term(struct hand_in *in, struct err *err)
{
	struct term *t = term_blank(in->a ? in->a->terms : NULL);
	struct str carry;
	pid_t shell;

	hand_text(in, t->name, sizeof(t->name));
	t->pty = hand_fd(in);
	shell = (pid_t)hand_u32(in, INT32_MAX);
	hand_buf(in, &t->replay);
	hand_buf(in, &t->input);
	carry = hand_str(in, sizeof(t->carry) - 1);
	t->last_activity = (wall_us)cur_u64le(&in->c);
	if (cur_bad(&in->c) || t->pty < 0 || shell <= 1 || !t->name[0]) {
		term_discard(t);
		return ERR(err, -EPROTO, "a terminal is none");
	}
	if (carry.len)
		memcpy(t->carry, carry.ptr, carry.len);
	t->ncarry = (unsigned)carry.len;
	if (in->a)
		begin(t, shell);
	else
		term_discard(t);
	return 0;
}

/* None is being ended, and none has lost its shell or its other side. */
static bool settled(const struct agent *a)
{
	if (!list_empty(&a->terms->dying))
		return false;
	list_for_each (it, &a->terms->list) {
		const struct term *t = LIST_ENTRY(it, struct term, node);

		if (t->reaped || !t->fd.active_)
			return false;
	}
	return true;
}

static void leave(struct agent *a)
{
	list_for_each (it, &a->terms->list) {
		list_for_each_safe (c, &LIST_ENTRY(it, struct term, node)->clients)
			ws_leave(LIST_ENTRY(c, struct term_client, node)->ws, 1012,
			         STR("the server restarts: come back"), LEAVE_MS);
	}
}

static size_t busy(const struct agent *a)
{
	size_t n = 0;

	list_for_each (it, &a->terms->list)
		n += LIST_ENTRY(it, struct term, node)->nclients;
	return n;
}

static void save(struct agent *a, struct hand_out *out)
{
	buf_put_u64le(&out->b, (uint64_t)a->terms->last_activity);
	buf_put_u32le(&out->b, a->terms->n);
	list_for_each (it, &a->terms->list)
		save_term(LIST_ENTRY(it, struct term, node), out);
}

static int load(struct hand_in *in, struct err *err)
{
	wall_us last = (wall_us)cur_u64le(&in->c);
	uint32_t n = hand_u32(in, TERMS_MAX);
	int r = 0;

	if (in->a)
		in->a->terms->last_activity = last;
	for (uint32_t i = 0; i < n && r == 0; i++)
		r = load_term(in, err);
	return r;
}

const struct hand_part hand_terms = {
	.tag = "TERM",
	.version = 1,
	.settled = settled,
	.leave = leave,
	.busy = busy,
	.save = save,
	.load = load,
};
