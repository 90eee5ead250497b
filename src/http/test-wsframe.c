/* SPDX-License-Identifier: Apache-2.0 */
#include "http/wsframe.h"

#include "base/buf.h"
#include "http/wskey.h"
#include "test.h"

static const uint8_t mask[4] = { 0xa1, 0x52, 0x00, 0xff };

static void put_frame(struct buf *b, bool fin, enum wsf_op op, struct str data, bool masked)
{
	char head[WSF_HEAD_MAX], *p;

	buf_put(b, head, wsf_head(head, fin, op, data.len, masked ? mask : NULL));
	p = buf_reserve(b, data.len);
	T_OK(p);
	if (data.len)
		memcpy(p, data.ptr, data.len);
	if (masked)
		wsf_mask(p, data.len, mask, 0);
	buf_commit(b, data.len);
}

/* "T+(ab)": text, not final, content; in order; "!" is an error. */
static void read_as(struct str in, bool client, size_t step, struct buf *out)
{
	struct wsf_reader r;
	char tmp[512];

	buf_clear(out);
	wsf_init(&r, client);
	for (size_t given = 0; given < in.len; given += step) {
		struct str part = str_sub(in, given, given + step), piece;

		for (enum wsf_step s = WSF_HEAD; s != WSF_MORE;) {
			s = wsf_next(&r, &part, &piece);
			if (s == WSF_BAD) {
				buf_put_c(out, '!');
				return;
			}
			if (s == WSF_HEAD)
				buf_printf(out, "%c%s(", "CTB.....XIO"[r.op], r.fin ? "" : "+");
			if (s == WSF_FRAME)
				buf_put_c(out, ')');
			if (s != WSF_DATA)
				continue;
			T_OK(piece.len <= sizeof(tmp));
			wsf_unmask(&r, piece, tmp);
			buf_put(out, tmp, piece.len);
		}
	}
	buf_put_c(out, wsf_at_border(&r) ? '.' : '~');
}

static void check(struct str in, bool client, const char *want)
{
	struct buf out = BUF(100000);

	for (size_t step = 1; step <= in.len; step++) {
		read_as(in, client, step, &out);
		T_STR(buf_str(&out), str_of(want));
	}
	buf_fini(&out);
}

static void frames(void)
{
	struct buf b = BUF(100000);

	put_frame(&b, false, WSF_TEXT, STR("Hel"), true);
	put_frame(&b, true, WSF_PING, STR("p"), true);
	put_frame(&b, false, WSF_CONT, STR(""), true);
	put_frame(&b, true, WSF_CONT, STR("lo, world"), true);
	put_frame(&b, true, WSF_BINARY, STR("\0\1\2"), true);
	put_frame(&b, true, WSF_CLOSE, STR(""), true);
	{
		struct buf want = BUF(1000);

		buf_put_z(&want, "T+(Hel)I(p)C+()C(lo, world)B(");
		buf_put(&want, "\0\1\2", 3);
		buf_put_z(&want, ")X().");
		for (size_t step = 1; step <= buf_len(&b); step++) {
			struct buf out = BUF(1000);

			read_as(buf_str(&b), false, step, &out);
			T_STR(buf_str(&out), buf_str(&want));
			buf_fini(&out);
		}
		buf_fini(&want);
	}
	check(str_sub(buf_str(&b), 0, 8), false, "T+(He~");
	buf_clear(&b);
	put_frame(&b, true, WSF_TEXT, STR("hi"), false);
	check(buf_str(&b), true, "T(hi).");
	check(buf_str(&b), false, "!");
	buf_fini(&b);
}

static void lengths(void)
{
	static const size_t n[] = { 0, 1, 7, 8, 9, 125, 126, 127, 65535, 65536, 100001 };
	static char data[100001], back[100001];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i * 7);
	for (size_t i = 0; i < sizeof(n) / sizeof(n[0]); i++) {
		struct buf b = BUF(200000);
		struct str in, piece;
		struct wsf_reader r;
		size_t got = 0;

		put_frame(&b, true, WSF_BINARY, (struct str){ data, n[i] }, true);
		wsf_init(&r, false);
		for (size_t at = 0; at < buf_len(&b); at += 1000) {
			in = str_sub(buf_str(&b), at, at + 1000);
			for (enum wsf_step s = WSF_HEAD; s != WSF_MORE;) {
				s = wsf_next(&r, &in, &piece);
				T_OK(s != WSF_BAD);
				if (s == WSF_HEAD)
					T_EQ(r.len, n[i]);
				if (s == WSF_DATA)
					wsf_unmask(&r, piece, back + got);
				if (s == WSF_DATA)
					got += piece.len;
			}
		}
		T_EQ(got, n[i]);
		T_OK(memcmp(data, back, got) == 0 && wsf_at_border(&r));
		buf_fini(&b);
	}
}

static void errors(void)
{
	static const struct str bad[] = {
		STR("\xc1\x80"), /* a reserved bit */
		STR("\xa1\x80"),
		STR("\x91\x80"),
		STR("\x83\x80"), /* reserved opcodes */
		STR("\x8b\x80"),
		STR("\x8f\x80"),
		STR("\x80\x80"), /* a continuation of nothing */
		STR("\x00\x80"),
		STR("\x01\x80\0\0\0\0\x81\x80"), /* a message within a message */
		STR("\x09\x80"),                 /* a control frame in pieces */
		STR("\x89\xfe"),                 /* a long control frame */
		STR("\x81\xfe\x00\x7d\0\0\0\0"), /* not the shortest form */
		STR("\x81\xff\0\0\0\0\0\0\xff\xff\0\0\0\0"),
		STR("\x81\xff\x80\0\0\0\0\0\0\1\0\0\0\0"),
		STR("\x81\x00"), /* not masked */
	};
	struct buf out = BUF(1000);

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		for (size_t step = 1; step <= bad[i].len; step++) {
			read_as(bad[i], false, step, &out);
			T_OK(str_ends(buf_str(&out), STR("!")));
		}
	}
	read_as(STR("\x81\x80\0\0\0\0"), true, 1, &out); /* a server must not mask */
	T_STR(buf_str(&out), STR("!"));
	buf_fini(&out);
}

static void codes(void)
{
	static const unsigned ok[] = { 1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010,
		                       1011, 1012, 1013, 1014, 3000, 4401, 4999 };
	static const unsigned bad[] = { 0,    999,  1004, 1005, 1006, 1015,
		                        1016, 1100, 2000, 2999, 5000, 65535 };

	for (size_t i = 0; i < sizeof(ok) / sizeof(ok[0]); i++)
		T_OK(wsf_close_code_ok(ok[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		T_OK(!wsf_close_code_ok(bad[i]));
}

static void keys(void)
{
	char accept[WS_ACCEPT_LEN], key[WS_KEY_LEN];

	/* The example of RFC 6455 1.3. */
	ws_key_accept(STR("dGhlIHNhbXBsZSBub25jZQ=="), accept);
	T_STR(((struct str){ accept, sizeof(accept) }), STR("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
	ws_key_new(key);
	T_OK(ws_key_ok((struct str){ key, sizeof(key) }));
	T_OK(!ws_key_ok(STR("")) && !ws_key_ok(STR("short")) &&
	     !ws_key_ok(STR("dGhlIHNhbXBsZSBub25jZQ=")));
	T_OK(!ws_key_ok(STR("dGhlIHNhbXBsZSBub25jZQ!!")) &&
	     !ws_key_ok(STR("dGhlIHNhbXBsZSBub25jZQAA")));
}

TEST_MAIN({ "frames both ways, however they are split", frames },
          { "all forms of length", lengths },
          { "what is not a proper frame is refused", errors }, { "close codes", codes },
          { "the handshake's values", keys })
