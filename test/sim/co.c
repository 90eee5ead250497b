/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "co.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <ucontext.h>

#define STACK   ((size_t)1 << 20)
#define COS     8
#define HANDLES 8

enum co_state { CO_FREE, CO_READY, CO_POLLS, CO_WAITS, CO_PAUSES, CO_DONE };

struct co {
	enum co_state state;
	ucontext_t ctx, *from;
	char *stack;
	void *(*fn)(void *arg);
	void *arg;
	sim_ns wake;    /* CO_POLLS: its timer; CO_READY, CO_PAUSES: not before */
	const void *on; /* CO_WAITS: the condition */
	int epfd;       /* CO_POLLS */
};

static struct co all[COS]; /* the first one is core's loop */
static struct co *running;
static sqlite3 *handles[HANDLES];
static const struct core_cfg *the_cfg;
static int the_listener, base_fd, result;
static bool ended;
int co_outside_events;
static sim_ns stalled_until, disk_most = 3 * MS_NS;

/* --- coroutines --- */

static void entry(void)
{
	struct co *c = running;

	(void)c->fn(c->arg);
	c->state = CO_DONE;
	running = NULL;
	(void)setcontext(c->from);
}

static struct co *spawn(void *(*fn)(void *arg), void *arg)
{
	struct co *c = NULL;

	for (size_t i = 0; i < COS && !c; i++)
		if (all[i].state == CO_FREE)
			c = &all[i];
	CHECK(c);
	c->stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE,
	                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	CHECK(c->stack != MAP_FAILED);
	CHECK(getcontext(&c->ctx) == 0);
	c->ctx.uc_stack = (stack_t){ .ss_sp = c->stack, .ss_size = STACK };
	c->ctx.uc_link = NULL;
	c->fn = fn;
	c->arg = arg;
	c->wake = world.now;
	c->state = CO_READY;
	makecontext(&c->ctx, entry, 0);
	return c;
}

static void resume(struct co *c)
{
	struct co *before = running;
	ucontext_t here;

	running = c;
	c->from = &here;
	CHECK(swapcontext(&here, &c->ctx) == 0);
	running = before;
}

static void yield(enum co_state state)
{
	struct co *c = running;

	c->state = state;
	CHECK(swapcontext(&c->ctx, c->from) == 0);
	c->state = CO_READY;
}

static bool readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

static bool can_run(const struct co *c)
{
	switch (c->state) {
	case CO_READY:
	case CO_PAUSES:
		return c->wake <= world.now;
	case CO_POLLS:
		return c->wake <= world.now || readable(c->epfd);
	case CO_FREE:
	case CO_WAITS:
	case CO_DONE:
		break;
	}
	return false;
}

bool co_run(void)
{
	bool any = false;

	if (stalled_until > world.now)
		return false;
	for (size_t i = 0; i < COS; i++) {
		if (all[i].state == CO_FREE || !can_run(&all[i]))
			continue;
		resume(&all[i]);
		any = true;
	}
	return any;
}

sim_ns co_next(void)
{
	sim_ns at = NEVER;

	for (size_t i = 0; i < COS; i++)
		if ((all[i].state == CO_READY || all[i].state == CO_PAUSES ||
		     all[i].state == CO_POLLS) &&
		    all[i].wake < at)
			at = all[i].wake;
	return at < stalled_until ? stalled_until : at;
}

/* --- core --- */

static void *core_main(void *arg)
{
	struct err err = ERR_NONE;

	result = core_run(the_cfg, the_listener, &err);
	if (result < 0)
		(void)fprintf(stderr, "core ends: %s\n", err.msg);
	return NULL;
}

void co_init(void)
{
	sigset_t term;

	/* Each coroutine has a mask of its own: core's signalfd needs it blocked here too. */
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	CHECK(sigprocmask(SIG_BLOCK, &term, NULL) == 0);
	base_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int co_keep_fd(int fd)
{
	int up = fcntl(fd, F_DUPFD_CLOEXEC, SIM_FD);

	CHECK(up >= SIM_FD);
	(void)close(fd);
	return up;
}

static void free_all(void)
{
	for (size_t i = 0; i < COS; i++) {
		if (all[i].stack)
			(void)munmap(all[i].stack, STACK);
		all[i] = (struct co){ 0 };
	}
	memset(handles, 0, sizeof(handles));
	stalled_until = 0;
}

void co_start(const struct core_cfg *cfg, int listen_fd)
{
	the_cfg = cfg;
	the_listener = listen_fd;
	ended = false;
	CHECK(spawn(core_main, NULL) == &all[0]);
}

bool co_alive(void)
{
	return all[0].state != CO_FREE && all[0].state != CO_DONE;
}

bool co_ended(int *ret)
{
	if (all[0].state != CO_DONE)
		return false;
	*ret = result;
	free_all();
	return true;
}

void co_kill(void)
{
	if (!co_alive())
		return;
	for (size_t i = 0; i < HANDLES; i++) {
		sqlite3_stmt *st;

		if (!handles[i])
			continue;
		while ((st = sqlite3_next_stmt(handles[i], NULL)) != NULL)
			(void)sqlite3_finalize(st);
		(void)sqlite3_db_config(handles[i], SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
		CHECK(sqlite3_close(handles[i]) == SQLITE_OK);
	}
	free_all();
	CHECK(close_range((unsigned)base_fd + 1, SIM_FD - 1, 0) == 0);
}

void co_term(void)
{
	CHECK(raise(SIGTERM) == 0);
}

void co_stall(sim_ns for_ns)
{
	stalled_until = world.now + for_ns;
}

void co_disk(sim_ns most)
{
	disk_most = most;
}

/* --- what the linker puts in the kernel's place --- */

int __real_epoll_wait(int epfd, struct epoll_event *events, int n, int timeout);
int __wrap_epoll_wait(int epfd, struct epoll_event *events, int n, int timeout);
int __wrap_epoll_wait(int epfd, struct epoll_event *events, int n, int timeout)
{
	int got = __real_epoll_wait(epfd, events, n, 0);

	if (!running)
		co_outside_events = got;
	if (got != 0 || !running || timeout == 0)
		return got;
	running->epfd = epfd;
	running->wake = timeout < 0 ? NEVER : world.now + (sim_ns)timeout * MS_NS;
	yield(CO_POLLS);
	return __real_epoll_wait(epfd, events, n, 0);
}

int __real_accept4(int fd, struct sockaddr *peer, socklen_t *len, int flags);
int __wrap_accept4(int fd, struct sockaddr *peer, socklen_t *len, int flags);
int __wrap_accept4(int fd, struct sockaddr *peer, socklen_t *len, int flags)
{
	int got = __real_accept4(fd, peer, len, flags);

	return got >= 0 && !running ? co_keep_fd(got) : got;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret)
{
	uint64_t ns = clock == CLOCK_REALTIME ? (uint64_t)world_wall() * 1000 + world.now % 1000
	                                      : world_boot();

	ret->tv_sec = (time_t)(ns / NS_PER_S);
	ret->tv_nsec = (long)(ns % NS_PER_S);
	return 0;
}

int __wrap_time_boot_id(char ret[37]);
int __wrap_time_boot_id(char ret[37])
{
	memcpy(ret, world.boot_id, 37);
	return 0;
}

ssize_t __wrap_getrandom(void *p, size_t n, unsigned flags);
ssize_t __wrap_getrandom(void *p, size_t n, unsigned flags)
{
	uint8_t *b = p;

	for (size_t i = 0; i < n; i++)
		b[i] = (uint8_t)(world_u64(&world.product_random) >> 32);
	return (ssize_t)n;
}

void __wrap_randombytes_buf(void *p, size_t n);
void __wrap_randombytes_buf(void *p, size_t n)
{
	(void)__wrap_getrandom(p, n, 0);
}

uint32_t __wrap_randombytes_uniform(uint32_t most);
uint32_t __wrap_randombytes_uniform(uint32_t most)
{
	return (uint32_t)(world_u64(&world.product_random) % most);
}

int __wrap_pthread_create(pthread_t *ret, const pthread_attr_t *attr, void *(*fn)(void *arg),
                          void *arg);
int __wrap_pthread_create(pthread_t *ret, const pthread_attr_t *attr, void *(*fn)(void *arg),
                          void *arg)
{
	*ret = (pthread_t)(uintptr_t)spawn(fn, arg);
	return 0;
}

int __wrap_pthread_join(pthread_t thread, void **ret);
int __wrap_pthread_join(pthread_t thread, void **ret)
{
	struct co *c = (struct co *)(uintptr_t)thread;

	while (c->state != CO_DONE) {
		CHECK(c->state != CO_WAITS); /* nobody would wake it any more */
		resume(c);
	}
	return 0;
}

int __wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mu);
int __wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mu)
{
	CHECK(running && running != &all[0]);
	CHECK(pthread_mutex_unlock(mu) == 0);
	running->on = cond;
	yield(CO_WAITS);
	CHECK(pthread_mutex_lock(mu) == 0);
	return 0;
}

int __wrap_pthread_cond_signal(pthread_cond_t *cond);
int __wrap_pthread_cond_signal(pthread_cond_t *cond)
{
	for (size_t i = 0; i < COS; i++) {
		if (all[i].state != CO_WAITS || all[i].on != cond)
			continue;
		all[i].state = CO_READY;
		all[i].wake = world.now + between(20000, disk_most);
	}
	return 0;
}

int __wrap_pthread_cond_broadcast(pthread_cond_t *cond);
int __wrap_pthread_cond_broadcast(pthread_cond_t *cond)
{
	return __wrap_pthread_cond_signal(cond);
}

int __real_sqlite3_open_v2(const char *path, sqlite3 **ret, int flags, const char *vfs);
int __wrap_sqlite3_open_v2(const char *path, sqlite3 **ret, int flags, const char *vfs);
int __wrap_sqlite3_open_v2(const char *path, sqlite3 **ret, int flags, const char *vfs)
{
	int rc = __real_sqlite3_open_v2(path, ret, flags, vfs);

	for (size_t i = 0; i < HANDLES && running; i++) {
		if (!handles[i]) {
			handles[i] = *ret;
			break;
		}
	}
	return rc;
}

int __real_sqlite3_close(sqlite3 *h);
int __wrap_sqlite3_close(sqlite3 *h);
int __wrap_sqlite3_close(sqlite3 *h)
{
	for (size_t i = 0; i < HANDLES; i++)
		if (handles[i] == h)
			handles[i] = NULL;
	return __real_sqlite3_close(h);
}

/* A thread of core's may be killed before and after each COMMIT. */
int __real_sqlite3_exec(sqlite3 *h, const char *sql, int (*fn)(void *, int, char **, char **),
                        void *arg, char **err);
int __wrap_sqlite3_exec(sqlite3 *h, const char *sql, int (*fn)(void *, int, char **, char **),
                        void *arg, char **err);
int __wrap_sqlite3_exec(sqlite3 *h, const char *sql, int (*fn)(void *, int, char **, char **),
                        void *arg, char **err)
{
	bool commit = running && running != &all[0] && strcmp(sql, "COMMIT") == 0;
	int rc;

	if (commit && chance(20)) {
		running->wake = world.now + between(0, disk_most);
		yield(CO_PAUSES);
	}
	rc = __real_sqlite3_exec(h, sql, fn, arg, err);
	if (commit && chance(20)) {
		running->wake = world.now + between(0, disk_most);
		yield(CO_PAUSES);
	}
	return rc;
}
