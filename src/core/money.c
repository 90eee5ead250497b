/* SPDX-License-Identifier: Apache-2.0 */
#include "core/money.h"

#include <errno.h>
#include <stdio.h>

#define HOUR_NS    (UINT64_C(3600) * 1000000000)
#define CENTURY_NS (UINT64_C(100) * 366 * 24 * HOUR_NS)

int money_of(money_micro rate_per_hour, uint64_t ns, money_micro *ret)
{
	unsigned __int128 product;
	uint64_t whole, rest;

	if (rate_per_hour < 0 || rate_per_hour > MONEY_RATE_MAX || ns > CENTURY_NS)
		return -ERANGE;
	product = (unsigned __int128)(uint64_t)rate_per_hour * ns;
	whole = (uint64_t)(product / HOUR_NS);
	rest = (uint64_t)(product % HOUR_NS);
	if (rest > HOUR_NS / 2 || (rest == HOUR_NS / 2 && (whole & 1)))
		whole++;
	*ret = (money_micro)whole;
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
