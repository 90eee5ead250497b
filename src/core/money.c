/* SPDX-License-Identifier: Apache-2.0 */
#include "core/money.h"

#include <errno.h>
#include <stdio.h>

#define HOUR_NS    (UINT64_C(3600) * 1000000000)
#define BYTES_MAX  (UINT64_C(1) << 50)
#define CENTURY_NS (UINT64_C(100) * 366 * 24 * HOUR_NS)

/* product / by, half to even. */
static uint64_t half_even(unsigned __int128 product, unsigned __int128 by)
{
	uint64_t whole = (uint64_t)(product / by);
	unsigned __int128 rest = product % by;

	if (rest > by / 2 || (rest == by / 2 && (whole & 1)))
		whole++;
	return whole;
}

int money_of(money_micro rate_per_hour, uint64_t ns, money_micro *ret)
{
	if (rate_per_hour < 0 || rate_per_hour > MONEY_RATE_MAX || ns > CENTURY_NS)
		return -ERANGE;
	*ret = (money_micro)half_even((unsigned __int128)(uint64_t)rate_per_hour * ns, HOUR_NS);
	return 0;
}

int money_of_storage(money_micro rate, uint64_t bytes, uint64_t us, money_micro *ret)
{
	/* 10^9 bytes × 730 h in µs: an even number, as half_even() needs. */
	const unsigned __int128 by = (unsigned __int128)1000000000 * UINT64_C(2628000000000);
	unsigned __int128 product;

	if (rate < 0 || rate > MONEY_RATE_MAX || bytes > BYTES_MAX ||
	    __builtin_mul_overflow((unsigned __int128)(uint64_t)rate * bytes,
	                           (unsigned __int128)us, &product) ||
	    product / by > INT64_MAX / 2)
		return -ERANGE;
	*ret = (money_micro)half_even(product, by);
	return 0;
}

int money_add(money_micro a, money_micro b, money_micro *ret)
{
	money_micro sum;

	if (__builtin_add_overflow(a, b, &sum))
		return -ERANGE;
	*ret = sum;
	return 0;
}

int money_parse(struct str s, money_micro max, money_micro *ret)
{
	bool minus = s.len > 0 && s.ptr[0] == '-';
	struct str digits = str_sub(s, minus, s.len);
	size_t dot = str_chr(digits, '.', 0);
	struct str frac = str_sub(digits, dot + 1, digits.len);
	uint64_t whole, part = 0;
	money_micro m;

	if (dot < digits.len && (frac.len == 0 || frac.len > 6))
		return -EINVAL;
	if (dot > 15 ||
	    str_to_u64(str_sub(digits, 0, dot), 0, UINT64_C(999999999999999), &whole) < 0)
		return dot > 15 ? -ERANGE : -EINVAL;
	if (frac.len && str_to_u64(frac, 0, 999999, &part) < 0)
		return -EINVAL;
	for (size_t i = frac.len; i < 6; i++)
		part *= 10;
	if (whole > (uint64_t)max / 1000000)
		return -ERANGE;
	m = (money_micro)(whole * 1000000 + part);
	if (m > max)
		return -ERANGE;
	*ret = minus ? -m : m;
	return 0;
}

void money_text(money_micro m, char ret[MONEY_TEXT_MAX])
{
	uint64_t abs = m < 0 ? (uint64_t)0 - (uint64_t)m : (uint64_t)m;
	unsigned frac = (unsigned)(abs % 1000000), digits = 6;

	while (digits > 2 && frac % 10 == 0) {
		frac /= 10;
		digits--;
	}
	(void)snprintf(ret, MONEY_TEXT_MAX, "%s%llu.%0*u", m < 0 ? "-" : "",
	               (unsigned long long)(abs / 1000000), (int)digits, frac);
}

void money_cents(money_micro m, char ret[MONEY_TEXT_MAX])
{
	uint64_t abs = m < 0 ? (uint64_t)0 - (uint64_t)m : (uint64_t)m;
	uint64_t cents = abs / 10000 + (abs % 10000 >= 5000);

	(void)snprintf(ret, MONEY_TEXT_MAX, "%s%llu.%02u", m < 0 && cents ? "-" : "",
	               (unsigned long long)(cents / 100), (unsigned)(cents % 100));
}

void seconds_text(uint64_t ns, char ret[MONEY_TEXT_MAX])
{
	unsigned frac = (unsigned)(ns % 1000000000), digits = 9;
	unsigned long long whole = ns / 1000000000;

	if (frac == 0) {
		(void)snprintf(ret, MONEY_TEXT_MAX, "%llu", whole);
		return;
	}
	while (frac % 10 == 0) {
		frac /= 10;
		digits--;
	}
	(void)snprintf(ret, MONEY_TEXT_MAX, "%llu.%0*u", whole, (int)digits, frac);
}
