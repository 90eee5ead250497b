/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "engine/host.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/sysinfo.h>

#include "base/file.h"
#include "engine/proc.h"
#include "engine/slot.h"

#define FORWARD     "/proc/sys/net/ipv4/ip_forward"
#define SERVERS_MAX 3 /* as many as resolvers look at */

static bool read_text(const char *path, struct buf *b)
{
	buf_clear(b);
	return file_read(AT_FDCWD, path, b, NULL) == 0;
}

void host_parse_resolv(struct str text, struct buf *ret)
{
	unsigned n = 0;
	struct str line, word;
	uint32_t ip;

	while (n < SERVERS_MAX && str_split(&text, '\n', &line)) {
		if (!str_starts(line, STR("nameserver")))
			continue;
		word = str_sub(line, sizeof("nameserver") - 1, line.len);
		line = str_trim(word);
		if (line.len == word.len) /* no space between */
			continue;
		line = str_sub(line, 0, str_chr(line, ' ', 0));
		if (slot_parse_ip(line, &ip) < 0 || ip >> 24 == 127)
			continue;
		buf_printf(ret, "%s%.*s", n++ ? " " : "", STR_ARG(line));
	}
}

void host_dns(const char *configured, struct buf *ret)
{
	/* The second is systemd-resolved's list of what it asks itself. */
	static const char *const files[] = { "/etc/resolv.conf",
		                             "/run/systemd/resolve/resolv.conf" };
	struct buf b = BUF(65536);

	if (configured && configured[0])
		buf_put_z(ret, configured);
	for (size_t i = 0; i < ARRAY_LEN(files) && buf_len(ret) == 0; i++)
		if (read_text(files[i], &b))
			host_parse_resolv(buf_str(&b), ret);
	buf_fini(&b);
}

uint32_t host_mtu(void)
{
	struct buf b = BUF(1U << 20);
	struct str rest, line, iface, dest;
	char path[96] = "";
	uint64_t mtu = 0;

	if (read_text("/proc/net/route", &b)) {
		rest = buf_str(&b);
		while (!path[0] && str_split(&rest, '\n', &line))
			if (str_split(&line, '\t', &iface) && str_split(&line, '\t', &dest) &&
			    str_is(dest, "00000000") && iface.len < 16)
				(void)snprintf(path, sizeof(path), "/sys/class/net/%.*s/mtu",
				               STR_ARG(iface));
	}
	if (path[0] && read_text(path, &b) &&
	    str_to_u64(str_sub(buf_str(&b), 0, str_chr(buf_str(&b), '\n', 0)), 576, 65535,
	               &mtu) < 0)
		mtu = 0;
	buf_fini(&b);
	return (uint32_t)mtu;
}

int host_find_program(const char *name, char *ret, size_t n, struct err *err)
{
	struct str rest = STR("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
	           dir;

	if (name[0] == '/') {
		(void)snprintf(ret, n, "%s", name);
		if (access(ret, X_OK) == 0)
			return 0;
		return ERR(err, -errno, "can't run %s: %m", name);
	}
	while (str_split(&rest, ':', &dir)) {
		(void)snprintf(ret, n, "%.*s/%s", STR_ARG(dir), name);
		if (access(ret, X_OK) == 0)
			return 0;
	}
	return ERR(err, -ENOENT, "%s is not installed: `apt-get install %s`, or set its path",
	           name, name);
}

uint32_t host_cpu_milli(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) < 0 ? 1000
	                                                   : (uint32_t)CPU_COUNT(&set) * 1000;
}

uint64_t host_memory_bytes(void)
{
	struct sysinfo info;

	return sysinfo(&info) < 0 ? 0 : (uint64_t)info.totalram * info.mem_unit;
}

/* "GPU 0: Tesla T4 (UUID: GPU-…)": the model without its maker, as a class. */
static void class_of(struct str line, char ret[GPU_NAME_MAX])
{
	static const char *const makers[] = { "NVIDIA ", "Tesla ", "GeForce " };
	struct str model = str_sub(line, str_chr(line, ':', 0) + 1, str_chr(line, '(', 0));
	size_t n = 0;

	model = str_trim(model);
	for (size_t i = 0; i < ARRAY_LEN(makers); i++)
		if (str_starts(model, str_of(makers[i])))
			model = str_sub(model, strlen(makers[i]), model.len);
	for (size_t i = 0; i < model.len && n + 1 < GPU_NAME_MAX; i++) {
		char c = model.ptr[i];

		if (c >= 'A' && c <= 'Z')
			c |= 0x20;
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			ret[n++] = c;
		else if (n > 0 && ret[n - 1] != '-')
			ret[n++] = '-';
	}
	while (n > 0 && ret[n - 1] == '-')
		n--;
	ret[n] = '\0';
}

unsigned host_parse_gpus(struct str text, struct gpu ret[GPU_CLASSES_MAX])
{
	struct str line;
	unsigned n = 0, i;

	memset(ret, 0, GPU_CLASSES_MAX * sizeof(*ret));
	while (str_split(&text, '\n', &line)) {
		char class[GPU_NAME_MAX];

		if (!str_starts(line, STR("GPU ")))
			continue;
		class_of(line, class);
		for (i = 0; i < n && strcmp(ret[i].class, class) != 0; i++)
			;
		if (i == GPU_CLASSES_MAX || !class[0])
			continue;
		memcpy(ret[i].class, class, sizeof(class));
		ret[i].count++;
		n = i == n ? n + 1 : n;
	}
	return n;
}

unsigned host_gpus(const char *configured, struct gpu ret[GPU_CLASSES_MAX])
{
	/* A driver that hangs must not keep the engine from starting. */
	static const char *const ask[] = { "timeout", "10", "nvidia-smi", "-L", NULL };
	struct buf out = BUF(65536);
	char path[256];
	unsigned n = 0;

	if (configured && configured[0]) {
		if (gpus_parse(str_of(configured), ret, &n, NULL) < 0)
			n = 0; /* the configuration was checked before */
	} else if (host_find_program("nvidia-smi", path, sizeof(path), NULL) == 0 &&
	           proc_read(ask, &out, NULL) == 0) {
		n = host_parse_gpus(buf_str(&out), ret);
	}
	buf_fini(&out);
	return n;
}

void host_put_gpus(struct jsonw *w, const struct gpu *gpus, unsigned n)
{
	jw_arr(w);
	for (unsigned i = 0; i < n; i++) {
		jw_obj(w);
		jw_kv_z(w, "class", gpus[i].class);
		jw_kv_u64(w, "count", gpus[i].count);
		jw_obj_end(w);
	}
	jw_arr_end(w);
}

int host_forward(const char *note, struct err *err)
{
	struct buf b = BUF(64);
	autoclose int fd = -1;
	struct str old;
	int r = 0;

	if (!read_text(FORWARD, &b))
		r = ERR(err, -errno, "can't read " FORWARD ": %m");
	old = str_trim(str_sub(buf_str(&b), 0, str_chr(buf_str(&b), '\n', 0)));
	if (r == 0 && !str_is(old, "1")) {
		if (access(note, F_OK) < 0)
			r = file_write_atomic(AT_FDCWD, note, old, 0600, err);
		fd = open(FORWARD, O_WRONLY | O_CLOEXEC);
		if (r == 0 && (fd < 0 || write(fd, "1", 1) != 1))
			r = ERR(
			    err, -errno,
			    "can't turn on IPv4 forwarding: %m; sessions will have no network");
	}
	buf_fini(&b);
	return r;
}

void host_unforward(const char *note)
{
	struct buf b = BUF(64);
	autoclose int fd = -1;

	if (read_text(note, &b) && buf_len(&b) > 0) {
		fd = open(FORWARD, O_WRONLY | O_CLOEXEC);
		if (fd >= 0 && write(fd, buf_str(&b).ptr, buf_len(&b)) > 0)
			(void)unlink(note);
	}
	buf_fini(&b);
}
