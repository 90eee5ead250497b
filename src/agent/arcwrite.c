/* SPDX-License-Identifier: Apache-2.0 */
/* zip after APPNOTE.TXT 6.3, gzip after RFC 1952, stored blocks after RFC 1951 3.2.4. */
#include "agent/arcwrite.h"

#include <errno.h>
#include <zlib.h>

#include "agent/arctar.h"
#include "base/encode.h"

#define CENTRAL_MAX ((size_t)32 << 20) /* some 300,000 entries */
#define SMALL_MAX   0xFFFFFFFFU        /* from here on a field moves to zip64 */
#define COUNT_MAX   0xFFFFU
#define PIECE       ((size_t)64 << 10)
#define TAR_END     1024U

#define FLAG_DESCRIPTOR 0x0008U /* sizes and sum follow the data */
#define FLAG_UTF8       0x0800U

struct arc {
	enum arc_format format;
	uint64_t at; /* bytes put out so far */
	bool begun, ending, in_entry;
	/* The entry in hand. */
	uint64_t size, have, packed, offset;
	uint32_t crc;
	bool big, dir, utf8;
	uint16_t time, date;
	unsigned mode;
	uint32_t mtime;
	struct buf name;
	/* zip */
	struct buf central;
	uint64_t entries, central_at, central_len;
	/* gzip */
	uint32_t gz_crc;
	uint64_t gz_len;
	struct buf raw;
};

/* CRC-32 as zip and gzip use it; goes on from `crc`, which is 0 at the start. */
static uint32_t sum(uint32_t crc, struct str s)
{
	return (uint32_t)crc32_z(crc, (const unsigned char *)s.ptr, s.len);
}

struct arc *arc_new(enum arc_format format)
{
	struct arc *w = xcalloc(1, sizeof(*w));

	w->format = format;
	buf_init(&w->name, 8192);
	buf_init(&w->central, CENTRAL_MAX);
	buf_init(&w->raw, 4 * PIECE);
	return w;
}

void arc_free(struct arc *w)
{
	if (!w)
		return;
	buf_fini(&w->name);
	buf_fini(&w->central);
	buf_fini(&w->raw);
	free(w);
}

int arc_error(const struct arc *w)
{
	return buf_error(&w->central) ? buf_error(&w->central) : buf_error(&w->raw);
}

uint64_t arc_missing(const struct arc *w)
{
	return w->in_entry ? w->size - w->have : 0;
}

static void put_block(struct buf *b, struct str data, bool last)
{
	buf_put_c(b, last ? 1 : 0);
	buf_put_u16le(b, (uint16_t)data.len);
	buf_put_u16le(b, (uint16_t)~data.len);
	buf_put_str(b, data);
}

/* What stands in `raw` goes out, through gzip if need be. */
static void flush_raw(struct arc *w, struct buf *out)
{
	if (w->format == ARC_TAR) {
		buf_put_str(out, buf_str(&w->raw));
		buf_clear(&w->raw);
		return;
	}
	if (!w->begun)
		/* deflate, no name, no time, made on Unix */
		buf_put(out, "\x1f\x8b\x08\0\0\0\0\0\0\x03", 10);
	w->begun = true;
	w->gz_crc = sum(w->gz_crc, buf_str(&w->raw));
	w->gz_len += buf_len(&w->raw);
	while (buf_len(&w->raw)) {
		struct str s = str_sub(buf_str(&w->raw), 0, ARC_PIECE_MAX);

		put_block(out, s, false);
		buf_consume(&w->raw, s.len);
	}
}

/* Times of zip: two seconds a step, no zone, from 1980 on. UTC here; the exact
 * time stands in the extra field. */
static void dos_time(struct arc *w, wall_us t)
{
	int year, month, day;
	int64_t s = t / 1000000 % 86400;

	time_ymd(t, &year, &month, &day);
	if (t < 0 || year < 1980 || year > 2107) {
		w->time = 0;
		w->date = 0x21; /* 1980-01-01 */
		return;
	}
	w->time = (uint16_t)(s / 3600 << 11 | s / 60 % 60 << 5 | s % 60 / 2);
	w->date = (uint16_t)((year - 1980) << 9 | month << 5 | day);
}

static void put_common(const struct arc *w, struct buf *b, uint64_t packed, uint64_t size)
{
	unsigned flags = (w->dir ? 0 : FLAG_DESCRIPTOR) | (w->utf8 ? FLAG_UTF8 : 0);

	buf_put_u16le(b, w->big ? 45 : 20);
	buf_put_u16le(b, (uint16_t)flags);
	buf_put_u16le(b, w->dir ? 0 : 8);
	buf_put_u16le(b, w->time);
	buf_put_u16le(b, w->date);
	buf_put_u32le(b, w->crc);
	buf_put_u32le(b, packed >= SMALL_MAX ? SMALL_MAX : (uint32_t)packed);
	buf_put_u32le(b, size >= SMALL_MAX ? SMALL_MAX : (uint32_t)size);
	buf_put_u16le(b, (uint16_t)buf_len(&w->name));
}

static void put_stamp(const struct arc *w, struct buf *b)
{
	buf_put_u16le(b, 0x5455);
	buf_put_u16le(b, 5);
	buf_put_c(b, 1);
	buf_put_u32le(b, w->mtime);
}

static void zip_local(struct arc *w, struct buf *out)
{
	uint64_t unknown = w->big ? UINT64_MAX : 0;

	w->offset = w->at + buf_len(out);
	buf_put_u32le(out, 0x04034b50);
	put_common(w, out, unknown, unknown);
	buf_put_u16le(out, w->big ? 29 : 9);
	buf_put_str(out, buf_str(&w->name));
	if (w->big) {
		buf_put_u16le(out, 1);
		buf_put_u16le(out, 16);
		buf_put_u64le(out, 0);
		buf_put_u64le(out, 0);
	}
	put_stamp(w, out);
}

static void zip_descriptor(struct arc *w, struct buf *out)
{
	buf_put_u32le(out, 0x08074b50);
	buf_put_u32le(out, w->crc);
	if (w->big) {
		buf_put_u64le(out, w->packed);
		buf_put_u64le(out, w->have);
	} else {
		buf_put_u32le(out, (uint32_t)w->packed);
		buf_put_u32le(out, (uint32_t)w->have);
	}
}

static void zip_central(struct arc *w)
{
	struct buf *b = &w->central;
	bool size64 = w->have >= SMALL_MAX, packed64 = w->packed >= SMALL_MAX,
	     off64 = w->offset >= SMALL_MAX;
	unsigned wide = 8U * ((unsigned)size64 + packed64 + off64);

	w->big = w->big || wide;
	buf_put_u32le(b, 0x02014b50);
	buf_put_u16le(b, 3 << 8 | 45);
	put_common(w, b, w->packed, w->have);
	buf_put_u16le(b, (uint16_t)(9 + (wide ? 4 + wide : 0)));
	buf_put_u16le(b, 0);
	buf_put_u16le(b, 0);
	buf_put_u16le(b, 0);
	buf_put_u32le(b, (w->dir ? 0040000U | w->mode : 0100000U | w->mode) << 16 |
	                     (w->dir ? 0x10U : 0));
	buf_put_u32le(b, off64 ? SMALL_MAX : (uint32_t)w->offset);
	buf_put_str(b, buf_str(&w->name));
	if (wide) {
		buf_put_u16le(b, 1);
		buf_put_u16le(b, (uint16_t)wide);
		if (size64)
			buf_put_u64le(b, w->have);
		if (packed64)
			buf_put_u64le(b, w->packed);
		if (off64)
			buf_put_u64le(b, w->offset);
	}
	put_stamp(w, b);
	w->entries++;
}

void arc_entry(struct arc *w, const struct arc_meta *m, struct buf *out)
{
	size_t before = buf_len(out);
	uint32_t state = 0;

	CHECK(!w->in_entry && !w->ending);
	w->in_entry = true;
	w->size = m->dir ? 0 : m->size;
	w->have = w->packed = 0;
	w->crc = 0;
	if (w->format != ARC_ZIP) {
		tar_header(m, &w->raw);
		flush_raw(w, out);
		w->at += buf_len(out) - before;
		return;
	}
	w->dir = m->dir;
	/* Stored blocks add five bytes to each piece, and one ends the data. */
	w->big = w->size + w->size / 1024 * 5 >= SMALL_MAX - 4096;
	w->mode = m->mode & 07777;
	w->mtime = m->mtime < 0 ? 0 : (uint32_t)(m->mtime / 1000000);
	dos_time(w, m->mtime);
	buf_clear(&w->name);
	buf_put_str(&w->name, m->name);
	if (m->dir)
		buf_put_c(&w->name, '/');
	w->utf8 = utf8_feed(&state, m->name) && state == 0;
	w->at -= before; /* so that `at` plus what stands in out is the place */
	zip_local(w, out);
	w->at += buf_len(out);
}

void arc_data(struct arc *w, struct str data, struct buf *out)
{
	size_t before = buf_len(out);

	CHECK(w->in_entry && data.len <= ARC_PIECE_MAX);
	if (data.len > w->size - w->have)
		data.len = (size_t)(w->size - w->have);
	if (!data.len)
		return;
	w->have += data.len;
	if (w->format == ARC_ZIP) {
		w->crc = sum(w->crc, data);
		put_block(out, data, false);
		w->packed += data.len + 5;
	} else {
		buf_put_str(&w->raw, data);
		flush_raw(w, out);
	}
	w->at += buf_len(out) - before;
}

void arc_entry_end(struct arc *w, struct buf *out)
{
	static const char zeros[512];
	size_t before = buf_len(out);

	CHECK(w->in_entry);
	if (w->format != ARC_ZIP) {
		/* A file that became shorter is filled up: its size was promised. */
		CHECK(w->have == w->size);
		buf_put(&w->raw, zeros, (size_t)(-w->size & 511));
		flush_raw(w, out);
	} else {
		if (!w->dir) {
			put_block(out, STR(""), true);
			w->packed += 5;
			zip_descriptor(w, out);
		}
		zip_central(w);
	}
	w->in_entry = false;
	w->at += buf_len(out) - before;
}

static void zip_tail(struct arc *w, struct buf *out)
{
	uint64_t end = w->central_at + w->central_len;

	if (w->entries >= COUNT_MAX || end >= SMALL_MAX) {
		buf_put_u32le(out, 0x06064b50);
		buf_put_u64le(out, 44);
		buf_put_u16le(out, 3 << 8 | 45);
		buf_put_u16le(out, 45);
		buf_put_u32le(out, 0);
		buf_put_u32le(out, 0);
		buf_put_u64le(out, w->entries);
		buf_put_u64le(out, w->entries);
		buf_put_u64le(out, w->central_len);
		buf_put_u64le(out, w->central_at);
		buf_put_u32le(out, 0x07064b50);
		buf_put_u32le(out, 0);
		buf_put_u64le(out, end);
		buf_put_u32le(out, 1);
	}
	buf_put_u32le(out, 0x06054b50);
	buf_put_u32le(out, 0);
	buf_put_u16le(out, w->entries >= COUNT_MAX ? COUNT_MAX : (uint16_t)w->entries);
	buf_put_u16le(out, w->entries >= COUNT_MAX ? COUNT_MAX : (uint16_t)w->entries);
	buf_put_u32le(out, w->central_len >= SMALL_MAX ? SMALL_MAX : (uint32_t)w->central_len);
	buf_put_u32le(out, w->central_at >= SMALL_MAX ? SMALL_MAX : (uint32_t)w->central_at);
	buf_put_u16le(out, 0);
}

int arc_end(struct arc *w, struct buf *out)
{
	static const char zeros[TAR_END];
	struct str piece;

	CHECK(!w->in_entry);
	if (w->format != ARC_ZIP) {
		buf_put(&w->raw, zeros, sizeof(zeros));
		flush_raw(w, out);
		if (w->format == ARC_TGZ) {
			put_block(out, STR(""), true);
			buf_put_u32le(out, w->gz_crc);
			buf_put_u32le(out, (uint32_t)w->gz_len);
		}
		return 0;
	}
	if (!w->ending) {
		w->ending = true;
		w->central_at = w->at;
		w->central_len = buf_len(&w->central);
	}
	piece = str_sub(buf_str(&w->central), 0, PIECE);
	buf_put_str(out, piece);
	buf_consume(&w->central, piece.len);
	if (buf_len(&w->central))
		return 1;
	zip_tail(w, out);
	return 0;
}
