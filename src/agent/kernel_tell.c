/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the browsers of a kernel are told: its messages, and ours in its name
 * when it died, was silent, or said more than a message may hold.
 */
#include "agent/kernel.h"

#include "agent/kclient.h"
#include "agent/runs.h"
#include "base/json.h"

#define ARENA_MAX (4U << 20)         /* header trees and the frames' glue */
#define CUT_MAX   ((size_t)32 << 20) /* shown of a message that was too large */

void kernel_tell_all(struct kernel *k, struct arena *a, const struct jmsg *m)
{
	struct kclient_msg out = { .m = m, .arena = a };

	runs_on_iopub(k, m);
	list_for_each_safe (it, &k->clients)
		kclient_send(CONTAINER_OF(it, struct kclient, node), &out);
}

/* One of our own to all browsers. */
static void tell(struct kernel *k, const char *type, struct str parent, struct str content)
{
	struct jmsg_new n = {
		.channel = JMSG_IOPUB, .type = type, .parent = parent, .content = content
	};
	struct arena a = ARENA(ARENA_MAX);
	struct jmsg m;

	if (kernel_make(k, &a, n, &m) == 0)
		kernel_tell_all(k, &a, &m);
	arena_fini(&a);
}

void kernel_tell_state(struct kernel *k, struct str parent, const char *state)
{
	char content[64];

	(void)snprintf(content, sizeof(content), "{\"execution_state\":\"%s\"}", state);
	tell(k, "status", parent, str_of(content));
}

void kernel_tell_status(struct kernel *k, enum kernel_exec exec)
{
	k->exec = exec;
	kernel_tell_state(k, STR(""), kernel_exec_name(k));
}

static void put_error(struct buf *b, const char *ename, const char *evalue, bool reply)
{
	struct jsonw w = JSONW(b);

	jw_obj(&w);
	if (reply) {
		jw_kv_z(&w, "status", "error");
		jw_kv_i64(&w, "execution_count", 0);
	}
	jw_kv_z(&w, "ename", ename);
	jw_kv_z(&w, "evalue", evalue);
	jw_key(&w, "traceback");
	jw_arr(&w);
	jw_z(&w, evalue);
	jw_arr_end(&w);
	jw_obj_end(&w);
}

static void tell_reply(struct kernel *k, const struct jmsg_ids *up, struct str parent,
                       struct str content)
{
	struct jmsg_new n = { .channel = JMSG_SHELL,
		              .type = "execute_reply",
		              .parent = parent,
		              .content = content };
	struct kclient *c = kclient_for(k, up);
	struct arena a = ARENA(ARENA_MAX);
	struct jmsg m;

	if (c && kernel_make(k, &a, n, &m) == 0)
		kclient_send(c, &(struct kclient_msg){ .m = &m, .arena = &a });
	arena_fini(&a);
}

/* Error output, error reply, idle. */
static void tell_end(struct kernel *k, const struct jmsg_ids *up, struct str parent,
                     const char *ename, const char *evalue)
{
	struct buf b = BUF(8192);

	put_error(&b, ename, evalue, false);
	tell(k, "error", parent, buf_str(&b));
	if (parent.len) {
		buf_clear(&b);
		put_error(&b, ename, evalue, true);
		tell_reply(k, up, parent, buf_str(&b));
		kernel_tell_state(k, parent, "idle");
	}
	buf_fini(&b);
}

/* The header of a request, as far as anybody looks at it. */
static void put_header(struct buf *b, const struct jmsg_ids *ids)
{
	struct jsonw w = JSONW(b);

	jw_obj(&w);
	jw_kv_str(&w, "msg_id", ids->id);
	jw_kv_z(&w, "msg_type", "execute_request");
	jw_kv_str(&w, "session", ids->session);
	jw_kv_z(&w, "username", "");
	jw_kv_z(&w, "version", "5.3");
	jw_obj_end(&w);
}

/* What a kernel says last may die with it, also that it has begun a cell: then
 * the cell that waits longest is the one that ended it, or would wait for ever. */
void kernel_tell_death(struct kernel *k, const char *ename, const char *evalue)
{
	const struct jmsg_ids heard = { .id = str_of(k->run.id),
		                        .session = buf_str(&k->run.session) };
	bool over = k->run.replied, runs = buf_len(&k->run.parent) && !over;
	struct buf header = BUF(4096);
	struct jmsg_ids cell;

	if (over)
		kernel_tell_state(k, buf_str(&k->run.parent), "idle");
	if (runs)
		tell_end(k, &heard, buf_str(&k->run.parent), ename, evalue);
	if (!(runs && runs_has(k, heard.id)) && runs_first(k, &cell)) {
		put_header(&header, &cell);
		tell_end(k, &cell, buf_str(&header), ename, evalue);
	} else if (!runs) {
		tell_end(k, &heard, STR(""), ename, evalue);
	}
	buf_fini(&header);
	kernel_forget_run(k);
}

/* A message was larger than any may be: of a stream its beginning is shown,
 * of the rest only that it was there. ipykernel makes one message of what is
 * printed within 0.2 s, be it a gigabyte. */
void kernel_tell_dropped(struct kernel *k, const struct jmsg *m)
{
	struct arena a = ARENA(KCONN_MESSAGE_MAX * 2);
	unsigned long long mb = m->dropped >> 20;
	struct str text;
	struct jmsg cut;

	if (str_is(m->head.type, "stream")) {
		text = arena_printf(
		    &a,
		    "\\n[%llu MB more were left out here: no message may be larger. "
		    "Write large output to a file.]\\n",
		    mb);
		if (text.ptr && jmsg_cut_stream(&a, m, CUT_MAX, text, &cut) == 0)
			kernel_tell_all(k, &a, &cut);
	} else {
		text = arena_printf(
		    &a,
		    "{\"name\":\"stderr\",\"text\":\"[An output of %llu MB was left "
		    "out: no message may be larger than %zu MB. Write it to a "
		    "file instead.]\\n\"}",
		    mb + (KCONN_MESSAGE_MAX >> 20), KCONN_MESSAGE_MAX >> 20);
		if (text.ptr)
			tell(k, "stream", m->parent, text);
	}
	arena_fini(&a);
}
