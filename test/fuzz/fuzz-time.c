/* SPDX-License-Identifier: Apache-2.0 */
/* A time that is read is written back as the same moment. */
#include "base/time.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str s = fuzz_str(data, size);
	char text[TIME_RFC3339_MAX];
	wall_us t = 77, again = 0;
	int y, m, d;

	if (time_parse_rfc3339(s, &t) == 0) {
		time_ymd(t, &y, &m, &d);
		CHECK(m >= 1 && m <= 12 && d >= 1 && d <= 31);
		time_rfc3339(t, text);
		/* An offset may lead out of the years that we write. */
		if (y > 1 && y < 9999)
			CHECK(time_parse_rfc3339(str_of(text), &again) == 0 && again == t);
		CHECK(time_month_start(y, m) <= t || y == 9999 || y == 1);
	} else {
		CHECK(t == 77);
	}
	if (time_parse_http(s, &t) == 0) {
		time_ymd(t, &y, &m, &d);
		time_http(t, text);
		CHECK(y == 9999 || time_parse_http(str_of(text), &again) == 0);
		CHECK(y == 9999 || again == t);
	}
	return 0;
}
