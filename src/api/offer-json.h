/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue's document as JSON: what export writes is what PUT takes. */
#pragma once

#include "base/json.h"
#include "core/offer.h"

/* The members instance_types, plans and storage of the document; strict: a
 * field that does not exist is -ENOENT, a number out of range or a price with
 * more than six decimals -EINVAL, with the field's place in `field` and a
 * sentence in err. Then offer_check(). */
MUST_CHECK int offer_parse(const struct json *doc, wall_us now, struct offer *ret,
                           char field[OFFER_FIELD_MAX], struct err *err);
void offer_show(struct jsonw *w, const struct offer *o, const char *currency);
void plan_show(struct jsonw *w, const struct plan *p);
void prices_show(struct jsonw *w, const struct offer_prices *p, const char *key);
