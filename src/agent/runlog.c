/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/runlog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "agent/handover.h"
#include "base/cur.h"
#include "base/rand.h"

#define HEAD        8U
#define PIECE       (64U << 10)
#define SLACK       (4U << 20) /* unused space that is not worth copying for */
#define EXTENTS_MAX 4096U

void runlog_init(struct runlog *l, const char *dir)
{
	*l = (struct runlog){ .dir = dir, .fd_ = -1 };
	list_init(&l->parts_);
}

void runlog_forget(struct runlog *l, struct runlog_part *p)
{
	list_del(&p->node_);
	l->live -= p->bytes;
	free(p->extents_);
	*p = (struct runlog_part){ 0 };
}

void runlog_fini(struct runlog *l)
{
	if (!l->dir)
		return;
	list_for_each_safe (it, &l->parts_)
		runlog_forget(l, CONTAINER_OF(it, struct runlog_part, node_));
	own_close(&l->fd_);
	l->end_ = 0;
}

/* Not every file system has files without a name. */
static int open_file(const char *dir)
{
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	char path[4096];

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT))
		return fd < 0 ? -errno : fd;
	(void)snprintf(path, sizeof(path), "%s/.carrel-runs-%016llx", dir,
	               (unsigned long long)rand_u64());
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	(void)unlink(path);
	return fd;
}

static int write_at(int fd, uint64_t at, struct str data)
{
	while (data.len) {
		ssize_t n = pwrite(fd, data.ptr, data.len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		at += (uint64_t)n;
		data = str_sub(data, (size_t)n, data.len);
	}
	return 0;
}

/* Head and content in one go, as nearly always happens. */
static int write_record(int fd, uint64_t at, unsigned type, struct str content)
{
	uint32_t head[2] = { (uint32_t)content.len, type };
	struct iovec v[2] = { { head, HEAD }, { NULL, content.len } };
	ssize_t n;
	int r;

	memcpy(&v[1].iov_base, &content.ptr, sizeof(content.ptr)); /* only read */
	n = pwritev(fd, v, 2, (off_t)at);
	if (n == (ssize_t)(HEAD + content.len))
		return 0;
	r = write_at(fd, at, (struct str){ (const char *)head, HEAD });
	return r < 0 ? r : write_at(fd, at + HEAD, content);
}

static struct runlog_extent *last_of(const struct runlog_part *p)
{
	return p->n_ ? &p->extents_[p->n_ - 1] : NULL;
}

/* Room for one more extent, unless the last one goes on at `at`. */
static int extent_for(struct runlog_part *p, uint64_t at, struct runlog_extent **ret)
{
	struct runlog_extent *e = last_of(p);

	if (!e || e->at + e->len != at) {
		if (p->n_ == p->cap_) {
			size_t cap = p->cap_ ? p->cap_ * 2 : 1;

			e = realloc(p->extents_, cap * sizeof(*e));
			if (!e)
				return -ENOMEM;
			p->extents_ = e;
			p->cap_ = cap;
		}
		e = &p->extents_[p->n_++];
		*e = (struct runlog_extent){ at, 0 };
	}
	*ret = e;
	return 0;
}

/* ---- giving space back ---- */

static int copy(int from, int to, struct runlog_extent e, uint64_t at)
{
	char piece[12288];

	while (e.len) {
		size_t want = e.len < sizeof(piece) ? (size_t)e.len : sizeof(piece);
		ssize_t n = pread(from, piece, want, (off_t)e.at);
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		r = write_at(to, at, (struct str){ piece, (size_t)n });
		if (r < 0)
			return r;
		at += (uint64_t)n;
		e.at += (uint64_t)n;
		e.len -= (uint64_t)n;
	}
	return 0;
}

static int copy_part(const struct runlog *l, const struct runlog_part *p, int to, uint64_t at)
{
	for (size_t i = 0; i < p->n_; i++) {
		int r = copy(l->fd_, to, p->extents_[i], at);

		if (r < 0)
			return r;
		at += p->extents_[i].len;
	}
	return 0;
}

static void now_at(struct runlog_part *p, uint64_t at)
{
	if (!p->n_)
		return;
	p->extents_[0] = (struct runlog_extent){ at, p->bytes };
	p->n_ = 1;
}

/* Everything into a new file. A full disk keeps the old one. */
static void tidy(struct runlog *l)
{
	autoclose int to = -1;
	uint64_t at = 0;

	if (l->end_ <= l->live * 2 + SLACK)
		return;
	if (l->live == 0) {
		own_close(&l->fd_);
		l->end_ = 0;
		return;
	}
	to = open_file(l->dir);
	if (to < 0)
		return;
	list_for_each (it, &l->parts_) {
		struct runlog_part *p = CONTAINER_OF(it, struct runlog_part, node_);

		if (copy_part(l, p, to, at) < 0)
			return;
		at += p->bytes;
	}
	at = 0;
	list_for_each (it, &l->parts_) {
		struct runlog_part *p = CONTAINER_OF(it, struct runlog_part, node_);

		now_at(p, at);
		at += p->bytes;
	}
	own_close(&l->fd_);
	l->fd_ = steal_fd(&to);
	l->end_ = at;
}

/* A run whose messages come between those of others: in one piece again. */
static void gather(struct runlog *l, struct runlog_part *p)
{
	if (p->n_ < EXTENTS_MAX || copy_part(l, p, l->fd_, l->end_) < 0)
		return;
	now_at(p, l->end_);
	l->end_ += p->bytes;
}

/* ---- records ---- */

int runlog_add(struct runlog *l, struct runlog_part *p, unsigned type, struct str content)
{
	uint64_t len = HEAD + (uint64_t)content.len;
	struct runlog_extent *e = NULL;
	int r;

	if (content.len > RUNLOG_RECORD_MAX)
		return -E2BIG;
	if (l->fd_ < 0) {
		r = open_file(l->dir);
		if (r < 0)
			return r;
		l->fd_ = r;
	}
	gather(l, p);
	r = write_record(l->fd_, l->end_, type, content);
	if (r == 0)
		r = extent_for(p, l->end_, &e);
	if (r < 0 || !e)
		return r;
	e->len += len;
	if (!p->bytes)
		list_push(&l->parts_, &p->node_);
	p->bytes += len;
	l->live += len;
	l->end_ += len;
	tidy(l);
	return 0;
}

int runlog_replace(struct runlog *l, struct runlog_part *p, unsigned type, struct str content)
{
	struct runlog_part fresh = { 0 };
	int r = runlog_add(l, &fresh, type, content);

	if (r < 0)
		return r;
	runlog_forget(l, p);
	*p = fresh;
	/* The list must know the part where it lies now. */
	list_del(&fresh.node_);
	list_push(&l->parts_, &p->node_);
	tidy(l);
	return 0;
}

void runlog_drop(struct runlog *l, struct runlog_part *p)
{
	if (!p->bytes)
		return;
	runlog_forget(l, p);
	tidy(l);
}

struct reading {
	const struct runlog *l;
	struct runlog_extent e; /* what is left of it */
	struct buf b;
};

/* At least n bytes in the buffer, and more if they are there. */
static int fill(struct reading *rd, size_t n)
{
	while (buf_len(&rd->b) < n) {
		size_t want = n - buf_len(&rd->b);
		ssize_t got;
		char *to;

		if (want < PIECE)
			want = PIECE;
		if (want > rd->e.len)
			want = (size_t)rd->e.len;
		to = want ? buf_reserve(&rd->b, want) : NULL;
		if (!to)
			return want ? -ENOMEM : -EIO;
		got = pread(rd->l->fd_, to, want, (off_t)rd->e.at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EIO;
		buf_commit(&rd->b, (size_t)got);
		rd->e.at += (uint64_t)got;
		rd->e.len -= (uint64_t)got;
	}
	return 0;
}

static int each_in(struct reading *rd, runlog_fn *fn, void *arg)
{
	int r = 0;

	while (r == 0 && (rd->e.len || buf_len(&rd->b))) {
		struct str content;
		struct cur c;
		uint32_t len, type;

		r = fill(rd, HEAD);
		if (r < 0)
			return r;
		c = cur_of(buf_str(&rd->b));
		len = cur_u32le(&c);
		type = cur_u32le(&c);
		if (len > RUNLOG_RECORD_MAX)
			return -EIO;
		r = fill(rd, HEAD + (size_t)len);
		if (r < 0)
			return r;
		content = str_sub(buf_str(&rd->b), HEAD, HEAD + (size_t)len);
		r = fn(arg, type, content);
		buf_consume(&rd->b, HEAD + (size_t)len);
	}
	return r;
}

int runlog_each(const struct runlog *l, const struct runlog_part *p, runlog_fn *fn, void *arg)
{
	struct reading rd = { .l = l, .b = BUF(RUNLOG_RECORD_MAX + PIECE + HEAD) };
	int r = 0;

	for (size_t i = 0; i < p->n_ && r == 0; i++) {
		rd.e = p->extents_[i];
		r = each_in(&rd, fn, arg);
	}
	buf_fini(&rd.b);
	return r;
}

/* ---- over an exec ---- */

void runlog_save(const struct runlog *l, struct hand_out *out)
{
	hand_put_fd(out, l->fd_);
	buf_put_u64le(&out->b, l->end_);
}

int runlog_load(struct runlog *l, struct hand_in *in, struct err *err)
{
	int fd = hand_fd(in);
	uint64_t end = cur_u64le(&in->c);

	if (cur_bad(&in->c) || end > INT64_MAX || (fd < 0 && end))
		return ERR(err, -EPROTO, "a log of outputs is none");
	l->fd_ = in->a ? fd : -1;
	l->end_ = end;
	return 0;
}

void runlog_save_part(const struct runlog_part *p, struct hand_out *out)
{
	buf_put_u32le(&out->b, (uint32_t)p->n_);
	for (size_t i = 0; i < p->n_; i++) {
		buf_put_u64le(&out->b, p->extents_[i].at);
		buf_put_u64le(&out->b, p->extents_[i].len);
	}
}

static int read_extents(struct runlog_part *p, uint64_t end, struct cur *c)
{
	for (size_t i = 0; i < p->n_; i++) {
		struct runlog_extent e = { .at = cur_u64le(c) };

		e.len = cur_u64le(c);
		if (cur_bad(c) || e.len < HEAD || e.at > end || e.len > end - e.at)
			return -EPROTO;
		p->extents_[i] = e;
		p->bytes += e.len;
	}
	return 0;
}

int runlog_load_part(struct runlog *l, struct runlog_part *ret, struct hand_in *in,
                     struct err *err)
{
	struct runlog_part p = { .n_ = cur_u32le(&in->c) };

	if (p.n_ > cur_left(&in->c) / 16)
		cur_fail(&in->c);
	if (cur_bad(&in->c))
		p.n_ = 0;
	p.cap_ = p.n_;
	if (p.n_ == 0)
		return cur_bad(&in->c) ? ERR(err, -EPROTO, "a part of a log is none") : 0;
	p.extents_ = calloc(p.n_, sizeof(*p.extents_));
	if (!p.extents_)
		return ERR(err, -ENOMEM, "no memory for a log");
	if (read_extents(&p, l->end_, &in->c) < 0) {
		free(p.extents_);
		return ERR(err, -EPROTO, "a part of a log is not in it");
	}
	*ret = p;
	l->live += p.bytes;
	list_push(&l->parts_, &ret->node_);
	return 0;
}
