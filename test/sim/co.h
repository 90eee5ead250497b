/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real core, unchanged, in this process and on this thread: core and each
 * of its threads is a coroutine, and the calls by which it would meet the
 * kernel's clock, randomness, threads and waiting are replaced when sim-core
 * is linked (-Wl,--wrap, see meson.build). The driver says who runs, and when.
 *
 * A kill: coroutines are abandoned where they stand, SQLite's connections
 * closed without a checkpoint, descriptors closed. What was not committed is
 * gone; what core had allocated leaks, as it may in a short-lived process.
 */
#pragma once

#include "api/core.h"
#include "world.h"

/* Once, before anything else is opened but what is ours for ever. */
void co_init(void);
/* Core on this socket; it takes its first step at the next co_run. */
void co_start(const struct core_cfg *cfg, int listen_fd);
bool co_alive(void);
/* Core ended by itself since the last look: its result. */
bool co_ended(int *ret);
/* Runs whoever can run now; false: nobody can. */
bool co_run(void);
/* When somebody could run next if nothing happens: a timer, a slow disk. */
sim_ns co_next(void);
/* kill -9, at whatever point it is. */
void co_kill(void);
/* SIGTERM. */
void co_term(void);
/* SIGSTOP for so long. */
void co_stall(sim_ns for_ns);
/* Descriptors at or above this number are the simulator's. */
#define SIM_FD 512
int co_keep_fd(int fd); /* moves it there */
/* How long a commit takes, at most. */
void co_disk(sim_ns most);
/* What the last epoll_wait outside of core got. */
extern int co_outside_events;
