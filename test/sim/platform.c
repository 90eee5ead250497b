/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "platform.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#include "ask.h"
#include "co.h"
#include "engine/server.h"
#include "host.h"
#include "net/sock.h"

#define CHECK_NS (10 * MIN_NS)

unsigned platform_kills, platform_restarts;

static struct {
	char core[160], engine[160], db_dir[128], db[160];
	struct core_cfg cfg;
	struct ev *ev;
	struct server *server;
	bool calm, tempted, over;
	unsigned weather; /* 1: stormy … 12: fair */
	struct happen core_up, engine_up, kill, restart, stall, engine_kill, shim, exit, power,
	    clock, disk, check, tempt;
} p;

static void trouble(void);
static void look_away(void);

/* --- the parts --- */

static int listen_on(const char *path)
{
	struct err err = ERR_NONE;
	struct addr a;
	char text[200];
	int fd = -1;

	(void)snprintf(text, sizeof(text), "unix:%s", path);
	if (addr_parse(str_of(text), &a, &err) < 0 ||
	    sock_listen(&a, 512, 0600, &fd, &err) < 0) {
		(void)fprintf(stderr, "%s: %s\n", path, err.msg);
		abort();
	}
	return fd;
}

static void core_start(struct happen *h)
{
	if (co_alive())
		return;
	(void)unlink(p.core);
	trace("core", "starts", 0);
	co_start(&p.cfg, listen_on(p.core));
}

static void engine_start(struct happen *h)
{
	struct err err = ERR_NONE;

	if (host.up)
		return;
	(void)unlink(p.engine);
	CHECK(server_new(p.ev, &host.base, co_keep_fd(listen_on(p.engine)), geteuid(),
	                 &p.server, &err) == 0);
	host_engine_up();
}

static void engine_end(void)
{
	if (!host.up)
		return;
	server_free(p.server);
	p.server = NULL;
	host_engine_down();
	truth_healthy_since = NEVER;
}

static void core_killed(const char *how)
{
	trace("core", how, 0);
	truth_healthy_since = NEVER;
	if (!p.over)
		happen_in(&p.core_up, between(10 * MS_NS, chance(100) ? 10 * MIN_NS : 2 * S_NS),
		          core_start);
}

/* --- what goes wrong --- */

static void on_kill(struct happen *h)
{
	if (co_alive()) {
		platform_kills++;
		look_away();
		co_kill();
		core_killed("killed");
	}
	trouble();
}

static void on_restart(struct happen *h)
{
	if (co_alive())
		co_term();
	platform_restarts++;
	trouble();
}

static void on_stall(struct happen *h)
{
	if (co_alive())
		co_stall(about(10 * S_NS));
	trouble();
}

static void on_engine_kill(struct happen *h)
{
	engine_end();
	people_poke(NULL);
	happen_in(&p.engine_up, between(10 * MS_NS, chance(250) ? 30 * MIN_NS : 5 * S_NS),
	          engine_start);
	trouble();
}

static struct run *any_run(void)
{
	unsigned n = 0;
	struct run *found = NULL;

	list_for_each (it, &host.runs) {
		struct run *r = LIST_ENTRY(it, struct run, node);

		if (r->state != RUN_ENDED && below(++n) == 0)
			found = r;
	}
	return found;
}

static void on_shim(struct happen *h)
{
	struct run *r = any_run();

	if (r) {
		host_kill_shim(r);
		people_poke(r->session);
	}
	trouble();
}

static void on_process_exit(struct happen *h)
{
	struct run *r = any_run();

	if (r)
		host_exit(r, chance(500) ? "exit" : "oom");
	trouble();
}

static void on_power(struct happen *h)
{
	if (co_alive()) {
		platform_kills++;
		look_away();
		co_kill();
	}
	if (p.server)
		server_free(p.server);
	p.server = NULL;
	host_power_off();
	truth_healthy_since = NEVER;
	world_reboot();
	happen_in(&p.engine_up, between(10 * S_NS, 2 * MIN_NS), engine_start);
	happen_in(&p.core_up, between(10 * S_NS, 2 * MIN_NS), core_start);
	trouble();
}

static void on_clock(struct happen *h)
{
	static const int64_t steps[] = { 1,     -1,     3600,        -3600,
		                         86400, -86400, 366 * 86400, -366 * 86400 };

	if (!world.budgets)
		world.wall_zero += steps[below(ARRAY_LEN(steps))] * US_PER_S;
	trace("clock", "stepped", (uint64_t)world.wall_zero);
	trouble();
}

static void on_disk(struct happen *h)
{
	co_disk(chance(300) ? 2 * S_NS : 3 * MS_NS);
	trouble();
}

static void on_tempted(struct happen *h)
{
	static void (*const what[])(struct happen * h) = { on_kill, on_engine_kill, on_shim,
		                                           on_kill };

	p.tempted = false;
	if (!p.calm)
		what[below(ARRAY_LEN(what))](h);
}

void platform_tempt(void)
{
	if (p.calm || p.tempted || !chance(20))
		return;
	p.tempted = true;
	happen_in(&p.tempt, between(0, chance(700) ? 4 * MS_NS : 400 * MS_NS), on_tempted);
}

static void plan(struct happen *h, sim_ns mean, void (*fn)(struct happen *h))
{
	if (!happens(h))
		happen_in(h, about(mean * p.weather / 4), fn);
}

static void trouble(void)
{
	if (p.calm)
		return;
	plan(&p.kill, 6 * H_NS, on_kill);
	plan(&p.restart, 18 * H_NS, on_restart);
	plan(&p.stall, 12 * H_NS, on_stall);
	plan(&p.engine_kill, 8 * H_NS, on_engine_kill);
	plan(&p.shim, H_NS, on_shim);
	plan(&p.exit, 8 * H_NS, on_process_exit);
	plan(&p.power, 48 * H_NS, on_power);
	plan(&p.clock, 18 * H_NS, on_clock);
	plan(&p.disk, 4 * H_NS, on_disk);
}

void platform_calm(void)
{
	struct happen *all[] = { &p.kill, &p.restart, &p.stall, &p.engine_kill, &p.shim,
		                 &p.exit, &p.power,   &p.clock, &p.disk,        &p.tempt };

	p.calm = true;
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		happen_cancel(all[i]);
	co_disk(3 * MS_NS);
	host.fail_in_1000 = 0;
}

/* --- the loop --- */

static void on_check(struct happen *h)
{
	if (truth_healthy_since != NEVER && world.now - truth_healthy_since > 2 * MIN_NS)
		check_now();
	happen_in(&p.check, CHECK_NS, on_check);
}

/* All is well once core has asked the engine for its events. */
static void look_at_health(void)
{
	bool well = co_alive() && host.up && host.events && host.base.on_event;

	if (!well)
		truth_healthy_since = NEVER;
	else if (truth_healthy_since == NEVER)
		truth_healthy_since = world.now;
}

static bool engine_turn(void)
{
	struct err err = ERR_NONE;

	if (!host.up)
		return false;
	co_outside_events = 0;
	CHECK(ev_turn(p.ev, 0, &err) == 0);
	return co_outside_events > 0;
}

static void core_over(void)
{
	int r = 0;

	if (!co_ended(&r))
		return;
	look_away();
	if (r < 0)
		violated(INV_ANSWERS, "core ended with %d", r);
	core_killed("ended");
}

void platform_run(sim_ns until, const bool *enough)
{
	while (!enough || !*enough) {
		bool any = asks_run();
		sim_ns next;

		any |= co_run();
		core_over();
		any |= engine_turn();
		look_at_health();
		if (any || world_step())
			continue;
		next = world_next() < co_next() ? world_next() : co_next();
		if (next >= until) {
			world.now = until;
			return;
		}
		if (next > world.now)
			world.now = next;
	}
}

/* --- the store, looked at from outside --- */

/* Its descriptors are among core's: closed before those are. */
static sqlite3 *eye;

static void look_away(void)
{
	(void)sqlite3_close(eye);
	eye = NULL;
}

static sqlite3 *look(void)
{
	if (!eye && sqlite3_open_v2(p.db, &eye, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
		look_away();
	return eye;
}

int64_t platform_sql(const char *sql, const char *text, int64_t absent)
{
	sqlite3 *db = look();
	sqlite3_stmt *st = NULL;
	int64_t v = absent;

	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK) {
		(void)fprintf(stderr, "sql: %s\n", sqlite3_errmsg(db));
		abort();
	}
	if (text)
		(void)sqlite3_bind_text(st, 1, text, -1, SQLITE_STATIC);
	if (sqlite3_step(st) == SQLITE_ROW && sqlite3_column_type(st, 0) != SQLITE_NULL)
		v = sqlite3_column_int64(st, 0);
	(void)sqlite3_finalize(st);
	return v;
}

void platform_rows(const char *sql, row_fn *fn)
{
	sqlite3 *db = look();
	sqlite3_stmt *st = NULL;

	if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK) {
		(void)fprintf(stderr, "sql: %s\n", sqlite3_errmsg(db));
		abort();
	}
	while (sqlite3_step(st) == SQLITE_ROW)
		fn((const char *)sqlite3_column_text(st, 0), sqlite3_column_int64(st, 1),
		   sqlite3_column_int64(st, 2));
	(void)sqlite3_finalize(st);
}

static bool is_meant(const char *session, uint32_t epoch)
{
	return platform_sql("SELECT epoch FROM session WHERE id = ?"
	                    " AND state IN ('starting','running')",
	                    session, -1) == epoch;
}

bool platform_begin(const char *dir)
{
	struct err err = ERR_NONE;
	static char engine_addr[200];

	(void)snprintf(p.core, sizeof(p.core), "%s/core.sock", dir);
	(void)snprintf(p.engine, sizeof(p.engine), "%s/engine.sock", dir);
	(void)snprintf(p.db_dir, sizeof(p.db_dir), "%s/db", dir);
	(void)snprintf(p.db, sizeof(p.db), "%s/db/carrel.db", dir);
	(void)snprintf(engine_addr, sizeof(engine_addr), "unix:%s", p.engine);
	core_cfg_default(&p.cfg);
	p.cfg.db_dir = p.db_dir;
	p.cfg.engine_addr = engine_addr;
	p.cfg.edge_uid = geteuid();
	host_init();
	host.is_meant = is_meant;
	host.was_asked = people_asked_stop;
	p.weather = 1 + (unsigned)below(12);
	p.cfg.deadlines.max_s = chance(500) ? 4 * 3600 : 12 * 3600;
	/* Every other one has too little room, or budgets and a steady clock. */
	host.limits = true;
	if (chance(500))
		host.memory_bytes = options.people * (2ULL << 30) / 3;
	world.budgets = chance(500) || bug("no-cap");
	if (ev_new(&p.ev, &err) < 0)
		return false;
	co_init();
	ask_init(p.core);
	engine_start(NULL);
	core_start(NULL);
	platform_run(world.now + 5 * S_NS, NULL);
	happen_in(&p.check, CHECK_NS, on_check);
	if (options.calm)
		platform_calm();
	return true;
}

void platform_end(void)
{
	sim_ns limit = world.now + MIN_NS;

	p.over = true;
	happen_cancel(&p.core_up);
	if (co_alive())
		co_term();
	while (co_alive() && world.now < limit)
		platform_run(world.now + S_NS, NULL);
	if (co_alive())
		violated(INV_ANSWERS, "core does not end when it is asked to");
}
