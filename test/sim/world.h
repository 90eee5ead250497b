/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The world of the simulator: one time that only the driver moves, one random
 * sequence from the seed, what is going to happen, and the list of what must
 * never happen. Everything that a run does goes into one hash, so that two
 * runs of a seed can be compared.
 *
 *   now      nanoseconds since the simulation began; never stops, never steps
 *   boot     CLOCK_BOOTTIME of the simulated host: begins anew at a reboot
 *   wall     what its people call the time: an administrator may set it
 */
#pragma once

#include <stdio.h>

#include "base/time.h"
#include "core/clock.h"

typedef uint64_t sim_ns;

#define MS_NS  UINT64_C(1000000)
#define S_NS   NS_PER_S
#define MIN_NS (60 * NS_PER_S)
#define H_NS   (3600 * NS_PER_S)
#define DAY_NS (24 * H_NS)
#define NEVER  UINT64_MAX

/* Something that is going to happen; embedded in whom it happens to. */
struct happen {
	sim_ns at;
	uint64_t order; /* among those of the same moment */
	size_t heap;    /* index + 1, 0: nothing is planned */
	void (*fn)(struct happen *h);
};

/* What must hold after every step; doc/internals/simulator.md says it in full. */
enum invariant {
	INV_WRONG_STOP,
	INV_MISSED_STOP,
	INV_BILLED_ONCE,
	INV_OVERLAP,
	INV_CAPACITY,
	INV_STARVED,
	INV_BUDGET,
	INV_INTENT,
	INV_TERMINAL,
	INV_EPOCH,
	INV_LEDGER,
	INV_ACKNOWLEDGED,
	INV_ANSWERS,
	INV_MAX_,
};
const char *invariant_name(enum invariant i);

struct world {
	uint64_t seed, random, product_random;
	sim_ns now, booted;
	wall_us wall_zero;
	unsigned boots;
	char boot_id[37];
	struct happen **heap;
	size_t n, cap;
	uint64_t order, steps, hash;
	unsigned violations[INV_MAX_], total;
	bool verbose, budgets;
};
extern struct world world;
extern FILE *world_say; /* NULL: stderr */

void world_init(uint64_t seed);
boot_ns world_boot(void);
boot_ns world_boot_of(sim_ns at); /* of a moment of this boot */
wall_us world_wall(void);
/* The host goes down and comes up: a new boot id, the boot clock from anew. */
void world_reboot(void);

void happen_in(struct happen *h, sim_ns in, void (*fn)(struct happen *h));
void happen_cancel(struct happen *h);
static inline bool happens(const struct happen *h)
{
	return h->heap != 0;
}
sim_ns world_next(void); /* NEVER: nothing is planned */
/* The first of what is due now; false: nothing is. */
bool world_step(void);

uint64_t world_u64(uint64_t *state);
uint64_t below(uint64_t n); /* 0 … n-1 */
bool chance(unsigned in_1000);
sim_ns between(sim_ns least, sim_ns most);
sim_ns about(sim_ns mean); /* exponential, at most six times the mean */

void trace(const char *what, const char *who, uint64_t n);
void violated(enum invariant i, const char *fmt, ...) PRINTF_LIKE(2, 3);
