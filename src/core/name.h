/* SPDX-License-Identifier: Apache-2.0 */
/* Names that people give, e-mail addresses, and the host name made of a name. */
#pragma once

#include "base/err.h"
#include "core/types.h"

/* 1 to 64 characters of UTF-8: letters of any script, digits, punctuation,
 * emoji. No control or invisible direction characters, no '/' or '\', no
 * white space at either end, not "." or "..". The error says which rule. */
MUST_CHECK int name_check(struct str s, struct err *err);
/* Lower-cases ASCII into ret; one '@', no white space or controls. */
MUST_CHECK int email_normal(struct str s, char ret[EMAIL_MAX + 1], struct err *err);
/* 1 to 32 of [a-z0-9-] made of a name, "session" if nothing is left. */
#define HOSTNAME_LEN_MAX 32
void name_to_hostname(const char *name, char ret[HOSTNAME_LEN_MAX + 1]);
