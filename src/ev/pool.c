/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads take jobs from `todo`, and put them on `done`, which the loop
 * empties when the eventfd says so. The lock guards the two lists and the
 * counts; no callback runs under it.
 */
#include "ev/pool.h"

#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>

#define THREADS_MAX 64U

struct queue {
	struct pool_job *first, **tail;
};

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct queue todo, done;
	unsigned n_todo, max_todo;
	bool ending;
	int eventfd;
	struct ev_fd fd;
	unsigned n_threads;
	pthread_t threads[THREADS_MAX];
};

static void queue_init(struct queue *q)
{
	q->first = NULL;
	q->tail = &q->first;
}

static void queue_put(struct queue *q, struct pool_job *j)
{
	j->next_ = NULL;
	*q->tail = j;
	q->tail = &j->next_;
}

static struct pool_job *queue_take(struct queue *q)
{
	struct pool_job *j = q->first;

	if (!j)
		return NULL;
	q->first = j->next_;
	if (!q->first)
		q->tail = &q->first;
	j->next_ = NULL;
	return j;
}

static void *thread_main(void *arg)
{
	struct pool *p = arg;
	uint64_t one = 1;

	CHECK(pthread_mutex_lock(&p->lock) == 0);
	for (;;) {
		struct pool_job *j;

		while (!p->ending && !p->todo.first)
			CHECK(pthread_cond_wait(&p->wake, &p->lock) == 0);
		if (p->ending)
			break;
		j = queue_take(&p->todo);
		p->n_todo--;
		CHECK(pthread_mutex_unlock(&p->lock) == 0);
		j->work(j);
		CHECK(pthread_mutex_lock(&p->lock) == 0);
		queue_put(&p->done, j);
		CHECK(write(p->eventfd, &one, sizeof(one)) == (ssize_t)sizeof(one));
	}
	CHECK(pthread_mutex_unlock(&p->lock) == 0);
	return NULL;
}

/* The done callbacks may submit again, so each turn takes what was there. */
static void on_done(struct ev_fd *f, uint32_t events)
{
	struct pool *p = CONTAINER_OF(f, struct pool, fd);
	struct pool_job *j;
	uint64_t n;

	if (read(f->fd, &n, sizeof(n)) != (ssize_t)sizeof(n))
		return;
	for (; n > 0; n--) {
		CHECK(pthread_mutex_lock(&p->lock) == 0);
		j = queue_take(&p->done);
		CHECK(pthread_mutex_unlock(&p->lock) == 0);
		if (!j)
			return;
		j->done(j);
	}
}

/* Signals are the loop's: threads are born with all of them blocked. */
static int start_threads(struct pool *p, unsigned threads, struct err *err)
{
	sigset_t all, old;
	int r = 0;

	sigfillset(&all);
	CHECK(pthread_sigmask(SIG_SETMASK, &all, &old) == 0);
	for (; p->n_threads < threads && r == 0; p->n_threads++) {
		r = pthread_create(&p->threads[p->n_threads], NULL, thread_main, p);
		if (r)
			break;
	}
	CHECK(pthread_sigmask(SIG_SETMASK, &old, NULL) == 0);
	if (r) {
		errno = r;
		return ERR(err, -r, "start a thread: %m");
	}
	return 0;
}

int pool_new(struct ev *ev, unsigned threads, unsigned queue, struct pool **ret,
             struct err *err)
{
	struct pool *p = xcalloc(1, sizeof(*p));
	int r;

	CHECK(threads > 0 && threads <= THREADS_MAX && queue > 0);
	CHECK(pthread_mutex_init(&p->lock, NULL) == 0);
	CHECK(pthread_cond_init(&p->wake, NULL) == 0);
	queue_init(&p->todo);
	queue_init(&p->done);
	p->max_todo = queue;
	p->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->eventfd < 0)
		r = ERR(err, -errno, "eventfd: %m");
	else
		r = ev_fd_start(ev, &p->fd, p->eventfd, EPOLLIN, on_done, err);
	if (r == 0)
		r = start_threads(p, threads, err);
	if (r < 0) {
		pool_free(p);
		return r;
	}
	*ret = p;
	return 0;
}

void pool_free(struct pool *p)
{
	if (!p)
		return;
	CHECK(pthread_mutex_lock(&p->lock) == 0);
	p->ending = true;
	CHECK(pthread_cond_broadcast(&p->wake) == 0);
	CHECK(pthread_mutex_unlock(&p->lock) == 0);
	for (unsigned i = 0; i < p->n_threads; i++)
		CHECK(pthread_join(p->threads[i], NULL) == 0);
	ev_fd_stop(&p->fd);
	own_close(&p->eventfd);
	(void)pthread_cond_destroy(&p->wake);
	(void)pthread_mutex_destroy(&p->lock);
	free(p);
}

int pool_submit(struct pool *p, struct pool_job *j)
{
	int r = 0;

	CHECK(pthread_mutex_lock(&p->lock) == 0);
	if (p->n_todo >= p->max_todo) {
		r = -EAGAIN;
	} else {
		queue_put(&p->todo, j);
		p->n_todo++;
		CHECK(pthread_cond_signal(&p->wake) == 0);
	}
	CHECK(pthread_mutex_unlock(&p->lock) == 0);
	return r;
}
