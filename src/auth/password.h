/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passwords: argon2id with 64 MiB, in a pool of two threads (more at once
 * would let a storm of sign-ins take the machine's memory). A job owns copies
 * of everything; its password is wiped as soon as it has run.
 */
#pragma once

#include "base/err.h"
#include "core/types.h"
#include "ev/pool.h"

#define PASSWORD_MIN     10
#define PASSWORD_MAX     1024
#define PASSWORD_THREADS 2
#define PASSWORD_QUEUE   64

enum password_want {
	PASSWORD_VERIFY, /* compare with hash; "" costs the same and never matches */
	PASSWORD_HASH,   /* make hash */
};

struct password_job {
	struct pool_job job;
	enum password_want want;
	char hash[128]; /* libsodium's text form */
	bool ok;
	char password[PASSWORD_MAX];
	size_t len;
	void (*done)(struct password_job *j); /* on the loop */
};

/* 10 to 1024 bytes of UTF-8; a sentence says what is wrong. */
MUST_CHECK int password_check(struct str s, struct err *err);
/* Longer ones than PASSWORD_MAX never match. */
void password_set(struct password_job *j, struct str password);
/* -EAGAIN: too many are waiting, answer 503. */
MUST_CHECK int password_submit(struct pool *p, struct password_job *j);
