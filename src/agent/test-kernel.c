/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/kernel.h"

#include <errno.h>

#include "agent/kclient.h"
#include "test.h"

/* Every pair of states, against the list of moves in the drawing. */
static void kernels_make_only_legal_moves(void)
{
	/* clang-format off */
	static const char legal[KERNEL_STATE_MAX_][KERNEL_STATE_MAX_ + 1] = {
		/* to:                    SRTPFD */
		[KERNEL_STARTING]   =    ".xxxxx",
		[KERNEL_READY]      =    "..xx.x",
		[KERNEL_RESTARTING] =    "x..xxx",
		[KERNEL_STOPPING]   =    ".....x",
		[KERNEL_FAILED]     =    "..xx.x",
		[KERNEL_DEAD]       =    "......",
	};
	/* clang-format on */

	for (int from = 0; from < KERNEL_STATE_MAX_; from++) {
		for (int to = 0; to < KERNEL_STATE_MAX_; to++) {
			T_EQ(kernel_may((enum kernel_state)from, (enum kernel_state)to),
			     legal[from][to] == 'x');
		}
	}
}

static void an_illegal_move_is_an_error_and_changes_nothing(void)
{
	for (int from = 0; from < KERNEL_STATE_MAX_; from++) {
		for (int to = 0; to < KERNEL_STATE_MAX_; to++) {
			struct kernel k = { .state = (enum kernel_state)from, .since_ms = 7 };
			struct err err = ERR_NONE;

			if (kernel_may(k.state, (enum kernel_state)to))
				continue;
			T_EQ(kernel_move(&k, (enum kernel_state)to, &err), -EPERM);
			T_EQ(k.state, from);
			T_EQ(k.since_ms, 7);
			T_OK(strstr(err.msg, kernel_state_name((enum kernel_state)to)));
		}
	}
}

static void add(struct kernel *k, struct kclient *c, const char *session)
{
	*c = (struct kclient){ .k = k };
	(void)snprintf(c->session, sizeof(c->session), "%s", session);
	list_push(&k->clients, &c->node);
}

static struct jmsg_ids ids(const char *id, const char *session)
{
	return (struct jmsg_ids){ .id = str_of(id), .session = str_of(session) };
}

static void a_reply_finds_the_one_who_asked(void)
{
	struct kernel k = { 0 };
	struct kclient a, b;
	struct jmsg_ids up;
	char id[16];

	list_init(&k.clients);
	add(&k, &a, "tab-a");
	add(&k, &b, "tab-b");
	up = ids("m1", "tab-a");
	kclient_note_sent(&b, &up); /* a client whose messages carry another's name */
	T_OK(kclient_for(&k, &up) == &b);
	up = ids("m2", "tab-a");
	T_OK(kclient_for(&k, &up) == &a);
	up = ids("m3", "program");
	T_OK(!kclient_for(&k, &up));
	kclient_note_sent(&a, &up);
	T_OK(kclient_for(&k, &up) == &a);
	/* The ids are forgotten after a while, what it calls itself is not. */
	for (int i = 0; i < 200; i++) {
		(void)snprintf(id, sizeof(id), "x%d", i);
		up = ids(id, "program");
		kclient_note_sent(&a, &up);
	}
	up = ids("m3", "program");
	T_OK(kclient_for(&k, &up) == &a);
	up = ids("", "tab-b");
	T_OK(!kclient_for(&k, &up));
}

TEST_MAIN({ "kernels make only legal moves", kernels_make_only_legal_moves },
          { "an illegal move is an error and changes nothing",
            an_illegal_move_is_an_error_and_changes_nothing },
          { "a reply finds the one who asked", a_reply_finds_the_one_who_asked })
