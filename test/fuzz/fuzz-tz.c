/* SPDX-License-Identifier: Apache-2.0 */
/* In every zone that is accepted each moment has a local time, and that local
 * time leads back to it, or to an earlier one that shows the same. */
#include "base/tz.h"
#include "fuzz.h"

#define US   INT64_C(1000000)
#define STEP (INT64_C(86400) * 1000 * US)

static void there_and_back(const struct tz *z, wall_us t)
{
	struct tz_local l = tz_local_of(z, t), again;
	wall_us back = 0;
	enum tz_kind kind = tz_from_local(z, &l, &back);

	CHECK(kind != TZ_GAP);
	CHECK(kind == TZ_ONCE ? back == t : back <= t);
	again = tz_local_of(z, back);
	CHECK(memcmp(&l, &again, sizeof(l)) == 0);
	CHECK(tz_day_start(z, l.year, l.month, l.day) <= t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tz z;

	if (tz_parse(fuzz_str(data, size), &z, NULL) < 0)
		return 0;
	for (wall_us t = -STEP * 20; t < STEP * 30; t += STEP)
		there_and_back(&z, t);
	for (size_t i = 0; i < z.nmoves && i < 64; i++) {
		/* A year from 2 to 9998 whichever way the clocks stand. */
		if (z.move_s[i] < -62000000000 || z.move_s[i] > 253000000000)
			continue;
		for (int k = -3; k <= 3; k++)
			there_and_back(&z, (z.move_s[i] + k * 1800) * US);
	}
	return 0;
}
