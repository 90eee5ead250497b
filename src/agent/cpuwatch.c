/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/cpuwatch.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/file.h"

#define PROCS_MAX    512U
#define BUSY_PERCENT 5U
#define LOOK_NS      (4ULL * 1000000000)

struct proc {
	pid_t pid;
	uint64_t ticks;
};

struct cpu_watch {
	struct proc seen[PROCS_MAX];
	size_t n;
	boot_ns at;
	struct cpu_job job[CPU_JOBS_MAX];
	size_t njobs;
};

/* utime, stime, and those of children that were waited for, of
 * /proc/pid/stat, in clock ticks: a `make` computes by its children. */
static bool read_stat(pid_t pid, uint64_t *ticks)
{
	char path[64];
	struct buf b = BUF(4096);
	struct str s, part;
	uint64_t v, sum = 0;
	unsigned at = 2;
	bool ok = false;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (file_read(AT_FDCWD, path, &b, NULL) == 0) {
		s = buf_str(&b);
		/* The name stands in parentheses and may hold anything. */
		while (s.len && s.ptr[s.len - 1] != ')')
			s.len--;
		s = str_sub(buf_str(&b), s.len, buf_len(&b)); /* " R 1 …" */
		while (at <= 17 && str_split(&s, ' ', &part)) {
			if (at >= 14 && str_to_u64(part, 0, UINT64_MAX, &v) == 0) {
				sum += v;
				ok = at == 17;
			}
			at++;
		}
	}
	buf_fini(&b);
	*ticks = sum;
	return ok;
}

/* One that was not there yet has used nothing: to begin costs more than most
 * programs use afterwards. */
static uint64_t ticks_before(const struct cpu_watch *w, pid_t pid, uint64_t now)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->seen[i].pid == pid)
			return w->seen[i].ticks <= now ? w->seen[i].ticks : now;
	return now;
}

/* Keeps the hungriest. */
static void add_job(struct cpu_watch *w, pid_t pid, unsigned percent)
{
	struct cpu_job *j = &w->job[0];
	struct buf argv = BUF(65536);

	job_read_argv(pid, &argv);
	if (buf_len(&argv) && !job_is_viewer(buf_str(&argv))) {
		if (w->njobs < CPU_JOBS_MAX)
			j = &w->job[w->njobs++];
		else
			for (size_t i = 1; i < CPU_JOBS_MAX; i++)
				if (w->job[i].percent < j->percent)
					j = &w->job[i];
		if (percent > j->percent || !j->pid) {
			j->pid = pid;
			j->percent = percent;
			job_command(buf_str(&argv), j->command);
		}
	}
	buf_fini(&argv);
}

static void look(struct cpu_watch *w, DIR *d, boot_ns now)
{
	struct cpu_watch *next = xcalloc(1, sizeof(*next));
	uint64_t hz = (uint64_t)sysconf(_SC_CLK_TCK), pid, ticks, used;
	uint64_t ms = (now - w->at) / 1000000;
	struct dirent *e;

	while ((e = readdir(d)) && next->n < PROCS_MAX) {
		if (str_to_u64(str_of(e->d_name), 2, 1U << 30, &pid) < 0 ||
		    !read_stat((pid_t)pid, &ticks))
			continue;
		next->seen[next->n++] = (struct proc){ (pid_t)pid, ticks };
		used = ticks - ticks_before(w, (pid_t)pid, ticks);
		if (w->at && used * 100000 > ms * hz * BUSY_PERCENT)
			add_job(next, (pid_t)pid, (unsigned)(used * 100000 / (ms * hz)));
	}
	next->at = now;
	*w = *next;
	free(next);
}

size_t cpu_look(struct agent *a, const struct cpu_job **ret)
{
	boot_ns now = time_boot_ns();
	DIR *d;

	*ret = NULL;
	if (!a->cfg->session)
		return 0;
	if (!a->cpu)
		a->cpu = xcalloc(1, sizeof(*a->cpu));
	/* Too short a time says nothing. */
	if (!a->cpu->at || now - a->cpu->at >= LOOK_NS) {
		d = opendir("/proc");
		if (d) {
			look(a->cpu, d, now);
			(void)closedir(d);
		}
	}
	*ret = a->cpu->job;
	return a->cpu->njobs;
}
