/* SPDX-License-Identifier: Apache-2.0 */
#include "http/wskey.h"

#include "base/encode.h"
#include "base/rand.h"
#include "base/sha256.h"

bool ws_key_ok(struct str key)
{
	struct buf b = BUF(64);
	bool ok = key.len == WS_KEY_LEN && base64_get(&b, key, false) == 0 && buf_len(&b) == 16;

	buf_fini(&b);
	return ok;
}

static void base64_fixed(struct str s, char *ret, size_t n)
{
	struct buf b = BUF(64);

	base64_put(&b, s, 0);
	CHECK(buf_len(&b) == n);
	memcpy(ret, buf_str(&b).ptr, n);
	buf_fini(&b);
}

void ws_key_accept(struct str key, char ret[WS_ACCEPT_LEN])
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	char both[WS_KEY_LEN + sizeof(guid) - 1];
	uint8_t digest[SHA1_LEN];

	CHECK(key.len == WS_KEY_LEN);
	memcpy(both, key.ptr, WS_KEY_LEN);
	memcpy(both + WS_KEY_LEN, guid, sizeof(guid) - 1);
	sha1((struct str){ both, sizeof(both) }, digest);
	base64_fixed((struct str){ (const char *)digest, sizeof(digest) }, ret, WS_ACCEPT_LEN);
}

void ws_key_new(char ret[WS_KEY_LEN])
{
	uint8_t r[16];

	rand_bytes(r, sizeof(r));
	base64_fixed((struct str){ (const char *)r, sizeof(r) }, ret, WS_KEY_LEN);
}
