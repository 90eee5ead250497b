/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Money is a whole number of micro-units of the site's currency. A rate is
 * micro-units per hour; an amount is rate × time, rounded once, half to even.
 */
#pragma once

#include "base/buf.h"

typedef int64_t money_micro;

/* No price is higher, so that no sum of a million segments can overflow. */
#define MONEY_RATE_MAX (INT64_C(1000000) * 1000000)
/* No amount that a person types is higher. */
#define MONEY_AMOUNT_MAX (INT64_C(1000000000) * 1000000)
#define MONEY_TEXT_MAX   32

/* rate × ns / 3600 s. -ERANGE: the rate is negative or over MONEY_RATE_MAX, or
 * the time is longer than a hundred years. */
MUST_CHECK int money_of(money_micro rate_per_hour, uint64_t ns, money_micro *ret);
/* rate per GB (10^9 bytes) and month of 730 hours × bytes × µs. -ERANGE: the
 * rate as above, more than 1 PiB, or so long that the product can't be held. */
MUST_CHECK int money_of_storage(money_micro rate_per_gb_month, uint64_t bytes, uint64_t us,
                                money_micro *ret);
/* a + b, -ERANGE if that can't be held. */
MUST_CHECK int money_add(money_micro a, money_micro b, money_micro *ret);
/* "12.34", "-0.000001", "5": at most six decimals, within ±`max`. -EINVAL, or
 * -ERANGE for too much. */
MUST_CHECK int money_parse(struct str s, money_micro max, money_micro *ret);
/* "0.06", "12.345678": at least two decimals, no more than needed. */
void money_text(money_micro m, char ret[MONEY_TEXT_MAX]);
/* For sentences, as the console's figures are: to the cent, half up. Never what is counted with. */
void money_cents(money_micro m, char ret[MONEY_TEXT_MAX]);
/* Nanoseconds as seconds in decimal, exact: "63.123456789", "5". */
void seconds_text(uint64_t ns, char ret[MONEY_TEXT_MAX]);
