/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks and RFC 3339 text. Durations come from CLOCK_BOOTTIME only. */
#pragma once

#include "base/buf.h"

typedef uint64_t boot_ns; /* CLOCK_BOOTTIME */
typedef uint64_t mono_ms; /* CLOCK_BOOTTIME in ms: what the loop's timers use */
typedef int64_t wall_us;  /* UTC since 1970 */

boot_ns time_boot_ns(void);
mono_ms time_mono_ms(void);
wall_us time_wall_us(void);

#define TIME_RFC3339_MAX 32
/* "2026-11-21T10:54:00.123456Z"; buffer of TIME_RFC3339_MAX. */
void time_rfc3339(wall_us t, char ret[TIME_RFC3339_MAX]);
/* "Sat, 21 Nov 2026 10:54:00 GMT" (RFC 9110 5.6.7). */
void time_http(wall_us t, char ret[TIME_RFC3339_MAX]);
/* Accepts only the form above, 0 to 9 digits of fraction, Z or ±hh:mm. */
MUST_CHECK int time_parse_rfc3339(struct str s, wall_us *ret);
MUST_CHECK int time_parse_http(struct str s, wall_us *ret);
/* Start of a UTC month, months may be out of range (13 = January after). */
wall_us time_month_start(int year, int month);
void time_ymd(wall_us t, int *year, int *month, int *day);
/* The kernel's boot id, 36 characters and a NUL. */
MUST_CHECK int time_boot_id(char ret[37]);
