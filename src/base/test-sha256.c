/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sha256.h"

#include "base/encode.h"
#include "base/sha256-ni.h"
#include "test.h"

static char hex_text[100];

static const char *hex_of(const uint8_t *p, size_t n)
{
	struct buf b = BUF(sizeof(hex_text) - 1);

	hex_put(&b, (struct str){ (const char *)p, n });
	memcpy(hex_text, buf_cstr(&b), buf_len(&b) + 1);
	buf_fini(&b);
	return hex_text;
}

static struct str million_a(void)
{
	static char text[1000000];

	memset(text, 'a', sizeof(text));
	return (struct str){ text, sizeof(text) };
}

/* FIPS 180-4, the examples of NIST. */
static void sha256_of_the_standard(void)
{
	const struct {
		struct str in;
		const char *out;
	} cases[] = {
		{ STR(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ STR("abc"),
		  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ STR("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
		{ million_a(),
		  "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
	};
	uint8_t h[SHA256_LEN];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		sha256(cases[i].in, h);
		T_STREQ(hex_of(h, sizeof(h)), cases[i].out);
	}
}

static void sha1_of_the_standard(void)
{
	uint8_t h[SHA1_LEN];

	sha1(STR("abc"), h);
	T_STREQ(hex_of(h, sizeof(h)), "a9993e364706816aba3e25717850c26c9cd0d89d");
	sha1(STR(""), h);
	T_STREQ(hex_of(h, sizeof(h)), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
	sha1(million_a(), h);
	T_STREQ(hex_of(h, sizeof(h)), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
	/* RFC 6455 1.3 */
	sha1(STR("dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11"), h);
	T_STREQ(hex_of(h, sizeof(h)), "b37a4f2cc0624f1690f64606cf385945b2bec4ea");
}

static void pieces_give_the_same_as_the_whole(void)
{
	struct str s = str_sub(million_a(), 0, 300);
	uint8_t whole[SHA256_LEN], pieces[SHA256_LEN];

	for (size_t len = 0; len < 300; len++) {
		for (size_t step = 1; step < 200; step += 21) {
			struct sha256 h;

			sha256(str_sub(s, 0, len), whole);
			sha256_init(&h);
			for (size_t at = 0; at < len; at += step)
				sha256_add(&h,
				           str_sub(s, at, at + step > len ? len : at + step));
			sha256_end(&h, pieces);
			T_OK(memcmp(whole, pieces, sizeof(whole)) == 0);
		}
	}
}

/* RFC 4231, cases 1, 2 and 6. */
/* The hash of a whole text has gone through whichever form this processor has. */
static void the_portable_form_agrees(void)
{
	uint32_t h[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
		          0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
	struct sha256 s;
	uint8_t text[64 * 50];

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(i * 2654435761U >> 13);
	if (!sha256_ni_here())
		printf("# this processor has only the portable form\n");
	sha256_init(&s);
	for (size_t n = 0; n + 1 < 10; n++) {
		size_t from = 64 * (n * (n + 1) / 2);

		sha256_soft_blocks(h, text + from, n + 1);
		sha256_add(&s, (struct str){ (char *)text + from, 64 * (n + 1) });
		T_EQ(memcmp(h, s.h_, sizeof(h)), 0);
	}
}

static void hmac_of_the_standard(void)
{
	struct hmac256 h;
	uint8_t out[SHA256_LEN];
	char key[131];

	memset(key, 0x0b, 20);
	hmac256_init(&h, (struct str){ key, 20 });
	hmac256_add(&h, STR("Hi "));
	hmac256_add(&h, STR("There"));
	hmac256_end(&h, out);
	T_STREQ(hex_of(out, sizeof(out)),
	        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	hmac256_init(&h, STR("Jefe"));
	hmac256_add(&h, STR("what do ya want for nothing?"));
	hmac256_end(&h, out);
	T_STREQ(hex_of(out, sizeof(out)),
	        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof(key));
	hmac256_init(&h, (struct str){ key, sizeof(key) });
	hmac256_add(&h, STR("Test Using Larger Than Block-Size Key - Hash Key First"));
	hmac256_end(&h, out);
	T_STREQ(hex_of(out, sizeof(out)),
	        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST_MAIN({ "SHA-256 is that of FIPS 180-4", sha256_of_the_standard },
          { "the portable form agrees", the_portable_form_agrees },
          { "SHA-1 is that of FIPS 180-4", sha1_of_the_standard },
          { "pieces give the same as the whole", pieces_give_the_same_as_the_whole },
          { "HMAC is that of RFC 4231", hmac_of_the_standard })
