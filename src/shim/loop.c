/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "shim/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/time.h"

#define BLOCK 4096 /* what the images are made with; some disks have no less */

static void pause_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	(void)nanosleep(&t, NULL);
}

static int open_device(int number, char path[32])
{
	int fd;

	(void)snprintf(path, 32, "/dev/loop%d", number);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) { /* a /dev that nobody fills */
		(void)mknod(path, S_IFBLK | 0600, makedev(7, (unsigned)number));
		fd = open(path, O_RDWR | O_CLOEXEC);
	}
	return fd;
}

static int attach(int image, char path[32], int *ret_fd, struct err *err)
{
	autoclose int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	struct loop_config lc = { .fd = (uint32_t)image, .block_size = BLOCK };

	if (control < 0)
		return ERR(err, -errno,
		           "can't open /dev/loop-control: %m; "
		           "volumes need the kernel's loop devices");
	lc.info.lo_flags = LO_FLAGS_AUTOCLEAR;
	for (unsigned tries = 0; tries < 200; tries++) {
		autoclose int fd = -1;
		int n = ioctl(control, LOOP_CTL_GET_FREE);

		if (n < 0)
			return ERR(err, -errno, "there is no free loop device: %m");
		fd = open_device(n, path);
		if (fd < 0)
			return ERR(err, -errno, "can't open %s: %m", path);
		if (ioctl(fd, LOOP_CONFIGURE, &lc) == 0) {
			*ret_fd = steal_fd(&fd);
			return 0;
		}
		if (errno != EBUSY) /* EBUSY: another was faster */
			return ERR(err, -errno, "can't set up %s: %m", path);
	}
	return ERR(err, -EBUSY, "no loop device could be had in 200 tries");
}

static int mount_image(int image, const char *name, const char *where, const char *options,
                       struct err *err)
{
	autoclose int device = -1;
	char path[32];
	int r = attach(image, path, &device, err);

	if (r < 0)
		return r;
	if (mount(path, where, "ext4", MS_NOSUID | MS_NODEV | MS_NOATIME, options) < 0)
		return ERR(err, -errno, "can't mount %s: %m; `e2fsck -f %s` may mend it", name,
		           name);
	return 0;
}

int loop_mount(const char *image, const char *where, unsigned wait_ms, struct err *err)
{
	autoclose int fd = open(image, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	mono_ms end = time_mono_ms() + wait_ms;

	if (fd < 0)
		return ERR(err, -errno, "can't open the volume %s: %m", image);
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return ERR(err, -errno, "can't lock the volume %s: %m", image);
		if (time_mono_ms() >= end)
			return ERR(err, -EBUSY,
			           "the volume is still in use by another session");
		pause_ms(10);
	}
	return mount_image(fd, image, where, "errors=remount-ro,nodiscard", err);
}

/* Only what is data: an empty file system of 2 GiB has 1 MB of it. */
static int copy_data(int from, int to, struct err *err)
{
	struct stat st;
	off_t at = 0;

	if (fstat(from, &st) < 0 || ftruncate(to, st.st_size) < 0)
		return ERR(err, -errno, "can't size the scratch image: %m");
	while ((at = lseek(from, at, SEEK_DATA)) >= 0) {
		off_t end = lseek(from, at, SEEK_HOLE), in = at, out = at;

		while (in < end) {
			ssize_t n = copy_file_range(from, &in, to, &out, (size_t)(end - in), 0);

			if (n <= 0)
				return ERR(err, n < 0 ? -errno : -EIO,
				           "can't copy the scratch image: %m");
		}
		at = end;
	}
	return errno == ENXIO ? 0 : ERR(err, -errno, "can't read the scratch image: %m");
}

int loop_mount_copy(const char *image, const char *name, const char *where, struct err *err)
{
	autoclose int from = open(image, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	autoclose int to = -1;
	int r;

	if (from < 0)
		return ERR(err, -errno, "can't open the scratch image %s: %m", image);
	(void)unlink(name);
	to = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (to < 0)
		return ERR(err, -errno, "can't make a scratch image: %m");
	(void)unlink(name);
	r = copy_data(from, to, err);
	if (r < 0)
		return r;
	return mount_image(to, image, where, "errors=remount-ro,nobarrier,discard", err);
}

bool loop_image_is_busy(const char *image)
{
	autoclose int fd = open(image, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}
