/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "shim/mountapi.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h> /* not with <sys/mount.h>: both define the same */
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static int open_tree(const char *path, unsigned flags)
{
	return (int)syscall(SYS_open_tree, AT_FDCWD, path, flags | OPEN_TREE_CLOEXEC);
}

static int move_mount(int tree, const char *to)
{
	return (int)syscall(SYS_move_mount, tree, "", AT_FDCWD, to, MOVE_MOUNT_F_EMPTY_PATH);
}

static int make_private(void)
{
	return (int)syscall(SYS_mount, NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

static bool same_root(const struct stat *a)
{
	struct stat b;

	return stat("/", &b) == 0 && a->st_dev == b.st_dev && a->st_ino == b.st_ino;
}

int mount_private_namespace(struct err *err)
{
	autoclose int tree = -1;
	autoclose int ns = -1;
	struct stat root;

	if (unshare(CLONE_NEWNS) < 0)
		return ERR(err, -errno, "can't make a mount namespace: %m");
	tree = open_tree("/", OPEN_TREE_CLONE | AT_RECURSIVE);
	ns = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (tree < 0 || ns < 0 || stat("/", &root) < 0)
		return ERR(err, -errno, "can't look at the root of the file system: %m");
	/* Entering the namespace we are in sets "/" to its real root. */
	if (setns(ns, CLONE_NEWNS) < 0 || make_private() < 0)
		return ERR(err, -errno, "can't make the mounts private: %m");
	if (same_root(&root))
		return 0;
	if (move_mount(tree, "/") < 0 || chroot(".") < 0 || chdir("/") < 0)
		return ERR(err, -errno, "can't leave the chroot: %m");
	/* "." still names what lies below the new mount: go through "..". */
	if (!same_root(&root) && (chdir("..") < 0 || chroot("..") < 0 || chdir("/") < 0))
		return ERR(err, -errno, "can't enter the chroot's tree: %m");
	if (!same_root(&root))
		return ERR(err, -EXDEV, "the chroot's tree did not become the root");
	return make_private() < 0 ? ERR(err, -errno, "can't make the mounts private: %m") : 0;
}

static int mount_shifted(const char *from, const char *to, int userns, uint64_t attrs,
                         struct err *err)
{
	struct mount_attr attr = {
		.attr_set = MOUNT_ATTR_IDMAP | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | attrs,
		.userns_fd = (uint64_t)userns,
	};
	autoclose int tree = open_tree(from, OPEN_TREE_CLONE);

	if (tree < 0)
		return ERR(err, -errno, "can't open %s: %m", from);
	if (syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return ERR(err, -errno,
		           "can't shift the owners of %s: %m; images must lie on ext4, xfs or "
		           "btrfs and the kernel be 5.19 or newer",
		           from);
	if (move_mount(tree, to) < 0)
		return ERR(err, -errno, "can't mount %s: %m", from);
	return 0;
}

int mount_idmapped(const char *from, const char *to, int userns, struct err *err)
{
	return mount_shifted(from, to, userns, MOUNT_ATTR_RDONLY, err);
}

int mount_idmapped_files(const char *from, const char *to, int userns, bool write,
                         struct err *err)
{
	uint64_t attrs = MOUNT_ATTR_NOEXEC | (write ? 0 : MOUNT_ATTR_RDONLY);

	return mount_shifted(from, to, userns, attrs, err);
}

static int write_map(pid_t pid, const char *file, uint32_t base, uint32_t count)
{
	char path[64], map[64];
	int n = snprintf(map, sizeof(map), "0 %u %u\n", base, count);
	autoclose int fd = -1;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd >= 0 && write(fd, map, (size_t)n) == n ? 0 : -errno;
}

int userns_open(uint32_t base, uint32_t count, int *ret_fd, struct err *err)
{
	autoclose int fd = -1;
	char path[64];
	/* Like fork(), in a new user namespace. */
	pid_t parent = getpid();
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, 0);
	int r;

	if (pid < 0)
		return ERR(err, -errno,
		           "can't make a user namespace: %m; see "
		           "/proc/sys/user/max_user_namespaces");
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (getppid() == parent) /* else it was killed before that */
			(void)pause();
		_exit(1);
	}
	r = write_map(pid, "uid_map", base, count);
	if (r == 0)
		r = write_map(pid, "gid_map", base, count);
	(void)snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (r == 0 && fd < 0)
		r = -errno;
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	if (r < 0)
		return ERR(err, r, "can't map %u ids from %u: %s", count, base, strerror(-r));
	*ret_fd = steal_fd(&fd);
	return 0;
}
