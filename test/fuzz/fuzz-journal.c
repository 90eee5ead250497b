/* SPDX-License-Identifier: Apache-2.0 */
/* A record that is accepted is written again byte for byte. The checksum is
 * mended first, or nothing would ever be accepted. */
#include "fuzz.h"

#include "base/sha256.h"
#include "proto/journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t raw[JOURNAL_RECORD] = { 0 }, again[JOURNAL_RECORD], sum[SHA256_LEN];
	struct journal_rec r;

	if (size)
		memcpy(raw, data, size < sizeof(raw) ? size : sizeof(raw));
	sha256((struct str){ (char *)raw, 504 }, sum);
	if (size < 512 || data[511] & 1)
		memcpy(raw + 504, sum, 8);
	if (journal_decode(raw, &r) == 0) {
		CHECK(memcmp(raw + 504, sum, 8) == 0);
		journal_encode(&r, again);
		CHECK(memcmp(raw, again, sizeof(raw)) == 0);
	}
	return 0;
}
