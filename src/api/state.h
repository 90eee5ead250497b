/* SPDX-License-Identifier: Apache-2.0 */
/* What the core process knows beside the store; private to src/api. */
#pragma once

#include "api/core.h"
#include "base/map.h"
#include "core/capacity.h"
#include "core/limit.h"
#include "core/month.h"
#include "ev/pool.h"
#include "http/server.h"
#include "store/store.h"

struct closing;
struct line;
struct link;
struct catalogue;
struct clocks;

/* The engine's host, as it last said. */
struct facts {
	bool known;
	uint32_t cpu_milli;
	uint64_t memory_bytes, pool_bytes_total, pool_bytes_free;
	uint64_t volume_limit_bytes; /* what all volumes may be promised; 0: not known */
	char warnings[8192];         /* JSON array of strings */
	struct gpu gpu[GPU_CLASSES_MAX];
	unsigned ngpu;
};

struct counters {
	uint64_t requests[6]; /* by hundreds of the status */
	uint64_t sign_ins, sign_ins_refused;
	uint64_t sessions_started, sessions_ended, sessions_failed, sessions_lost;
	uint64_t engine_connects, engine_errors, records, events_sent, warnings_sent;
	uint64_t start_us, starts_timed; /* from asked for to running */
	uint64_t rounds;                 /* of the reconciler */
	uint64_t documents_refused;      /* what agents said and was nonsense */
};

struct core {
	struct ev *ev;
	const struct core_cfg *cfg;
	struct store *store;
	struct pool *passwords;
	struct http_server *http;
	struct link *link;
	struct facts facts;
	struct clocks *clocks;        /* see clocks.h */
	struct catalogue *catalogue;  /* see catalogue.h */
	uint8_t images_sum[HASH_LEN]; /* of the engine's list that the store has */
	bool images_kept;             /* it has one of this engine */
	bool images_again;            /* the newest could not be written: ask again soon */
	char boot_id[37];
	mono_ms began;

	bool round; /* the engine's list is being read */

	struct map live;  /* session id -> struct live, see live.h */
	struct list subs; /* struct sub, see sse.h */
	unsigned nsubs;
	struct limit by_account, by_address;
	struct counters count;
	struct ev_timer tick, reconcile, sweep, drain, load;
	mono_ms drain_until; /* it ends */
	int first_failed;    /* -errno of what each start writes first */
	int64_t loaded;      /* the last live row of the store that is in `live` */
	bool load_done;
	unsigned ticks;
	bool
	    replay; /* what the engine said could not be written, or it was not told so: ask again */

	const struct months *months; /* of the site's books */
	struct months zone_months;
	struct tz *zone;
	struct ev_timer books; /* see books.h */
	struct now books_since;
	bool books_busy, books_stopped;
	struct {
		struct list waits; /* starts, see leases.h */
		bool any, site;    /* is there a budget; a hard one of the site's */
		bool busy, again;  /* everybody's are being settled; and will be once more */
		/* Of the site's, when it was last settled. */
		money_micro site_left, site_burn;
		boot_ns site_at;
	} leases;
	struct closing *closing; /* the month that is being closed, or NULL */
	struct line *line;       /* see line.h */
	struct ev_timer turns;   /* when the next hold ends */
	bool turns_busy, turns_again;
	bool purge, purging; /* what deleted workspaces left in the index */
};

struct now core_now(const struct core *core);
