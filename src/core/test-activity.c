/* SPDX-License-Identifier: Apache-2.0 */
#include "core/activity.h"

#include <errno.h>

#include "test.h"

#define MIN ACTIVITY_MINUTE_US

static struct activity_minute minute(wall_us at, int active)
{
	return (struct activity_minute){ .at = at, .active = active, .cpu_milli = 118 };
}

static void ten_minutes_are_kept(void)
{
	struct activity a = { 0 };

	for (int i = 0; i < 14; i++) {
		struct activity_minute m = minute((100 + i) * MIN, i % 2);

		activity_push(&a, &m);
	}
	T_EQ(a.n, 10);
	T_EQ(a.minutes[0].at, 104 * MIN);
	T_EQ(a.minutes[9].at, 113 * MIN);
	T_EQ(a.minutes[9].active, 1);
}

static void gaps_are_not_known(void)
{
	struct activity a = { 0 };
	struct activity_minute m = minute(100 * MIN, 1);

	activity_push(&a, &m);
	m = minute(101 * MIN + 29 * US_PER_S, 0); /* late, but no gap */
	activity_push(&a, &m);
	T_EQ(a.n, 2);
	m = minute(105 * MIN, 1);
	activity_push(&a, &m);
	T_EQ(a.n, 6);
	for (int i = 2; i < 5; i++) {
		T_EQ(a.minutes[i].active, ACTIVITY_NOT_KNOWN);
		T_EQ(a.minutes[i].cpu_milli, ACTIVITY_NOT_KNOWN);
	}
	T_EQ(a.minutes[5].active, 1);
	/* A year away is ten minutes, at most. */
	m = minute(600000 * MIN, 0);
	activity_push(&a, &m);
	T_EQ(a.n, 10);
	T_EQ(a.minutes[8].active, ACTIVITY_NOT_KNOWN);
	T_EQ(a.minutes[9].at, 600000 * MIN);
	/* A clock that was put back does not make it longer. */
	m = minute(5 * MIN, 1);
	activity_push(&a, &m);
	T_EQ(a.n, 10);
	T_EQ(a.minutes[9].at, 5 * MIN);
}

static void it_is_written_and_read(void)
{
	struct activity a = { 0 }, b = { 0 };
	struct buf text = BUF(ACTIVITY_JSON_MAX), again = BUF(ACTIVITY_JSON_MAX);
	struct jsonw w = JSONW(&text), w2 = JSONW(&again);
	struct activity_minute m = minute(100 * MIN, 1);

	(void)snprintf(m.why, sizeof(m.why), "\"q\" \xc3\xa4.ipynb busy");
	activity_push(&a, &m);
	m = minute(104 * MIN, 0);
	m.cpu_milli = 2005;
	activity_push(&a, &m);
	activity_put(&w, &a);
	T_EQ(buf_error(&text), 0);
	T_EQ(activity_get(buf_str(&text), &b), 0);
	activity_put(&w2, &b);
	T_STR(buf_str(&again), buf_str(&text));
	T_EQ(b.n, 5);
	T_EQ(b.minutes[0].active, 1);
	T_EQ(b.minutes[1].active, ACTIVITY_NOT_KNOWN);
	T_EQ(b.minutes[4].cpu_milli, 2005);
	T_EQ(activity_get(STR(""), &b), -EBADMSG);
	T_EQ(activity_get(STR("{}"), &b), -EBADMSG);
	T_EQ(activity_get(STR("[1,{\"at\":\"never\"}]"), &b), 0);
	T_EQ(b.n, 0);
	buf_fini(&text);
	buf_fini(&again);
}

static void the_strongest_reason_in_few_words(void)
{
	static const struct {
		const char *evidence;
		bool active;
		const char *why;
	} cases[] = {
		{ "{\"busy\":[{\"path\":\"a/b c.ipynb\"}],\"last\":{\"what\":\"run\"}}", true,
		  "b c.ipynb busy" },
		{ "{\"busy\":[{\"name\":\"python3\"}]}", true, "python3 busy" },
		{ "{\"busy\":[],\"terminals\":[{\"name\":\"1\",\"job\":\"make -j8\"}]}", true,
		  "make -j8" },
		{ "{\"last\":{\"what\":\"type\"}}", true, "typed" },
		{ "{\"last\":{\"what\":\"type\"}}", false, "idle" },
		{ "", true, "active" },
		{ "not json", true, "active" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char why[ACTIVITY_WHY_MAX];

		activity_why(str_of(cases[i].evidence), cases[i].active, why);
		T_STREQ(why, cases[i].why);
	}
}

static const struct now now = { .wall = INT64_C(1795258440000000), /* 10:54:00 */
	                        .boot = 100000 * NS_PER_S };

static void says(struct session *s, boot_ns last, const char *evidence, const char *want)
{
	struct buf b = BUF(4096);

	(void)snprintf(s->evidence, sizeof(s->evidence), "%s", evidence);
	activity_verdict(s, last, &now, &b);
	T_STREQ(buf_cstr(&b), want);
	buf_fini(&b);
}

static void why_it_still_runs(void)
{
	struct session s = { .state = SESSION_RUNNING,
		             .auto_stop_s = 3600,
		             .max_s = 43200,
		             .stop_why = "idle",
		             .stop_at = 101080 * NS_PER_S,
		             .started_boot = 90000 * NS_PER_S };

	says(&s, now.boot - 5 * NS_PER_S,
	     "{\"busy\":[{\"path\":\"x/tiles.ipynb\",\"since\":\"2026-11-20T05:40:00Z\"},"
	     "{\"path\":\"y\"}]}",
	     "In use: a cell in tiles.ipynb has been busy for 29 h 14 min, and 1 more kernel "
	     "is. "
	     "It stops in 9 h 13 min: its longest run is reached then.");
	s.max_s = 0;
	says(&s, now.boot, "{\"terminals\":[{\"name\":\"1\",\"job\":\"make\"}]}",
	     "In use: make runs in a terminal.");
	s.calendar_at = now.boot + 7200 * NS_PER_S;
	says(&s, now.boot, "{\"terminals\":[{\"name\":\"background\",\"job\":\"train\"}]}",
	     "In use: train runs in the background. It stops in 2 h: that is the time of day "
	     "set for it.");
	s.lease_until = now.boot + 59 * NS_PER_S;
	says(
	    &s, now.boot, "{\"last\":{\"what\":\"save\"}}",
	    "In use: a file was saved just now. It stops in 59 s: the budget is used up then.");
	says(&s, now.boot - 2520 * NS_PER_S, "{\"last\":{\"what\":\"save\"}}",
	     "Idle for 42 min: the last thing was that a file was saved. It stops in 18 min "
	     "unless something happens.");
	s.stop_at = 0;
	says(&s, 0, "", "Not known: nothing was heard of its activity yet.");
}

static void why_it_was_stopped(void)
{
	struct session s = { .state = SESSION_STOPPED, .reason = "idle" };

	says(&s, 0, "{\"last\":{\"what\":\"run\"}}",
	     "Nothing ran and nobody worked for the whole auto-stop time. The last thing was "
	     "that a cell was run.");
	(void)snprintf(s.reason, sizeof(s.reason), "admin");
	(void)snprintf(s.message, sizeof(s.message), "Stopped by an administrator: too long.");
	says(&s, 0, "", "Stopped by an administrator: too long.");
	s.state = SESSION_STOPPING;
	says(&s, 0, "", "It is being stopped.");
}

TEST_MAIN({ "ten minutes are kept", ten_minutes_are_kept },
          { "gaps are not known", gaps_are_not_known },
          { "it is written and read", it_is_written_and_read },
          { "the strongest reason, in few words", the_strongest_reason_in_few_words },
          { "why it still runs, as a sentence", why_it_still_runs },
          { "why it was stopped", why_it_was_stopped })
