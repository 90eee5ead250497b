/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A packed message, of hostile bytes: whole, or a byte at a time, it says the
 * same; never more than the maximum; and what it says is packed and unpacked
 * again without loss. The first byte chooses the maximum; what follows is also
 * read as a client's offer, which reads the same once it is written anew.
 */
#include "base/buf.h"
#include "fuzz.h"
#include "http/wsdeflate.h"

static enum wsd_got unpack(struct wsd *d, struct str s, size_t step, struct buf *out)
{
	enum wsd_got got = WSD_OK;

	for (size_t at = 0; got == WSD_OK && at < s.len; at += step)
		got = wsd_unpack(d, str_sub(s, at, at + step), out);
	if (got == WSD_OK)
		got = wsd_unpack_end(d, out);
	CHECK(!d->in_);
	return got;
}

static void packed_again(struct wsd *d, struct str said)
{
	struct buf packed = BUF(4U << 20), back = BUF(1U << 20);
	struct str out;

	/* Twice: the second refers to the first. */
	for (int i = 0; i < 2; i++) {
		if (!wsd_pack(d, &said, 1, 0, true, &out))
			break;
		buf_clear(&packed);
		buf_put_str(&packed, out);
		wsd_scratch_done(d);
		if (i > 0 && !d->how.server_fresh)
			break; /* without the context it can't be read */
		buf_clear(&back);
		CHECK(unpack(d, buf_str(&packed), 1000, &back) == WSD_OK);
		CHECK(str_eq(buf_str(&back), said));
	}
	buf_fini(&packed);
	buf_fini(&back);
}

static void messages(struct str s, size_t max)
{
	struct wsext how = { .deflate = true, .server_fresh = s.len & 1 };
	struct buf whole, bytes;
	struct wsd_pool pool = { 0 };
	enum wsd_got got;
	struct wsd d;

	buf_init(&whole, max);
	buf_init(&bytes, max);
	wsd_init(&d, &pool, how);
	got = unpack(&d, s, s.len ? s.len : 1, &whole);
	CHECK(unpack(&d, s, 1, &bytes) == got);
	CHECK(buf_len(&whole) <= max && !buf_error(&whole));
	CHECK(str_eq(buf_str(&whole), buf_str(&bytes)));
	if (got == WSD_OK)
		packed_again(&d, buf_str(&whole));
	wsd_fini(&d);
	wsd_pool_fini(&pool);
	buf_fini(&whole);
	buf_fini(&bytes);
}

static void offers(struct str s)
{
	struct http_head h = { .n = 1 };
	struct wsext x, again, answer = { 0 };
	struct buf b = BUF(1000), c = BUF(1000);

	h.fields[0] = (struct http_field){ STR("Sec-WebSocket-Extensions"), s };
	x = wsext_offer(&h);
	if (wsext_answer(&h, x, &answer))
		CHECK(answer.deflate && x.deflate);
	wsext_put(&b, x);
	h.fields[0].value = buf_str(&b);
	again = wsext_offer(&h);
	wsext_put(&c, again);
	CHECK(x.deflate == again.deflate && str_eq(buf_str(&b), buf_str(&c)));
	if (x.deflate) {
		buf_clear(&c);
		wsext_put(&c, wsd_agree(x));
		h.fields[0].value = buf_str(&c);
		CHECK(wsext_answer(&h, x, &answer) && answer.deflate);
	}
	buf_fini(&b);
	buf_fini(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str s = fuzz_str(data, size);

	if (size == 0)
		return 0;
	messages(str_sub(s, 1, s.len), (size_t)64 << (data[0] % 15));
	offers(str_sub(s, 1, s.len));
	return 0;
}
