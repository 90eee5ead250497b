/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The time, as a value that callers pass in: the rules read no clock. Wall
 * time is for display and calendars; what lasts is measured on CLOCK_BOOTTIME,
 * which no clock step moves. Across a reboot only wall time is left.
 */
#pragma once

#include "base/str.h"
#include "base/time.h"

#define NS_PER_S UINT64_C(1000000000)
#define US_PER_S INT64_C(1000000)

struct now {
	wall_us wall;
	boot_ns boot;
	char boot_id[37];
};

/* When something was made and how long it is good for. */
struct expiry {
	wall_us made; /* by the wall */
	boot_ns made_boot;
	char boot_id[37]; /* of made_boot */
	uint64_t ttl_s;
};

struct expiry expiry_from(const struct now *now, uint64_t ttl_s);
/* By the boot clock if it is still the same boot, else by the wall; something
 * that was "made in the future" by the wall is not valid either. */
bool expiry_valid(const struct expiry *e, const struct now *now);
/* For display. */
wall_us expiry_at(const struct expiry *e);
/* A moment of this boot as wall time, by the distance from now. */
wall_us clock_wall_of(const struct now *now, boot_ns at);
