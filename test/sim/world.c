/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/encode.h"

#define OUT      (world_say ? world_say : stderr)
#define SAID_MAX 8 /* violations of one kind that are printed */

struct world world;
FILE *world_say;

static const char *const invariants[INV_MAX_] = {
	[INV_WRONG_STOP] = "wrong-stop",   [INV_MISSED_STOP] = "missed-stop",
	[INV_BILLED_ONCE] = "billed-once", [INV_OVERLAP] = "overlap",
	[INV_CAPACITY] = "capacity",       [INV_STARVED] = "starved",
	[INV_BUDGET] = "budget",           [INV_INTENT] = "intent",
	[INV_TERMINAL] = "terminal",       [INV_EPOCH] = "epoch",
	[INV_LEDGER] = "ledger",           [INV_ACKNOWLEDGED] = "acknowledged",
	[INV_ANSWERS] = "answers",
};

const char *invariant_name(enum invariant i)
{
	return invariants[i];
}

/* splitmix64: every seed is a good one. */
uint64_t world_u64(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

uint64_t below(uint64_t n)
{
	return n ? world_u64(&world.random) % n : 0;
}

bool chance(unsigned in_1000)
{
	return below(1000) < in_1000;
}

sim_ns between(sim_ns least, sim_ns most)
{
	return least + below(most - least + 1);
}

sim_ns about(sim_ns mean)
{
	double u = (double)(world_u64(&world.random) >> 11) / 9007199254740992.0;
	double x = -log(1.0 - u);

	return (sim_ns)((double)mean * (x > 6.0 ? 6.0 : x)) + 1;
}

static void new_boot_id(void)
{
	uint64_t a = world_u64(&world.random), b = world_u64(&world.random);

	(void)snprintf(world.boot_id, sizeof(world.boot_id), "%08x-%04x-4%03x-8%03x-%012llx",
	               (unsigned)(a >> 32), (unsigned)(a & 0xffff), (unsigned)(a >> 16 & 0xfff),
	               (unsigned)(b >> 48 & 0xfff),
	               (unsigned long long)(b & 0xffffffffffffULL));
}

void world_init(uint64_t seed)
{
	world = (struct world){ .seed = seed,
		                .random = seed * 2 + 1,
		                .product_random = ~seed,
		                .hash = UINT64_C(0xcbf29ce484222325) };
	world.now = 1000 * S_NS;
	world.wall_zero =
	    INT64_C(1790000000) * US_PER_S + (wall_us)below(365 * 86400) * US_PER_S;
	new_boot_id();
}

boot_ns world_boot_of(sim_ns at)
{
	return at - world.booted;
}

boot_ns world_boot(void)
{
	return world_boot_of(world.now);
}

wall_us world_wall(void)
{
	return world.wall_zero + (wall_us)(world.now / 1000);
}

void world_reboot(void)
{
	world.boots++;
	world.booted = world.now - between(5 * S_NS, 20 * S_NS);
	new_boot_id();
	trace("reboot", world.boot_id, world.boots);
}

/* --- what is going to happen: a binary heap --- */

static bool before(const struct happen *a, const struct happen *b)
{
	return a->at < b->at || (a->at == b->at && a->order < b->order);
}

static void put(size_t i, struct happen *h)
{
	world.heap[i] = h;
	h->heap = i + 1;
}

static void up(size_t i, struct happen *h)
{
	for (; i > 0 && before(h, world.heap[(i - 1) / 2]); i = (i - 1) / 2)
		put(i, world.heap[(i - 1) / 2]);
	put(i, h);
}

static void down(size_t i, struct happen *h)
{
	for (size_t c = 2 * i + 1; c < world.n; c = 2 * i + 1) {
		if (c + 1 < world.n && before(world.heap[c + 1], world.heap[c]))
			c++;
		if (!before(world.heap[c], h))
			break;
		put(i, world.heap[c]);
		i = c;
	}
	put(i, h);
}

void happen_cancel(struct happen *h)
{
	struct happen *last;
	size_t i;

	if (!h->heap)
		return;
	i = h->heap - 1;
	h->heap = 0;
	last = world.heap[--world.n];
	if (last == h)
		return;
	if (i > 0 && before(last, world.heap[(i - 1) / 2]))
		up(i, last);
	else
		down(i, last);
}

void happen_in(struct happen *h, sim_ns in, void (*fn)(struct happen *h))
{
	happen_cancel(h);
	if (world.n == world.cap) {
		world.cap = world.cap ? world.cap * 2 : 256;
		world.heap = realloc(world.heap, world.cap * sizeof(struct happen *));
		CHECK(world.heap);
	}
	h->at = world.now + in;
	h->order = world.order++;
	h->fn = fn;
	up(world.n++, h);
}

sim_ns world_next(void)
{
	return world.n ? world.heap[0]->at : NEVER;
}

bool world_step(void)
{
	struct happen *h;

	if (!world.n || world.heap[0]->at > world.now)
		return false;
	h = world.heap[0];
	happen_cancel(h);
	world.steps++;
	h->fn(h);
	return true;
}

/* --- what happened --- */

static void mix(const void *p, size_t n)
{
	const uint8_t *b = p;

	for (size_t i = 0; i < n; i++)
		world.hash = (world.hash ^ b[i]) * UINT64_C(0x100000001b3);
}

static void say_when(void)
{
	unsigned s = (unsigned)(world.now / S_NS);

	(void)fprintf(OUT, "%u d %02u:%02u:%02u.%03u ", s / 86400, s / 3600 % 24, s / 60 % 60,
	              s % 60, (unsigned)(world.now / MS_NS % 1000));
}

void trace(const char *what, const char *who, uint64_t n)
{
	uint64_t number[2] = { world.now, n };

	mix(what, strlen(what));
	mix(who, strlen(who));
	mix(number, sizeof(number));
	if (!world.verbose)
		return;
	say_when();
	(void)fprintf(OUT, "%s %s %llu\n", what, who, (unsigned long long)n);
}

void violated(enum invariant i, const char *fmt, ...)
{
	va_list args;

	world.total++;
	if (world.violations[i]++ >= SAID_MAX)
		return;
	(void)fprintf(OUT, "VIOLATION %s seed %llu: ", invariants[i],
	              (unsigned long long)world.seed);
	say_when();
	va_start(args, fmt);
	(void)vfprintf(OUT, fmt, args);
	va_end(args);
	(void)fputc('\n', OUT);
}
