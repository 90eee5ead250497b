/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/seal.h"

#include <errno.h>
#include <sodium.h>

#include "base/sha256.h"

static void derive(struct str key, struct str what, uint8_t ret[HASH_LEN])
{
	struct hmac256 h;

	hmac256_init(&h, key);
	hmac256_add(&h, what);
	hmac256_end(&h, ret);
}

void idem_init(struct idem *i, struct str key, struct str method, struct str target,
               struct str body)
{
	struct hmac256 h;

	derive(key, STR("carrel idempotency row"), i->key_hash);
	derive(key, STR("carrel idempotency seal"), i->seal);
	hmac256_init(&h, key);
	hmac256_add(&h, method);
	hmac256_add(&h, STR(" "));
	hmac256_add(&h, target);
	hmac256_add(&h, STR("\n"));
	hmac256_add(&h, body);
	hmac256_end(&h, i->request);
}

void idem_seal(const struct idem *i, struct str plain, struct buf *ret)
{
	size_t n = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES + plain.len;
	unsigned char *p = (unsigned char *)buf_reserve(ret, n);

	if (!p)
		return;
	randombytes_buf(p, crypto_secretbox_NONCEBYTES);
	CHECK(crypto_secretbox_easy(p + crypto_secretbox_NONCEBYTES,
	                            (const unsigned char *)plain.ptr, plain.len, p,
	                            i->seal) == 0);
	buf_commit(ret, n);
}

int idem_open(const struct idem *i, struct str sealed, struct buf *ret)
{
	const unsigned char *in = (const unsigned char *)sealed.ptr;
	size_t over = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES;
	char *p;

	if (sealed.len < over)
		return -EBADMSG;
	p = buf_reserve(ret, sealed.len - over + 1);
	if (!p)
		return -E2BIG;
	if (crypto_secretbox_open_easy((unsigned char *)p, in + crypto_secretbox_NONCEBYTES,
	                               sealed.len - crypto_secretbox_NONCEBYTES, in,
	                               i->seal) != 0)
		return -EBADMSG;
	buf_commit(ret, sealed.len - over);
	return 0;
}
