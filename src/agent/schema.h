/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON Schema (draft 7) for settings: types, enums, objects, arrays, bounds,
 * patterns (regex.h), combinations, conditions and local references. `format`
 * is an annotation, as for the peers' validator, and a pattern that regex.h does
 * not know fits everything: the front end checks again. Pure.
 */
#pragma once

#include "base/err.h"
#include "base/json.h"

/* -EINVAL: the value does not fit; the message says where. */
MUST_CHECK int schema_check(const struct json *schema, const struct json *value,
                            struct err *err);
