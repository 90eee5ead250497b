/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "shim/rights.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/log.h"

int rights_drop(struct err *err)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	uint32_t keep = (1U << CAP_KILL) | (1U << CAP_DAC_OVERRIDE);
	struct __user_cap_data_struct data[2] = { { .effective = keep, .permitted = keep } };

	for (int cap = 0; cap <= 63; cap++)
		if (cap != CAP_KILL && cap != CAP_DAC_OVERRIDE)
			(void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_capset, &head, data) < 0)
		return ERR(err, -errno, "can't give up capabilities: %m");
	return 0;
}

void rights_no_oom_favour(void)
{
	autoclose int fd = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
	char sign;

	if (fd < 0 || read(fd, &sign, 1) != 1 || (sign == '-' && pwrite(fd, "0", 1, 0) != 1))
		log_event(LOG_WARN, "oom_score_kept", LI("errno", errno));
}
