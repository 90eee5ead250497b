/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents on their way from the agent to core's index (doc/internals/search.md).
 * The agent is the user's, and the platform's lines are not for it to fill: it
 * may send as many bytes as core has given credit for, and not one more. What
 * does not go through is lost here; core asks again.
 */
#include "shim/shim.h"

#define CREDIT_MAX (256U << 10)

static void tell(struct shim *s, uint64_t acked, struct str want)
{
	struct wire_msg m = { .type = WIRE_SHIM_INDEX };

	m.shim_index = (struct wire_shim_index){ acked, s->docs.credit, want };
	link_send(s, &s->agent, &m);
}

void docs_credit(struct shim *s, const struct wire_session_index *m)
{
	s->docs.known = true;
	s->docs.waits = false;
	s->docs.credit = m->credit < CREDIT_MAX ? m->credit : CREDIT_MAX;
	tell(s, m->acked, m->want);
}

void docs_greet(struct shim *s)
{
	if (s->docs.known)
		tell(s, 0, STR(""));
}

void docs_engine_came(struct shim *s)
{
	/* What was under way to the one before is lost, and core is to ask for it. */
	s->docs.waits = true;
}

void docs_take(struct shim *s, const struct wire_agent_doc *d)
{
	struct wire_msg m = { .type = WIRE_EV_DOC };

	if (!d->body.len)
		return; /* it says nothing, and would cost its agent nothing */
	if (!s->engine_listens || d->body.len > s->docs.credit) {
		s->docs.waits = true;
		return;
	}
	s->docs.credit -= (uint32_t)d->body.len;
	m.ev_doc = (struct wire_ev_doc){
		str_of(s->conf.session), s->conf.epoch, d->gen, d->part, d->parts, d->body
	};
	if (!link_try(&s->engine, &m))
		s->docs.waits = true;
}

uint64_t docs_state(const struct shim *s)
{
	return WIRE_DOCS_KNOWN | (s->docs.waits ? WIRE_DOCS_WAIT : 0);
}
