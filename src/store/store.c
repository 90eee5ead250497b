/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/statvfs.h>

#include "base/file.h"
#include "base/log.h"
#include "store/copy.h"
#include "store/schema.h"
#include "store/starts.h"

#define QUEUE_MAX        8192U
#define BATCH_MAX        256U /* jobs in one transaction */
#define CHECKPOINT_PAGES 2000 /* 8 MiB of log */
#define BACKUP_PAGES     256  /* between two batches: 1 MiB, a few milliseconds */
#define RESERVE_BYTES    (8 << 20)
#define ROOM_AGAIN_BYTES (32ULL << 20)

struct queue {
	struct store_job *first, **last;
};

struct store {
	struct ev *ev;
	struct db writer;    /* the thread's */
	struct db reader;    /* the loop's */
	int dir, lock, wake; /* wake: eventfd, thread -> loop */
	struct ev_fd wake_fd;
	pthread_t thread;
	bool started;

	pthread_mutex_t mu; /* guards what follows */
	pthread_cond_t more;
	struct queue todo, done;
	unsigned waiting; /* not yet begun */
	unsigned pending; /* done not yet called */
	bool quit;
	struct store_backup *backup; /* wanted, or being made */
	struct store_backup *backed; /* done not yet called */
	struct store_stats stats;
};

static void queue_init(struct queue *q)
{
	*q = (struct queue){ .last = &q->first };
}

static void queue_push(struct queue *q, struct store_job *j)
{
	j->next_ = NULL;
	*q->last = j;
	q->last = &j->next_;
}

static struct store_job *queue_pop(struct queue *q)
{
	struct store_job *j = q->first;

	if (j) {
		q->first = j->next_;
		if (!q->first)
			q->last = &q->first;
		j->next_ = NULL;
	}
	return j;
}

/* --- the writer's thread --- */

/* PostgreSQL's rule: after a failed fsync nothing that the kernel says about
 * the file can be believed. The next start reads what really is on disk. */
static _Noreturn void die(struct db *db, int rc)
{
	log_event(
	    LOG_ERROR, "database_fatal", LZ("why", sqlite3_errstr(rc)), LI("code", rc),
	    LZ("what_to_do", "check the disk under the state directory; core starts again"));
	_exit(70);
}

static int command(struct db *db, const char *sql, struct err *err)
{
	int rc = sqlite3_exec(db->h, sql, NULL, NULL, NULL);

	if (db_is_fatal(rc))
		die(db, rc);
	return rc == SQLITE_OK ? 0 : db_err(db, rc, err);
}

/* False: there is no room for it. */
static bool reserve_make(struct store *st)
{
	int fd = openat(st->dir, "carrel.reserve", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return errno != ENOSPC;
	r = fallocate(fd, 0, 0, RESERVE_BYTES) < 0 ? errno : 0;
	if (r)
		(void)unlinkat(st->dir, "carrel.reserve", 0);
	(void)close(fd);
	return r != ENOSPC;
}

/* It is for stopping, deleting and the books. ext4 gives the blocks back when the
 * deletion is on disk, and not before. */
static void reserve_spend(struct store *st)
{
	(void)unlinkat(st->dir, "carrel.reserve", 0);
	(void)fsync(st->dir);
}

static void set_full(struct store *st, bool full)
{
	pthread_mutex_lock(&st->mu);
	if (st->stats.full != full)
		log_event(full ? LOG_ERROR : LOG_INFO, full ? "disk_full" : "disk_room_again",
		          LZ("what_to_do",
		             full ? "free space under the state directory" : "nothing"));
	st->stats.full = full;
	pthread_mutex_unlock(&st->mu);
}

/* Only the thread changes it, so it may look without the lock. */
static void look_for_room(struct store *st)
{
	struct statvfs v;

	if (st->stats.full && fstatvfs(st->dir, &v) == 0 &&
	    (uint64_t)v.f_bavail * v.f_frsize > ROOM_AGAIN_BYTES)
		set_full(st, !reserve_make(st));
}

/* SQLite has rolled the whole batch back by itself, as it does when the disk is
 * full. Of any other cause nothing can be said: nobody was told of the batch, and
 * the next start begins anew. */
static int undone(struct store *st, struct store_job *j)
{
	if (j->result != -ENOSPC) {
		log_err(LOG_ERROR, "database_job", &j->err);
		die(&st->writer, j->result == -ENOMEM ? SQLITE_NOMEM : SQLITE_IOERR);
	}
	return -ENOSPC;
}

/* One job in its savepoint. -ENOSPC goes up: the whole batch has to know. */
static int run_one(struct store *st, struct store_job *j)
{
	int r;

	if (!j->essential && st->stats.full) {
		j->result = ERR(&j->err, -ENOSPC, "The disk of the platform is full.");
		return 0;
	}
	r = command(&st->writer, "SAVEPOINT job", &j->err);
	if (r < 0) {
		j->result = r;
		return r == -ENOSPC ? r : 0;
	}
	j->result = j->run(&st->writer, j, &j->err);
	if (j->result < 0) {
		if (sqlite3_get_autocommit(st->writer.h))
			return undone(st, j);
		r = command(&st->writer, "ROLLBACK TO job", NULL);
		CHECK(r == 0);
	}
	r = command(&st->writer, "RELEASE job", NULL);
	CHECK(r == 0);
	return j->result == -ENOSPC ? -ENOSPC : 0;
}

static void fail_all(struct store_job *first, int r)
{
	for (struct store_job *j = first; j; j = j->next_)
		if (j->result == 0)
			j->result = ERR(&j->err, r, "The disk of the platform is full.");
}

/* One transaction around the batch; 0, or -ENOSPC and nothing was done. */
static int run_batch(struct store *st, struct store_job *first)
{
	struct err err = ERR_NONE;
	int r = command(&st->writer, "BEGIN IMMEDIATE", &err);

	st->writer.batch = r == 0;
	for (struct store_job *j = first; r == 0 && j; j = j->next_) {
		j->err = ERR_NONE;
		j->result = 0;
		r = run_one(st, j);
	}
	st->writer.batch = false;
	if (r == 0)
		r = command(&st->writer, "COMMIT", &err);
	if (r < 0 && !sqlite3_get_autocommit(st->writer.h))
		(void)command(&st->writer, "ROLLBACK", NULL);
	if (r < 0 && r != -ENOSPC) {
		log_err(LOG_ERROR, "database_commit", &err);
		die(&st->writer, SQLITE_INTERNAL);
	}
	return r;
}

static void checkpoint(struct store *st, int mode)
{
	int rc = sqlite3_wal_checkpoint_v2(st->writer.h, NULL, mode, NULL, NULL);

	if (db_is_fatal(rc))
		die(&st->writer, rc);
	st->writer.wal_pages = 0;
}

/* False: nothing is left to do, and nothing will be. */
static bool take_batch(struct store *st, struct store_job **ret, struct store_backup **backup)
{
	struct queue batch;
	struct store_job *j;
	unsigned n = 0;
	bool quit;

	queue_init(&batch);
	pthread_mutex_lock(&st->mu);
	while (!st->todo.first && !st->quit && !st->backup)
		pthread_cond_wait(&st->more, &st->mu);
	while (n < BATCH_MAX && (j = queue_pop(&st->todo)) != NULL) {
		queue_push(&batch, j);
		n++;
	}
	st->waiting -= n;
	quit = st->quit;
	*backup = st->backup;
	pthread_mutex_unlock(&st->mu);
	*ret = batch.first;
	return n > 0 || !quit;
}

static void give_back(struct store *st, struct store_job *first, uint64_t ns)
{
	struct store_job *next;
	uint64_t one = 1;

	pthread_mutex_lock(&st->mu);
	for (struct store_job *j = first; j; j = next) {
		next = j->next_;
		queue_push(&st->done, j);
		st->stats.jobs++;
		st->stats.refused += j->result < 0;
	}
	st->stats.commits++;
	st->stats.commit_ns += ns;
	pthread_mutex_unlock(&st->mu);
	if (write(st->wake, &one, sizeof(one)) < 0)
		CHECK(errno == EAGAIN); /* it is awake already */
}

/* The next pages of the backup, or its end. */
static void back_up(struct store *st, struct store_backup *b, struct copy *c)
{
	uint64_t one = 1;
	int r = 0;

	if (!c->run)
		r = copy_begin(&st->writer, b->path, c, &b->err);
	if (r == 0)
		r = copy_step(c, BACKUP_PAGES, &b->err);
	if (r > 0)
		return;
	b->result = r;
	pthread_mutex_lock(&st->mu);
	st->backup = NULL;
	st->backed = b;
	pthread_mutex_unlock(&st->mu);
	if (write(st->wake, &one, sizeof(one)) < 0)
		CHECK(errno == EAGAIN);
}

static void *writer_main(void *arg)
{
	struct store *st = arg;
	struct store_backup *backup;
	struct store_job *batch;
	struct copy copy = { 0 };

	while (take_batch(st, &batch, &backup)) {
		boot_ns since = time_boot_ns();
		int r;

		if (backup)
			back_up(st, backup, &copy);
		if (!batch)
			continue;
		look_for_room(st);
		r = run_batch(st, batch);
		if (r == -ENOSPC) {
			reserve_spend(st);
			set_full(st, true);
			r = run_batch(st, batch);
		}
		if (r < 0)
			fail_all(batch, r);
		give_back(st, batch, time_boot_ns() - since);
		if (st->writer.wal_pages > CHECKPOINT_PAGES) {
			checkpoint(st, SQLITE_CHECKPOINT_PASSIVE);
			st->stats.checkpoints++;
		}
	}
	copy_end(&copy);
	return NULL;
}

/* --- the loop's side --- */

static void on_wake(struct ev_fd *f, uint32_t events)
{
	struct store *st = CONTAINER_OF(f, struct store, wake_fd);
	struct store_job *j, *first;
	struct store_backup *backed;
	uint64_t n;

	if (read(st->wake, &n, sizeof(n)) < 0)
		return;
	pthread_mutex_lock(&st->mu);
	first = st->done.first;
	queue_init(&st->done);
	backed = STEAL(st->backed);
	pthread_mutex_unlock(&st->mu);
	if (backed)
		backed->done(backed);
	while ((j = first) != NULL) {
		first = j->next_;
		j->next_ = NULL;
		pthread_mutex_lock(&st->mu);
		st->pending--;
		pthread_mutex_unlock(&st->mu);
		j->done(j);
	}
}

unsigned store_pending(struct store *st)
{
	unsigned n;

	pthread_mutex_lock(&st->mu);
	n = st->pending;
	pthread_mutex_unlock(&st->mu);
	return n;
}

int store_submit(struct store *st, struct store_job *j)
{
	int r = 0;

	pthread_mutex_lock(&st->mu);
	/* Essential jobs come from the engine, in bounded number. */
	if (st->waiting >= QUEUE_MAX && !j->essential) {
		r = -EAGAIN;
	} else {
		queue_push(&st->todo, j);
		st->waiting++;
		st->pending++;
		pthread_cond_signal(&st->more);
	}
	pthread_mutex_unlock(&st->mu);
	return r;
}

int store_backup(struct store *st, struct store_backup *b)
{
	int r = 0;

	pthread_mutex_lock(&st->mu);
	if (st->backup || st->backed) {
		r = -EBUSY;
	} else {
		st->backup = b;
		pthread_cond_signal(&st->more);
	}
	pthread_mutex_unlock(&st->mu);
	return r;
}

struct db *store_reader(struct store *st)
{
	return &st->reader;
}

struct store_stats store_stats(struct store *st)
{
	struct store_stats s;

	pthread_mutex_lock(&st->mu);
	s = st->stats;
	s.waiting = st->waiting;
	pthread_mutex_unlock(&st->mu);
	return s;
}

static int open_dir(struct store *st, const char *dir, struct err *err)
{
	int r = file_mkdirs(dir, 0700, err);

	if (r < 0)
		return r;
	st->dir = open(dir, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	if (st->dir < 0)
		return ERR(err, -errno, "%s: %m", dir);
	st->lock = openat(st->dir, "carrel.lock", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	if (st->lock < 0)
		return ERR(err, -errno, "%s/carrel.lock: %m", dir);
	if (flock(st->lock, LOCK_EX | LOCK_NB) < 0)
		return ERR(err, -errno,
		           "%s is in use by another core (%m); stop that one first", dir);
	return 0;
}

static int open_all(struct store *st, const char *dir, struct err *err)
{
	char path[512];
	int r;

	r = open_dir(st, dir, err);
	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), "%s/carrel.db", dir);
	if (access(path, F_OK) < 0) /* SQLite would make it 0644 */
		own_close(&(int){ open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600) });
	r = db_open(path, DB_WRITER, &st->writer, err);
	if (r == 0)
		r = schema_migrate(&st->writer, err);
	if (r == 0)
		r = starts_open(st->dir, &st->writer, err);
	if (r == 0)
		r = db_open(path, DB_READER, &st->reader, err);
	if (r < 0)
		return r;
	set_full(st, !reserve_make(st));
	st->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (st->wake < 0)
		return ERR(err, -errno, "eventfd: %m");
	r = ev_fd_start(st->ev, &st->wake_fd, st->wake, EPOLLIN, on_wake, err);
	if (r < 0)
		return r;
	r = -pthread_create(&st->thread, NULL, writer_main, st);
	if (r < 0)
		return ERR(err, r, "no thread for the store's writer");
	st->started = true;
	return 0;
}

int store_open(struct ev *ev, const char *dir, struct store **ret, struct err *err)
{
	struct store *st = xcalloc(1, sizeof(*st));
	int r;

	st->ev = ev;
	st->dir = st->lock = st->wake = -1;
	queue_init(&st->todo);
	queue_init(&st->done);
	CHECK(pthread_mutex_init(&st->mu, NULL) == 0);
	CHECK(pthread_cond_init(&st->more, NULL) == 0);
	r = open_all(st, dir, err);
	if (r < 0) {
		store_close(st);
		return r;
	}
	*ret = st;
	return 0;
}

void store_close(struct store *st)
{
	if (!st)
		return;
	if (st->started) {
		pthread_mutex_lock(&st->mu);
		st->quit = true;
		pthread_cond_signal(&st->more);
		pthread_mutex_unlock(&st->mu);
		CHECK(pthread_join(st->thread, NULL) == 0);
	}
	ev_fd_stop(&st->wake_fd);
	own_close(&st->wake);
	db_close(&st->reader);
	if (st->writer.h)
		checkpoint(st, SQLITE_CHECKPOINT_TRUNCATE);
	starts_close(&st->writer);
	db_close(&st->writer);
	own_close(&st->lock);
	own_close(&st->dir);
	(void)pthread_mutex_destroy(&st->mu);
	(void)pthread_cond_destroy(&st->more);
	free(st);
}
