/* SPDX-License-Identifier: Apache-2.0 */
/* A notebook's disk form, read and written again, is the same bytes; so is it
 * after a way through the browser's form, which is always strict JSON. */
#include "fuzz.h"

#include "agent/nbformat.h"

static void sink(void *arg, struct str piece)
{
	buf_put_str(arg, piece);
}

static bool to_disk(struct str in, struct buf *out)
{
	struct arena a = ARENA(1U << 28);
	struct nb nb;
	bool ok = nb_parse(&a, in, &nb, NULL) == 0 && nb_for_disk(&a, &nb) == 0;

	if (ok)
		CHECK(nb_print_disk(&nb, sink, out) == 0);
	arena_fini(&a);
	return ok;
}

static void to_browser(struct str in, struct buf *out)
{
	struct json_limits lim = { .depth = NB_DEPTH_MAX, .values = 8000000, .lax_dup = true };
	struct arena a = ARENA(1U << 28);
	struct json *j;
	struct nb nb;

	CHECK(nb_parse(&a, in, &nb, NULL) == 0);
	(void)nb_cells_trusted(&nb);
	CHECK(nb_for_browser(&a, &nb) == 0);
	CHECK(nb_mark_trusted(&a, &nb, true) == 0);
	nb_print_browser(&nb, out);
	arena_fini(&a);
	CHECK(json_parse(&a, buf_str(out), &lim, &j, NULL) == 0);
	arena_fini(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = fuzz_str(data, size);
	struct buf once = BUF(1U << 26), twice = BUF(1U << 26), web = BUF(1U << 26);

	if (to_disk(in, &once)) {
		CHECK(to_disk(buf_str(&once), &twice));
		CHECK(str_eq(buf_str(&once), buf_str(&twice)));
		to_browser(buf_str(&once), &web);
	}
	buf_fini(&once);
	buf_fini(&twice);
	buf_fini(&web);
	return 0;
}
