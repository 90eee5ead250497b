/* SPDX-License-Identifier: Apache-2.0 */
#include "ev/pool.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>

#include "test.h"

#define JOBS 200

struct job {
	struct pool_job j;
	pthread_t worker;
	unsigned in, out;
	int done;
};

static struct ev *ev;
static struct pool *pool;
static unsigned finished;
static sem_t gate, entered;

static void square(struct pool_job *j)
{
	struct job *k = CONTAINER_OF(j, struct job, j);

	k->worker = pthread_self();
	k->out = k->in * k->in;
}

static void on_done(struct pool_job *j)
{
	CONTAINER_OF(j, struct job, j)->done++;
	finished++;
}

static void jobs_run_on_threads_and_end_on_the_loop(void)
{
	static struct job jobs[JOBS];
	int before = open_fds();

	finished = 0;
	T_EQ(ev_new(&ev, NULL), 0);
	T_EQ(pool_new(ev, 3, JOBS, &pool, NULL), 0);
	for (unsigned i = 0; i < JOBS; i++) {
		jobs[i] = (struct job){ .j = { square, on_done, NULL }, .in = i };
		T_EQ(pool_submit(pool, &jobs[i].j), 0);
	}
	while (finished < JOBS)
		T_EQ(ev_turn(ev, 5000, NULL), 0);
	for (unsigned i = 0; i < JOBS; i++) {
		T_EQ(jobs[i].out, i * i);
		T_EQ(jobs[i].done, 1);
		T_OK(!pthread_equal(jobs[i].worker, pthread_self()));
	}
	pool_free(pool);
	ev_free(ev);
	T_EQ(open_fds(), before);
}

static void hold(struct pool_job *j)
{
	(void)sem_post(&entered);
	(void)sem_wait(&gate);
}

static void a_full_queue_refuses_and_an_early_end_drops(void)
{
	struct job running = { .j = { hold, on_done, NULL } };
	struct job waiting = { .j = { square, on_done, NULL } }, one_more = waiting;

	finished = 0;
	T_EQ(sem_init(&gate, 0, 0), 0);
	T_EQ(sem_init(&entered, 0, 0), 0);
	T_EQ(ev_new(&ev, NULL), 0);
	T_EQ(pool_new(ev, 1, 1, &pool, NULL), 0);
	T_EQ(pool_submit(pool, &running.j), 0);
	T_EQ(sem_wait(&entered), 0);
	T_EQ(pool_submit(pool, &waiting.j), 0);
	T_EQ(pool_submit(pool, &one_more.j), -EAGAIN);
	T_EQ(sem_post(&gate), 0);
	pool_free(pool);
	T_EQ(ev_turn(ev, 0, NULL), 0);
	T_EQ(finished, 0);
	ev_free(ev);
}

TEST_MAIN({ "jobs run on threads and end on the loop",
            jobs_run_on_threads_and_end_on_the_loop },
          { "a full queue refuses, and an early end drops",
            a_full_queue_refuses_and_an_early_end_drops })
