/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/journal.h"

#include <errno.h>

#include "base/sha256.h"
#include "test.h"

static struct journal_rec sample(void)
{
	return (struct journal_rec){
		.session = "s_0123456789abcdefghjkmnpqrs",
		.epoch = 3,
		.segment = 1,
		.seq = 2,
		.kind = JOURNAL_STOP,
		.boot_id = "8d1c7a2e-0f3b-4c55-9a0e-6f6f6f6f6f6f",
		.boottime_ns = 0x0102030405060708U,
		.wall_us = -5,
		.reason = "idle",
		.cpu_ns = UINT64_MAX,
		.mem_peak_bytes = 1U << 30,
		.oom_kills = 1,
		.exit_status = -1,
		.estimated = 1,
		.evidence = "{\"last\":{\"what\":\"save\"}}",
	};
}

static void seal(uint8_t rec[JOURNAL_RECORD])
{
	uint8_t sum[SHA256_LEN];

	sha256((struct str){ (char *)rec, 504 }, sum);
	memcpy(rec + 504, sum, 8);
}

static void a_record_comes_back_whole(void)
{
	struct journal_rec r = sample(), back;
	uint8_t raw[JOURNAL_RECORD];

	memset(&back, 0, sizeof(back));
	journal_encode(&r, raw);
	T_EQ(journal_decode(raw, &back), 0);
	T_STREQ(back.session, r.session);
	T_STREQ(back.boot_id, r.boot_id);
	T_STREQ(back.reason, r.reason);
	T_STREQ(back.evidence, r.evidence);
	T_EQ(back.epoch, 3);
	T_EQ(back.segment, 1);
	T_EQ(back.seq, 2);
	T_EQ(back.kind, JOURNAL_STOP);
	T_EQ(back.boottime_ns, r.boottime_ns);
	T_EQ(back.wall_us, -5);
	T_EQ(back.cpu_ns, r.cpu_ns);
	T_EQ(back.mem_peak_bytes, r.mem_peak_bytes);
	T_EQ(back.oom_kills, 1);
	T_EQ(back.exit_status, -1);
	T_EQ(back.estimated, 1);
}

static void the_layout_is_the_documented_one(void)
{
	struct journal_rec r = sample();
	uint8_t raw[JOURNAL_RECORD];

	journal_encode(&r, raw);
	T_OK(memcmp(raw, "CRLJ\x02\0\0\0s_0123", 14) == 0);
	T_OK(memcmp(raw + 48, "\3\0\0\0\1\0\0\0\2\0\0\0\1\0\0\0", 16) == 0);
	T_OK(memcmp(raw + 64, "\x08\x07\x06\x05\x04\x03\x02\x01", 8) == 0);
	T_OK(memcmp(raw + 72, "\xfb\xff\xff\xff\xff\xff\xff\xff", 8) == 0);
	T_OK(memcmp(raw + 100,
	            "\xff\xff\xff\xff"
	            "8d1c7a2e-",
	            13) == 0);
	T_OK(memcmp(raw + 144, "idle\0", 5) == 0);
	T_OK(memcmp(raw + 176, "{\"last\"", 7) == 0);
}

static void text_is_cut_to_its_field(void)
{
	struct journal_rec r = sample(), back;
	uint8_t raw[JOURNAL_RECORD];

	memset(r.reason, 'x', sizeof(r.reason)); /* not terminated */
	memset(r.session, 'y', sizeof(r.session));
	memset(r.boot_id, 'z', sizeof(r.boot_id));
	memset(r.evidence, 'e', sizeof(r.evidence));
	journal_encode(&r, raw);
	T_EQ(journal_decode(raw, &back), 0);
	T_EQ(strlen(back.reason), 31);
	T_EQ(strlen(back.session), 39);
	T_EQ(strlen(back.boot_id), 36);
	T_EQ(strlen(back.evidence), 255);
}

static void every_flipped_bit_is_noticed(void)
{
	struct journal_rec r = sample(), back;
	uint8_t raw[JOURNAL_RECORD];

	journal_encode(&r, raw);
	for (size_t bit = 0; bit < 8 * JOURNAL_RECORD; bit++) {
		raw[bit / 8] ^= (uint8_t)(1U << bit % 8);
		T_EQ(journal_decode(raw, &back), -EBADMSG);
		raw[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	T_EQ(journal_decode(raw, &back), 0);
	memset(raw, 0, sizeof(raw));
	T_EQ(journal_decode(raw, &back), -EBADMSG);
}

/* With a right checksum, and still no record of ours. */
static void fields_out_of_range_are_refused(void)
{
	static const struct {
		size_t at;
		uint8_t v;
	} cases[] = {
		{ 0, 'D' },   { 4, 0 },   { 4, 4 },    { 60, 2 },
		{ 432, 1 },   { 503, 1 }, { 47, 'x' }, /* after the NUL of session */
		{ 141, 'x' },                          /* in the padding of boot_id */
		{ 150, 'x' },
	};
	struct journal_rec r = sample(), back;
	uint8_t raw[JOURNAL_RECORD];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		journal_encode(&r, raw);
		raw[cases[i].at] = cases[i].v;
		seal(raw);
		T_EQ(journal_decode(raw, &back), -EBADMSG);
	}
	journal_encode(&r, raw);
	memset(raw + 144, 'r', 32); /* no NUL at all */
	seal(raw);
	T_EQ(journal_decode(raw, &back), -EBADMSG);
}

TEST_MAIN({ "a record comes back whole", a_record_comes_back_whole },
          { "the layout is the documented one", the_layout_is_the_documented_one },
          { "text is cut to its field", text_is_cut_to_its_field },
          { "every flipped bit is noticed", every_flipped_bit_is_noticed },
          { "fields out of range are refused", fields_out_of_range_are_refused })
