/* SPDX-License-Identifier: Apache-2.0 */
/* What an agent tells: whatever is taken is bounded, its paths lead nowhere else,
 * its list is in order, and it reads the same when it is written again. */
#include "fuzz.h"

#include "proto/docmsg.h"

static void check_paths(const struct docmsg *m)
{
	struct str last = m->after;

	if (m->op != DOC_LIST && m->op != DOC_KERNELS)
		CHECK(doc_path_ok(m->path) && !str_starts(m->path, STR("/")));
	if (m->op == DOC_MOVE)
		CHECK(doc_path_ok(m->to));
	CHECK(m->nitems <= DOC_ITEMS_MAX);
	for (size_t i = 0; i < m->nitems; i++) {
		CHECK(doc_path_ok(m->items[i].path) && m->items[i].changed >= 0);
		CHECK(m->op != DOC_LIST || str_cmp(m->items[i].path, last) > 0);
		last = m->items[i].path;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA(DOC_ARENA_MAX), again = ARENA(DOC_ARENA_MAX);
	struct buf b = BUF(1U << 20), twice = BUF(1U << 20);
	struct docmsg m, back;

	if (docmsg_get(&a, fuzz_str(data, size), &m, NULL) == 0) {
		check_paths(&m);
		CHECK(m.text.len <= DOC_TEXT_MAX && m.heads.len <= DOC_HEADS_MAX);
		CHECK(m.title.len <= DOC_TITLE_MAX);
		if (docmsg_put(&b, &m) == 0) {
			CHECK(docmsg_get(&again, buf_str(&b), &back, NULL) == 0);
			CHECK(docmsg_put(&twice, &back) == 0);
			CHECK(str_eq(buf_str(&b), buf_str(&twice)));
		}
	}
	arena_fini(&a);
	arena_fini(&again);
	buf_fini(&b);
	buf_fini(&twice);
	return 0;
}
