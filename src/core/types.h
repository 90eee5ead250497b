/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nouns as plain values: what the store keeps, what the rules judge and
 * what the API shows. Texts are NUL-terminated and bounded, so that a value
 * can be copied between threads.
 */
#pragma once

#include "base/rand.h"
#include "core/clock.h"
#include "core/money.h"
#include "core/session.h"

#define NAME_CHARS_MAX 64
#define NAME_BYTES_MAX 256 /* of UTF-8 */
#define EMAIL_MAX      254
#define LABEL_LEN      26
#define TYPE_ID_MAX    64
#define PLAN_ID_MAX    64
#define GPU_CLASS_MAX  32
#define CALENDAR_MAX   256 /* "19:00 mon-fri Europe/Berlin", or several */
#define TYPE_LIST_MAX  512
#define IMAGE_ID_MAX   80
#define HASH_LEN       32
#define REASON_MAX     32
#define MESSAGE_MAX    400
#define EVIDENCE_MAX   1024
#define PHASES_MAX     1536

struct account {
	char id[ID_MAX];
	char email[EMAIL_MAX + 1];
	char name[NAME_BYTES_MAX + 1];
	char theme[16];
	char password[128]; /* libsodium's text form; "" = none yet */
	bool admin;
	wall_us created;
	char plan_id[PLAN_ID_MAX]; /* "": the default plan */
};

/* A browser's sign-in. The cookie's value is not kept, only its SHA-256. */
struct login {
	char id[ID_MAX];
	char account_id[ID_MAX];
	struct expiry expiry;
};

struct token {
	char id[ID_MAX];
	char account_id[ID_MAX];
	char name[NAME_BYTES_MAX + 1];
	char scopes[512]; /* separated by one space, see core/scope.h */
	struct expiry expiry;
	wall_us last_used; /* 0: never */
};

struct instance_type {
	char id[TYPE_ID_MAX];
	char name[NAME_BYTES_MAX + 1];
	uint32_t cpu_milli;
	uint64_t memory_bytes;
	uint32_t pids;
	money_micro price_per_hour;    /* at the moment that it was read for */
	char gpu_class[GPU_CLASS_MAX]; /* "": none */
	uint32_t gpu_count;
	bool preemptible;
	bool retired; /* not offered any more; what runs goes on */
};

struct image {
	char id[IMAGE_ID_MAX + 1];
	char name[IMAGE_ID_MAX + 1];
	char digest[80];
	uint64_t size_bytes;
	bool ready;
	wall_us first_seen;
};

struct workspace {
	char id[ID_MAX];
	char account_id[ID_MAX];
	char name[NAME_BYTES_MAX + 1];
	char label[LABEL_LEN + 1]; /* of its own origin; a secret of its owner */
	char image[IMAGE_ID_MAX + 1];
	char instance_type[TYPE_ID_MAX];
	char volume_id[ID_MAX];
	uint64_t storage_bytes;
	uint32_t auto_stop_s;
	uint32_t max_s;                   /* 0: the plan's */
	char stop_calendar[CALENDAR_MAX]; /* "": none, see core/calendar.h */
	wall_us created, updated;
	uint32_t version;             /* its ETag */
	char session_id[ID_MAX];      /* one that has not ended, or "" */
	char last_session_id[ID_MAX]; /* the newest that has ended, or "" */
	uint32_t example;             /* 1: its next start brings the examples; 2: they came */
};

/* What a running session pays when the catalogue's price changes. */
enum price_mode {
	PRICE_KEEP,   /* the rate at its start, to its end */
	PRICE_FOLLOW, /* the rate of each moment */
};

struct session {
	char id[ID_MAX];
	char account_id[ID_MAX];
	char workspace_id[ID_MAX];
	uint32_t epoch;
	enum session_state state;
	enum session_phase phase;
	char phases[PHASES_MAX];         /* JSON array, as the API shows it */
	char reason[REASON_MAX];         /* why it waits, stops or has ended */
	char message[MESSAGE_MAX];       /* the same as a sentence, "" = none */
	char evidence[EVIDENCE_MAX + 1]; /* JSON object or "" */

	/* Fixed when the session was asked for. */
	char instance_type[TYPE_ID_MAX];
	char image_id[IMAGE_ID_MAX + 1];
	uint32_t cpu_milli;
	uint64_t memory_bytes;
	uint32_t pids;
	money_micro price_per_hour;
	uint32_t max_s;
	char plan_id[PLAN_ID_MAX];
	enum price_mode price_mode;
	uint64_t free_s_month; /* free time of its owner's month, as it was then */
	char gpu_class[GPU_CLASS_MAX];
	uint32_t gpu_count;
	bool preemptible;
	int32_t priority; /* the plan's, for the queue */

	uint32_t auto_stop_s; /* follows the workspace while it runs */

	wall_us created, started, stopped; /* 0: not yet */
	boot_ns state_boot;                /* when the state was entered */
	char boot_id[37];                  /* of every boot_ns in here */
	boot_ns started_boot;              /* from the journal, 0: not yet */
	boot_ns extend_until, stop_at, warned_stop_at;
	char stop_why[16];
	boot_ns calendar_at, lease_until; /* the other clocks, 0: none */
	boot_ns warned_early_at;          /* the stop that the early warning was about */
	uint32_t noticed_s;               /* running time that was last given notice of */

	/* In the queue; see core/queue.h. */
	boot_ns queued_boot, held_until;
	bool hold_turn; /* its turn is kept until it is taken, instead of starting */
	char fallback_types[TYPE_LIST_MAX]; /* ids separated by spaces */

	uint64_t metered_ns; /* of closed segments */
	money_micro cost;    /* of closed segments */
};

/* A workspace with the sessions that the API shows inside it. */
struct workspace_view {
	struct workspace w;
	bool has_session, has_last;
	struct session session, last;
	wall_us deleted, kept_until; /* 0: it is not deleted */
};
