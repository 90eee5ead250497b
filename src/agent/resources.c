/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/resources.h"

#include <fcntl.h>
#include <sys/statvfs.h>

#include "agent/shimlink.h"
#include "base/file.h"

#define FILE_MAX (256U << 10) /* /proc/stat of a host with many interrupts */
#define NO_LIMIT (1ULL << 60) /* v1 writes a huge number for "none" */

/* The number that stands alone in a file, or after the word `key` at the
 * beginning of a line; 0: there is none. */
static uint64_t number(int root, const char *path, const char *key)
{
	struct buf b = BUF(FILE_MAX);
	struct str rest, line, word;
	uint64_t v = 0;

	if (file_read(root, path, &b, NULL) == 0) {
		rest = buf_str(&b);
		while (str_split(&rest, '\n', &line)) {
			if (key && (!str_split(&line, ' ', &word) || !str_is(word, key)))
				continue;
			line = str_trim(line);
			line = str_sub(line, 0, str_chr(line, ' ', 0));
			if (str_to_u64(line, 0, UINT64_MAX, &v) < 0)
				v = 0;
			break;
		}
	}
	buf_fini(&b);
	return v;
}

static void less_cache(struct resources *r, uint64_t cache)
{
	r->memory_bytes -= cache < r->memory_bytes ? cache : 0;
}

/* A container's own cgroup, seen from within: true when it has a limit. */
static bool cgroup_memory(int root, struct resources *r)
{
	r->memory_limit_bytes = number(root, "sys/fs/cgroup/memory.max", NULL);
	if (r->memory_limit_bytes) {
		r->memory_bytes = number(root, "sys/fs/cgroup/memory.current", NULL);
		less_cache(r, number(root, "sys/fs/cgroup/memory.stat", "inactive_file"));
		return true;
	}
	r->memory_limit_bytes =
	    number(root, "sys/fs/cgroup/memory/memory.limit_in_bytes", NULL);
	if (!r->memory_limit_bytes || r->memory_limit_bytes >= NO_LIMIT)
		return false;
	r->memory_bytes = number(root, "sys/fs/cgroup/memory/memory.usage_in_bytes", NULL);
	less_cache(r, number(root, "sys/fs/cgroup/memory/memory.stat", "total_inactive_file"));
	return true;
}

static void host_memory(int root, struct resources *r)
{
	uint64_t total = number(root, "proc/meminfo", "MemTotal:");
	uint64_t left = number(root, "proc/meminfo", "MemAvailable:");

	r->memory_limit_bytes = total * 1024;
	r->memory_bytes = left < total ? (total - left) * 1024 : 0;
}

/* The first line of /proc/stat: user nice system idle iowait irq softirq steal,
 * in ticks. */
static void host_cpu(int root, struct resources *r)
{
	uint64_t hz = (uint64_t)sysconf(_SC_CLK_TCK), busy = 0, v;
	struct buf b = BUF(FILE_MAX);
	struct str rest, line, word;

	if (file_read(root, "proc/stat", &b, NULL) == 0) {
		rest = buf_str(&b);
		if (str_split(&rest, '\n', &line) && str_starts(line, STR("cpu "))) {
			line = str_trim(str_sub(line, 4, line.len));
			for (unsigned i = 0; i < 8 && str_split(&line, ' ', &word); i++)
				if (i != 3 && i != 4 &&
				    str_to_u64(word, 0, UINT64_MAX, &v) == 0)
					busy += v;
		}
		r->cpu_milli = 0;
		while (str_split(&rest, '\n', &line) && str_starts(line, STR("cpu")))
			r->cpu_milli += 1000;
	}
	r->cpu_ns = busy * (1000000000 / (hz ? hz : 100));
	buf_fini(&b);
}

void resources_read(int root, struct resources *r)
{
	uint64_t used_ns;

	*r = (struct resources){ 0 };
	host_cpu(root, r);
	if (!cgroup_memory(root, r)) {
		host_memory(root, r);
		return;
	}
	/* In a container with a limit, its own CPU time is what matters as well. */
	used_ns = number(root, "sys/fs/cgroup/cpu.stat", "usage_usec") * 1000;
	if (!used_ns)
		used_ns = number(root, "sys/fs/cgroup/cpuacct/cpuacct.usage", NULL);
	if (used_ns)
		r->cpu_ns = used_ns;
}

void resources_look(const struct agent *a, struct resources *ret)
{
	struct shim_usage u;
	struct statvfs fs;

	*ret = (struct resources){ 0 };
	if (a->cfg->session) {
		if (shimlink_usage(a, &u))
			*ret = (struct resources){ .cpu_ns = u.cpu_ns,
				                   .cpu_milli = u.cpu_milli,
				                   .at = u.at,
				                   .memory_bytes = u.memory_bytes,
				                   .memory_limit_bytes = u.memory_limit_bytes };
	} else {
		autoclose int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (root >= 0)
			resources_read(root, ret);
		ret->at = time_boot_ns();
	}
	if (fstatvfs(a->root_fd, &fs) == 0 && fs.f_blocks) {
		ret->disk_size_bytes = fs.f_blocks * fs.f_frsize;
		ret->disk_used_bytes = (fs.f_blocks - fs.f_bfree) * fs.f_frsize;
	}
}

static void put(struct jsonw *w, const char *key, uint64_t n)
{
	if (n)
		jw_kv_u64(w, key, n);
	else
		jw_kv_null(w, key);
}

void resources_put(const struct resources *r, struct jsonw *w)
{
	put(w, "cpu_ns", r->cpu_ns);
	put(w, "cpu_milli", r->cpu_milli);
	put(w, "measured_ns", r->at);
	put(w, "memory_bytes", r->memory_bytes);
	put(w, "memory_limit_bytes", r->memory_limit_bytes);
	put(w, "disk_used_bytes", r->disk_used_bytes);
	put(w, "disk_size_bytes", r->disk_size_bytes);
}
