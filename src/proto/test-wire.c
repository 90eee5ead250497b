/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire.h"

#include <errno.h>

#include "base/file.h"
#include "proto/journal.h"
#include "test.h"

static const struct wire_msg start = {
	.type = WIRE_SESSION_START,
	.seq = 9,
	.session_start = { .session = STR("s_1"),
	                   .epoch = 2,
	                   .volume_id = STR("vol_1"),
	                   .image_id = STR("default-0123456789ab"),
	                   .cpu_milli = 1000,
	                   .memory_bytes = (uint64_t)2 << 30,
	                   .pids = 512,
	                   .idle_seconds = 3600,
	                   .max_seconds = 43200,
	                   .hostname = STR("nb"),
	                   .env = STR("{\"A\":\"secret\"}"),
	                   .label = STR("label"),
	                   .calendar_at_boot_ns = 5,
	                   .lease_until_boot_ns = (uint64_t)6 << 40 },
};

static void a_message_comes_back_whole(void)
{
	struct buf b = BUF(4096);
	struct wire_msg m;
	size_t used = 0;

	T_EQ(wire_put(&b, &start, NULL), 0);
	T_EQ(wire_get(buf_str(&b), &m, &used, NULL), WIRE_GET_DONE);
	T_EQ(used, buf_len(&b));
	T_EQ(m.type, WIRE_SESSION_START);
	T_EQ(m.seq, 9);
	T_STR(m.session_start.session, STR("s_1"));
	T_EQ(m.session_start.epoch, 2);
	T_STR(m.session_start.image_id, STR("default-0123456789ab"));
	T_EQ(m.session_start.memory_bytes, (uint64_t)2 << 30);
	T_EQ(m.session_start.max_seconds, 43200);
	T_STR(m.session_start.label, STR("label"));
	T_EQ(m.session_start.calendar_at_boot_ns, 5);
	T_EQ(m.session_start.lease_until_boot_ns, (uint64_t)6 << 40);
	buf_fini(&b);
}

/* What a shim of before the late clocks understands, and what it says. */
static void late_clocks_are_left_out_when_none_is_set(void)
{
	struct wire_msg m = { .type = WIRE_SESSION_DEADLINE,
		              .seq = 1,
		              .session_deadline = { .session = STR("s"),
		                                    .epoch = 1,
		                                    .max_at_boot_ns = 7 } },
	                got;
	struct buf none = BUF(4096), one = BUF(4096);
	size_t used = 0;

	T_EQ(wire_put(&none, &m, NULL), 0);
	T_EQ(wire_get(buf_str(&none), &got, &used, NULL), WIRE_GET_DONE);
	T_EQ(used, 12 + 5 + 4 + 4 + 8 + 8);
	T_EQ(got.session_deadline.max_at_boot_ns, 7);
	T_EQ(got.session_deadline.lease_until_boot_ns, 0);
	m.session_deadline.lease_until_boot_ns = 9;
	T_EQ(wire_put(&one, &m, NULL), 0);
	T_EQ(wire_get(buf_str(&one), &got, &used, NULL), WIRE_GET_DONE);
	T_EQ(used, buf_len(&none) + 16);
	T_EQ(got.session_deadline.calendar_at_boot_ns, 0);
	T_EQ(got.session_deadline.lease_until_boot_ns, 9);
	buf_fini(&none);
	buf_fini(&one);
}

static void stats_of_an_older_shim_are_understood(void)
{
	struct wire_msg m = { .type = WIRE_SESSION_STATS_OK, .seq = 1 }, got;
	struct buf b = BUF(4096);
	size_t used = 0;

	T_EQ(wire_put(&b, &m, NULL), 0);
	T_EQ(buf_len(&b), 12 + 3 * 8 + 4 + 2 * 8 + 4);
	T_EQ(wire_get(buf_str(&b), &got, &used, NULL), WIRE_GET_DONE);
	T_EQ(got.session_stats_ok.docs, 0);
	m.session_stats_ok.docs = WIRE_DOCS_KNOWN;
	buf_clear(&b);
	T_EQ(wire_put(&b, &m, NULL), 0);
	T_EQ(wire_get(buf_str(&b), &got, &used, NULL), WIRE_GET_DONE);
	T_EQ(got.session_stats_ok.docs, WIRE_DOCS_KNOWN);
	buf_fini(&b);
}

static void the_bytes_are_the_documented_ones(void)
{
	const struct wire_msg m = { .type = WIRE_ERROR,
		                    .seq = 0x01020304,
		                    .error = { .code = -16, .message = STR("busy") } };
	struct buf b = BUF(4096);

	T_EQ(wire_put(&b, &m, NULL), 0);
	T_STR(buf_str(&b), STR("\x18\0\0\0\x02\0\0\0\x04\x03\x02\x01"
	                       "\xf0\xff\xff\xff\xff\xff\xff\xff\x04\0\0\0busy"));
	buf_fini(&b);
}

/* Two frames, cut at every place: the first is there exactly when whole. */
static void a_frame_is_taken_only_when_whole(void)
{
	const struct wire_msg ready = { .type = WIRE_AGENT_READY };
	struct buf b = BUF(4096);
	struct wire_msg m;
	size_t first;

	T_EQ(wire_put(&b, &start, NULL), 0);
	first = buf_len(&b);
	T_EQ(wire_put(&b, &ready, NULL), 0);
	for (size_t n = 0; n <= buf_len(&b); n++) {
		char *copy = malloc(n ? n : 1);
		size_t used = 0;

		T_OK(copy);
		memcpy(copy, buf_str(&b).ptr, n);
		T_EQ(wire_get((struct str){ copy, n }, &m, &used, NULL),
		     n < first ? WIRE_GET_MORE : WIRE_GET_DONE);
		T_EQ(used, n < first ? 0 : first);
		free(copy);
	}
	T_EQ(wire_get(str_sub(buf_str(&b), first, SIZE_MAX), &m, &first, NULL), WIRE_GET_DONE);
	T_EQ(m.type, WIRE_AGENT_READY);
	buf_fini(&b);
}

static void every_type_has_a_name_and_survives_zeros(void)
{
	size_t n = 0;

	for (int t = 0; t < 65536; t++) {
		struct wire_msg m = { .type = (enum wire_type)t, .seq = 1 }, back;
		struct buf b = BUF(4096);
		size_t used = 0;
		int r = wire_put(&b, &m, NULL);

		if (strcmp(wire_name(m.type), "?") == 0) {
			T_EQ(r, -EINVAL);
			T_EQ(buf_len(&b), 0);
			T_EQ(wire_answer(m.type), WIRE_NONE);
		} else {
			T_EQ(r, 0);
			T_EQ(wire_get(buf_str(&b), &back, &used, NULL), WIRE_GET_DONE);
			T_EQ(back.type, t);
			n++;
		}
		buf_fini(&b);
	}
	T_EQ(n, 42);
	T_EQ(wire_answer(WIRE_HOST_FACTS), WIRE_HOST_FACTS_OK);
	T_EQ(wire_answer(WIRE_EV_RUN), WIRE_NONE);
}

static void what_does_not_fit_is_not_sent(void)
{
	static char big[1000001];
	struct wire_msg m = start;
	struct buf b = BUF(4096), tiny = BUF(20);
	struct err err = ERR_NONE;

	memset(big, 'x', sizeof(big));
	m.session_start.hostname = (struct str){ big, 64 };
	T_EQ(wire_put(&b, &m, &err), -E2BIG);
	T_STREQ(err.msg, "SESSION_START.hostname has 64 bytes, at most 63 fit");
	m = start;
	m.session_start.label = STR("a\0b");
	T_EQ(wire_put(&b, &m, NULL), -EINVAL);
	T_EQ(wire_put(&tiny, &start, NULL), -E2BIG);
	T_EQ(buf_len(&b) + buf_len(&tiny), 0);
	T_EQ(buf_error(&b), 0);
	T_EQ(buf_error(&tiny), 0);
	buf_fini(&b);
	buf_fini(&tiny);
}

static void bad_frames_are_told_apart_from_short_ones(void)
{
	static const struct {
		struct str in;
		int r;
	} cases[] = {
		{ STR("\x07\0\0\0\x01\0\0\0\0\0\0"), -EBADMSG }, /* shorter than a head */
		{ STR("\x01\0\x10\0"), -E2BIG },                 /* told by the length alone */
		{ STR("\xff\xff\xff\xff"), -E2BIG },
		{ STR("\x08\0\0\0\x03\0\0\0\0\0\0\0"), -EBADMSG },   /* no such type */
		{ STR("\x08\0\0\0\x01\0\x01\0\0\0\0\0"), -EBADMSG }, /* flags */
		{ STR("\x09\0\0\0\x01\0\0\0\0\0\0\0x"), -EBADMSG },  /* a byte too many */
		{ STR("\x0c\0\0\0\x16\0\0\0\1\0\0\0\x29\0\0\0"),
		  -EBADMSG }, /* 41 bytes of id */
		{ STR("\x0c\0\0\0\x16\0\0\0\1\0\0\0\x05\0\0\0"),
		  -EBADMSG }, /* more than is there */
		{ STR("\x0d\0\0\0\x16\0\0\0\1\0\0\0\x01\0\0\0\0"), -EBADMSG }, /* a NUL byte */
		{ STR("\x0a\0\0\0\x16\0\0\0\1\0\0\0\x01\0"), -EBADMSG },
		{ STR("\x0d\0\0\0\x16\0\0\0\1\0\0\0\x01\0\0\0v"), WIRE_GET_DONE },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct wire_msg m;
		size_t used = 0;
		struct err err = ERR_NONE;

		T_EQ(wire_get(cases[i].in, &m, &used, &err), cases[i].r);
		T_OK(cases[i].r >= 0 || err.msg[0]);
	}
}

static void a_dump_shows_what_may_be_logged(void)
{
	struct buf b = BUF(4096);
	struct wire_msg m = { .type = WIRE_EV_FAILED,
		              .ev_failed = { .session = STR("s_1"),
		                             .message = STR("no room\n") } };

	wire_dump(&b, &start);
	T_OK(str_find(buf_str(&b), STR("secret")) == buf_len(&b));
	T_OK(str_starts(buf_str(&b), STR("SESSION_START seq=9 session=s_1 epoch=2 ")));
	buf_clear(&b);
	wire_dump(&b, &m);
	T_STR(buf_str(&b), STR("EV_FAILED seq=0 session=s_1 epoch=0 phase= reason= "
	                       "message=no\\x20room\\x0a"));
	buf_fini(&b);
}

static void a_journal_record_travels_as_an_event(void)
{
	struct journal_rec r = { .session = "s_1",
		                 .epoch = 1,
		                 .segment = 2,
		                 .seq = 3,
		                 .kind = JOURNAL_START,
		                 .boot_id = "b",
		                 .boottime_ns = 4,
		                 .wall_us = -5,
		                 .reason = "idle",
		                 .exit_status = -1,
		                 .evidence = "{}" };
	struct wire_msg m = { .type = WIRE_EV_RUN }, got;
	struct journal_rec back;
	struct buf b = BUF(4096);
	size_t used;

	memset(&back, 0xff, sizeof(back));
	wire_from_journal(&r, &m.ev_run);
	T_EQ(wire_put(&b, &m, NULL), 0);
	T_EQ(wire_get(buf_str(&b), &got, &used, NULL), WIRE_GET_DONE);
	T_EQ(wire_to_journal(&got.ev_run, &back), 0);
	T_EQ(memcmp(&r, &back, sizeof(r)), 0);
	got.ev_run.exit_status = (int64_t)1 << 40;
	T_EQ(wire_to_journal(&got.ev_run, &back), -EBADMSG);
	buf_fini(&b);
}

static void the_reference_in_the_documentation_is_this_table(void)
{
	struct buf want = BUF(65536), page = BUF(65536);
	struct err err = ERR_NONE;

	wire_reference(&want);
	T_EQ(buf_error(&want), 0);
	T_EQ(file_read(-1, SOURCE_ROOT "/doc/internals/wire.md", &page, &err), 0);
	if (str_find(buf_str(&page), buf_str(&want)) == buf_len(&page))
		printf("# doc/internals/wire.md must hold:\n%.*s", STR_ARG(buf_str(&want)));
	T_OK(str_find(buf_str(&page), buf_str(&want)) < buf_len(&page));
	buf_fini(&want);
	buf_fini(&page);
}

TEST_MAIN(
    { "a message comes back whole", a_message_comes_back_whole },
    { "late clocks are left out when none is set", late_clocks_are_left_out_when_none_is_set },
    { "stats of an older shim are understood", stats_of_an_older_shim_are_understood },
    { "the bytes are the documented ones", the_bytes_are_the_documented_ones },
    { "a frame is taken only when whole", a_frame_is_taken_only_when_whole },
    { "every type has a name, and survives zeros", every_type_has_a_name_and_survives_zeros },
    { "what does not fit is not sent", what_does_not_fit_is_not_sent },
    { "bad frames are told apart from short ones", bad_frames_are_told_apart_from_short_ones },
    { "a dump shows what may be logged", a_dump_shows_what_may_be_logged },
    { "a journal record travels as an event", a_journal_record_travels_as_an_event },
    { "the reference in the documentation is this table",
      the_reference_in_the_documentation_is_this_table })
