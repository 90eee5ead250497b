/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/fake.h"

#include <errno.h>

#include "test.h"

#define S UINT64_C(1000000000)

static struct {
	enum wire_type type;
	uint32_t kind;
	char text[32];
} seen[64];
static size_t nseen;
static int64_t code;

static void on_event(void *arg, const struct wire_msg *m)
{
	struct str s = STR_NONE;

	seen[nseen].type = m->type;
	seen[nseen].kind = m->type == WIRE_EV_RUN ? m->ev_run.kind : 0;
	if (m->type == WIRE_EV_PHASE)
		s = m->ev_phase.phase;
	else if (m->type == WIRE_EV_RUN)
		s = m->ev_run.reason;
	(void)snprintf(seen[nseen].text, sizeof(seen[0].text), "%.*s", STR_ARG(s));
	nseen = (nseen + 1) % 64;
}

static void on_answer(void *arg, const struct wire_msg *m)
{
	T_EQ(m->seq, 7);
	code = m->type == WIRE_ERROR ? m->error.code : 0;
}

static int64_t ask(struct fake *f, struct wire_msg m)
{
	m.seq = 7;
	code = 1;
	engine_request(fake_engine(f), &m, on_answer, NULL);
	return code;
}

static struct fake *begin(uint32_t idle, uint32_t max)
{
	struct fake *f = fake_new();

	nseen = 0;
	fake_engine(f)->on_event = on_event;
	T_EQ(ask(f, (struct wire_msg){ .type = WIRE_EVENTS }), 0);
	T_EQ(ask(f, (struct wire_msg){ .type = WIRE_VOLUME_CREATE,
	                               .volume_create = { STR("v"), 1 << 30 } }),
	     0);
	T_EQ(ask(f, (struct wire_msg){ .type = WIRE_SESSION_START,
	                               .session_start = { .session = STR("s"),
	                                                  .epoch = 1,
	                                                  .volume_id = STR("v"),
	                                                  .idle_seconds = idle,
	                                                  .max_seconds = max } }),
	     0);
	return f;
}

static void test_life(void)
{
	struct fake *f = begin(60, 0);

	fake_advance(f, S);
	T_EQ(nseen, 6); /* four phases, the start record, ready */
	T_STREQ(seen[0].text, "image");
	T_EQ(seen[3].type, WIRE_EV_RUN);
	T_STREQ(seen[4].text, "server");
	T_EQ(seen[5].type, WIRE_EV_READY);
	fake_advance(f, 58 * S);
	T_EQ(nseen, 6);
	T_OK(fake_activity(f, "s", false, "{}"));
	fake_advance(f, 59 * S);
	T_EQ(nseen, 7);
	fake_advance(f, 2 * S);
	T_EQ(nseen, 8);
	T_EQ(seen[7].kind, 2);
	T_STREQ(seen[7].text, "idle");
	T_EQ(ask(f,
	         (struct wire_msg){ .type = WIRE_JOURNAL_ACK, .journal_ack = { STR("s"), 1 } }),
	     0);
	nseen = 0;
	T_EQ(ask(f, (struct wire_msg){ .type = WIRE_EVENTS }), 0);
	T_EQ(nseen, 0);
	fake_free(f);
}

static void test_failure(void)
{
	struct fake *f = begin(60, 0);

	fake_fail_start(f, "volume", "no");
	fake_advance(f, S);
	T_EQ(seen[nseen - 1].type, WIRE_EV_FAILED);
	T_STREQ(seen[nseen - 2].text, "start-failed");
	fake_free(f);
}

static void test_max_and_idempotence(void)
{
	struct fake *f = begin(0, 10);

	T_EQ(ask(f, (struct wire_msg){ .type = WIRE_SESSION_START,
	                               .session_start = { .session = STR("s"),
	                                                  .epoch = 1,
	                                                  .volume_id = STR("v") } }),
	     0);
	T_EQ(fake_sessions(f), 1);
	T_EQ(ask(f, (struct wire_msg){ .type = WIRE_VOLUME_DELETE,
	                               .volume_delete = { STR("v") } }),
	     -EBUSY);
	fake_advance(f, 12 * S);
	T_STREQ(seen[nseen - 1].text, "max");
	T_EQ(ask(f, (struct wire_msg){ .type = WIRE_VOLUME_DELETE,
	                               .volume_delete = { STR("v") } }),
	     0);
	T_EQ(fake_volumes(f), 0);
	T_EQ(ask(f, (struct wire_msg){ .type = WIRE_SESSION_STATS,
	                               .session_stats = { STR("nobody"), 1 } }),
	     -ENOENT);
	fake_free(f);
}

static void test_calendar_and_budget(void)
{
	struct fake *f = begin(0, 0);
	const boot_ns from = fake_now(f);
	struct wire_msg m = { .type = WIRE_SESSION_DEADLINE,
		              .session_deadline = { .session = STR("s"),
		                                    .epoch = 1,
		                                    .idle_seconds = 100,
		                                    .calendar_at_boot_ns = from + 20 * S,
		                                    .lease_until_boot_ns = from + 10 * S } };

	fake_advance(f, S);
	T_EQ(ask(f, m), 0);
	m.session_deadline.lease_until_boot_ns = 0; /* replaced, not kept */
	T_EQ(ask(f, m), 0);
	fake_advance(f, 15 * S);
	T_EQ(seen[nseen - 1].type, WIRE_EV_ACTIVITY);
	m.session_deadline.lease_until_boot_ns = from + 18 * S;
	T_EQ(ask(f, m), 0);
	fake_advance(f, 5 * S);
	T_STREQ(seen[nseen - 1].text, "budget");
	fake_free(f);
}

TEST_MAIN({ "a session lives from start to its auto-stop", test_life },
          { "a start can be made to fail", test_failure },
          { "the clocks of calendar and budget end it too", test_calendar_and_budget },
          { "the hard maximum holds, verbs repeat harmlessly", test_max_and_idempotence })
