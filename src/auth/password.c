/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/password.h"

#include <errno.h>
#include <sodium.h>

#include "base/encode.h"

#define OPS    2U
#define MEMORY (64U << 20)

/* Somebody's, thrown away: what unknown accounts are compared with, so that
 * they take as long as known ones. */
static const char nobody[] = "$argon2id$v=19$m=65536,t=2,p=1$Mad2J3ZMtYiYE894m8lukg$E3g7+"
                             "HbAXwwrOU5ESXDxFxNsUSlTeQdblsmf3nTwpLQ";

int password_check(struct str s, struct err *err)
{
	if (s.len < PASSWORD_MIN)
		return ERR(err, -EINVAL, "A password needs at least %d characters.",
		           PASSWORD_MIN);
	if (s.len > PASSWORD_MAX)
		return ERR(err, -EINVAL, "A password has at most %d bytes.", PASSWORD_MAX);
	if (!utf8_valid(s))
		return ERR(err, -EINVAL, "A password must be valid UTF-8.");
	return 0;
}

void password_set(struct password_job *j, struct str password)
{
	j->len = password.len <= PASSWORD_MAX ? password.len : 0;
	memcpy(j->password, password.ptr ? password.ptr : "", j->len);
}

static void work(struct pool_job *p)
{
	struct password_job *j = CONTAINER_OF(p, struct password_job, job);

	if (j->want == PASSWORD_HASH) {
		j->ok = crypto_pwhash_str(j->hash, j->password, j->len, OPS, MEMORY) == 0;
	} else {
		const char *hash = j->hash[0] ? j->hash : nobody;
		bool same = crypto_pwhash_str_verify(hash, j->password, j->len) == 0;

		j->ok = same && j->hash[0] && j->len > 0;
	}
	sodium_memzero(j->password, sizeof(j->password));
}

static void done(struct pool_job *p)
{
	struct password_job *j = CONTAINER_OF(p, struct password_job, job);

	j->done(j);
}

int password_submit(struct pool *p, struct password_job *j)
{
	_Static_assert(sizeof(j->hash) >= crypto_pwhash_STRBYTES, "room for the text form");
	j->job = (struct pool_job){ .work = work, .done = done };
	return pool_submit(p, &j->job);
}
