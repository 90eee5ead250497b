/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of JSON Schema (draft 7) that settings schemas use: types, enums,
 * objects, arrays, bounds, combinations and local references. `pattern` and
 * `format` are not looked at: the front end checks again. Pure.
 */
#pragma once

#include "base/err.h"
#include "base/json.h"

/* -EINVAL: the value does not fit; the message says where. */
MUST_CHECK int schema_check(const struct json *schema, const struct json *value,
                            struct err *err);
