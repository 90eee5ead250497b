/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /carrel/activity: why the session counts as used, or does not, for
 * people: each kernel, terminal and process with a sentence. The same evidence
 * that the shim gets, and more of it. Asking is no activity.
 */
#define _GNU_SOURCE
#include <stdio.h>

#include "agent/call.h"
#include "agent/cpuwatch.h"
#include "agent/evidence.h"
#include "agent/kernel.h"
#include "agent/shimlink.h"
#include "agent/terms.h"

#define ANSWER_MAX (1U << 20)

static void put_span(struct buf *b, uint64_t s)
{
	if (s < 60)
		buf_printf(b, "%u s", (unsigned)s);
	else if (s < 3600)
		buf_printf(b, "%u min", (unsigned)(s / 60));
	else
		buf_printf(b, "%llu h %u min", (unsigned long long)(s / 3600),
		           (unsigned)(s / 60 % 60));
}

static uint64_t seconds_since(wall_us at)
{
	wall_us now = time_wall_us();

	return now > at ? (uint64_t)(now - at) / 1000000 : 0;
}

/* Both the thing's own sentence and, if it counts, one among the session's. */
struct report {
	struct jsonw w;
	struct buf why; /* sentences that speak for the session, as a JSON array */
	struct jsonw whys;
	unsigned active;
};

static void put_why(struct report *r, bool active, const char *subject, const struct buf *why)
{
	struct buf all = BUF(1024);

	jw_kv_bool(&r->w, "active", active);
	jw_kv_str(&r->w, "why", buf_str(why));
	if (!active)
		return;
	r->active++;
	buf_printf(&all, "%s %.*s", subject, STR_ARG(buf_str(why)));
	jw_str(&r->whys, buf_str(&all));
	buf_fini(&all);
}

static struct str path_of(const struct kernel *k)
{
	struct str root = str_of(k->a->cfg->root), path = str_of(k->path);

	if (path.ptr && str_starts(path, root))
		path = str_sub(path, root.len + 1, path.len);
	return path.ptr ? path : STR("");
}

static void explain_kernel(const struct kernel *k, struct buf *b)
{
	if (k->state == KERNEL_FAILED) {
		buf_printf(b, "has ended: %s", k->failure ? k->failure : "it did not start");
	} else if (k->state != KERNEL_READY) {
		buf_printf(b, "is %s", kernel_state_name(k->state));
	} else if (k->run.waiting) {
		buf_put_z(b, "waits on input(): nobody has answered yet");
	} else if (k->run.paused) {
		buf_put_z(b, "stands at a breakpoint: nobody has let it go on yet");
	} else if (buf_len(&k->run.parent)) {
		buf_put_z(b, "has been running a cell for ");
		put_span(b, seconds_since(k->run.since));
	} else if (k->nsub) {
		buf_put_z(b, "runs a request in a subshell");
	} else {
		buf_put_z(b, "has been idle for ");
		put_span(b, seconds_since(k->last_activity));
	}
}

static void put_kernel(struct report *r, const struct kernel *k)
{
	struct buf why = BUF(1024), subject = BUF(1024);
	struct str path = path_of(k);

	explain_kernel(k, &why);
	buf_printf(&subject, "The kernel of %.*s", STR_ARG(path.len ? path : str_of(k->name)));
	jw_obj(&r->w);
	jw_kv_z(&r->w, "id", k->id);
	jw_kv_z(&r->w, "name", k->name);
	jw_kv_str(&r->w, "path", path);
	jw_kv_z(&r->w, "execution_state", kernel_exec_name(k));
	jw_kv_time(&r->w, "last_activity", k->last_activity);
	jw_kv_u64(&r->w, "connections", kernel_connections(k));
	put_why(r, kernel_is_working(k), buf_cstr(&subject), &why);
	jw_obj_end(&r->w);
	buf_fini(&why);
	buf_fini(&subject);
}

static void on_term(const char *name, pid_t shell, pid_t foreground, void *arg)
{
	struct report *r = arg;
	struct buf why = BUF(256), subject = BUF(256);
	char job[JOB_MAX + 1];
	enum job_kind kind = job_in_foreground(shell, foreground, job);

	if (kind == JOB_RUNS)
		buf_printf(&why, "runs %s", job);
	else if (kind == JOB_WAITS)
		buf_printf(&why, "shows %s, which waits for its user", job);
	else
		buf_put_z(&why, "waits for a command");
	buf_printf(&subject, "Terminal %s", name);
	jw_obj(&r->w);
	jw_kv_z(&r->w, "name", name);
	jw_kv_z(&r->w, "job", job);
	put_why(r, kind == JOB_RUNS, buf_cstr(&subject), &why);
	jw_obj_end(&r->w);
	buf_fini(&why);
	buf_fini(&subject);
}

/* A kernel that works, and a terminal's job, have spoken for themselves. */
struct known {
	pid_t pid;
	bool found;
};

static void on_term_group(const char *name, pid_t shell, pid_t foreground, void *arg)
{
	struct known *k = arg;

	(void)name;
	if (foreground && foreground != shell && getpgid(k->pid) == foreground)
		k->found = true;
}

static bool is_known(struct agent *a, pid_t pid)
{
	struct known known = { .pid = pid };
	pid_t group = getpgid(pid);

	list_for_each (it, &a->kernels->all) {
		const struct kernel *k = CONTAINER_OF(it, struct kernel, node);

		if (k->pid && k->pid == group && kernel_is_working(k))
			return true;
	}
	terms_each(a, on_term_group, &known);
	return known.found;
}

static void put_background(struct report *r, struct agent *a)
{
	const struct cpu_job *job;
	size_t n = cpu_look(a, &job);

	jw_key(&r->w, "background");
	jw_arr(&r->w);
	for (size_t i = 0; i < n; i++) {
		struct buf why = BUF(256), subject = BUF(256);

		if (is_known(a, job[i].pid))
			continue;
		buf_printf(&why, "uses %u %% of a processor core", job[i].percent);
		buf_printf(&subject, "The process %s", job[i].command);
		jw_obj(&r->w);
		jw_kv_u64(&r->w, "pid", (uint64_t)job[i].pid);
		jw_kv_z(&r->w, "command", job[i].command);
		jw_kv_u64(&r->w, "cpu_percent", job[i].percent);
		put_why(r, true, buf_cstr(&subject), &why);
		jw_obj_end(&r->w);
		buf_fini(&why);
		buf_fini(&subject);
	}
	jw_arr_end(&r->w);
}

static void put_transfers(struct report *r, unsigned n)
{
	jw_kv_u64(&r->w, "transfers", n);
	if (!n)
		return;
	r->active += n;
	jw_z(&r->whys, n == 1 ? "An upload or download is in progress"
	                      : "Uploads or downloads are in progress");
}

static const struct {
	const char *word, *did;
} acts[ACT_MAX_] = {
	[ACT_START] = { "start", "a kernel or the session was started" },
	[ACT_OPEN] = { "open", "something was opened" },
	[ACT_SAVE] = { "save", "a file was saved or changed" },
	[ACT_RUN] = { "run", "a cell was run" },
	[ACT_TYPE] = { "type", "somebody typed" },
	[ACT_UPLOAD] = { "upload", "a file was uploaded" },
};

/* What the user did last; it speaks for the session only as its age does. */
static void put_user(struct report *r, const struct agent *a)
{
	uint64_t ago = seconds_since(a->activity.wall);
	struct buf why = BUF(256);

	buf_printf(&why, "%s ", acts[a->activity.what].did);
	put_span(&why, ago);
	buf_put_z(&why, " ago");
	jw_key(&r->w, "user");
	jw_obj(&r->w);
	jw_kv_z(&r->w, "what", acts[a->activity.what].word);
	jw_kv_time(&r->w, "at", a->activity.wall);
	jw_kv_u64(&r->w, "seconds_ago", ago);
	jw_kv_str(&r->w, "why", buf_str(&why));
	jw_obj_end(&r->w);
	if (!r->active) {
		struct buf all = BUF(512);

		buf_printf(&all, "Nothing runs; %.*s", STR_ARG(buf_str(&why)));
		jw_str(&r->whys, buf_str(&all));
		buf_fini(&all);
	}
	buf_fini(&why);
}

static void put_users(struct report *r, const struct agent *a)
{
	jw_key(&r->w, "users");
	jw_arr(&r->w);
	for (size_t i = 0; i < AGENT_USERS_MAX && a->activity.user[i].account[0]; i++) {
		const struct agent_user *u = &a->activity.user[i];
		struct buf why = BUF(256);

		buf_printf(&why, "%s ", acts[u->what].did);
		put_span(&why, seconds_since(u->at));
		buf_put_z(&why, " ago");
		jw_obj(&r->w);
		jw_kv_z(&r->w, "account", u->account);
		jw_kv_z(&r->w, "what", acts[u->what].word);
		jw_kv_time(&r->w, "at", u->at);
		jw_kv_str(&r->w, "why", buf_str(&why));
		jw_obj_end(&r->w);
		buf_fini(&why);
	}
	jw_arr_end(&r->w);
}

static void put_lists(struct report *r, struct agent *a)
{
	jw_key(&r->w, "kernels");
	jw_arr(&r->w);
	list_for_each (it, &a->kernels->all)
		put_kernel(r, CONTAINER_OF(it, struct kernel, node));
	jw_arr_end(&r->w);
	jw_key(&r->w, "terminals");
	jw_arr(&r->w);
	terms_each(a, on_term, r);
	jw_arr_end(&r->w);
	put_background(r, a);
	put_transfers(r, a->activity.transfers);
	put_user(r, a);
	put_users(r, a);
}

static boot_ns last_touch(const struct agent *a)
{
	boot_ns last = 0;

	for (int i = 0; i < ACT_MAX_; i++)
		last = a->activity.at[i] > last ? a->activity.at[i] : last;
	return last;
}

void evidence_get(struct call *c)
{
	struct buf b = BUF(ANSWER_MAX);
	struct report r = { .w = JSONW(&b) };
	boot_ns now = time_boot_ns(), last = last_touch(c->a);

	buf_init(&r.why, ANSWER_MAX / 2);
	r.whys = JSONW(&r.why);
	jw_arr(&r.whys);
	jw_obj(&r.w);
	put_lists(&r, c->a);
	jw_arr_end(&r.whys);
	jw_kv_bool(&r.w, "active", r.active > 0);
	jw_kv_u64(&r.w, "idle_seconds", r.active || now < last ? 0 : (now - last) / 1000000000);
	jw_kv_raw(&r.w, "why", buf_str(&r.why));
	shimlink_status(c->a, &r.w);
	jw_obj_end(&r.w);
	call_reply(c, 200, &b);
	buf_fini(&r.why);
	buf_fini(&b);
}
