/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/engine.h"

#include <errno.h>
#include <stdlib.h>

struct engine_call {
	uint32_t seq;
	engine_answer_fn *answer;
	void *arg;
};

void engine_answer(struct engine_call *c, struct wire_msg *m)
{
	m->seq = c->seq;
	c->answer(c->arg, m);
	free(c);
}

void engine_ok(struct engine_call *c)
{
	struct wire_msg m = { .type = WIRE_OK };

	engine_answer(c, &m);
}

void engine_fail(struct engine_call *c, const struct err *err)
{
	struct wire_msg m = { .type = WIRE_ERROR };

	m.error = (struct wire_error){ err->code ? err->code : -EIO, str_of(err->msg) };
	engine_answer(c, &m);
}

void engine_emit(struct engine *e, const struct wire_msg *m)
{
	if (e->on_event)
		e->on_event(e->event_arg, m);
}

void engine_request(struct engine *e, const struct wire_msg *m, engine_answer_fn *answer,
                    void *arg)
{
	struct engine_call *c = xcalloc(1, sizeof(*c));
	const struct engine_ops *ops = e->ops;
	struct err err = ERR_NONE;

	*c = (struct engine_call){ m->seq, answer, arg };
	switch ((int)m->type) {
	case WIRE_HOST_FACTS:
		ops->host_facts(e, c);
		break;
	case WIRE_IMAGE_LIST:
		ops->image_list(e, c);
		break;
	case WIRE_VOLUME_CREATE:
		ops->volume_create(e, c, &m->volume_create);
		break;
	case WIRE_VOLUME_GROW:
		ops->volume_grow(e, c, &m->volume_grow);
		break;
	case WIRE_VOLUME_STAT:
		ops->volume_stat(e, c, &m->volume_stat);
		break;
	case WIRE_VOLUME_DELETE:
		ops->volume_delete(e, c, &m->volume_delete);
		break;
	case WIRE_FILES_START:
		ops->files_start(e, c, &m->files_start);
		break;
	case WIRE_SESSION_START:
		ops->session_start(e, c, &m->session_start);
		break;
	case WIRE_SESSION_STOP:
		ops->session_stop(e, c, &m->session_stop);
		break;
	case WIRE_SESSION_DEADLINE:
		ops->session_deadline(e, c, &m->session_deadline);
		break;
	case WIRE_SESSION_LIST:
		ops->session_list(e, c, &m->session_list);
		break;
	case WIRE_SESSION_STATS:
		ops->session_stats(e, c, &m->session_stats);
		break;
	case WIRE_SESSION_LOG:
		ops->session_log(e, c, &m->session_log);
		break;
	case WIRE_SESSION_UPGRADE:
		ops->session_upgrade(e, c, &m->session_upgrade);
		break;
	case WIRE_SESSION_INDEX:
		ops->session_index(e, c, &m->session_index);
		break;
	case WIRE_EVENTS:
		ops->events(e, c);
		break;
	case WIRE_JOURNAL_ACK:
		ops->journal_ack(e, c, &m->journal_ack);
		break;
	default:
		(void)ERR(&err, -ENOTSUP, "the engine does not know the request %s",
		          wire_name(m->type));
		engine_fail(c, &err);
		break;
	}
}
