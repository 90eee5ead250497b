/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration that is accepted is printed as one that is accepted, and
 * that prints the same; one that is refused says why. */
#include "fuzz.h"

#include "base/buf.h"
#include "daemon/config.h"

#define TEXT_MAX (4U << 20)

/* Parses and finishes `in`; prints it to out when it is fine. */
static int once(struct str in, struct buf *out, struct err *err)
{
	struct config c;
	int r = config_init(&c, err);

	CHECK(r == 0);
	r = config_parse(&c, in, "fuzz", CONFIG_FROM_PARENT, err);
	if (r == 0)
		r = config_finish(&c, err);
	if (r == 0)
		config_print(&c, CONFIG_FROM_PARENT, out);
	config_fini(&c);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf one = BUF(TEXT_MAX), two = BUF(TEXT_MAX);
	struct err err = ERR_NONE;

	if (once(fuzz_str(data, size), &one, &err) == 0) {
		CHECK(once(buf_str(&one), &two, NULL) == 0);
		CHECK(str_eq(buf_str(&one), buf_str(&two)));
	} else {
		CHECK(err.code < 0 && err.msg[0]);
	}
	buf_fini(&one);
	buf_fini(&two);
	return 0;
}
