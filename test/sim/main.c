/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim-core SEED [options]: core as it is, days of it in seconds, from one
 * seed. Each seed runs in a process of its own, so that one that aborts is a
 * finding and not the end. The last line has the figures; the exit status is
 * 1 when anything was violated.
 *
 *   --days N      how long (3)           --people N   how many (8)
 *   --seeds N     from SEED on (1)       --repeat N   each seed, same hash (1)
 *   --calm        nothing goes wrong     --bug NAME   plants a mistake
 *   --keep DIR    store and journals of the end stay there
 *   --log FILE    what core says         --verbose    what happens
 *   --bugs        plants each of them, which has to be found
 *   --tap         says it as the test harness wants it
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "ask.h"
#include "auth/secret.h"
#include "base/file.h"
#include "base/log.h"
#include "host.h"
#include "platform.h"

struct options options = { .seeds = 1, .days = 3, .people = 8, .repeat = 1 };

struct outcome {
	uint64_t hash, steps, session_ms, starts, answered, lost;
	unsigned violations[INV_MAX_], total, kills, restarts, boots, idle, max, other,
	    estimated;
};

static void simulate(const char *dir, struct outcome *ret)
{
	bool never = false;

	world_init(options.seed);
	world.verbose = options.verbose;
	CHECK(platform_begin(dir));
	people_begin(options.people);
	platform_run(world.now + options.days * DAY_NS, &never);
	/* The end: all stop, all is well, nothing may be left. */
	platform_calm();
	people_stop();
	platform_run(world.now + 30 * MIN_NS, &never);
	check_now();
	platform_end();
	check_end();
	if (options.keep)
		check_keep(dir);
	*ret = (struct outcome){ .hash = world.hash,
		                 .steps = world.steps,
		                 .session_ms = host.session_ms,
		                 .starts = host.starts,
		                 .answered = asks_answered,
		                 .lost = asks_lost,
		                 .total = world.total,
		                 .kills = platform_kills,
		                 .restarts = platform_restarts,
		                 .boots = world.boots,
		                 .idle = host.stopped_idle,
		                 .max = host.stopped_max,
		                 .other = host.stopped_other,
		                 .estimated = host.estimated };
	memcpy(ret->violations, world.violations, sizeof(ret->violations));
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	return remove(path);
}

static void remove_all(const char *dir)
{
	(void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* What core says goes to a file of its own; what we say, where it went. */
static void quiet(const char *dir)
{
	char path[340];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/core.log", dir);
	fd = open(options.log ? options.log : path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
	          0600);
	CHECK(fd >= 0);
	world_say = fdopen(fcntl(options.bugs ? fd : 2, F_DUPFD_CLOEXEC, 901), "w");
	CHECK(world_say && dup2(fd, 2) == 2);
	(void)close(fd);
	(void)setvbuf(world_say, NULL, _IOLBF, 0);
}

/* Its last words, when it died. */
static void show_log(const char *dir)
{
	char path[400];
	struct buf b = BUF(1 << 20);
	struct str text;

	(void)snprintf(path, sizeof(path), "%s/core.log", dir);
	if (file_read(-1, options.log ? options.log : path, &b, NULL) == 0) {
		text = buf_str(&b);
		text = str_sub(text, text.len > 3000 ? text.len - 3000 : 0, text.len);
		(void)fprintf(stderr, "%.*s", STR_ARG(text));
	}
	buf_fini(&b);
}

/* One seed in a child; 0, or what it died of. */
static int run_one(struct outcome *ret)
{
	char dir[300];
	int ends[2], status = 0;
	ssize_t n;
	pid_t pid;

	(void)snprintf(dir, sizeof(dir), "%s/sim-%d", options.keep ? options.keep : "/dev/shm",
	               (int)getpid());
	remove_all(dir);
	CHECK(mkdir(dir, 0700) == 0 && pipe2(ends, O_CLOEXEC) == 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		ends[1] = fcntl(ends[1], F_DUPFD_CLOEXEC, 900);
		quiet(dir);
		simulate(dir, ret);
		_exit(write(ends[1], ret, sizeof(*ret)) != sizeof(*ret));
	}
	(void)close(ends[1]);
	n = read(ends[0], ret, sizeof(*ret));
	(void)close(ends[0]);
	CHECK(waitpid(pid, &status, 0) == pid);
	if (!options.bugs && (status != 0 || n != sizeof(*ret)))
		show_log(dir);
	if (!options.keep)
		remove_all(dir);
	return n == sizeof(*ret) && status == 0 ? 0 : status ? status : -1;
}

static void add(struct outcome *sum, const struct outcome *o)
{
	sum->steps += o->steps;
	sum->session_ms += o->session_ms;
	sum->starts += o->starts;
	sum->answered += o->answered;
	sum->lost += o->lost;
	sum->total += o->total;
	sum->kills += o->kills;
	sum->restarts += o->restarts;
	sum->boots += o->boots;
	sum->idle += o->idle;
	sum->max += o->max;
	sum->other += o->other;
	sum->estimated += o->estimated;
	for (int i = 0; i < INV_MAX_; i++)
		sum->violations[i] += o->violations[i];
}

static unsigned long long nth;

static unsigned run_seed(struct outcome *sum)
{
	struct outcome first = { 0 }, o;
	unsigned bad = 0;

	for (unsigned i = 0; i < options.repeat; i++) {
		int r = run_one(&o);

		if (r != 0) {
			(void)printf("%sseed %llu died (wait status %d)\n",
			             options.tap ? "not ok - " : "",
			             (unsigned long long)options.seed, r);
			return 1;
		}
		if (i > 0 && o.hash != first.hash) {
			(void)printf("# seed %llu does not repeat: %016llx, %016llx\n",
			             (unsigned long long)options.seed,
			             (unsigned long long)first.hash,
			             (unsigned long long)o.hash);
			bad++;
		}
		first = i ? first : o;
		add(sum, &o);
	}
	if (options.tap)
		(void)printf("%s %llu - ", bad + first.total ? "not ok" : "ok", ++nth);
	(void)printf(
	    "seed %llu hash %016llx days %u starts %llu kills %u reboots %u violations %u\n",
	    (unsigned long long)options.seed, (unsigned long long)first.hash, options.days,
	    (unsigned long long)first.starts, first.kills, first.boots, first.total);
	(void)fflush(stdout);
	return bad + first.total;
}

static bool number(const char *text, uint64_t *ret)
{
	return text && str_to_u64(str_of(text), 0, UINT64_MAX, ret) == 0;
}

static bool read_options(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *a = argv[i], *next = i + 1 < argc ? argv[i + 1] : NULL;
		uint64_t v = 0;

		if (number(a, &options.seed))
			continue;
		if (strcmp(a, "--calm") == 0) {
			options.calm = true;
			continue;
		}
		if (strcmp(a, "--bugs") == 0 || strcmp(a, "--tap") == 0) {
			options.bugs |= a[2] == 'b';
			options.tap |= a[2] == 't';
			continue;
		}
		if (strcmp(a, "--verbose") == 0) {
			options.verbose = true;
			continue;
		}
		if (!next)
			return false;
		i++;
		if (strcmp(a, "--bug") == 0)
			options.bug = next;
		else if (strcmp(a, "--keep") == 0)
			options.keep = next;
		else if (strcmp(a, "--log") == 0)
			options.log = next;
		else if (!number(next, &v))
			return false;
		else if (strcmp(a, "--days") == 0)
			options.days = (unsigned)v;
		else if (strcmp(a, "--people") == 0)
			options.people = (unsigned)v;
		else if (strcmp(a, "--seeds") == 0)
			options.seeds = v;
		else if (strcmp(a, "--repeat") == 0)
			options.repeat = (unsigned)v;
		else
			return false;
	}
	return argc > 1;
}

/* A seed finds the rarest of them one time in seven: with so many a miss is none of bad luck. */
#define BUG_SEEDS 60

/* Every planted mistake, until a seed finds it. */
static unsigned find_bugs(void)
{
	const uint64_t seed = options.seed;
	unsigned missed = 0;

	options.people = 8;
	for (size_t i = 0; i < nplanted; i++) {
		bool found = false;

		options.bug = planted[i].name;
		options.days = planted[i].days ? planted[i].days : 1;
		for (options.seed = seed; !found && options.seed < seed + BUG_SEEDS;
		     options.seed++) {
			struct outcome o = { 0 };

			found = run_one(&o) != 0 ? planted[i].found_as == INV_ANSWERS
			                         : o.violations[planted[i].found_as] > 0;
		}
		(void)printf("%s%s %zu - the mistake %s is found as %s by seed %llu\n",
		             found ? "" : "not ", "ok", i + 1, planted[i].name,
		             invariant_name(planted[i].found_as),
		             (unsigned long long)options.seed - 1);
		(void)fflush(stdout);
		missed += !found;
	}
	(void)printf("1..%zu\n", nplanted);
	return missed;
}

int main(int argc, char **argv)
{
	struct outcome sum = { 0 };
	unsigned bad = 0;

	if (!read_options(argc, argv)) {
		(void)fputs(
		    "usage: sim-core SEED [--days N] [--people N] [--seeds N] [--repeat N]"
		    " [--calm] [--bug NAME] [--keep DIR] [--log FILE] [--verbose]\n",
		    stderr);
		return 2;
	}
	log_init("sim", options.log ? LOG_INFO : LOG_ERROR);
	if (options.bugs)
		return find_bugs() != 0;
	for (uint64_t end = options.seed + options.seeds; options.seed < end; options.seed++)
		bad += run_seed(&sum);
	if (options.tap)
		(void)printf("1..%llu\n", nth);
	for (int i = 0; i < INV_MAX_; i++)
		if (sum.violations[i])
			(void)printf("# violated %s %u\n", invariant_name((enum invariant)i),
			             sum.violations[i]);
	(void)printf(
	    "# session-days %.1f steps %llu starts %llu answers %llu lost %llu kills %u"
	    " restarts %u reboots %u stops-idle %u stops-max %u stops-other %u"
	    " estimated %u violations %u\n",
	    (double)sum.session_ms / (double)(DAY_NS / MS_NS), (unsigned long long)sum.steps,
	    (unsigned long long)sum.starts, (unsigned long long)sum.answered,
	    (unsigned long long)sum.lost, sum.kills, sum.restarts, sum.boots, sum.idle, sum.max,
	    sum.other, sum.estimated, bad);
	return bad != 0;
}
