/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#include "base/file.h"
#include "cli/doctor.h"

#define CAP_SYS_ADMIN_BIT    21
#define CAP_SYS_RESOURCE_BIT 24

static void kernel_version(struct doctor *d)
{
	static const unsigned least[3] = { 5, 15, 0 };
	unsigned have[3];
	struct utsname u;

	if (uname(&u) < 0 || version_parse(str_of(u.release), have) < 0)
		doctor_add(d, "kernel", DOCTOR_WARN, NULL,
		           "the kernel does not say its version");
	else if (version_cmp(have, least) < 0)
		doctor_add(d, "kernel", DOCTOR_FAIL,
		           "install a newer kernel, for example linux-image-amd64 of Debian 12",
		           "kernel %s is older than 5.15", u.release);
	else
		doctor_add(d, "kernel", DOCTOR_OK, NULL, "kernel %s", u.release);
}

static void system_calls(struct doctor *d)
{
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = file_open_beneath(root, "proc", O_PATH | O_DIRECTORY, 0);
	long abi =
	    syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	if (fd < 0)
		doctor_add(d, "openat2", DOCTOR_FAIL,
		           "use kernel 5.6 or newer, and let a container runtime around us "
		           "permit openat2",
		           "the system call openat2 does not work");
	else
		doctor_add(d, "openat2", DOCTOR_OK, NULL, "openat2 works");
	own_close(&fd);
	own_close(&root);
	if (abi < 1)
		doctor_add(d, "landlock", DOCTOR_WARN,
		           "boot with lsm=landlock,… (see /sys/kernel/security/lsm)",
		           "Landlock is off: one fence less around the hub's processes");
	else
		doctor_add(d, "landlock", DOCTOR_OK, NULL, "Landlock, ABI %ld", abi);
}

/* One number of a file, or -1. */
static int64_t number_in(const char *path)
{
	struct buf b = BUF(256);
	int64_t v = -1;

	if (file_read(AT_FDCWD, path, &b, NULL) == 0) {
		struct str s = buf_str(&b);

		if (str_to_i64(str_sub(s, 0, str_chr(s, '\n', 0)), INT64_MIN, INT64_MAX, &v) <
		    0)
			v = -1;
	}
	buf_fini(&b);
	return v;
}

static void namespaces(struct doctor *d)
{
	int64_t n = number_in("/proc/sys/user/max_user_namespaces");

	if (access("/proc/self/ns/user", F_OK) < 0 || n == 0)
		doctor_add(d, "user-namespaces", DOCTOR_FAIL,
		           "sysctl -w user.max_user_namespaces=10000",
		           "user namespaces are off");
	else if (n > 0 && n < 100)
		doctor_add(d, "user-namespaces", DOCTOR_WARN,
		           "sysctl -w user.max_user_namespaces=10000",
		           "at most %lld user namespaces: one is needed for each session",
		           (long long)n);
	else
		doctor_add(d, "user-namespaces", DOCTOR_OK, NULL, "user namespaces");
}

/* The rest of the line that starts with `name`, trimmed. */
static struct str line_of(struct str text, const char *name)
{
	struct str line;

	while (str_split(&text, '\n', &line)) {
		if (str_starts(line, str_of(name)))
			return str_trim(str_sub(line, strlen(name), line.len));
	}
	return STR_NONE;
}

static void capabilities(struct doctor *d)
{
	struct buf b = BUF((size_t)64 * 1024);
	uint64_t caps = 0;

	if (file_read(AT_FDCWD, "/proc/self/status", &b, NULL) == 0) {
		struct str hex = line_of(buf_str(&b), "CapEff:");

		if (hex.len == 16) {
			for (size_t i = 0; i < 16; i++) {
				char c = hex.ptr[i];

				caps = caps << 4 |
				       (uint64_t)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
			}
		}
	}
	buf_fini(&b);
	if (geteuid() != 0 || !(caps >> CAP_SYS_ADMIN_BIT & 1))
		doctor_add(d, "root", DOCTOR_INFO, NULL,
		           "not run as root: what only root can see was left out");
	else if (!(caps >> CAP_SYS_RESOURCE_BIT & 1))
		doctor_add(
		    d, "cap-sys-resource", DOCTOR_INFO, NULL,
		    "root without CAP_SYS_RESOURCE: limits above the host's own are clamped");
}

static bool has_word(struct str text, const char *word)
{
	struct str part;

	while (str_split(&text, ' ', &part)) {
		if (str_is(part, word))
			return true;
	}
	return false;
}

static const char *const controllers[] = { "cpu", "memory", "pids" };

static void cgroup2(struct doctor *d, const char *path)
{
	struct buf b = BUF(4096);
	struct str text;

	if (file_read(AT_FDCWD, path, &b, NULL) < 0)
		buf_clear(&b);
	text = str_sub(buf_str(&b), 0, str_chr(buf_str(&b), '\n', 0));
	for (size_t i = 0; i < ARRAY_LEN(controllers); i++) {
		if (!has_word(text, controllers[i]))
			doctor_add(
			    d, "cgroup-controller", DOCTOR_FAIL,
			    "boot with cgroup_enable=memory; in a container, let it have "
			    "this controller",
			    "the cgroup controller %s is not there: its limit can't be set",
			    controllers[i]);
	}
	buf_fini(&b);
}

static void cgroup1(struct doctor *d)
{
	for (size_t i = 0; i < ARRAY_LEN(controllers); i++) {
		char path[64];

		(void)snprintf(path, sizeof(path), "/sys/fs/cgroup/%s", controllers[i]);
		if (access(path, F_OK) < 0)
			doctor_add(
			    d, "cgroup-controller", DOCTOR_FAIL,
			    "boot with cgroup_enable=memory",
			    "the cgroup controller %s is not mounted: its limit can't be set",
			    controllers[i]);
	}
}

static void cgroups(struct doctor *d)
{
	struct statfs fs;

	if (statfs("/sys/fs/cgroup", &fs) < 0) {
		doctor_add(d, "cgroups", DOCTOR_FAIL, "mount -t cgroup2 none /sys/fs/cgroup",
		           "no cgroups are mounted at /sys/fs/cgroup");
	} else if (fs.f_type == CGROUP2_SUPER_MAGIC) {
		doctor_add(d, "cgroups", DOCTOR_OK, NULL, "cgroups version 2");
		cgroup2(d, "/sys/fs/cgroup/cgroup.controllers");
	} else {
		doctor_add(d, "cgroups", DOCTOR_INFO, NULL, "cgroups version 1%s",
		           access("/sys/fs/cgroup/unified", F_OK) == 0 ? ", hybrid" : "");
		cgroup1(d);
	}
}

static void file_systems(struct doctor *d)
{
	static const char *const names[] = { "overlay", "ext4" };
	struct buf b = BUF((size_t)64 * 1024);

	if (file_read(AT_FDCWD, "/proc/filesystems", &b, NULL) < 0)
		buf_clear(&b);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct str text = buf_str(&b), line;
		bool there = false;

		while (str_split(&text, '\n', &line)) {
			size_t tab = str_chr(line, '\t', 0);

			there |= str_is(str_sub(line, tab + 1, line.len), names[i]);
		}
		if (there)
			doctor_add(d, names[i], DOCTOR_OK, NULL, "the kernel has %s", names[i]);
		else
			doctor_add(d, names[i], DOCTOR_WARN,
			           i ? "modprobe ext4" : "modprobe overlay",
			           "%s is not loaded (it may be a module)", names[i]);
	}
	buf_fini(&b);
}

static void loop_devices(struct doctor *d)
{
	if (access("/dev/loop-control", F_OK) == 0)
		doctor_add(d, "loop", DOCTOR_OK, NULL, "loop devices");
	else
		doctor_add(
		    d, "loop", DOCTOR_FAIL,
		    "modprobe loop; in a container, pass /dev/loop-control and loop devices in",
		    "there is no /dev/loop-control: volumes can't be attached");
}

void doctor_kernel(struct doctor *d)
{
	capabilities(d);
	kernel_version(d);
	system_calls(d);
	namespaces(d);
	cgroups(d);
	file_systems(d);
	loop_devices(d);
}
