/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/arcwrite.h"

#include <errno.h>
#include <stdio.h>

#include "test.h"

static void add(struct arc *w, const char *name, const char *text, struct buf *out)
{
	struct arc_meta m = { .name = str_of(name),
		              .dir = !text,
		              .mode = 0644,
		              .size = text ? strlen(text) : 0,
		              .mtime = 1763726400000000 };

	arc_entry(w, &m, out);
	if (text)
		arc_data(w, str_of(text), out);
	T_EQ(arc_missing(w), 0);
	arc_entry_end(w, out);
}

static uint32_t le(struct str s, size_t at, unsigned n)
{
	uint32_t v = 0;

	T_OK(at + n <= s.len);
	while (n--)
		v = v << 8 | (unsigned char)s.ptr[at + n];
	return v;
}

static void zips(void)
{
	struct arc *w = arc_new(ARC_ZIP);
	struct buf out = BUF(65536);
	struct str s;
	uint32_t central;

	add(w, "a", NULL, &out);
	add(w, "a/b.txt", "hello", &out);
	T_EQ(arc_end(w, &out), 0);
	T_EQ(arc_error(w), 0);
	s = buf_str(&out);
	T_EQ(le(s, 0, 4), 0x04034b50);
	T_EQ(le(s, s.len - 22, 4), 0x06054b50);
	T_EQ(le(s, s.len - 12, 2), 2);
	central = le(s, s.len - 6, 4);
	T_EQ(le(s, central, 4), 0x02014b50);
	T_EQ(central + le(s, s.len - 10, 4), s.len - 22);
	/* The second entry: five bytes of text, in one block and an empty one. */
	central += 46 + 2 + 9;
	T_EQ(le(s, central, 4), 0x02014b50);
	T_EQ(le(s, central + 20, 4), 5 + 5 + 5);
	T_EQ(le(s, central + 24, 4), 5);
	T_EQ(le(s, central + 16, 4), 0x3610a686);
	buf_fini(&out);
	arc_free(w);
}

static void many(void)
{
	struct arc *w = arc_new(ARC_ZIP);
	struct buf out = BUF((size_t)1 << 20);
	unsigned pieces = 0;
	char name[32], tail[98];

	for (unsigned i = 0; i < 70000; i++) {
		(void)snprintf(name, sizeof(name), "file %u", i);
		add(w, name, "", &out);
		T_EQ(buf_error(&out), 0);
		buf_clear(&out);
	}
	while (arc_end(w, &out) == 1) {
		T_EQ(buf_error(&out), 0);
		buf_clear(&out);
		pieces++;
	}
	T_OK(pieces > 10);
	memcpy(tail, buf_str(&out).ptr + buf_len(&out) - sizeof(tail), sizeof(tail));
	T_EQ(le((struct str){ tail, sizeof(tail) }, 0, 4), 0x06064b50);
	T_EQ(le((struct str){ tail, sizeof(tail) }, 24, 4), 70000);
	T_EQ(le((struct str){ tail, sizeof(tail) }, 56, 4), 0x07064b50);
	buf_fini(&out);
	arc_free(w);
}

static void bounded(void)
{
	struct arc *w = arc_new(ARC_ZIP);
	struct buf out = BUF((size_t)1 << 20);
	char name[4096];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (unsigned i = 0; i < 9000 && !arc_error(w); i++) {
		add(w, name, "", &out);
		buf_clear(&out);
	}
	T_EQ(arc_error(w), -E2BIG);
	buf_fini(&out);
	arc_free(w);
}

static void tars(void)
{
	struct arc *w = arc_new(ARC_TAR);
	struct buf out = BUF(65536);
	struct str s;

	add(w, "n\xC3\xA4me", "hello", &out);
	T_EQ(arc_end(w, &out), 0);
	s = buf_str(&out);
	/* pax header and record, header, one block of data, two of zeros */
	T_EQ(s.len, 512U * 6);
	T_EQ(s.ptr[156], 'x');
	T_STR(str_sub(s, 512, 512 + 14), STR("14 path=n\xC3\xA4me\n"));
	T_EQ(s.ptr[1024 + 156], '0');
	T_STR(str_sub(s, 1024 + 124, 1024 + 135), STR("00000000005"));
	T_STR(str_sub(s, 1536, 1541), STR("hello"));
	buf_fini(&out);
	arc_free(w);
}

TEST_MAIN({ "a zip holds its entries and their directory", zips },
          { "more than 65,535 entries make a zip64", many },
          { "the directory of a zip has a maximum", bounded },
          { "tar names that are not ASCII stand in pax records", tars })
