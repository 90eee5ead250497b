/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim-stops SEED [--days N] [--seats N] [--bug NAME] [--tap]: a million days
 * of sessions with nobody but their shims: the rules that stop and bill with
 * core dead. The host of sim-core without core: somebody at work in each
 * session, settings that change, extensions, calendars, leases, shims killed,
 * processes that end, hosts that go down. Each stop is judged (truth.c); each
 * run's journal is metered and cut into charges, and the sum held against
 * what really happened.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/charge.h"
#include "host.h"
#include "platform.h"

#define SEATS_MAX 4096

struct options options;

struct seat {
	unsigned n, epoch;
	struct run *run;
	bool asked;
	struct happen h;
};

static struct seat seats[SEATS_MAX];
static unsigned nseats = 500;
static uint64_t segments, parts, billed_ms;
static struct happen trouble_h;

bool bug(const char *name)
{
	return options.bug && strcmp(options.bug, name) == 0;
}

static bool was_asked(const char *session)
{
	unsigned n = (unsigned)strtoul(session + 2, NULL, 10);

	return n < nseats && seats[n].asked;
}

static void on_answer(void *arg, const struct wire_msg *m)
{
	*(int *)arg = m->type == WIRE_ERROR ? (int)m->error.code : 0;
}

static int tell(struct wire_msg *m)
{
	int code = 0;

	m->seq = 1;
	if (!host.up)
		return -1;
	engine_request(&host.base, m, on_answer, &code);
	return code;
}

/* --- billing --- */

static int price_at(void *arg, wall_us at, money_micro *ret_rate, wall_us *ret_until)
{
	/* Another price every ten days. */
	int64_t n = at / (864000 * US_PER_S);

	*ret_rate = 60000 + n % 7 * 1234;
	*ret_until = (n + 1) * 864000 * US_PER_S;
	return 0;
}

static int free_left(void *arg, const struct month *m, uint64_t *ret_ns)
{
	*ret_ns = 3600 * NS_PER_S;
	return 0;
}

static void bill(const struct run *r)
{
	const struct tariff tariff = { &months_utc, price_at, free_left, NULL };
	const struct journal_rec *a = &r->rec[0], *b = &r->rec[1];
	struct session s = { .price_per_hour = 60000 + (money_micro)below(1000000) };
	struct run_record start = { .boot = a->boottime_ns, .wall = a->wall_us },
	                  stop = { .boot = b->boottime_ns,
		                   .wall = b->wall_us,
		                   .estimated = b->estimated,
		                   .is_stop = true };
	struct segment g;
	struct part part;
	uint64_t ns = 0, real = r->began ? r->ended - r->began : 0;
	wall_us at;
	int got;

	memcpy(start.boot_id, a->boot_id, sizeof(start.boot_id));
	memcpy(stop.boot_id, b->boot_id, sizeof(stop.boot_id));
	CHECK(meter_segment(&s, &start, &stop, &g) == 0);
	if (b->estimated ? g.ns > real : g.ns != real)
		violated(INV_BILLED_ONCE, "%s-%u ran %llu ns, and %llu are billed", r->session,
		         r->epoch, (unsigned long long)real, (unsigned long long)g.ns);
	struct cut cut = { .t = &tariff,
		           .started = g.started,
		           .ns = g.ns,
		           .rate = s.price_per_hour,
		           .follow = chance(500) };
	at = g.started;
	while ((got = cut_next(&cut, &part)) > 0) {
		__int128 cost = (__int128)part.rate * part.ns, hour = (__int128)3600 * NS_PER_S;
		__int128 off = part.free ? 0 : (__int128)part.amount * hour - cost;

		if (part.from != at || off > hour / 2 || off < -hour / 2 ||
		    (part.free && part.amount))
			violated(INV_BILLED_ONCE, "a part of %llu ns at %lld costs %lld",
			         (unsigned long long)part.ns, (long long)part.rate,
			         (long long)part.amount);
		at = part.to;
		ns += part.ns;
		parts++;
	}
	if (got < 0 || ns != g.ns)
		violated(INV_BILLED_ONCE, "%llu ns were cut into %llu",
		         (unsigned long long)g.ns, (unsigned long long)ns);
	segments++;
	billed_ms += ns / MS_NS;
}

/* --- what people do --- */

static void on_turn(struct happen *h);

static void start(struct seat *s)
{
	static const unsigned idle[] = { 60, 300, 600, 1800, 3600, 3600, 28800, 86400 };
	char id[ID_MAX], volume[ID_MAX];
	struct wire_msg m = { .type = WIRE_VOLUME_CREATE };

	(void)snprintf(id, sizeof(id), "s_%u", s->n);
	(void)snprintf(volume, sizeof(volume), "v_%u", s->n);
	m.volume_create.volume_id = str_of(volume);
	if (tell(&m) != 0)
		return;
	m = (struct wire_msg){ .type = WIRE_SESSION_START };
	m.session_start = (struct wire_session_start){
		.session = str_of(id),
		.epoch = ++s->epoch,
		.volume_id = str_of(volume),
		.cpu_milli = 1000,
		.idle_seconds = idle[below(ARRAY_LEN(idle))],
		.max_seconds = chance(500) ? 12 * 3600 : 72 * 3600,
	};
	s->asked = false;
	if (tell(&m) == 0)
		s->run = host_find(str_of(id), s->epoch);
}

static void change(struct seat *s)
{
	struct run *r = s->run;
	struct wire_msg m = { .type = WIRE_SESSION_DEADLINE };
	struct wire_session_deadline *d = &m.session_deadline;
	uint32_t idle = r->d.idle_seconds;

	*d = (struct wire_session_deadline){ .session = str_of(r->session),
		                             .epoch = r->epoch,
		                             .extend_until_boot_ns = r->d.extend_until,
		                             .calendar_at_boot_ns = r->d.calendar_at,
		                             .lease_until_boot_ns = r->d.lease_until };
	if (chance(300))
		idle = (uint32_t)between(60, 7200);
	else if (chance(500))
		d->extend_until_boot_ns = world_boot() + between(MIN_NS, 8 * H_NS);
	else if (chance(500))
		d->calendar_at_boot_ns =
		    chance(200) ? 0 : world_boot() + between(MIN_NS, DAY_NS);
	else
		d->lease_until_boot_ns =
		    chance(300) ? 0 : world_boot() + between(10 * S_NS, DAY_NS);
	d->idle_seconds = idle;
	if (r->state != RUN_RUNNING || tell(&m) != 0)
		return;
	/* It was told: from now on this is right, and nothing else. */
	r->idle_wanted = idle;
	r->idle_least = r->idle_most = idle * S_NS;
	r->promised = d->extend_until_boot_ns;
	r->changed = world.now;
	truth_watch(r);
}

static void on_turn(struct happen *h)
{
	struct seat *s = CONTAINER_OF(h, struct seat, h);
	struct wire_msg m = { .type = WIRE_SESSION_STOP };

	if (s->run && s->run->state == RUN_ENDED) {
		bill(s->run);
		list_del(&s->run->node);
		free(s->run);
		s->run = NULL;
	} else if (!s->run) {
		start(s);
	} else if (chance(900)) {
		change(s);
	} else {
		m.session_stop = (struct wire_session_stop){ .session = str_of(s->run->session),
			                                     .epoch = s->run->epoch,
			                                     .reason = STR("user") };
		s->asked = true;
		(void)tell(&m);
	}
	happen_in(&s->h, s->run ? about(2 * H_NS) : about(10 * MIN_NS), on_turn);
}

static void on_up(struct happen *h);
static void on_trouble(struct happen *h)
{
	struct run *r = seats[below(nseats)].run;

	if (chance(2)) {
		host_power_off();
		world_reboot();
		happen_in(&trouble_h, between(S_NS, MIN_NS), on_up);
		return;
	}
	if (chance(20) && host.up) {
		host_engine_down();
		happen_in(&trouble_h, between(S_NS, 10 * MIN_NS), on_up);
		return;
	}
	if (r && chance(500))
		host_kill_shim(r);
	else if (r)
		host_exit(r, "exit");
	happen_in(&trouble_h, about(6 * H_NS / nseats), on_trouble);
}

static void on_up(struct happen *h)
{
	host_engine_up();
	happen_in(&trouble_h, about(6 * H_NS / nseats), on_trouble);
}

static bool read_options(int argc, char **argv, double *ret_days)
{
	uint64_t v = 0;

	if (argc < 2 || str_to_u64(str_of(argv[1]), 0, UINT64_MAX, &options.seed) < 0)
		return false;
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--tap") == 0) {
			options.tap = true;
			continue;
		}
		if (i + 1 == argc)
			return false;
		if (strcmp(argv[i], "--bug") == 0)
			options.bug = argv[i + 1];
		else if (str_to_u64(str_of(argv[i + 1]), 1, 1000000000, &v) < 0)
			return false;
		else if (strcmp(argv[i], "--days") == 0)
			*ret_days = (double)v;
		else if (strcmp(argv[i], "--seats") == 0)
			nseats = v < SEATS_MAX ? (unsigned)v : SEATS_MAX;
		else
			return false;
		i++;
	}
	return true;
}

int main(int argc, char **argv)
{
	double days = 10000;
	clock_t began = clock();

	if (!read_options(argc, argv, &days)) {
		(void)fputs("usage: sim-stops SEED [--days SESSION-DAYS] [--seats N] [--bug "
		            "NAME] [--tap]\n",
		            stderr);
		return 2;
	}
	world_init(options.seed);
	host_init();
	host.up = true;
	host.was_asked = was_asked;
	for (unsigned i = 0; i < nseats; i++) {
		seats[i].n = i;
		happen_in(&seats[i].h, about(H_NS), on_turn);
	}
	happen_in(&trouble_h, about(6 * H_NS / nseats), on_trouble);
	while ((double)host.session_ms < days * (double)(DAY_NS / MS_NS)) {
		world.now = world_next();
		(void)world_step();
	}
	(void)printf("%sseed %llu hash %016llx session-days %.0f runs %llu stops-idle %u "
	             "stops-max %u stops-other %u"
	             " reboots %u estimated %u segments %llu charges %llu billed-days %.0f "
	             "violations %u (%.0f s)\n",
	             options.tap ? world.total ? "not ok 1 - " : "ok 1 - " : "",
	             (unsigned long long)options.seed, (unsigned long long)world.hash,
	             (double)host.session_ms / (double)(DAY_NS / MS_NS),
	             (unsigned long long)host.starts, host.stopped_idle, host.stopped_max,
	             host.stopped_other, world.boots, host.estimated,
	             (unsigned long long)segments, (unsigned long long)parts,
	             (double)billed_ms / (double)(DAY_NS / MS_NS), world.total,
	             (double)(clock() - began) / CLOCKS_PER_SEC);
	if (options.tap)
		(void)puts("1..1");
	return world.total != 0;
}
