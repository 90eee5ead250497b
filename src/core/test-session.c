/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/json.h"
#include "core/types.h"
#include "test.h"

static const struct now at = { .wall = 1795000000000000, .boot = 5000, .boot_id = "boot-a" };

/* Every pair, against the list of moves that the drawing allows. */
static void moves(void)
{
	/* clang-format off */
	static const char legal[SESSION_STATE_MAX_][SESSION_STATE_MAX_ + 1] = {
		/* to:                 QSRPTFL */
		[SESSION_QUEUED]   = ".x..xx.",
		[SESSION_STARTING] = "..xxxxx",
		[SESSION_RUNNING]  = "...xxxx",
		[SESSION_STOPPING] = "....xxx",
		[SESSION_STOPPED]  = ".......",
		[SESSION_FAILED]   = ".......",
		[SESSION_LOST]     = "..x.xx.",
	};
	/* clang-format on */

	for (int from = 0; from < SESSION_STATE_MAX_; from++) {
		for (int to = 0; to < SESSION_STATE_MAX_; to++) {
			struct session s = { .state = (enum session_state)from,
				             .phase = PHASE_NONE };
			struct err err = ERR_NONE;
			bool ok = legal[from][to] == 'x';

			T_EQ(session_move(&s, (enum session_state)to, NULL, &at, &err),
			     ok ? 0 : -EPERM);
			T_EQ(s.state, ok ? to : from);
			T_EQ(s.state_boot, ok ? at.boot : 0);
			T_EQ(session_may_move((enum session_state)from, (enum session_state)to),
			     ok);
			T_EQ(s.stopped != 0, ok && to >= SESSION_STOPPED);
		}
	}
}

static void phases_have_times(void)
{
	struct session s = { 0 };
	struct now now = at;
	struct arena a = ARENA(1 << 16);
	struct json *j;
	struct err err = ERR_NONE;
	struct str v;

	session_init(&s, &now);
	T_EQ(session_enter_phase(&s, PHASE_IMAGE, &now), false); /* not yet starting */
	T_EQ(session_move(&s, SESSION_STARTING, NULL, &now, &err), 0);
	for (int p = PHASE_IMAGE; p < PHASE_NONE; p++) {
		now.wall += 1000000;
		T_EQ(session_enter_phase(&s, (enum session_phase)p, &now), true);
		T_EQ(session_enter_phase(&s, (enum session_phase)p, &now), false);
	}
	T_EQ(session_enter_phase(&s, PHASE_IMAGE, &now), false); /* no way back */
	now.wall += 1000000;
	T_EQ(session_move(&s, SESSION_RUNNING, NULL, &now, &err), 0);
	T_EQ(s.phase, PHASE_NONE);
	T_EQ(json_parse(&a, str_of(s.phases), NULL, &j, &err), 0);
	T_EQ(j->n, 5);
	for (size_t i = 0; i < j->n; i++) {
		T_EQ(json_get_str(json_at(j, i), "phase", &v), 0);
		T_STR(v, str_of(session_phase_name((enum session_phase)i)));
		T_EQ(json_get_str(json_at(j, i), "ended_at", &v), 0);
		if (i + 1 < j->n) {
			struct str next;

			T_EQ(json_get_str(json_at(j, i + 1), "started_at", &next), 0);
			T_STR(v, next);
		}
	}
	arena_fini(&a);
}

static void reasons_lead_somewhere(void)
{
	T_EQ(session_end_state(STR("idle")), SESSION_STOPPED);
	T_EQ(session_end_state(STR("exit")), SESSION_FAILED);
	T_EQ(session_end_state(STR("host-lost")), SESSION_LOST);
	T_EQ(session_end_state(STR("never heard of")), SESSION_STOPPED);
	T_OK(session_reason_text("idle") != NULL);
	T_OK(session_reason_text("?") == NULL);
}

static void names_read_back(void)
{
	for (int i = 0; i < SESSION_STATE_MAX_; i++) {
		enum session_state s;

		T_EQ(session_state_parse(str_of(session_state_name((enum session_state)i)), &s),
		     0);
		T_EQ((int)s, i);
	}
	for (int i = 0; i < PHASE_NONE; i++) {
		enum session_phase p;

		T_EQ(session_phase_parse(str_of(session_phase_name((enum session_phase)i)), &p),
		     0);
		T_EQ((int)p, i);
	}
	enum session_state s;

	T_EQ(session_state_parse(STR("sleeping"), &s), -EINVAL);
}

TEST_MAIN({ "only the drawn moves are legal, for all pairs", moves },
          { "phases follow each other with their times", phases_have_times },
          { "a journal's reason leads to a state", reasons_lead_somewhere },
          { "names of states and phases read back", names_read_back })
