/* SPDX-License-Identifier: Apache-2.0 */
#include "http/wsdeflate.h"

#include <stdlib.h>
#define ZLIB_CONST
#include <zlib.h>

/* Level 1 with a window of 4 KiB: text of kernels packs to 0.12 (many small
 * messages) and 0.31 (random numbers) of its size at 130 MB/s. Level 6 with 32
 * KiB makes it 0.11 and 0.27, at a third of the speed and seven times the
 * memory. */
#define LEVEL     1
#define WINDOW    12U
#define MEM_LEVEL 5
/* zlib refuses 8 for raw streams, but with 9 it refers to the last 250 bytes
 * only (window less MIN_LOOKAHEAD), which a window of 256 holds. */
#define WINDOW_MIN 9U

#define STEP        16384U
#define TAIL        STR("\x00\x00\xff\xff") /* RFC 7692 7.2.1 */
#define SCRATCH_MAX (WSD_MAX + 65536U)
#define SCRATCH     16384U /* kept between messages */

struct wsd_packer {
	z_stream z;
	struct wsd *owner; /* whose messages it has seen */
	unsigned window;
	mono_ms used;
};

/* ---- packers ---- */

static void packer_free(struct wsd_pool *p, size_t i)
{
	struct wsd_packer *k = p->packer_[i];

	if (!k)
		return;
	k->owner->packer_ = NULL;
	(void)deflateEnd(&k->z);
	free(k);
	p->packer_[i] = NULL;
}

static struct wsd_packer *packer_new(struct wsd_pool *p, size_t i, unsigned window)
{
	struct wsd_packer *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->window = window;
	if (deflateInit2(&k->z, LEVEL, Z_DEFLATED, -(int)window, MEM_LEVEL,
	                 Z_DEFAULT_STRATEGY) != Z_OK) {
		free(k);
		return NULL;
	}
	return p->packer_[i] = k;
}

/* The place to take: a free one, else that of the packer used longest ago. */
static size_t choose(const struct wsd_pool *p)
{
	size_t best = 0;

	for (size_t i = 0; i < WSD_PACKERS; i++) {
		const struct wsd_packer *k = p->packer_[i];

		if (!k)
			return i;
		if (k->used < p->packer_[best]->used)
			best = i;
	}
	return best;
}

static size_t place_of(const struct wsd_pool *p, const struct wsd_packer *k)
{
	size_t i = 0;

	while (p->packer_[i] != k)
		CHECK(++i < WSD_PACKERS);
	return i;
}

static void leave_packer(struct wsd *d)
{
	if (d->packer_)
		packer_free(d->pool, place_of(d->pool, d->packer_));
}

/* This socket's packer: its own, or one that knows nothing. */
static struct wsd_packer *take_packer(struct wsd *d)
{
	unsigned window = d->how.server_bits ? d->how.server_bits : WINDOW;
	struct wsd_packer *k;
	size_t i;

	if (d->packer_)
		return d->packer_;
	window = window < WINDOW_MIN ? WINDOW_MIN : window > WINDOW ? WINDOW : window;
	i = choose(d->pool);
	k = d->pool->packer_[i];
	if (k && k->window == window) {
		k->owner->packer_ = NULL;
		(void)deflateReset(&k->z);
	} else {
		packer_free(d->pool, i);
		k = packer_new(d->pool, i, window);
	}
	if (k)
		k->owner = d;
	return d->packer_ = k;
}

void wsd_pool_fini(struct wsd_pool *p)
{
	for (size_t i = 0; i < WSD_PACKERS; i++)
		packer_free(p, i);
	buf_fini(&p->scratch_);
}

/* ---- a socket ---- */

struct wsext wsd_agree(struct wsext offer)
{
	return (struct wsext){
		.deflate = offer.deflate,
		.server_fresh = offer.server_fresh,
		.client_fresh = offer.deflate,
		.server_bits = offer.server_bits,
	};
}

void wsd_init(struct wsd *d, struct wsd_pool *pool, struct wsext agreed)
{
	*d = (struct wsd){ .pool = agreed.deflate ? pool : NULL, .how = agreed };
}

static void unpack_stop(struct wsd *d)
{
	if (!d->in_)
		return;
	(void)inflateEnd(d->in_);
	free(d->in_);
	d->in_ = NULL;
}

void wsd_fini(struct wsd *d)
{
	leave_packer(d);
	unpack_stop(d);
	d->pool = NULL;
}

void wsd_rest(struct wsd *d, mono_ms now)
{
	if (d->packer_ && now - d->packer_->used >= WSD_REST_MS)
		leave_packer(d);
}

/* ---- scratch ---- */

static struct buf *scratch(struct wsd *d)
{
	struct buf *b = &d->pool->scratch_;

	if (!b->max_)
		buf_init(b, SCRATCH_MAX);
	buf_clear(b);
	return b;
}

char *wsd_scratch(struct wsd *d, size_t n)
{
	struct buf *b = scratch(d);
	char *to = buf_reserve(b, n);

	if (to)
		buf_commit(b, n);
	return to;
}

void wsd_scratch_done(struct wsd *d)
{
	struct buf *b = &d->pool->scratch_;

	if (buf_len(b) > SCRATCH || buf_error(b))
		buf_fini(b);
	else
		buf_clear(b);
}

/* ---- packing ---- */

/* A cell that floods is not packed, so that it costs the CPU of a copy only,
 * unless the line is what it waits for. */
static bool may_pack(struct wsd *d, size_t len, mono_ms now, bool behind)
{
	struct wsd_pool *p = d->pool;

	if (!p || len < WSD_MIN || len > WSD_MAX)
		return false;
	if (now - p->since_ >= 1000) {
		p->since_ = now;
		p->spent_ = 0;
	}
	if (!behind && p->spent_ >= WSD_RATE)
		return false;
	p->spent_ += len;
	return true;
}

/* False: it became more than `max`. */
static bool pack(z_stream *z, struct str in, int flush, struct buf *b, size_t max)
{
	z->next_in = (const Bytef *)in.ptr;
	z->avail_in = (uInt)in.len;
	do {
		char *to = buf_reserve(b, STEP);

		if (!to)
			return false;
		z->next_out = (Bytef *)to;
		z->avail_out = STEP;
		(void)deflate(z, flush);
		buf_commit(b, STEP - z->avail_out);
		if (buf_len(b) > max)
			return false;
	} while (z->avail_out == 0);
	return true;
}

bool wsd_pack(struct wsd *d, const struct str *parts, size_t n, mono_ms now, bool behind,
              struct str *ret)
{
	struct wsd_packer *k;
	size_t len = 0, max;
	struct buf *b;
	bool ok = true;

	for (size_t i = 0; i < n; i++)
		len += parts[i].len;
	if (!may_pack(d, len, now, behind))
		return false;
	k = take_packer(d);
	if (!k)
		return false;
	k->used = now;
	if (d->how.server_fresh)
		(void)deflateReset(&k->z);
	b = scratch(d);
	max = len - len / 16;
	for (size_t i = 0; ok && i < n; i++)
		ok = parts[i].len == 0 || pack(&k->z, parts[i], Z_NO_FLUSH, b, max);
	ok = ok && pack(&k->z, STR_NONE, Z_SYNC_FLUSH, b, max) && buf_len(b) > TAIL.len;
	if (!ok) {
		/* The client will not see this message in a form that can be referred to. */
		(void)deflateReset(&k->z);
		wsd_scratch_done(d);
		return false;
	}
	*ret = str_sub(buf_str(b), 0, buf_len(b) - TAIL.len);
	return true;
}

/* ---- unpacking ---- */

static bool unpack_start(struct wsd *d)
{
	if (d->in_)
		return true;
	d->in_ = calloc(1, sizeof(*d->in_));
	if (d->in_ && inflateInit2(d->in_, -MAX_WBITS) == Z_OK)
		return true;
	free(d->in_);
	d->in_ = NULL;
	return false;
}

/* As much as *out may still hold, or one byte more, to see whether there is
 * more to come. */
static int unpack_step(z_stream *z, struct buf *out, enum wsd_got *ret)
{
	size_t room = buf_room(out), n = room < STEP ? room : STEP;
	char over, *to = n ? buf_reserve(out, n) : &over;
	int r;

	*ret = WSD_MEMORY;
	if (!to)
		return Z_MEM_ERROR;
	z->next_out = (Bytef *)to;
	z->avail_out = n ? (uInt)n : 1;
	r = inflate(z, Z_SYNC_FLUSH);
	if (n)
		buf_commit(out, n - z->avail_out);
	if (n == 0 && z->avail_out == 0)
		*ret = WSD_LARGE;
	else if (r == Z_OK || r == Z_BUF_ERROR || r == Z_STREAM_END)
		*ret = WSD_OK;
	else if (r != Z_MEM_ERROR)
		*ret = WSD_BAD;
	return r;
}

enum wsd_got wsd_unpack(struct wsd *d, struct str piece, struct buf *out)
{
	enum wsd_got got;
	z_stream *z;
	int r;

	if (!unpack_start(d))
		return WSD_MEMORY;
	z = d->in_;
	z->next_in = (const Bytef *)piece.ptr;
	z->avail_in = (uInt)piece.len;
	do {
		r = unpack_step(z, out, &got);
		if (got != WSD_OK) {
			unpack_stop(d);
			return got;
		}
		/* A block that says it is the last one (RFC 7692 7.2.3.4). */
		if (r == Z_STREAM_END)
			(void)inflateReset(z);
	} while (z->avail_in || z->avail_out == 0);
	return WSD_OK;
}

/* With the tail that was left out it must end between two blocks, the last of
 * them empty; else it was cut off. */
enum wsd_got wsd_unpack_end(struct wsd *d, struct buf *out)
{
	enum wsd_got got = wsd_unpack(d, TAIL, out);

	if (got == WSD_OK && (d->in_->data_type & 0xff) != 128)
		got = WSD_BAD;
	unpack_stop(d);
	return got;
}
