/* SPDX-License-Identifier: Apache-2.0 */
/* A notebook's disk form, read and written again, is the same bytes; so is it
 * after a way through the browser's form, which is always strict JSON. A lean
 * reading makes the same of it. */
#include "fuzz.h"

#include "agent/nbformat.h"

static void sink(void *arg, struct str piece)
{
	buf_put_str(arg, piece);
}

typedef int parse_fn(struct arena *a, struct str text, struct nb *ret, struct err *err);

static bool to_disk(parse_fn *parse, struct str in, struct buf *out)
{
	struct arena a = ARENA(1U << 28);
	struct nb nb;
	bool ok = parse(&a, in, &nb, NULL) == 0 && nb_for_disk(&a, &nb) == 0;

	if (ok)
		CHECK(nb_print_disk(&nb, sink, out) == 0);
	arena_fini(&a);
	return ok;
}

static bool to_browser(parse_fn *parse, struct str in, struct buf *out)
{
	/* Half a pair of surrogates goes out as it stood, which JSON.parse takes. */
	struct json_limits lim = { .depth = NB_DEPTH_MAX,
		                   .values = 8000000,
		                   .lax_dup = true,
		                   .lax_surrogates = true };
	struct arena a = ARENA(1U << 28);
	struct json *j;
	struct nb nb;
	bool trusted;

	CHECK(parse(&a, in, &nb, NULL) == 0);
	trusted = nb_cells_trusted(&nb);
	CHECK(nb_for_disk(&a, &nb) == 0);
	CHECK(nb_for_browser(&a, &nb) == 0);
	CHECK(nb_mark_trusted(&a, &nb, trusted) == 0);
	nb_print_browser(&nb, out);
	arena_fini(&a);
	CHECK(json_parse(&a, buf_str(out), &lim, &j, NULL) == 0);
	arena_fini(&a);
	return trusted;
}

static void lean_is_the_same(struct str in, const struct buf *want)
{
	struct buf disk = BUF(1U << 26), web = BUF(1U << 26), lean_web = BUF(1U << 26),
	           a = BUF(1U << 26), b = BUF(1U << 26);

	CHECK(to_disk(nb_parse_lean, in, &disk));
	CHECK(str_eq(buf_str(&disk), buf_str(want)));
	CHECK(to_browser(nb_parse, in, &web) == to_browser(nb_parse_lean, in, &lean_web));
	/* Lists of strings keep the white space of their source: compare the content. */
	CHECK(to_disk(nb_parse, buf_str(&web), &a));
	CHECK(to_disk(nb_parse, buf_str(&lean_web), &b));
	CHECK(str_eq(buf_str(&a), buf_str(&b)));
	buf_fini(&disk);
	buf_fini(&web);
	buf_fini(&lean_web);
	buf_fini(&a);
	buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = fuzz_str(data, size);
	struct buf once = BUF(1U << 26), twice = BUF(1U << 26);

	if (to_disk(nb_parse, in, &once)) {
		CHECK(to_disk(nb_parse, buf_str(&once), &twice));
		CHECK(str_eq(buf_str(&once), buf_str(&twice)));
		lean_is_the_same(in, &once);
	} else {
		CHECK(!to_disk(nb_parse_lean, in, &once));
	}
	buf_fini(&once);
	buf_fini(&twice);
	return 0;
}
