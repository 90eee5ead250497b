/* SPDX-License-Identifier: Apache-2.0 */
/* Mistakes in the rules that stop and bill; of sim-core and of sim-stops. */
#include "core/charge.h"
#include "core/meter.h"
#include "platform.h"
#include "shim/deadline.h"

/* missed-stop: idle forgets the hard maximum. */
boot_ns __real_deadline_at(const struct deadline *d, const char **why);
boot_ns __wrap_deadline_at(const struct deadline *d, const char **why);
boot_ns __wrap_deadline_at(const struct deadline *d, const char **why)
{
	struct deadline other = *d;

	if (bug("no-maximum"))
		other.max_at = 0;
	if (bug("no-extension"))
		other.extend_until = 0;
	if (bug("no-cap"))
		other.lease_until = 0;
	if (bug("never-idle"))
		other.idle_seconds = 0;
	return __real_deadline_at(&other, why);
}

/* billed-once: a stop that comes twice is another one. */
int __real_meter_segment(const struct session *s, const struct run_record *start,
                         const struct run_record *stop, struct segment *ret);
int __wrap_meter_segment(const struct session *s, const struct run_record *start,
                         const struct run_record *stop, struct segment *ret);
int __wrap_meter_segment(const struct session *s, const struct run_record *start,
                         const struct run_record *stop, struct segment *ret)
{
	struct run_record other = *stop;
	int r;

	if (bug("wall-clock") && stop->wall > start->wall)
		other.boot = start->boot + (boot_ns)(stop->wall - start->wall) * 1000;
	r = __real_meter_segment(s, start, &other, ret);
	if (r == 0 && bug("billed-twice"))
		ret->ns *= 2;
	return r;
}

int __real_cut_next(struct cut *c, struct part *ret);
int __wrap_cut_next(struct cut *c, struct part *ret);
int __wrap_cut_next(struct cut *c, struct part *ret)
{
	int r = __real_cut_next(c, ret);

	if (r > 0 && bug("rounds-up"))
		ret->amount++;
	if (r > 0 && bug("loses-a-second") && ret->ns > NS_PER_S)
		ret->ns -= NS_PER_S;
	return r;
}
