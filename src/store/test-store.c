/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "store/store.h"

#include <errno.h>
#include <limits.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "store/accounts.h"
#include "test-db.h"

static struct ev *ev;
static struct err err;

struct add {
	struct store_job job;
	int n;
	bool fail;
	bool done;
};
static int left;

static int run_add(struct db *db, struct store_job *j, struct err *e)
{
	struct add *a = CONTAINER_OF(j, struct add, job);
	struct account acc = { .created = 1 };
	int r;

	(void)snprintf(acc.id, sizeof(acc.id), "a_%d", a->n);
	(void)snprintf(acc.email, sizeof(acc.email), "%d@x", a->n);
	memset(acc.name, 'x', 200);
	r = account_insert(db, &acc, e);
	if (r == 0 && a->fail)
		return ERR(e, -EDOM, "changed my mind");
	return r;
}

static void done_add(struct store_job *j)
{
	struct add *a = CONTAINER_OF(j, struct add, job);

	a->done = true;
	left--;
}

static void start(struct store **st)
{
	(void)test_db_path();
	T_EQ(ev_new(&ev, &err), 0);
	T_EQ(store_open(ev, test_dir, st, &err), 0);
}

static void finish(struct store *st)
{
	store_close(st);
	ev_free(ev);
}

static void wait_done(void)
{
	while (left > 0)
		T_EQ(ev_turn(ev, 5000, &err), 0);
}

static void groups_commits(void)
{
	static struct add jobs[500];
	struct account a;
	struct store *st;
	int before = open_fds();

	start(&st);
	for (int i = 0; i < 500; i++) {
		jobs[i] = (struct add){ .job = { .run = run_add, .done = done_add },
			                .n = i,
			                .fail = i % 5 == 0 };
		left++;
		T_EQ(store_submit(st, &jobs[i].job), 0);
	}
	wait_done();
	for (int i = 0; i < 500; i++) {
		char id[16];

		(void)snprintf(id, sizeof(id), "a_%d", i);
		T_EQ(jobs[i].job.result, i % 5 == 0 ? -EDOM : 0);
		/* The others of its transaction are not touched by a failure. */
		T_EQ(account_by_id(store_reader(st), str_of(id), &a), i % 5 != 0);
	}
	T_OK(store_stats(st).commits < 100);
	T_EQ(store_stats(st).jobs, 500);
	finish(st);
	T_EQ(open_fds(), before);
	test_db_remove();
}

/* Each commit alone: some 4,000 pages, were they never written back. */
static void log_stays_short(void)
{
	struct add job;
	struct store *st;
	struct stat wal;
	char path[PATH_MAX];

	start(&st);
	for (int i = 0; i < 1000; i++) {
		job = (struct add){ .job = { .run = run_add, .done = done_add }, .n = i };
		left++;
		T_EQ(store_submit(st, &job.job), 0);
		wait_done();
		T_EQ(job.job.result, 0);
	}
	T_OK(store_stats(st).checkpoints > 0);
	(void)snprintf(path, sizeof(path), "%s/carrel.db-wal", test_dir);
	T_EQ(stat(path, &wal), 0);
	T_OK(wal.st_size < 10 << 20);
	finish(st);
	test_db_remove();
}

static void one_core_only(void)
{
	struct store *st, *second = NULL;

	start(&st);
	T_OK(store_open(ev, test_dir, &second, &err) < 0);
	T_OK(strstr(err.msg, "in use by another core") != NULL);
	finish(st);
	test_db_remove();
}

/* What done was called for is there after kill -9, in every round. */
static void survives_kills(void)
{
	int acked[2];

	(void)test_db_path();
	T_EQ(ev_new(&ev, &err), 0);
	ev_free(ev);
	for (int round = 0; round < 15; round++) {
		int highest = -1, n;
		struct store *st;
		struct account a;
		pid_t pid;

		T_EQ(pipe(acked), 0);
		pid = fork();
		T_OK(pid >= 0);
		if (pid == 0) {
			start(&st);
			for (int i = 0;; i++) {
				struct add job = { .job = { .run = run_add, .done = done_add },
					           .n = round * 100000 + i };

				left = 1;
				if (store_submit(st, &job.job) < 0)
					_exit(1);
				wait_done();
				if (job.job.result < 0)
					_exit(2);
				n = round * 100000 + i;
				if (write(acked[1], &n, sizeof(n)) < 0)
					_exit(3);
			}
		}
		close(acked[1]);
		for (int i = 0; i < 20 + round * 7; i++)
			T_EQ(read(acked[0], &highest, sizeof(highest)), sizeof(highest));
		kill(pid, SIGKILL);
		T_EQ(waitpid(pid, NULL, 0), pid);
		while (read(acked[0], &n, sizeof(n)) == (ssize_t)sizeof(n))
			highest = n;
		close(acked[0]);
		start(&st);
		for (int i = round * 100000; i <= highest; i++) {
			char id[24];

			(void)snprintf(id, sizeof(id), "a_%d", i);
			T_EQ(account_by_id(store_reader(st), str_of(id), &a), 1);
		}
		finish(st);
	}
	test_db_remove();
}

/* As if memory had ended in a statement, and somebody went on regardless. */
static int run_regardless(struct db *db, struct store_job *j, struct err *e)
{
	(void)db_script(db, "ROLLBACK", e);
	return run_add(db, j, e);
}

static void half_a_batch_is_none(void)
{
	struct store *st;
	struct account a;
	int status = 0;
	pid_t pid;

	(void)test_db_path();
	T_EQ(ev_new(&ev, &err), 0);
	ev_free(ev);
	pid = fork();
	T_OK(pid >= 0);
	if (pid == 0) {
		struct add job = { .job = { .run = run_regardless, .done = done_add }, .n = 7 };

		start(&st);
		left = 1;
		if (store_submit(st, &job.job) < 0)
			_exit(1);
		wait_done();
		_exit(2);
	}
	T_EQ(waitpid(pid, &status, 0), pid);
	T_EQ(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 70);
	start(&st);
	T_EQ(account_by_id(store_reader(st), STR("a_7"), &a), 0);
	finish(st);
	test_db_remove();
}

/* On a full disk only what is essential goes on, from the reserve. */
static void full_disk(void)
{
	struct add job;
	struct store *st;
	int refused = 0, n = 0;

	(void)test_db_path();
	if (mount("tmpfs", test_dir, "tmpfs", 0, "size=12m") < 0) {
		printf("# not root: no small file system to fill\n");
		test_db_remove();
		return;
	}
	start(&st);
	while (!refused && n < 200000) {
		job = (struct add){ .job = { .run = run_add, .done = done_add }, .n = n++ };
		left = 1;
		T_EQ(store_submit(st, &job.job), 0);
		wait_done();
		refused = job.job.result == -ENOSPC;
		if (!refused)
			T_EQ(job.job.result, 0);
		if (n == 1) { /* most of the room goes to somebody else */
			char path[128];
			FILE *f;

			(void)snprintf(path, sizeof(path), "%s/other", test_dir);
			f = fopen(path, "w");
			T_OK(f != NULL);
			for (int i = 0; i < 3 * 1024; i++)
				(void)fwrite(test_dir, 1, 64, f), (void)fseek(f, 960, SEEK_CUR);
			fclose(f);
		}
	}
	T_EQ(refused, 1);
	T_EQ(store_stats(st).full, true);
	for (int i = 0; i < 50; i++) {
		job = (struct add){
			.job = { .run = run_add, .done = done_add, .essential = true }, .n = n++
		};
		left = 1;
		T_EQ(store_submit(st, &job.job), 0);
		wait_done();
		T_EQ(job.job.result, 0);
	}
	finish(st);
	T_EQ(umount2(test_dir, MNT_DETACH), 0);
	test_db_remove();
}

TEST_MAIN({ "what waits shares a commit; a failed job undoes only itself", groups_commits },
          { "the log is written back and begins anew", log_stays_short },
          { "a second core is kept out", one_core_only },
          { "what was acknowledged is there after kill -9", survives_kills },
          { "what is left of a batch is not written", half_a_batch_is_none },
          { "a full disk refuses the ordinary and keeps the essential", full_disk })
