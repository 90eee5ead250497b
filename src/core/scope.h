/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request may do, decided in one place. A browser login may do what
 * its account may; a token only what its scopes say:
 *
 *   account        everything that its account may
 *   read           look at everything of its account, change nothing
 *   session:<id>   use that session's program address, look at that session
 */
#pragma once

#include "base/err.h"
#include "base/str.h"

#define SCOPES_MAX 16

enum right {
	RIGHT_READ,    /* look at things of the account */
	RIGHT_WRITE,   /* change them */
	RIGHT_SECRETS, /* passwords, tokens: only with all of the account's rights */
	RIGHT_SESSION, /* look at one session */
	RIGHT_PROGRAM, /* speak with the agent of one session */
};

/* -EINVAL: not a scope; the sentence names it. */
MUST_CHECK int scope_check(struct str scope, struct err *err);
/* scopes: separated by one space. "*" stands for a browser login. session:
 * the one that RIGHT_SESSION and RIGHT_PROGRAM are about. */
bool scope_allows(struct str scopes, enum right right, struct str session);
/* May somebody with these scopes hand out `wanted`? Only what he holds. */
bool scope_may_grant(struct str scopes, struct str wanted);
