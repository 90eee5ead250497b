/* SPDX-License-Identifier: Apache-2.0 */
#include "core/reconcile.h"

#include "test.h"

#define N REMEDY_NONE
#define S REMEDY_START
#define P REMEDY_STOP
#define R REMEDY_RUNNING
#define L REMEDY_LOST

/* All states × what the engine says, first and second list without it. */
static void remedies(void)
{
	/* clang-format off */
	static const struct {
		enum session_state state;
		bool started;
		/* absent once, absent twice, starting, running, stopping */
		enum remedy want[5];
	} t[] = {
		{ SESSION_QUEUED,   false, { S, S, S, S, S } },
		{ SESSION_STARTING, false, { S, S, N, R, N } },
		{ SESSION_STARTING, true,  { N, L, N, R, N } },
		{ SESSION_RUNNING,  true,  { N, L, N, N, N } },
		{ SESSION_STOPPING, true,  { N, L, P, P, P } },
		{ SESSION_STOPPING, false, { P, REMEDY_ENDED, P, P, P } },
		{ SESSION_STOPPED,  true,  { N, N, P, P, P } },
		{ SESSION_FAILED,   true,  { N, N, P, P, P } },
		{ SESSION_LOST,     true,  { N, N, P, R, P } },
	};
	/* clang-format on */
	static const struct {
		enum seen seen;
		unsigned misses;
	} seen[5] = { { SEEN_NO, 1 },
		      { SEEN_NO, 2 },
		      { SEEN_STARTING, 0 },
		      { SEEN_RUNNING, 0 },
		      { SEEN_STOPPING, 0 } };
	struct now now = { .boot = 20 * NS_PER_S, .boot_id = "b" };

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		for (int k = 0; k < 5; k++) {
			struct session s = { .state = t[i].state,
				             .boot_id = "b",
				             .state_boot = 10 * NS_PER_S,
				             .started_boot = t[i].started ? 1 : 0 };

			T_EQ(reconcile(&s, seen[k].seen, seen[k].misses, &now), t[i].want[k]);
		}
	}
}

static void overdue(void)
{
	struct session s = { .state = SESSION_STARTING, .boot_id = "b" };
	struct now now = { .boot = 901 * NS_PER_S, .boot_id = "b" };

	T_EQ(reconcile(&s, SEEN_STARTING, 0, &now), REMEDY_TIMEOUT);
	/* One list without it may be the engine's own restart. */
	T_EQ(reconcile(&s, SEEN_NO, 1, &now), REMEDY_NONE);
	T_EQ(reconcile(&s, SEEN_NO, 2, &now), REMEDY_TIMEOUT);
	T_EQ(reconcile(&s, SEEN_RUNNING, 0, &now), REMEDY_RUNNING);
	s.state = SESSION_QUEUED;
	T_EQ(reconcile(&s, SEEN_NO, 1, &now), REMEDY_GIVE_UP);
	/* Another boot: its clock tells nothing about ours. */
	memcpy(s.boot_id, "a", 2);
	now.boot = 10 * NS_PER_S;
	T_EQ(reconcile(&s, SEEN_NO, 1, &now), REMEDY_START);
}

static void orphans(void)
{
	struct session s = { .epoch = 2 };

	T_EQ(reconcile_is_orphan(NULL, 1), true);
	T_EQ(reconcile_is_orphan(&s, 1), true);
	T_EQ(reconcile_is_orphan(&s, 2), false);
}

TEST_MAIN({ "each state has its remedy for what the engine says", remedies },
          { "states that last too long are ended", overdue },
          { "what nobody means to have is an orphan", orphans })
