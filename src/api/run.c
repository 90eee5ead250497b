/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wiring of the core role. There is one start-up path, after a kill as
 * after an orderly end: open the store, load what has not ended, listen,
 * connect to the engine, reconcile.
 */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>

#include "api/books.h"
#include "api/call.h"
#include "api/catalogue.h"
#include "api/clocks.h"
#include "api/core.h"
#include "api/keep.h"
#include "api/leases.h"
#include "api/line.h"
#include "api/live.h"
#include "api/sse.h"
#include "api/state.h"
#include "auth/password.h"
#include "auth/secret.h"
#include "base/log.h"
#include "base/rand.h"
#include "core/name.h"
#include "store/accounts.h"
#include "store/books.h"
#include "store/feed.h"
#include "store/metrics.h"
#include "store/notices.h"

#define TICK_MS       1000U
#define DRAIN_MS      2000U
#define FINISH_MS     5000U /* for requests in progress at the end */
#define DRAIN_TICK_MS 5U
#define SWEEP_MS      600000U

struct now core_now(const struct core *core)
{
	struct now now = { .wall = time_wall_us(), .boot = time_boot_ns() };

	memcpy(now.boot_id, core->boot_id, sizeof(now.boot_id));
	return now;
}

void core_cfg_default(struct core_cfg *cfg)
{
	static const struct instance_type types[] = {
		{ "free", "Free", 500, 1ULL << 30, 512, 0 },
		{ "small", "Small", 1000, 2ULL << 30, 1024, 60000 },
		{ "medium", "Medium", 2000, 4ULL << 30, 2048, 120000 },
		{ "large", "Large", 4000, 8ULL << 30, 4096, 240000 },
	};
	static const struct core_image_text images[] = {
		{ "default", "Python 3",
		  "Python 3.11 with NumPy, pandas, Matplotlib, scikit-learn, git and a C "
		  "compiler" },
	};

	*cfg = (struct core_cfg){
		.console_origin = "http://localhost:8888",
		.session_scheme = "http",
		.session_host = "localhost:8888",
		.currency = "USD",
		.time_zone = "UTC",
		.admin_email = "admin@localhost",
		.login_days = 14,
		.code_ttl_s = 900,
		.grace_s = 10,
		.deleted_kept_s = 7 * 86400,
		.deadlines = { 60, 86400, 3600, 43200, 300 },
		.minute_s = 60,
		.capacity = { 800, 150, 0, 512ULL << 20 },
		.storage_default_bytes = 5ULL << 30,
		.storage_min_bytes = 256ULL << 20,
		.storage_max_bytes = 100ULL << 30,
		.pool_low_bytes = 2ULL << 30,
		.default_type = "small",
		.default_image = "default",
		.types = types,
		.ntypes = ARRAY_LEN(types),
		.images = images,
		.nimages = ARRAY_LEN(images),
	};
}

/* --- jobs that nobody asked for --- */

struct chore {
	struct store_job job;
	struct core *core;
	struct now now;
};

static void done_chore(struct store_job *j)
{
	struct chore *x = CONTAINER_OF(j, struct chore, job);

	if (j->result < 0)
		log_err(LOG_ERROR, "chore", &j->err);
	free(x);
}

/* What a start needs and did not get ends it: the next one tries again. A wrong
 * address in the configuration is no better then. */
static void done_first(struct store_job *j)
{
	struct chore *x = CONTAINER_OF(j, struct chore, job);

	if (j->result < 0 && j->result != -EINVAL)
		x->core->first_failed = j->result;
	done_chore(j);
}

static void submit_chore(struct core *core, store_run_fn *run, store_done_fn *done)
{
	struct chore *x = xcalloc(1, sizeof(*x));

	x->job = (struct store_job){ .run = run, .done = done, .essential = true };
	x->core = core;
	x->now = core_now(core);
	CHECK(store_submit(core->store, &x->job) == 0);
}

/* The administrator of the configuration, with no password yet: the first
 * one-time code, which only root can make, opens it. */
static int run_admin(struct db *db, struct store_job *j, struct err *err)
{
	struct chore *x = CONTAINER_OF(j, struct chore, job);
	struct account a = { .admin = true, .created = x->now.wall };
	struct audit_row row = { .at = x->now.wall,
		                 .boot = x->now.boot,
		                 .account_id = a.id,
		                 .actor = "core",
		                 .verb = "account.create",
		                 .object = a.id };
	char email[EMAIL_MAX + 1];
	int r = email_normal(str_of(x->core->cfg->admin_email), email, err);

	if (r == 0)
		r = account_by_email(db, str_of(email), &a);
	if (r != 0)
		return r < 0 ? r : 0;
	memcpy(a.email, email, sizeof(a.email));
	a.admin = true;
	a.created = x->now.wall;
	(void)snprintf(a.name, sizeof(a.name), "%.*s", (int)strcspn(email, "@"), email);
	rand_id("a", a.id);
	r = account_insert(db, &a, err);
	if (r == 0)
		r = audit_add(db, &row, err);
	return r < 0 ? r : books_welcome(db, x->core, &x->now, a.id, err);
}

static int run_catalogue(struct db *db, struct store_job *j, struct err *err)
{
	struct chore *x = CONTAINER_OF(j, struct chore, job);

	return catalogue_seed(db, x->core->cfg, &x->now, err);
}

static int run_sweep(struct db *db, struct store_job *j, struct err *err)
{
	struct chore *x = CONTAINER_OF(j, struct chore, job);
	int r = accounts_sweep(db, x->now.wall, err);

	if (r == 0)
		r = idempotency_prune(db, x->now.wall, err);
	if (r == 0)
		r = notice_forget(db, x->now.wall, err);
	return r < 0 ? r : event_prune(db, err);
}

static int run_metrics(struct db *db, struct store_job *j, struct err *err)
{
	struct chore *x = CONTAINER_OF(j, struct chore, job);

	return metric_forget(db, x->now.wall / US_PER_S, err);
}

/* Until there is no more of it; a job for each part, for others wait. */
static void done_metrics(struct store_job *j)
{
	struct chore *x = CONTAINER_OF(j, struct chore, job);

	if (j->result <= 0 || store_submit(x->core->store, j) < 0)
		done_chore(j);
}

static void on_sweep(struct ev_timer *t)
{
	struct core *core = CONTAINER_OF(t, struct core, sweep);

	submit_chore(core, run_sweep, done_chore);
	submit_chore(core, run_metrics, done_metrics);
	core->purge = true;
	ev_timer_start(core->ev, t, SWEEP_MS, on_sweep);
}

static int run_nothing(struct db *db, struct store_job *j, struct err *err)
{
	return 0;
}

static void on_tick(struct ev_timer *t)
{
	struct core *core = CONTAINER_OF(t, struct core, tick);

	core->ticks++;
	live_tick(core);
	clocks_tick(core);
	catalogue_tick(core);
	line_tick(core);
	leases_tick(core);
	index_tick(core);
	if (core->ticks % 5 == 0)
		sse_tick(core);
	/* The writer looks for room before each batch, and nobody may be writing. */
	if (core->ticks % 2 == 0 && store_stats(core->store).full)
		submit_chore(core, run_nothing, done_chore);
	ev_timer_start(core->ev, t, TICK_MS, on_tick);
}

static void on_drained(struct ev_timer *t)
{
	struct core *core = CONTAINER_OF(t, struct core, drain);

	if (http_server_conns(core->http) == 0 || ev_now_ms(core->ev) >= core->drain_until)
		ev_stop(core->ev);
	else
		ev_timer_start(core->ev, t, DRAIN_TICK_MS, on_drained);
}

/* What was asked is answered; what is asked from now on waits at the listener,
 * which is the parent's, for the next core. */
static void on_signal(struct ev *ev, int signo, void *arg)
{
	struct core *core = arg;

	log_event(LOG_INFO, "core_ends", LI("signal", signo));
	if (!core->http) { /* still starting: await_chores() ends it */
		core->first_failed = -EINTR;
		return;
	}
	if (core->drain_until) { /* again */
		ev_stop(ev);
		return;
	}
	core->drain_until = ev_now_ms(ev) + FINISH_MS;
	sse_close_all(core);
	http_server_drain(core->http, true);
	ev_timer_start(ev, &core->drain, 0, on_drained);
}

/* Nobody is served before the catalogue stands and the first account is there. */
static int await_chores(struct core *core, struct err *err)
{
	int r = 0;

	while (r == 0 && store_pending(core->store) > 0)
		r = ev_turn(core->ev, 50, err);
	if (r == 0 && core->first_failed < 0)
		r = ERR(err, core->first_failed,
		        "the catalogue and the first account were not written: %s",
		        strerror(-core->first_failed));
	if (r == 0 && !catalogue_load(core))
		r = ERR(err, -EIO, "can't read the catalogue");
	return r;
}

static int start_parts(struct core *core, int listen_fd, struct err *err)
{
	const struct http_server_cfg http = { .handler = call_begin,
		                              .arg = core,
		                              .out_max = 16 << 20 };
	const struct link_cfg link = { .addr = core->cfg->engine_addr,
		                       .on_up = keep_on_up,
		                       .on_down = keep_on_down,
		                       .on_event = keep_on_event,
		                       .arg = core };
	int r = store_open(core->ev, core->cfg->db_dir, &core->store, err);

	if (r == 0)
		r = pool_new(core->ev, PASSWORD_THREADS, PASSWORD_QUEUE, &core->passwords, err);
	if (r < 0)
		return r;
	/* First: a new account gets its plan's credit. */
	submit_chore(core, run_catalogue, done_first);
	submit_chore(core, run_admin, done_first);
	r = await_chores(core, err);
	if (r < 0)
		return r;
	r = link_new(core->ev, &link, &core->link, err);
	if (r < 0)
		return r;
	r = http_server_new(core->ev, &http, &core->http, err);
	if (r == 0)
		r = http_server_listen(core->http, listen_fd, err);
	if (r == 0)
		keep_load(core);
	if (r == 0)
		leases_load(core);
	return r;
}

static int start(struct core *core, int listen_fd, struct err *err)
{
	static const int signals[] = { SIGTERM, SIGINT };
	int r = time_boot_id(core->boot_id);

	if (r < 0)
		return ERR(err, r, "the kernel does not tell its boot id");
	for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
		r = ev_signal(core->ev, signals[i], on_signal, core, err);
		if (r < 0)
			return r;
	}
	core->began = ev_now_ms(core->ev);
	r = books_zone(core, err);
	if (r < 0)
		return r;
	limit_init(&core->by_account, 5, 5, rand_u64());
	limit_init(&core->by_address, 30, 30, rand_u64());
	r = start_parts(core, listen_fd, err);
	if (r < 0)
		return r;
	ev_timer_start(core->ev, &core->tick, TICK_MS, on_tick);
	ev_timer_start(core->ev, &core->sweep, SWEEP_MS, on_sweep);
	books_start(core);
	log_event(LOG_INFO, "core_ready", LI("sessions", map_count(&core->live)));
	return 0;
}

/* What was begun is written, and what follows from it is let go. */
static void drain(struct core *core)
{
	mono_ms end = time_mono_ms() + DRAIN_MS;

	while (store_pending(core->store) > 0 && time_mono_ms() < end)
		if (ev_turn(core->ev, 50, NULL) < 0)
			return;
}

static void stop(struct core *core)
{
	ev_timer_stop(&core->tick);
	ev_timer_stop(&core->drain);
	ev_timer_stop(&core->load);
	ev_timer_stop(&core->sweep);
	books_stop(core);
	if (core->http) {
		sse_close_all(core);
		http_server_free(core->http);
	}
	if (core->link)
		link_close(core->link);
	if (core->store) {
		live_flush_all(core);
		drain(core);
	}
	ev_timer_stop(&core->reconcile);
	ev_timer_stop(&core->turns);
	link_free(core->link);
	if (core->passwords)
		pool_free(core->passwords);
	leases_free_all(core);
	live_free_all(core);
	store_close(core->store);
	free(core->zone);
	if (ev_turn(core->ev, 0, NULL) < 0)
		return; /* what is freed at a turn's end */
}

int core_run(const struct core_cfg *cfg, int listen_fd, struct err *err)
{
	struct core *core = xcalloc(1, sizeof(*core));
	int r;

	/* One arena for all threads: they are few, and memory matters more. */
	(void)mallopt(M_ARENA_MAX, 1);
	auth_init();
	core->cfg = cfg;
	core->purge = true;
	catalogue_init(core);
	clocks_init(core);
	map_init(&core->live, 20000);
	list_init(&core->subs);
	core->line = line_new();
	list_init(&core->leases.waits);
	core->leases.any = true; /* until somebody has looked */
	r = ev_new(&core->ev, err);
	if (r < 0) {
		catalogue_fini(core);
		line_free(core->line);
		clocks_fini(core);
		free(core);
		return r;
	}
	r = start(core, listen_fd, err);
	if (r == 0)
		r = ev_run(core->ev, err);
	stop(core);
	ev_free(core->ev);
	catalogue_fini(core);
	line_free(core->line);
	clocks_fini(core);
	free(core);
	return r;
}
