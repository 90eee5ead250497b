/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* Debian 12's headers know only the first version; the running kernel tells
 * which it has, and what it does not know is left out. */
#define ABI_MAX     5
#define FS_V1       ((UINT64_C(1) << 13) - 1)
#define FS_REFER    (UINT64_C(1) << 13)
#define FS_TRUNCATE (UINT64_C(1) << 14)
#define FS_IOCTL    (UINT64_C(1) << 15)
#define NET_TCP     UINT64_C(3) /* bind, connect */

struct ruleset_attr {
	uint64_t fs, net;
};

static uint64_t fs_of(int abi)
{
	uint64_t fs = FS_V1;

	if (abi >= 2)
		fs |= FS_REFER;
	if (abi >= 3)
		fs |= FS_TRUNCATE;
	if (abi >= 5)
		fs |= FS_IOCTL;
	return fs;
}

static int allow(int ruleset, const char *path, uint64_t access, struct err *err)
{
	autoclose int fd = open(path, O_PATH | O_CLOEXEC);
	struct landlock_path_beneath_attr rule = { .allowed_access = access, .parent_fd = fd };

	if (fd < 0)
		return ERR(err, -errno, "landlock: open %s: %m", path);
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		return ERR(err, -errno, "landlock: rule for %s: %m", path);
	return 0;
}

int landlock_restrict(const char *const *folders, const char *const *readable, struct err *err)
{
	int abi =
	    (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct ruleset_attr attr = { 0 };
	autoclose int ruleset = -1;
	int r = 0;

	if (abi < 1)
		return ERR(err, -EOPNOTSUPP, "this kernel has no Landlock");
	if (abi > ABI_MAX)
		abi = ABI_MAX;
	attr.fs = fs_of(abi);
	attr.net = abi >= 4 ? NET_TCP : 0;
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr,
	                       abi >= 4 ? sizeof(attr) : sizeof(attr.fs), 0);
	if (ruleset < 0)
		return ERR(err, -errno, "landlock: rule set: %m");
	for (size_t i = 0; r == 0 && folders && folders[i]; i++)
		r = allow(ruleset, folders[i], attr.fs & ~(uint64_t)LANDLOCK_ACCESS_FS_EXECUTE,
		          err);
	for (size_t i = 0; r == 0 && readable && readable[i]; i++)
		r = allow(ruleset, readable[i], LANDLOCK_ACCESS_FS_READ_FILE, err);
	if (r < 0)
		return r;
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		return ERR(err, -errno, "landlock: %m");
	return 0;
}
