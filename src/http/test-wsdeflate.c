/* SPDX-License-Identifier: Apache-2.0 */
#include "http/wsdeflate.h"

#include <stdlib.h>
#define ZLIB_CONST
#include <zlib.h>

#include "base/rand.h"
#include "test.h"

/* The other side of a connection: a window for all messages, as a client that
 * agreed on context has. */
struct client {
	z_stream z;
};

static void client_open(struct client *c, int window)
{
	*c = (struct client){ 0 };
	T_EQ(inflateInit2(&c->z, -window), Z_OK);
}

static void client_read(struct client *c, struct str packed, struct str want)
{
	struct buf got = BUF(16 << 20), in = BUF(16 << 20);

	buf_put_str(&in, packed);
	buf_put(&in, "\0\0\xff\xff", 4);
	c->z.next_in = (const Bytef *)buf_str(&in).ptr;
	c->z.avail_in = (uInt)buf_len(&in);
	do {
		c->z.next_out = (Bytef *)buf_reserve(&got, 10000);
		c->z.avail_out = 10000;
		(void)inflate(&c->z, Z_SYNC_FLUSH);
		buf_commit(&got, 10000 - c->z.avail_out);
	} while (c->z.avail_out == 0);
	T_EQ(c->z.avail_in, 0);
	T_OK(str_eq(buf_str(&got), want));
	buf_fini(&got);
	buf_fini(&in);
}

static void open_socket(struct wsd *d, struct wsd_pool *pool, struct wsext offer)
{
	offer.deflate = true;
	wsd_init(d, pool, wsd_agree(offer));
	T_OK(d->how.client_fresh);
}

/* Text that packs well, as long as asked for, of its own kind for each i. */
static struct str some_text(struct buf *b, unsigned i, size_t n)
{
	buf_clear(b);
	for (unsigned k = 0; buf_len(b) < n; k++)
		buf_printf(b, "{\"n\":%u,\"text\":\"line %u of a cell\"},", i, k * k);
	return str_sub(buf_str(b), 0, n);
}

static size_t packers(const struct wsd_pool *p)
{
	size_t n = 0;

	for (size_t i = 0; i < WSD_PACKERS; i++)
		n += p->packer_[i] != NULL;
	return n;
}

static void a_context_is_kept(void)
{
	struct wsd_pool pool = { 0 };
	struct buf b = BUF(1 << 20);
	struct client c;
	struct str m, out;
	size_t first = 0;
	struct wsd d;

	open_socket(&d, &pool, (struct wsext){ 0 });
	T_EQ(packers(&pool), 0);
	client_open(&c, 15);
	for (unsigned i = 0; i < 50; i++) {
		struct str part[3]; /* odd ones say what was said just before */

		m = some_text(&b, i / 2, 400);
		part[0] = str_sub(m, 0, 7);
		part[1] = STR_NONE;
		part[2] = str_sub(m, 7, m.len);
		T_OK(wsd_pack(&d, part, 3, 1000, false, &out));
		client_read(&c, out, m);
		if (i == 0)
			first = out.len;
		T_OK(out.len <= first);
		T_OK(i % 2 == 0 || out.len < first / 2);
		wsd_scratch_done(&d);
	}
	T_EQ(packers(&pool), 1);
	wsd_rest(&d, 1000 + WSD_REST_MS - 1);
	T_EQ(packers(&pool), 1);
	wsd_rest(&d, 1000 + WSD_REST_MS);
	T_EQ(packers(&pool), 0);
	/* It begins anew, and the same client understands. */
	m = some_text(&b, 0, 400);
	T_OK(wsd_pack(&d, &m, 1, 50000, false, &out));
	T_EQ(out.len, first);
	client_read(&c, out, m);
	T_EQ(packers(&pool), 1);
	wsd_fini(&d);
	T_EQ(packers(&pool), 0);
	(void)inflateEnd(&c.z);
	wsd_pool_fini(&pool);
	buf_fini(&b);
}

/* More sockets than packers, in any order: each client reads its own. */
static void packers_go_from_socket_to_socket(void)
{
	enum { SOCKETS = 20 };
	struct wsd_pool pool = { 0 };
	struct client c[SOCKETS];
	struct wsd d[SOCKETS];
	struct buf b = BUF(1 << 20);
	unsigned seed = 3;
	struct str out;

	for (unsigned i = 0; i < SOCKETS; i++) {
		/* Windows of all sizes, too. */
		unsigned bits = i % 3 ? 8 + i % 8 : 0;

		open_socket(
		    &d[i], &pool,
		    (struct wsext){ .server_bits = (uint8_t)bits, .server_fresh = i % 5 == 0 });
		T_EQ(d[i].how.server_bits, bits);
		client_open(&c[i], bits ? (int)bits : 15);
	}
	for (unsigned k = 0; k < 3000; k++) {
		struct str m;
		unsigned i;

		seed = seed * 1103515245U + 12345U;
		i = (seed >> 16) % (k % 100 < 50 ? 4 : SOCKETS);
		m = some_text(&b, k, 256 + (seed >> 20) % 3000);
		T_OK(wsd_pack(&d[i], &m, 1, k, true, &out));
		client_read(&c[i], out, m);
		wsd_scratch_done(&d[i]);
		T_OK(packers(&pool) <= WSD_PACKERS);
	}
	for (unsigned i = 0; i < SOCKETS; i++) {
		wsd_fini(&d[i]);
		(void)inflateEnd(&c[i].z);
	}
	T_EQ(packers(&pool), 0);
	wsd_pool_fini(&pool);
	buf_fini(&b);
}

static void what_is_not_worth_it_goes_as_it_is(void)
{
	struct wsd_pool pool = { 0 };
	struct buf b = BUF(16 << 20);
	char *noise = malloc(100000);
	struct client c;
	struct str m, out;
	struct wsd d = { 0 };

	m = some_text(&b, 1, 1000);
	T_OK(!wsd_pack(&d, &m, 1, 0, false, &out)); /* nothing was agreed on */
	wsd_init(&d, &pool, (struct wsext){ 0 });
	T_OK(!wsd_pack(&d, &m, 1, 0, false, &out));
	open_socket(&d, &pool, (struct wsext){ 0 });
	client_open(&c, 15);
	m = some_text(&b, 1, WSD_MIN - 1);
	T_OK(!wsd_pack(&d, &m, 1, 0, false, &out));
	m = some_text(&b, 1, WSD_MAX + 1);
	T_OK(!wsd_pack(&d, &m, 1, 0, false, &out));
	/* After noise, which is sent as it is, nothing refers to it. */
	rand_bytes(noise, 100000);
	for (unsigned i = 0; i < 20; i++) {
		m = some_text(&b, i, 3000);
		T_OK(wsd_pack(&d, &m, 1, 0, false, &out));
		client_read(&c, out, m);
		wsd_scratch_done(&d);
		m = (struct str){ noise, 300 + i * 5000 };
		T_OK(!wsd_pack(&d, &m, 1, 0, true, &out));
	}
	/* What still fits: text of the largest size, in little memory afterwards. */
	m = some_text(&b, 5, WSD_MAX);
	T_OK(wsd_pack(&d, &m, 1, 0, true, &out));
	client_read(&c, out, m);
	wsd_scratch_done(&d);
	T_OK(pool.scratch_.cap_ <= 65536);
	wsd_fini(&d);
	wsd_pool_fini(&pool);
	(void)inflateEnd(&c.z);
	free(noise);
	buf_fini(&b);
}

static void a_flood_is_packed_only_for_a_slow_line(void)
{
	struct wsd_pool pool = { 0 };
	struct buf b = BUF(1 << 20);
	struct str m = some_text(&b, 1, 1 << 16), out;
	struct wsd d;

	open_socket(&d, &pool, (struct wsext){ 0 });
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < WSD_RATE / (1 << 16); i++)
			T_OK(wsd_pack(&d, &m, 1, 5000 + round * 1000, false, &out));
		T_OK(!wsd_pack(&d, &m, 1, 5000 + round * 1000, false, &out));
		T_OK(!wsd_pack(&d, &m, 1, 5999 + round * 1000, false, &out));
		T_OK(wsd_pack(&d, &m, 1, 5999 + round * 1000, true, &out));
	}
	wsd_fini(&d);
	wsd_pool_fini(&pool);
	buf_fini(&b);
}

/* ---- unpacking ---- */

/* `in` fed `step` bytes at a time. */
static enum wsd_got unpack(struct wsd *d, struct str in, size_t step, struct buf *out)
{
	enum wsd_got got = WSD_OK;

	buf_clear(out);
	for (size_t at = 0; got == WSD_OK && at < in.len; at += step)
		got = wsd_unpack(d, str_sub(in, at, at + step), out);
	if (got == WSD_OK)
		got = wsd_unpack_end(d, out);
	T_OK(!d->in_);
	return got;
}

static void what_comes_in_is_unpacked(void)
{
	static const struct {
		struct str in;
		const char *out; /* NULL: refused */
	} cases[] = {
		/* RFC 7692 7.2.3.1 to 7.2.3.6 */
		{ STR("\xf2\x48\xcd\xc9\xc9\x07\x00"), "Hello" },
		{ STR("\xf2\x00\x11\x00\x00"), NULL }, /* of another's context */
		{ STR("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"), "Hello" },
		{ STR("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), "Hello" },
		{ STR("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"), "Hello" },
		{ STR("\x00"), "" },
		{ STR("\x02\x00"), "" },
		/* Two messages' worth of final blocks in one. */
		{ STR("\xf3\x48\xcd\xc9\xc9\x07\x00\xf3\x48\xcd\xc9\xc9\x07\x00\x00"),
		  "HelloHello" },
		{ STR(""), NULL },                 /* not even an empty block */
		{ STR("\xf2\x48\xcd\xc9"), NULL }, /* cut off */
		{ STR("\xf2\x48\xcd\xc9\xc9\x07"), NULL },
		{ STR("\x00\x05\x00\xfa\xff\x48\x65"), NULL },
		{ STR("\x00\x05\x00\xfa\xfe\x48\x65"), NULL }, /* lengths that disagree */
		{ STR("\x06"), NULL },                         /* a block type that is none */
		{ STR("\xff\xff\xff\xff\xff"), NULL },
	};
	struct wsd_pool pool = { 0 };
	struct buf out = BUF(1000);
	struct wsd d;

	open_socket(&d, &pool, (struct wsext){ 0 });
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		for (size_t step = 1; step <= cases[i].in.len + 1; step++) {
			enum wsd_got got = unpack(&d, cases[i].in, step, &out);

			if ((got == WSD_OK) != (cases[i].out != NULL))
				printf("# case %zu, step %zu: %d\n", i, step, (int)got);
			T_EQ(got, cases[i].out ? WSD_OK : WSD_BAD);
			if (cases[i].out)
				T_STR(buf_str(&out), str_of(cases[i].out));
		}
	}
	wsd_fini(&d);
	wsd_pool_fini(&pool);
	buf_fini(&out);
}

/* Any packer's messages, cut anywhere. */
static void packed_and_unpacked_is_the_same(void)
{
	static const size_t sizes[] = { 256, 1000, 16383, 16384, 16385, 70000, 300000 };
	struct wsd_pool pool = { 0 };
	struct buf b = BUF(1 << 20), copy = BUF(1 << 20), back = BUF(1 << 20);
	struct wsd d;

	open_socket(&d, &pool, (struct wsext){ .server_fresh = true });
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct str m = some_text(&b, (unsigned)i, sizes[i]), packed;

		T_OK(wsd_pack(&d, &m, 1, 0, true, &packed));
		buf_clear(&copy);
		buf_put_str(&copy, packed);
		for (size_t step = 1; step < 40; step += 1 + step / 3) {
			T_EQ(unpack(&d, buf_str(&copy), step, &back), WSD_OK);
			T_OK(str_eq(buf_str(&back), m));
		}
		/* A maximum of just that is enough, one less is not. */
		buf_fini(&back);
		buf_init(&back, m.len);
		T_EQ(unpack(&d, buf_str(&copy), 1000, &back), WSD_OK);
		buf_fini(&back);
		buf_init(&back, m.len - 1);
		T_EQ(unpack(&d, buf_str(&copy), 1000, &back), WSD_LARGE);
		buf_fini(&back);
		buf_init(&back, 1 << 20);
	}
	wsd_fini(&d);
	wsd_pool_fini(&pool);
	buf_fini(&b);
	buf_fini(&copy);
	buf_fini(&back);
}

/* A gigabyte of zeros in a megabyte: refused at the limit, in its memory. */
static void a_bomb_is_refused_at_the_limit(void)
{
	struct wsd_pool pool = { 0 };
	struct buf bomb = BUF(4 << 20), out = BUF(1 << 20);
	static char zeros[1 << 20];
	z_stream z = { 0 };
	struct wsd d;

	T_EQ(deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
	for (int i = 0; i < 1024; i++) {
		z.next_in = (Bytef *)zeros;
		z.avail_in = sizeof(zeros);
		z.next_out = (Bytef *)buf_reserve(&bomb, 16384);
		z.avail_out = 16384;
		(void)deflate(&z, i < 1023 ? Z_NO_FLUSH : Z_SYNC_FLUSH);
		T_EQ(z.avail_in, 0);
		buf_commit(&bomb, 16384 - z.avail_out);
	}
	(void)deflateEnd(&z);
	open_socket(&d, &pool, (struct wsext){ 0 });
	T_EQ(unpack(&d, buf_str(&bomb), 65536, &out), WSD_LARGE);
	T_EQ(buf_len(&out), 1 << 20);
	T_OK(out.cap_ <= (1 << 20) + (1 << 18) + 1);
	wsd_fini(&d);
	wsd_pool_fini(&pool);
	buf_fini(&bomb);
	buf_fini(&out);
}

TEST_MAIN({ "a context is kept, and given back after a rest", a_context_is_kept },
          { "packers go from socket to socket", packers_go_from_socket_to_socket },
          { "what is not worth it goes as it is", what_is_not_worth_it_goes_as_it_is },
          { "a flood is packed only for a slow line", a_flood_is_packed_only_for_a_slow_line },
          { "what comes in is unpacked, however it is cut", what_comes_in_is_unpacked },
          { "packed and unpacked is the same", packed_and_unpacked_is_the_same },
          { "a bomb is refused at the limit", a_bomb_is_refused_at_the_limit })
