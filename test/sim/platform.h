/* SPDX-License-Identifier: Apache-2.0 */
/* Core, engine, clients and what goes wrong with them, driven in one loop. */
#pragma once

#include "world.h"

struct options {
	uint64_t seed, seeds;
	unsigned days, people, repeat;
	bool calm; /* nothing goes wrong */
	bool verbose, bugs, tap;
	const char *bug;  /* planted, see bugs.c */
	const char *keep; /* folder for the store and the journals of the end */
	const char *log;  /* what core says */
};
extern struct options options;

/* False: it could not be set up. */
bool platform_begin(const char *dir);
/* Until that moment, or until *enough. */
void platform_run(sim_ns until, const bool *enough);
/* Nothing goes wrong from now on; what is down comes up. */
void platform_calm(void);
void platform_end(void);
/* The thick of it: a crash is likelier while something is under way. */
void platform_tempt(void);
extern unsigned platform_kills, platform_restarts;

/* One number of one row; `absent` if there is none. */
int64_t platform_sql(const char *sql, const char *text, int64_t absent);
/* Each row: a text and two numbers. */
typedef void row_fn(const char *text, int64_t a, int64_t b);
void platform_rows(const char *sql, row_fn *fn);

/* people.c */
void people_begin(unsigned n);
void people_poke(const char *session);
void people_stop(void); /* all of them stop what they have */
bool people_asked_stop(const char *session);

/* check.c */
void check_now(void); /* while it runs and all has been well for a while */
void check_end(void);
void check_keep(const char *dir);
/* bugs.c */
bool bug(const char *name);
extern const struct planted {
	const char *name;
	enum invariant found_as;
	unsigned days; /* of a seed; 0: one */
} planted[];
extern const size_t nplanted;
