/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was frozen by an engine that died, in a session that died before the next
 * one came: nobody has a way into that file system any more, its loop device
 * stays, and with it the lock of the volume, until the host starts again. The
 * device itself is a way: mounted once more, it is the same file system.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "engine/local.h"
#include "engine/volume.h"

/* The file system of a device, mounted nowhere: it is in no namespace. */
static int open_device(const char *device)
{
	autoclose int fs = fsopen("ext4", FSOPEN_CLOEXEC);
	autoclose int mount = -1;

	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "source", device, 0) < 0 ||
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	mount = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	return mount < 0 ? -1 : openat(mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void thaw_device(const char *name, struct str image)
{
	char device[280];
	autoclose int fd = -1;

	(void)snprintf(device, sizeof(device), "/dev/%s", name);
	fd = open_device(device);
	if (fd >= 0 && ioctl(fd, FITHAW, 0) == 0)
		log_event(LOG_WARN, "left_volume_thawed", LS("image", image));
}

static bool is_on(const char *name, dev_t disk)
{
	struct loop_info64 info = { 0 };
	char device[280];
	autoclose int fd = -1;

	(void)snprintf(device, sizeof(device), "/dev/%s", name);
	fd = open(device, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && ioctl(fd, LOOP_GET_STATUS64, &info) == 0 && info.lo_device == disk;
}

/* The image of ours that this loop device shows, without the folder's name. It was
 * opened in a mount namespace that has gone: where the folder is on a disk of its
 * own, the kernel names only what is below that disk's root. */
static struct str image_of(const char *name, struct str folder, struct buf *b)
{
	char path[320];
	struct str image;
	size_t slash;

	(void)snprintf(path, sizeof(path), "/sys/block/%s/loop/backing_file", name);
	buf_clear(b);
	if (!str_starts(str_of(name), STR("loop")) || file_read(AT_FDCWD, path, b, NULL) < 0)
		return STR("");
	image = str_trim(buf_str(b));
	for (slash = image.len; slash > 0 && image.ptr[slash - 1] != '/'; slash--)
		;
	if (slash == 0 || !str_ends(folder, str_sub(image, 0, slash - 1)))
		return STR("");
	return str_sub(image, slash, image.len);
}

void thaw_left(struct local *l, bool (*held)(struct local *l, struct str image))
{
	char *folder = realpath(l->volumes, NULL);
	DIR *d = opendir("/sys/block");
	struct buf b = BUF(8192);
	struct stat st;

	if (stat(l->volumes, &st) < 0)
		st.st_dev = 0;
	for (struct dirent *e; folder && d && (e = readdir(d));) {
		struct str image = image_of(e->d_name, str_of(folder), &b);

		if (image.len > 0 && is_on(e->d_name, st.st_dev) && !held(l, image))
			thaw_device(e->d_name, image);
	}
	if (d)
		(void)closedir(d);
	buf_fini(&b);
	free(folder);
}
