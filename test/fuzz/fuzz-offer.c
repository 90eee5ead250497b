/* SPDX-License-Identifier: Apache-2.0 */
/* A catalogue that is accepted, written out and read again is the same one;
 * one that is refused says where and why. */
#include "fuzz.h"

#include "api/offer-json.h"

#define NOW INT64_C(1795000000000000)

static void no_difference(void *arg, const struct offer_change *c)
{
	CHECK(!c);
}

static void same_again(const struct offer *o)
{
	static struct offer again;
	struct arena a = ARENA(4UL << 20);
	struct buf b = BUF(4UL << 20);
	struct jsonw w = JSONW(&b);
	char field[OFFER_FIELD_MAX] = "";
	struct err err = ERR_NONE;
	struct json *doc;

	offer_show(&w, o, "USD");
	CHECK(buf_error(&b) == 0);
	CHECK(json_parse(&a, buf_str(&b), NULL, &doc, &err) == 0);
	CHECK(offer_parse(doc, NOW, &again, field, &err) == 0);
	CHECK(again.ntypes == o->ntypes && again.nplans == o->nplans);
	offer_diff(o, &again, &a, no_difference, NULL);
	buf_fini(&b);
	arena_fini(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct offer o;
	struct arena a = ARENA(4UL << 20);
	char field[OFFER_FIELD_MAX] = "";
	struct err err = ERR_NONE;
	struct json *doc;

	if (json_parse(&a, (struct str){ (const char *)data, size }, NULL, &doc, &err) == 0) {
		if (offer_parse(doc, NOW, &o, field, &err) == 0)
			same_again(&o);
		else
			CHECK(field[0] && err.msg[0]);
	}
	arena_fini(&a);
	return 0;
}
