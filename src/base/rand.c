/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rand.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "base/encode.h"

void rand_bytes(void *ret, size_t n)
{
	char *p = ret;

	while (n) {
		ssize_t got = getrandom(p, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		CHECK(got > 0);
		p += got;
		n -= (size_t)got;
	}
}

uint64_t rand_u64(void)
{
	uint64_t v;

	rand_bytes(&v, sizeof(v));
	return v;
}

void rand_uuid(char ret[37])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t b[16];
	size_t at = 0;

	rand_bytes(b, sizeof(b));
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40); /* RFC 9562 5.4 */
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	for (size_t i = 0; i < sizeof(b); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			ret[at++] = '-';
		ret[at++] = digits[b[i] >> 4];
		ret[at++] = digits[b[i] & 15];
	}
	ret[at] = 0;
}

void rand_id(const char *prefix, char ret[ID_MAX])
{
	size_t len = strlen(prefix);
	uint8_t id[16];

	CHECK(len <= 4);
	memcpy(ret, prefix, len);
	ret[len] = '_';
	rand_bytes(id, sizeof(id));
	base32_id(id, ret + len + 1);
}
