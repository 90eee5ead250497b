/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/evidence.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "agent/cpuwatch.h"
#include "agent/kernels.h"
#include "agent/terms.h"
#include "base/file.h"

static struct str base_name(struct str path)
{
	for (size_t i = path.len; i > 0; i--)
		if (path.ptr[i - 1] == '/')
			return str_sub(path, i, path.len);
	return path;
}

/* The program's name, and how many words that are no options come with it. */
static struct str program_of(struct str argv, size_t *words)
{
	struct str prog = STR_NONE, rest = argv, arg;

	*words = 0;
	while (rest.len && str_split(&rest, '\0', &arg)) {
		if (*words == 0)
			prog = base_name(arg);
		else if (arg.len > 1 && arg.ptr[0] == '-' && !str_is(arg, "-c") &&
		         !str_is(arg, "-m"))
			continue; /* bash -l, python3 -q */
		++*words;
	}
	if (prog.len && prog.ptr[0] == '-') /* a login shell */
		prog = str_sub(prog, 1, prog.len);
	return prog;
}

bool job_is_viewer(struct str argv)
{
	/* With arguments these still wait for the user. */
	static const char *const viewers[] = { "top",    "htop", "btop",   "less",  "more",
		                               "man",    "vim",  "vi",     "view",  "vim.tiny",
		                               "nvim",   "nano", "pico",   "emacs", "mc",
		                               "watch",  "tmux", "screen", "nvtop", "glances",
		                               "ranger", "tig" };
	size_t words;
	struct str prog = program_of(argv, &words);

	for (size_t i = 0; i < ARRAY_LEN(viewers); i++)
		if (str_is(prog, viewers[i]))
			return true;
	return false;
}

bool job_is_interactive(struct str argv)
{
	/* These wait for the user without a script. */
	static const char *const shells[] = {
		"bash",    "sh",       "dash", "zsh",   "fish", "ksh", "python", "python3",
		"ipython", "ipython3", "R",    "julia", "node", "irb", "ghci",   "sqlite3",
		"psql",    "mysql",    "bc",   "gdb",   "pdb",  "su",  "ssh"
	};
	size_t words;
	struct str prog = program_of(argv, &words);

	if (job_is_viewer(argv))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(shells); i++)
		if (str_is(prog, shells[i]))
			return words <= 1 || str_is(prog, "ssh");
	/* python3.11 and the like */
	return str_starts(prog, STR("python3.")) && words <= 1;
}

void job_command(struct str argv, char ret[JOB_MAX + 1])
{
	size_t n = 0;

	for (size_t i = 0; i < argv.len && n < JOB_MAX; i++)
		ret[n++] = (char)(argv.ptr[i] ? argv.ptr[i] : ' ');
	while (n > 0 && ret[n - 1] == ' ')
		n--;
	ret[n] = '\0';
}

static void put_job(struct jsonw *w, const char *name, const char *job)
{
	jw_obj(w);
	jw_kv_z(w, "name", name);
	jw_kv_z(w, "job", job);
	jw_obj_end(w);
}

void job_read_argv(pid_t pid, struct buf *b)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	if (file_read(AT_FDCWD, path, b, NULL) < 0)
		buf_clear(b);
}

enum job_kind job_in_foreground(pid_t shell, pid_t foreground, char ret[JOB_MAX + 1])
{
	enum job_kind kind = JOB_PROMPT;
	struct buf argv = BUF(65536);

	ret[0] = '\0';
	if (!foreground || foreground == shell)
		return JOB_PROMPT;
	job_read_argv(foreground, &argv);
	if (buf_len(&argv)) {
		kind = job_is_interactive(buf_str(&argv)) ? JOB_WAITS : JOB_RUNS;
		job_command(buf_str(&argv), ret);
	}
	buf_fini(&argv);
	return kind;
}

struct jobs {
	struct jsonw w;
	unsigned n;
};

static void on_term(const char *name, pid_t shell, pid_t foreground, void *arg)
{
	char job[JOB_MAX + 1];
	struct jobs *j = arg;

	if (job_in_foreground(shell, foreground, job) == JOB_RUNS) {
		put_job(&j->w, name, job);
		j->n++;
	}
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
	const struct cpu_job *background;
	size_t n, njobs;

	jw_arr(&w);
	n = kernels_evidence(a, &w);
	jw_arr_end(&w);
	jw_arr(&jobs.w);
	terms_each(a, on_term, &jobs);
	njobs = cpu_look(a, &background);
	/* While something else speaks for the session, that is enough. */
	if (n || jobs.n || a->activity.transfers)
		njobs = 0;
	for (size_t i = 0; i < njobs; i++)
		put_job(&jobs.w, "background", background[i].command);
	jobs.n += (unsigned)njobs;
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
