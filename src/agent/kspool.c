/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Order of the records: kept_, then the file from r_ to w_, then mem_. A record
 * is a head of 8 bytes (length, kind) and its bytes. The space of what was
 * read is given back to the file system in steps.
 */
#define _GNU_SOURCE
#include "agent/kspool.h"

#include <errno.h>
#include <fcntl.h>

#include "agent/handover.h"
#include "base/cur.h"

#define HEAD       8U
#define PUNCH      (4U << 20)
#define RECORD_MAX (512U << 20)
#define MARK       8U
#define PARTS_MAX  1016U
/* Where a file begins: what is put back is written in front of the rest, and
 * the hole before it takes no space. */
#define FIRST ((uint64_t)1 << 30)

struct head {
	uint32_t len, output;
};

static void put_head(struct buf *b, struct head h)
{
	buf_put_u32le(b, h.len);
	buf_put_u32le(b, h.output);
}

static struct head get_head(struct str s)
{
	struct cur c = cur_of(s);

	return (struct head){ .len = cur_u32le(&c), .output = cur_u32le(&c) };
}

void kspool_init(struct kspool *s, const char *dir, uint64_t file_max)
{
	*s = (struct kspool){ .dir = dir, .file_max = file_max, .fd_ = -1 };
	buf_init(&s->mem_, KSPOOL_MEMORY);
	buf_init(&s->kept_, KSPOOL_KEPT);
}

void kspool_fini(struct kspool *s)
{
	if (!s->dir)
		return;
	buf_fini(&s->mem_);
	buf_fini(&s->kept_);
	own_close(&s->fd_);
	s->r_ = s->w_ = s->punched_ = 0;
}

void kspool_clear(struct kspool *s)
{
	kspool_fini(s);
	s->dropped = 0;
	s->lost = false;
}

bool kspool_empty(const struct kspool *s)
{
	return buf_len(&s->mem_) == 0 && buf_len(&s->kept_) == 0 && s->r_ == s->w_;
}

uint64_t kspool_bytes(const struct kspool *s)
{
	return buf_len(&s->mem_) + buf_len(&s->kept_) + (s->w_ - s->r_);
}

static bool open_file(struct kspool *s)
{
	if (s->fd_ >= 0)
		return true;
	s->fd_ = open(s->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (s->fd_ >= 0)
		s->r_ = s->w_ = s->punched_ = FIRST;
	return s->fd_ >= 0;
}

static bool write_at(struct kspool *s, uint64_t at, struct str data)
{
	while (data.len) {
		ssize_t n = pwrite(s->fd_, data.ptr, data.len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false; /* the disk is full: w_ stays, the rest is overwritten */
		at += (uint64_t)n;
		data = str_sub(data, (size_t)n, data.len);
	}
	return true;
}

static bool write_file(struct kspool *s, struct str data)
{
	if (!open_file(s) || !write_at(s, s->w_, data))
		return false;
	s->w_ += data.len;
	return true;
}

static bool read_file(struct kspool *s, uint64_t at, void *to, size_t n)
{
	char *p = to;

	while (n) {
		ssize_t r = pread(s->fd_, p, n, (off_t)at);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return false;
		p += r;
		at += (uint64_t)r;
		n -= (size_t)r;
	}
	return true;
}

/* Gives disk space back: all of it when nothing is left in the file. */
static void give_back(struct kspool *s)
{
	if (s->r_ == s->w_ && s->fd_ >= 0) {
		own_close(&s->fd_);
		s->r_ = s->w_ = s->punched_ = 0;
	} else if (s->r_ - s->punched_ >= PUNCH) {
		(void)fallocate(s->fd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		                (off_t)s->punched_, (off_t)(s->r_ - s->punched_));
		s->punched_ = s->r_;
	}
}

/* What is in the file can't be read: all of it is lost. */
static void file_failed(struct kspool *s)
{
	s->lost = true;
	s->r_ = s->w_;
	give_back(s);
}

static bool read_head(struct kspool *s, struct head *ret)
{
	char raw[HEAD];

	if (!read_file(s, s->r_, raw, HEAD))
		return false;
	*ret = get_head((struct str){ raw, HEAD });
	return ret->len <= RECORD_MAX;
}

static void put_kept(struct kspool *s, struct head h)
{
	char *to;

	if (buf_room(&s->kept_) < HEAD + (size_t)h.len) {
		s->lost = true;
		return;
	}
	put_head(&s->kept_, h);
	to = buf_reserve(&s->kept_, h.len);
	if (!to || !read_file(s, s->r_ + HEAD, to, h.len)) {
		s->lost = true;
		return;
	}
	buf_commit(&s->kept_, h.len);
}

/* Makes room for n more bytes in the file, from its oldest end. */
static void drop_oldest(struct kspool *s, uint64_t n)
{
	while (s->r_ < s->w_ && s->w_ - s->r_ + n > s->file_max) {
		struct head h;

		if (!read_head(s, &h)) {
			file_failed(s);
			return;
		}
		if (h.output)
			s->dropped += h.len;
		else
			put_kept(s, h);
		s->r_ += HEAD + (uint64_t)h.len;
	}
	give_back(s);
}

/* The disk took nothing: the newest output goes instead of the oldest. */
static void no_disk(struct kspool *s, struct head h)
{
	if (h.output)
		s->dropped += h.len;
	else
		s->lost = true;
}

static void flush_memory(struct kspool *s)
{
	struct str data = buf_str(&s->mem_);

	drop_oldest(s, data.len);
	if (!write_file(s, data)) {
		while (data.len >= HEAD) {
			struct head h = get_head(data);

			no_disk(s, h);
			data = str_sub(data, HEAD + h.len, data.len);
		}
	}
	buf_clear(&s->mem_);
}

static void put_file(struct kspool *s, struct head h, const struct str *part, size_t n)
{
	struct buf head = BUF(HEAD);
	uint64_t from;
	bool ok;

	drop_oldest(s, HEAD + (uint64_t)h.len);
	(void)open_file(s); /* which says where it begins */
	from = s->w_;
	if (HEAD + (uint64_t)h.len > s->file_max) {
		no_disk(s, h);
		return;
	}
	put_head(&head, h);
	ok = write_file(s, buf_str(&head));
	buf_fini(&head);
	for (size_t i = 0; ok && i < n; i++)
		ok = write_file(s, part[i]);
	if (!ok) {
		s->w_ = from;
		no_disk(s, h);
	}
}

void kspool_put(struct kspool *s, const struct str *part, size_t n, bool output)
{
	struct head h = { .output = output };
	size_t len = 0;

	for (size_t i = 0; i < n; i++)
		len += part[i].len;
	if (len > RECORD_MAX) {
		s->dropped += len;
		return;
	}
	h.len = (uint32_t)len;
	if (buf_room(&s->mem_) < HEAD + len)
		flush_memory(s);
	if (buf_room(&s->mem_) < HEAD + len) {
		put_file(s, h, part, n);
		return;
	}
	put_head(&s->mem_, h);
	for (size_t i = 0; i < n; i++)
		buf_put_str(&s->mem_, part[i]);
	if (buf_error(&s->mem_)) {
		buf_clear(&s->mem_);
		s->lost = true;
	}
}

static bool take_from(struct buf *from, struct buf *b, struct head *ret)
{
	struct head h;

	if (buf_len(from) < HEAD)
		return false;
	*ret = h = get_head(buf_str(from));
	buf_put_str(b, str_sub(buf_str(from), HEAD, HEAD + (size_t)h.len));
	buf_consume(from, HEAD + (size_t)h.len);
	if (buf_len(from) == 0)
		buf_shrink(from);
	return true;
}

static bool take_file(struct kspool *s, struct buf *b, struct head *ret)
{
	struct head h;
	char *to;

	if (!read_head(s, &h)) {
		file_failed(s);
		return false;
	}
	to = buf_reserve(b, h.len);
	if (!to || !read_file(s, s->r_ + HEAD, to, h.len)) {
		file_failed(s);
		return false;
	}
	buf_commit(b, h.len);
	s->r_ += HEAD + (uint64_t)h.len;
	give_back(s);
	*ret = h;
	return true;
}

static bool take(struct kspool *s, struct buf *b, struct head *ret)
{
	buf_clear(b);
	return take_from(&s->kept_, b, ret) || (s->r_ < s->w_ && take_file(s, b, ret)) ||
	       take_from(&s->mem_, b, ret);
}

bool kspool_take(struct kspool *s, struct buf *b, bool *ret_after_drop)
{
	bool oldest = buf_len(&s->kept_) > 0;
	struct head h;

	*ret_after_drop = !oldest && s->dropped > 0;
	return take(s, b, &h);
}

/* ---- on their way ---- */

void kspool_mark(struct kspool *s, const struct str *part, size_t n, bool output, uint64_t mark)
{
	struct str all[PARTS_MAX + 1];
	char raw[MARK];

	if (n > PARTS_MAX) {
		s->lost = true;
		return;
	}
	memcpy(raw, &mark, MARK);
	all[0] = (struct str){ raw, MARK };
	memcpy(all + 1, part, n * sizeof(*part));
	kspool_put(s, all, n + 1, output);
}

/* Makes room for n bytes in front of the file's records. What survived a
 * dropping is older than those, and goes there first. */
static bool front(struct kspool *s, uint64_t n)
{
	struct str kept = buf_str(&s->kept_);

	if (!open_file(s) || n + kept.len > s->r_ || !write_at(s, s->r_ - kept.len, kept))
		return false;
	s->r_ -= kept.len;
	buf_fini(&s->kept_);
	if (s->punched_ > s->r_ - n)
		s->punched_ = s->r_ - n;
	return true;
}

/* All of `from`, without marks. */
static bool put_front(struct kspool *s, struct kspool *from)
{
	uint64_t n = kspool_bytes(from), at = s->r_ - n;
	struct buf record = BUF(RECORD_MAX), head = BUF(HEAD);
	struct head h;
	bool ok = true;

	while (ok && take(from, &record, &h)) {
		buf_clear(&head);
		put_head(&head, h);
		ok =
		    write_at(s, at, buf_str(&head)) && write_at(s, at + HEAD, buf_str(&record));
		at += HEAD + (uint64_t)h.len;
	}
	buf_fini(&record);
	buf_fini(&head);
	ok = ok && at == s->r_;
	if (ok)
		s->r_ -= n;
	return ok;
}

/* Those that did not arrive, without their marks, from one to the other. */
static void unmark(struct kspool *marked, uint64_t arrived, struct kspool *to)
{
	struct buf record = BUF(RECORD_MAX);
	struct head h;

	while (take(marked, &record, &h)) {
		struct str data = buf_str(&record);
		uint64_t mark;

		CHECK(data.len >= MARK);
		memcpy(&mark, data.ptr, MARK);
		data = str_sub(data, MARK, data.len);
		if (mark > arrived)
			kspool_put(to, &data, 1, h.output);
	}
	to->dropped += marked->dropped;
	to->lost |= marked->lost;
	buf_fini(&record);
}

void kspool_put_back(struct kspool *s, struct kspool *marked, uint64_t arrived)
{
	struct kspool back;
	uint64_t n;

	kspool_init(&back, marked->dir, marked->file_max);
	unmark(marked, arrived, &back);
	kspool_clear(marked);
	s->dropped += back.dropped;
	s->lost |= back.lost;
	n = kspool_bytes(&back);
	if (n && kspool_bytes(s) == 0 && n <= KSPOOL_MEMORY) {
		buf_put_str(&s->mem_, buf_str(&back.mem_)); /* the usual case: no file */
	} else if (n && !(front(s, n) && put_front(s, &back))) {
		s->dropped += n; /* no room on the disk */
	}
	kspool_fini(&back);
}

void kspool_save(const struct kspool *s, struct hand_out *out)
{
	hand_put_fd(out, s->fd_);
	buf_put_u64le(&out->b, s->file_max);
	buf_put_u64le(&out->b, s->r_);
	buf_put_u64le(&out->b, s->w_);
	buf_put_u64le(&out->b, s->punched_);
	buf_put_u64le(&out->b, s->dropped);
	buf_put_u32le(&out->b, s->lost);
	hand_put_str(out, buf_str(&s->kept_));
	hand_put_str(out, buf_str(&s->mem_));
}

/* Whole records only: take_from believes them. */
static bool whole_records(struct str s)
{
	while (s.len) {
		uint32_t len = s.len < HEAD ? 0 : get_head(s).len;

		if (s.len < HEAD || len > s.len - HEAD)
			return false;
		s = str_sub(s, HEAD + (size_t)len, s.len);
	}
	return true;
}

int kspool_load(struct kspool *s, struct hand_in *in, struct err *err)
{
	struct kspool v = { .fd_ = hand_fd(in) };
	struct str kept, mem;

	v.file_max = cur_u64le(&in->c);
	v.r_ = cur_u64le(&in->c);
	v.w_ = cur_u64le(&in->c);
	v.punched_ = cur_u64le(&in->c);
	v.dropped = cur_u64le(&in->c);
	v.lost = hand_bool(in);
	kept = hand_str(in, KSPOOL_KEPT);
	mem = hand_str(in, KSPOOL_MEMORY);
	if (cur_bad(&in->c) || v.punched_ > v.r_ || v.r_ > v.w_ || v.w_ > INT64_MAX ||
	    (v.fd_ < 0 && v.w_ != 0) || !whole_records(kept) || !whole_records(mem))
		return ERR(err, -EPROTO, "what is kept for a browser is no queue");
	if (!in->a)
		return 0;
	s->fd_ = v.fd_;
	s->file_max = v.file_max;
	s->r_ = v.r_;
	s->w_ = v.w_;
	s->punched_ = v.punched_;
	s->dropped = v.dropped;
	s->lost = v.lost;
	buf_put_str(&s->kept_, kept);
	buf_put_str(&s->mem_, mem);
	return 0;
}
