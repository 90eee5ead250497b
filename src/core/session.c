/* SPDX-License-Identifier: Apache-2.0 */
#include "core/session.h"

#include <errno.h>
#include <stdio.h>

#include "core/types.h"

/*
 *   QUEUED ----> STARTING ----> RUNNING ----> STOPPING
 *     |  \        |  |  \        | | |          |   |
 *     |   \       |  |   `-------|-|-|--> STOPPING  |
 *     |    v      v  |           | | v          |   |
 *     |    FAILED <--|-----------' | FAILED     |   |
 *     v              v             v            v   v
 *   STOPPED         LOST       STOPPED, LOST  STOPPED LOST
 *
 * QUEUED ends without a trace outside the store. STARTING and RUNNING may end
 * by themselves at any time: the journal says so. LOST may still become
 * STOPPED or FAILED when a journal turns up after all, and RUNNING when the
 * engine finds the session alive: doubt about liveness ends nothing.
 */
#define TO(s) (1U << SESSION_##s)
/* clang-format off */
static const struct {
	const char *name;
	unsigned allowed;
	unsigned timeout_s;
} states[SESSION_STATE_MAX_] = {
	[SESSION_QUEUED]   = { "queued",   TO(STARTING) | TO(STOPPED) | TO(FAILED), 900 },
	[SESSION_STARTING] = { "starting", TO(RUNNING) | TO(STOPPING) | TO(STOPPED) | TO(FAILED) | TO(LOST), 900 },
	[SESSION_RUNNING]  = { "running",  TO(STOPPING) | TO(STOPPED) | TO(FAILED) | TO(LOST), 0 },
	[SESSION_STOPPING] = { "stopping", TO(STOPPED) | TO(FAILED) | TO(LOST), 30 },
	[SESSION_STOPPED]  = { "stopped",  0, 0 },
	[SESSION_FAILED]   = { "failed",   0, 0 },
	[SESSION_LOST]     = { "lost",     TO(RUNNING) | TO(STOPPED) | TO(FAILED), 0 },
};

static const char *const phases[PHASE_MAX_] = {
	[PHASE_QUEUE] = "queue", [PHASE_IMAGE] = "image", [PHASE_VOLUME] = "volume",
	[PHASE_CONTAINER] = "container", [PHASE_SERVER] = "server",
};

/* Reason of the stop in the journal, the state it leads to, and for people. */
static const struct {
	const char *reason;
	enum session_state state;
	const char *text;
} reasons[] = {
	{ "idle",         SESSION_STOPPED, "Nothing ran and nobody worked for the whole auto-stop time." },
	{ "max",          SESSION_STOPPED, "The longest time that a session may run was reached." },
	{ "calendar",     SESSION_STOPPED, "The time of day came at which its workspace stops." },
	{ "budget",       SESSION_STOPPED, "The budget that it ran on is used up." },
	{ "user",         SESSION_STOPPED, "It was stopped by its owner." },
	{ "delete",       SESSION_STOPPED, "Its workspace was deleted." },
	{ "turn-missed",  SESSION_STOPPED, "Its turn in the queue came, was kept, and was not taken." },
	{ "admin",        SESSION_STOPPED, "It was stopped by an administrator." },
	{ "shutdown",     SESSION_STOPPED, "The platform was shut down." },
	{ "exit",         SESSION_FAILED,  "The session's first process ended by itself." },
	{ "oom",          SESSION_FAILED,  "The session's first process was killed: out of memory." },
	{ "start-failed", SESSION_FAILED,  "The session could not be started." },
	{ "start-timeout", SESSION_FAILED, "The session did not answer in time after its start." },
	{ "engine-away",  SESSION_FAILED,  "The container engine did not answer for too long." },
	{ "shim-lost",    SESSION_LOST,    "The process that watched the session was gone; its time is billed up to the last sign of life." },
	{ "host-lost",    SESSION_LOST,    "The machine went down; the session's time is billed up to the last sign of life." },
};
/* clang-format on */
#undef TO

bool session_may_move(enum session_state from, enum session_state to)
{
	return states[from].allowed & (1U << to);
}

/* Appends `{"phase":…,"started_at":…,"ended_at":null}`, and gives the entry
 * before it its end. The text is bounded: there are five phases. */
static void phases_enter(struct session *s, enum session_phase phase, wall_us at)
{
	char when[TIME_RFC3339_MAX], *open_end;
	const char *text;
	struct buf b = BUF(PHASES_MAX - 1);

	time_rfc3339(at, when);
	open_end = strstr(s->phases, "\"ended_at\":null}");
	if (open_end) {
		buf_put(&b, s->phases, (size_t)(open_end - s->phases));
		buf_printf(&b, "\"ended_at\":\"%s\"}", when);
	} else if (s->phases[0]) {
		buf_put(&b, s->phases, strlen(s->phases) - 1);
	}
	if (phase != PHASE_NONE)
		buf_printf(&b, "%s{\"phase\":\"%s\",\"started_at\":\"%s\",\"ended_at\":null}",
		           buf_len(&b) ? "," : "[", phases[phase], when);
	if (buf_len(&b))
		buf_put_c(&b, ']');
	text = buf_cstr(&b);
	CHECK(buf_error(&b) == 0);
	memcpy(s->phases, text, buf_len(&b) + 1);
	buf_fini(&b);
	s->phase = phase;
}

void session_init(struct session *s, const struct now *now)
{
	s->state = SESSION_QUEUED;
	s->created = now->wall;
	s->state_boot = now->boot;
	memcpy(s->boot_id, now->boot_id, sizeof(s->boot_id));
	s->phases[0] = '\0';
	phases_enter(s, PHASE_QUEUE, now->wall);
}

bool session_enter_phase(struct session *s, enum session_phase phase, const struct now *now)
{
	if (s->state != SESSION_STARTING || phase <= s->phase || phase >= PHASE_NONE)
		return false;
	phases_enter(s, phase, now->wall);
	return true;
}

int session_move(struct session *s, enum session_state to, const char *reason,
                 const struct now *now, struct err *err)
{
	const char *text;

	CHECK(to < SESSION_STATE_MAX_ && s->state < SESSION_STATE_MAX_);
	if (!session_may_move(s->state, to))
		return ERR(err, -EPERM, "session is %s, can't become %s", states[s->state].name,
		           states[to].name);
	s->state = to;
	s->state_boot = now->boot;
	memcpy(s->boot_id, now->boot_id, sizeof(s->boot_id));
	text = reason ? session_reason_text(reason) : NULL;
	(void)snprintf(s->reason, sizeof(s->reason), "%s", reason ? reason : "");
	(void)snprintf(s->message, sizeof(s->message), "%s", text ? text : "");
	if (s->phase != PHASE_NONE && to != SESSION_STARTING)
		phases_enter(s, PHASE_NONE, now->wall);
	if (to == SESSION_RUNNING)
		s->stopped = 0; /* it may come back from LOST */
	if (!session_is_live(to) && s->stopped == 0)
		s->stopped = now->wall;
	return 0;
}

bool session_is_live(enum session_state s)
{
	return s <= SESSION_STOPPING;
}

bool session_is_wanted(enum session_state s)
{
	return s <= SESSION_RUNNING;
}

enum session_state session_end_state(struct str reason)
{
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (str_is(reason, reasons[i].reason))
			return reasons[i].state;
	return SESSION_STOPPED;
}

const char *session_reason_text(const char *reason)
{
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (strcmp(reason, reasons[i].reason) == 0)
			return reasons[i].text;
	return NULL;
}

uint64_t session_state_timeout_s(enum session_state s)
{
	return states[s].timeout_s;
}

const char *session_state_name(enum session_state s)
{
	CHECK(s < SESSION_STATE_MAX_);
	return states[s].name;
}

int session_state_parse(struct str s, enum session_state *ret)
{
	for (int i = 0; i < SESSION_STATE_MAX_; i++) {
		if (str_is(s, states[i].name)) {
			*ret = (enum session_state)i;
			return 0;
		}
	}
	return -EINVAL;
}

const char *session_phase_name(enum session_phase p)
{
	CHECK(p < PHASE_MAX_);
	return phases[p];
}

int session_phase_parse(struct str s, enum session_phase *ret)
{
	for (int i = 0; i < PHASE_NONE; i++) {
		if (str_is(s, phases[i])) {
			*ret = (enum session_phase)i;
			return 0;
		}
	}
	return -EINVAL;
}
