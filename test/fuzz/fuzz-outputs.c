/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of a letter (which message) and its content. Whatever comes, the
 * outputs are JSON, and going on from a snapshot gives the same ones. */
#include "fuzz.h"

#include <errno.h>

#include "agent/jsontree.h"
#include "agent/outputs.h"

static enum outputs_msg type_of(char c)
{
	static const char letters[] = "-sdurecp";
	const char *at = strchr(letters, c);

	return c && at ? (enum outputs_msg)(at - letters) : OUTPUTS_STREAM;
}

/* The first letter says after which line the snapshot is taken. */
static int run(struct str in, size_t cut, struct arena *a, struct buf *ret)
{
	struct outputs o;
	struct str line;
	struct json *list;
	int r = outputs_init(&o, a);

	for (size_t i = 0; r == 0 && str_split(&in, '\n', &line); i++) {
		struct buf snap = BUF(1U << 24);

		if (i == cut && outputs_snapshot(&o, &snap) == 0) {
			outputs_fini(&o);
			CHECK(outputs_init(&o, a) == 0);
			CHECK(outputs_add(&o, OUTPUTS_SNAPSHOT, buf_str(&snap)) == 0);
		}
		buf_fini(&snap);
		if (line.len)
			r = outputs_add(&o, type_of(line.ptr[0]), str_sub(line, 1, line.len));
		if (r == -EINVAL)
			r = 0;
	}
	list = r == 0 ? outputs_list(&o) : NULL;
	if (list)
		jt_print(list, ret);
	outputs_fini(&o);
	return list ? buf_error(ret) : -ENOMEM;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = str_sub(fuzz_str(data, size), 1, size);
	struct json_limits lim = { .depth = 210, .values = 1000000, .lax_surrogates = true };
	struct arena a = ARENA(1U << 26), b = ARENA(1U << 26), c = ARENA(1U << 26);
	struct buf once = BUF(1U << 24), cut = BUF(1U << 24);
	struct json *j;

	if (size > 1 && run(in, SIZE_MAX, &a, &once) == 0 &&
	    run(in, data[0] % 8U, &b, &cut) == 0) {
		CHECK(json_parse(&c, buf_str(&once), &lim, &j, NULL) == 0);
		CHECK(str_eq(buf_str(&once), buf_str(&cut)));
	}
	arena_fini(&a);
	arena_fini(&b);
	arena_fini(&c);
	buf_fini(&once);
	buf_fini(&cut);
	return 0;
}
