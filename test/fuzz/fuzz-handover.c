/* SPDX-License-Identifier: Apache-2.0 */
/* A state that would be taken over reads the same a second time, and is none
 * when a byte is missing or one too many. */
#include "fuzz.h"

#include <stdlib.h>

#include "agent/handover.h"

static int check(struct str state)
{
	struct handover *h = NULL;
	int r = handover_parse(state, &h, NULL);

	if (r == 0)
		r = handover_load(h, NULL, NULL);
	handover_free(h);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str state = fuzz_str(data, size);
	char *more;

	if (size > 1 << 16 || check(state) != 0)
		return 0;
	CHECK(check(state) == 0);
	CHECK(check(str_sub(state, 0, size - 1)) < 0);
	more = malloc(size + 1);
	if (more) {
		memcpy(more, data, size);
		more[size] = 0;
		CHECK(check((struct str){ more, size + 1 }) < 0);
		free(more);
	}
	return 0;
}
