/* SPDX-License-Identifier: Apache-2.0 */
/* One table of offsets drives both directions; doc/internals/journal.md is
 * the same table for people. */
#include "proto/journal.h"

#include <errno.h>

#include "base/sha256.h"

#define CHECKSUM_AT 504
#define RESERVED_AT 432

enum kind { U32, U64, TEXT };

/* I32 and I64 travel as their unsigned twins. The member and its field on
 * disk have the same size, but for text: its field holds at least the NUL. */
#define F(kind, at, size, member)                                     \
	{                                                             \
		kind, at, size, offsetof(struct journal_rec, member), \
		    sizeof(((struct journal_rec *)0)->member)         \
	}
/* clang-format off */
static const struct {
	enum kind kind;
	size_t at, size, from, member_size;
} layout[] = {
	F(U32,    4,   4, kind),
	F(TEXT,   8,  40, session),
	F(U32,   48,   4, epoch),
	F(U32,   52,   4, segment),
	F(U32,   56,   4, seq),
	F(U32,   60,   4, estimated),
	F(U64,   64,   8, boottime_ns),
	F(U64,   72,   8, wall_us),
	F(U64,   80,   8, cpu_ns),
	F(U64,   88,   8, mem_peak_bytes),
	F(U32,   96,   4, oom_kills),
	F(U32,  100,   4, exit_status),
	F(TEXT, 104,  40, boot_id),
	F(TEXT, 144,  32, reason),
	F(TEXT, 176, 256, evidence),
};
/* clang-format on */
#undef F

static const char magic[4] = { 'C', 'R', 'L', 'J' };

static void put_le(uint8_t *p, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static uint64_t get_le(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v |= (uint64_t)p[i] << 8 * i;
	return v;
}

static void checksum(const uint8_t *rec, uint8_t ret[8])
{
	uint8_t digest[SHA256_LEN];

	sha256((struct str){ (const char *)rec, CHECKSUM_AT }, digest);
	memcpy(ret, digest, 8);
}

void journal_encode(const struct journal_rec *r, uint8_t ret[JOURNAL_RECORD])
{
	memset(ret, 0, JOURNAL_RECORD);
	memcpy(ret, magic, sizeof(magic));
	for (size_t i = 0; i < ARRAY_LEN(layout); i++) {
		const char *from = (const char *)r + layout[i].from;
		uint8_t *to = ret + layout[i].at;

		if (layout[i].kind == U32) {
			uint32_t v;

			memcpy(&v, from, sizeof(v));
			put_le(to, v, 4);
		} else if (layout[i].kind == U64) {
			uint64_t v;

			memcpy(&v, from, sizeof(v));
			put_le(to, v, 8);
		} else {
			memcpy(to, from, strnlen(from, layout[i].member_size - 1));
		}
	}
	checksum(ret, ret + CHECKSUM_AT);
}

static bool is_zeros(const uint8_t *p, size_t n)
{
	while (n > 0 && p[n - 1] == 0)
		n--;
	return n == 0;
}

/* Text: terminated within what the member holds, NULs to the field's end. */
static bool get_text(const uint8_t *p, size_t size, char *to, size_t n)
{
	size_t len = strnlen((const char *)p, n);

	if (len == n || !is_zeros(p + len, size - len))
		return false;
	memcpy(to, p, len);
	return true;
}

int journal_decode(const uint8_t in[JOURNAL_RECORD], struct journal_rec *ret)
{
	struct journal_rec r = { 0 };
	uint8_t sum[8];

	checksum(in, sum);
	if (memcmp(sum, in + CHECKSUM_AT, sizeof(sum)) != 0 ||
	    memcmp(in, magic, sizeof(magic)) != 0 ||
	    !is_zeros(in + RESERVED_AT, CHECKSUM_AT - RESERVED_AT))
		return -EBADMSG;
	for (size_t i = 0; i < ARRAY_LEN(layout); i++) {
		const uint8_t *from = in + layout[i].at;
		char *to = (char *)&r + layout[i].from;

		if (layout[i].kind == U32) {
			uint32_t v = (uint32_t)get_le(from, 4);

			memcpy(to, &v, sizeof(v));
		} else if (layout[i].kind == U64) {
			uint64_t v = get_le(from, 8);

			memcpy(to, &v, sizeof(v));
		} else if (!get_text(from, layout[i].size, to, layout[i].member_size)) {
			return -EBADMSG;
		}
	}
	if (r.kind < JOURNAL_START || r.kind > JOURNAL_BEAT || r.estimated > 1)
		return -EBADMSG;
	*ret = r;
	return 0;
}
