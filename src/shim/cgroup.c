/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "shim/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define FILE_MAX 65536

static bool has(const struct shim_cgroup *g, const char *controller)
{
	struct str list = str_of(g->controllers), one;

	while (str_split(&list, ',', &one))
		if (str_is(one, controller))
			return true;
	return false;
}

/* The folder of the hierarchy with this controller; NULL if there is none. */
static const struct shim_cgroup *find(const struct shim_conf *c, const char *controller)
{
	for (size_t i = 0; i < c->ncgroups; i++)
		if (has(&c->cgroup[i], controller))
			return &c->cgroup[i];
	return NULL;
}

static int open_in(const struct shim_cgroup *g, const char *file, int flags)
{
	char path[SHIM_PATH_MAX + 64];

	(void)snprintf(path, sizeof(path), "%s/%s", g->path, file);
	return open(path, flags | O_CLOEXEC);
}

PRINTF_LIKE(3, 4)
static int set(const struct shim_cgroup *g, const char *file, const char *fmt, ...)
{
	autoclose int fd = open_in(g, file, O_WRONLY);
	char text[64];
	va_list ap;
	int n;

	if (fd < 0)
		return -errno;
	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return write(fd, text, (size_t)n) < 0 ? -errno : 0;
}

/* Appends a file's text; kernel files tell their size only by their end. */
static bool slurp(const struct shim_cgroup *g, const char *file, struct buf *b)
{
	autoclose int fd = open_in(g, file, O_RDONLY);
	char chunk[4096];
	ssize_t n;

	if (fd < 0)
		return false;
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_put(b, chunk, (size_t)n);
	return n == 0 && buf_error(b) == 0;
}

/* A file with one number, or the number after `key ` in a file of lines. */
static uint64_t number(const struct shim_cgroup *g, const char *file, const char *key)
{
	struct buf b = BUF(FILE_MAX);
	struct str rest, line, name;
	uint64_t v = 0;

	if (g && slurp(g, file, &b)) {
		rest = buf_str(&b);
		while (str_split(&rest, '\n', &line)) {
			if (key && (!str_split(&line, ' ', &name) || !str_is(name, key)))
				continue;
			if (str_to_u64(str_trim(line), 0, UINT64_MAX, &v) < 0)
				v = 0;
			break;
		}
	}
	buf_fini(&b);
	return v;
}

static int limit_v1(const struct shim_conf *c, const struct shim_cgroup *g, struct err *err)
{
	int r = 0;

	if (has(g, "memory")) {
		r = set(g, "memory.limit_in_bytes", "%llu",
		        (unsigned long long)c->memory_bytes);
		/* Absent where the kernel does not account swap. */
		if (r == 0)
			(void)set(g, "memory.memsw.limit_in_bytes", "%llu",
			          (unsigned long long)c->memory_bytes);
	}
	if (r == 0 && has(g, "cpu")) {
		(void)set(g, "cpu.cfs_period_us", "100000");
		r = set(g, "cpu.cfs_quota_us", "%llu", c->cpu_milli * 100ULL);
		if (r == 0)
			(void)set(g, "cpu.shares", "%llu", c->cpu_milli * 1024ULL / 1000 + 2);
	}
	if (r == 0 && has(g, "pids"))
		r = set(g, "pids.max", "%u", c->pids);
	return r < 0 ? ERR(err, r, "can't set the limits in %s: %s", g->path, strerror(-r)) : 0;
}

static int limit_v2(const struct shim_conf *c, const struct shim_cgroup *g, struct err *err)
{
	uint64_t weight = c->cpu_milli / 10 + 1;
	int r = 0;

	if (has(g, "memory")) {
		r = set(g, "memory.max", "%llu", (unsigned long long)c->memory_bytes);
		if (r == 0)
			(void)set(g, "memory.swap.max", "0");
	}
	if (r == 0 && has(g, "cpu")) {
		r = set(g, "cpu.max", "%llu 100000", c->cpu_milli * 100ULL);
		if (r == 0)
			(void)set(g, "cpu.weight", "%llu",
			          (unsigned long long)(weight > 10000 ? 10000 : weight));
	}
	if (r == 0 && has(g, "pids"))
		r = set(g, "pids.max", "%u", c->pids);
	return r < 0 ? ERR(err, r, "can't set the limits in %s: %s", g->path, strerror(-r)) : 0;
}

int cgroups_make(const struct shim_conf *c, struct err *err)
{
	for (size_t i = 0; i < c->ncgroups; i++) {
		const struct shim_cgroup *g = &c->cgroup[i];
		int r;

		if (mkdir(g->path, 0755) < 0 && errno != EEXIST)
			return ERR(err, -errno, "can't make the cgroup %s: %m", g->path);
		r = g->version == 1 ? limit_v1(c, g, err) : limit_v2(c, g, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int cgroups_join(const struct shim_conf *c, pid_t pid, struct err *err)
{
	for (size_t i = 0; i < c->ncgroups; i++) {
		int r = set(&c->cgroup[i], "cgroup.procs", "%d", (int)pid);

		if (r < 0)
			return ERR(err, r, "can't join the cgroup %s: %s", c->cgroup[i].path,
			           strerror(-r));
	}
	return 0;
}

void cgroups_stats(const struct shim_conf *c, struct cgroup_stats *ret)
{
	const struct shim_cgroup *memory = find(c, "memory"), *pids = find(c, "pids");
	const struct shim_cgroup *cpuacct = find(c, "cpuacct"), *cpu = find(c, "cpu");
	uint64_t cache;

	memset(ret, 0, sizeof(*ret));
	if (cpuacct && cpuacct->version == 1)
		ret->cpu_ns = number(cpuacct, "cpuacct.usage", NULL);
	else
		ret->cpu_ns = number(cpu, "cpu.stat", "usage_usec") * 1000;
	ret->pids = (uint32_t)number(pids, "pids.current", NULL);
	if (memory && memory->version == 1) {
		ret->memory_bytes = number(memory, "memory.usage_in_bytes", NULL);
		cache = number(memory, "memory.stat", "total_inactive_file");
		ret->memory_peak_bytes = number(memory, "memory.max_usage_in_bytes", NULL);
		ret->oom_kills = (uint32_t)number(memory, "memory.oom_control", "oom_kill");
	} else {
		ret->memory_bytes = number(memory, "memory.current", NULL);
		cache = number(memory, "memory.stat", "inactive_file");
		ret->memory_peak_bytes = number(memory, "memory.peak", NULL);
		ret->oom_kills = (uint32_t)number(memory, "memory.events", "oom_kill");
	}
	if (ret->memory_peak_bytes < ret->memory_bytes)
		ret->memory_peak_bytes = ret->memory_bytes;
	ret->memory_bytes -= cache < ret->memory_bytes ? cache : ret->memory_bytes;
}

static size_t each_in(const struct shim_cgroup *g, cgroup_pid_fn *fn, void *arg)
{
	struct buf b = BUF(FILE_MAX * 16);
	struct str rest, line;
	size_t n = 0;
	uint64_t pid;

	(void)slurp(g, "cgroup.procs", &b);
	rest = buf_str(&b);
	while (str_split(&rest, '\n', &line)) {
		if (str_to_u64(line, 1, INT32_MAX, &pid) < 0)
			continue;
		n++;
		if (fn)
			fn((pid_t)pid, arg);
	}
	buf_fini(&b);
	return n;
}

size_t cgroups_each(const struct shim_conf *c, cgroup_pid_fn *fn, void *arg)
{
	return c->ncgroups ? each_in(&c->cgroup[0], fn, arg) : 0;
}

bool cgroups_empty(const struct shim_conf *c)
{
	for (size_t i = 0; i < c->ncgroups; i++)
		if (each_in(&c->cgroup[i], NULL, NULL) > 0)
			return false;
	return true;
}

void cgroups_freeze(const struct shim_conf *c, bool frozen)
{
	for (size_t i = 0; i < c->ncgroups; i++) {
		const struct shim_cgroup *g = &c->cgroup[i];

		if (g->version == 2)
			(void)set(g, "cgroup.freeze", "%d", frozen);
		else if (has(g, "freezer"))
			(void)set(g, "freezer.state", "%s", frozen ? "FROZEN" : "THAWED");
	}
}

/* Is the process still in our cgroup? Asked while a pidfd holds its number. */
static bool is_member(const struct shim_conf *c, pid_t pid)
{
	struct str path = str_of(c->cgroup[0].path), rest, line;
	struct shim_cgroup proc = { 0 };
	struct buf b = BUF(FILE_MAX);
	bool found = false;
	size_t slash = path.len;

	while (slash > 0 && path.ptr[slash - 1] != '/')
		slash--;
	(void)snprintf(proc.path, sizeof(proc.path), "/proc/%d", (int)pid);
	if (slurp(&proc, "cgroup", &b)) {
		rest = buf_str(&b);
		/* The last component is the session's own name, unique here. */
		while (str_split(&rest, '\n', &line))
			found |= str_ends(line, str_sub(path, slash - 1, path.len));
	}
	buf_fini(&b);
	return found;
}

struct signal_all {
	const struct shim_conf *c;
	pid_t but;
	int signo;
};

static void signal_one(pid_t pid, void *arg)
{
	const struct signal_all *s = arg;
	autoclose int fd = -1;

	if (pid == s->but)
		return;
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd >= 0 && is_member(s->c, pid))
		(void)syscall(SYS_pidfd_send_signal, fd, s->signo, NULL, 0);
}

void cgroups_kill(const struct shim_conf *c)
{
	struct signal_all all = { c, 0, SIGKILL };

	for (size_t i = 0; i < c->ncgroups; i++)
		if (c->cgroup[i].version != 2 || set(&c->cgroup[i], "cgroup.kill", "1") < 0)
			(void)each_in(&c->cgroup[i], signal_one, &all);
}

void cgroups_term(const struct shim_conf *c, pid_t but)
{
	struct signal_all all = { c, but, SIGTERM };

	(void)cgroups_each(c, signal_one, &all);
}

int cgroups_remove(const struct shim_conf *c)
{
	int r = 0;

	for (size_t i = 0; i < c->ncgroups; i++)
		if (rmdir(c->cgroup[i].path) < 0 && errno != ENOENT)
			r = -errno;
	return r;
}
