/* SPDX-License-Identifier: Apache-2.0 */
/* A message that is accepted in one form and sent in another arrives with the
 * same bytes in every part. The first byte says which form comes in. */
#include "fuzz.h"

#include "base/buf.h"
#include "proto/jmsg.h"

static void join(const struct jmsg_frame *f, struct buf *b)
{
	for (size_t i = 0; i < f->n; i++)
		buf_put_str(b, f->part[i]);
	CHECK(!buf_error(b));
}

static void same(const struct jmsg *a, const struct jmsg *b)
{
	CHECK(str_eq(a->header, b->header) && str_eq(a->parent, b->parent));
	CHECK(str_eq(a->metadata, b->metadata) && str_eq(a->content, b->content));
	CHECK(a->nbuffers == b->nbuffers && a->channel == b->channel);
	CHECK(str_eq(a->head.id, b->head.id) && str_eq(a->up.session, b->up.session));
	for (size_t i = 0; i < a->nbuffers; i++)
		CHECK(str_eq(a->buffers[i], b->buffers[i]));
}

static void through_zmq(struct arena *a, const struct jmsg *m)
{
	struct jmsg_frame f;
	struct jmsg back;

	CHECK(jmsg_to_zmq(a, m, STR("key"), &f) == 0);
	CHECK(jmsg_from_zmq(a, m->channel, &(const struct jmsg_parts){ f.part, NULL, f.n },
	                    STR("key"), &back, NULL) == 0);
	same(m, &back);
}

static void through_v1(struct arena *a, const struct jmsg *m)
{
	struct buf b = BUF(8U << 20);
	struct jmsg_frame f;
	struct jmsg back;

	CHECK(jmsg_to_ws_v1(a, m, &f) == 0);
	join(&f, &b);
	CHECK(jmsg_from_ws_v1(a, buf_str(&b), &back, NULL) == 0);
	same(m, &back);
	buf_fini(&b);
}

/* Only what came in the legacy form has parts that can be put into JSON. */
static void through_legacy(struct arena *a, const struct jmsg *m)
{
	struct buf b = BUF(8U << 20);
	struct jmsg_frame f;
	struct jmsg back;

	CHECK(jmsg_to_ws_legacy(a, m, &f) == 0);
	join(&f, &b);
	CHECK(jmsg_from_ws_legacy(a, buf_str(&b), !f.text, &back, NULL) == 0);
	same(m, &back);
	buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA(64U << 20);
	struct jmsg m;
	struct str in;
	int r;

	if (size < 1 || size > 1 << 20)
		return 0;
	in = fuzz_str(data + 1, size - 1);
	if (data[0] % 3 == 0)
		r = jmsg_from_ws_v1(&a, in, &m, NULL);
	else
		r = jmsg_from_ws_legacy(&a, in, data[0] % 3 == 2, &m, NULL);
	if (r == 0) {
		through_zmq(&a, &m);
		through_v1(&a, &m);
		if (data[0] % 3)
			through_legacy(&a, &m);
	}
	arena_fini(&a);
	return 0;
}
