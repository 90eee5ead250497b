/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/evidence.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "agent/kernels.h"
#include "agent/terms.h"
#include "base/file.h"

#define JOB_MAX      80U
#define PROCS_MAX    512U
#define BUSY_PERCENT 5U
#define LOOK_NS      (4ULL * 1000000000)

static struct str base_name(struct str path)
{
	for (size_t i = path.len; i > 0; i--)
		if (path.ptr[i - 1] == '/')
			return str_sub(path, i, path.len);
	return path;
}

bool job_is_interactive(struct str argv)
{
	/* With arguments these still wait for the user. */
	static const char *const always[] = { "top",    "htop", "btop",   "less",  "more",
		                              "man",    "vim",  "vi",     "view",  "vim.tiny",
		                              "nvim",   "nano", "pico",   "emacs", "mc",
		                              "watch",  "tmux", "screen", "nvtop", "glances",
		                              "ranger", "tig" };
	/* These do so without a script. */
	static const char *const shells[] = {
		"bash",    "sh",       "dash", "zsh",   "fish", "ksh", "python", "python3",
		"ipython", "ipython3", "R",    "julia", "node", "irb", "ghci",   "sqlite3",
		"psql",    "mysql",    "bc",   "gdb",   "pdb",  "su",  "ssh"
	};
	struct str prog = STR_NONE, rest = argv, arg;
	size_t words = 0;

	while (rest.len && str_split(&rest, '\0', &arg)) {
		if (words == 0)
			prog = base_name(arg);
		else if (arg.len && arg.ptr[0] == '-' && arg.len > 1 && !str_is(arg, "-c") &&
		         !str_is(arg, "-m"))
			continue; /* options: bash -l, python3 -q */
		words++;
	}
	if (prog.len && prog.ptr[0] == '-') /* a login shell */
		prog = str_sub(prog, 1, prog.len);
	for (size_t i = 0; i < ARRAY_LEN(always); i++)
		if (str_is(prog, always[i]))
			return true;
	for (size_t i = 0; i < ARRAY_LEN(shells); i++)
		if (str_is(prog, shells[i]))
			return words <= 1 || str_is(prog, "ssh");
	/* python3.11 and the like */
	return str_starts(prog, STR("python3.")) && words <= 1;
}

static void read_cmdline(pid_t pid, struct buf *b)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	if (file_read(AT_FDCWD, path, b, NULL) < 0)
		buf_clear(b);
}

/* "python train.py --epochs 3" */
static void put_job(struct jsonw *w, const char *name, struct str argv)
{
	char job[JOB_MAX + 1];
	size_t n = 0;

	for (size_t i = 0; i < argv.len && n < JOB_MAX; i++)
		job[n++] = (char)(argv.ptr[i] ? argv.ptr[i] : ' ');
	while (n > 0 && job[n - 1] == ' ')
		n--;
	job[n] = '\0';
	jw_obj(w);
	jw_kv_z(w, "name", name);
	jw_kv_z(w, "job", job);
	jw_obj_end(w);
}

struct jobs {
	struct jsonw w;
	unsigned n;
};

static void on_term(const char *name, pid_t shell, pid_t foreground, void *arg)
{
	struct jobs *j = arg;
	struct buf argv = BUF(65536);

	if (!foreground || foreground == shell)
		return;
	read_cmdline(foreground, &argv);
	if (buf_len(&argv) && !job_is_interactive(buf_str(&argv))) {
		put_job(&j->w, name, buf_str(&argv));
		j->n++;
	}
	buf_fini(&argv);
}

/* Programs in the background that compute: more than BUSY_PERCENT of a core
 * since the last look. */
struct proc {
	pid_t pid;
	uint64_t ticks;
};
struct cpu_watch {
	struct proc seen[PROCS_MAX];
	size_t n;
	boot_ns at;
};

/* utime + stime of /proc/pid/stat, in clock ticks. */
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
		while (str_split(&s, ' ', &part)) {
			if ((at == 14 || at == 15) &&
			    str_to_u64(part, 0, UINT64_MAX, &v) == 0) {
				sum += v;
				ok = at == 15;
			}
			if (++at > 15)
				break;
		}
	}
	buf_fini(&b);
	*ticks = sum;
	return ok;
}

static uint64_t ticks_before(const struct cpu_watch *w, pid_t pid, uint64_t now)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->seen[i].pid == pid)
			return w->seen[i].ticks <= now ? w->seen[i].ticks : now;
	return now;
}

static void put_background(struct jobs *j, pid_t pid)
{
	struct buf argv = BUF(65536);

	read_cmdline(pid, &argv);
	if (buf_len(&argv)) {
		put_job(&j->w, "background", buf_str(&argv));
		j->n++;
	}
	buf_fini(&argv);
}

static void look(struct cpu_watch *w, DIR *d, boot_ns now, struct jobs *j)
{
	struct cpu_watch *next = xcalloc(1, sizeof(*next));
	uint64_t hz = (uint64_t)sysconf(_SC_CLK_TCK), pid, ticks;
	uint64_t limit = (now - w->at) / 1000000 * hz * BUSY_PERCENT / 100000;
	struct dirent *e;

	while ((e = readdir(d)) && next->n < PROCS_MAX) {
		if (str_to_u64(str_of(e->d_name), 2, 1U << 30, &pid) < 0 ||
		    !read_stat((pid_t)pid, &ticks))
			continue;
		next->seen[next->n++] = (struct proc){ (pid_t)pid, ticks };
		if (j && ticks - ticks_before(w, (pid_t)pid, ticks) > limit)
			put_background(j, (pid_t)pid);
	}
	next->at = now;
	*w = *next;
	free(next);
}

/* j is NULL while something else speaks for the session already. */
static void background(struct agent *a, struct jobs *j)
{
	boot_ns now = time_boot_ns();
	bool first = !a->cpu;
	DIR *d;

	/* In a container all processes are the user's; elsewhere they are not ours. */
	if (!a->cfg->session)
		return;
	if (first)
		a->cpu = xcalloc(1, sizeof(*a->cpu));
	/* Too short a time says nothing. */
	if (!first && now - a->cpu->at < LOOK_NS)
		return;
	d = opendir("/proc");
	if (!d)
		return;
	look(a->cpu, d, now, first ? NULL : j);
	(void)closedir(d);
}

/* As many of the array's objects as fit into `room` bytes. */
static void put_some(struct buf *out, struct str array, size_t room)
{
	struct arena m = ARENA(1U << 20);
	struct json *j;
	bool first = true;

	buf_put_c(out, '[');
	if (json_parse(&m, array, NULL, &j, NULL) == 0) {
		json_for_each(it, j)
		{
			if (it->raw.len + 1 > room)
				break;
			room -= it->raw.len + 1;
			if (!first)
				buf_put_c(out, ',');
			first = false;
			buf_put_str(out, it->raw);
		}
	}
	buf_put_c(out, ']');
	arena_fini(&m);
}

static void put_last(struct agent *a, struct buf *json)
{
	static const char *const names[ACT_MAX_] = { "start", "open", "save",
		                                     "run",   "type", "upload" };
	char when[TIME_RFC3339_MAX];

	time_rfc3339(a->activity.wall, when);
	buf_printf(json, ",\"last\":{\"what\":\"%s\",\"at\":\"%s\"}}", names[a->activity.what],
	           when);
}

void evidence_collect(struct agent *a, struct evidence *ret, struct buf *json)
{
	struct buf busy = BUF(65536), terms = BUF(65536);
	struct jsonw w = JSONW(&busy);
	struct jobs jobs = { .w = JSONW(&terms) };
	size_t n;

	jw_arr(&w);
	n = kernels_evidence(a, &w);
	jw_arr_end(&w);
	jw_arr(&jobs.w);
	terms_each(a, on_term, &jobs);
	background(a, n || jobs.n || a->activity.transfers ? NULL : &jobs);
	jw_arr_end(&jobs.w);

	*ret = (struct evidence){ .busy = (unsigned)n + jobs.n + a->activity.transfers };
	for (int i = 0; i < ACT_MAX_; i++)
		if (a->activity.at[i] > ret->last_active)
			ret->last_active = a->activity.at[i];
	if (ret->busy)
		ret->last_active = time_boot_ns();
	buf_put_z(json, "{\"busy\":");
	put_some(json, buf_str(&busy), 560);
	buf_put_z(json, ",\"terminals\":");
	put_some(json, buf_str(&terms), 300);
	put_last(a, json);
	buf_fini(&busy);
	buf_fini(&terms);
}
