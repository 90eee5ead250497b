/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/landlock.h"

#define BIT(cap) (UINT64_C(1) << (cap))

uint64_t privileges_engine_caps(void)
{
	static const int caps[] = {
		CAP_SYS_ADMIN,  /* mounts, loop devices, namespaces */
		CAP_NET_ADMIN,  /* veth pairs, addresses, nftables */
		CAP_SYS_CHROOT, /* entering a mount namespace */
		CAP_SYS_PTRACE, /* /proc/PID/ns of a container's init */
		CAP_SETUID,       CAP_SETGID, CAP_SETFCAP, /* id maps that begin at 0 */
		CAP_SETPCAP,                               /* the runtime cuts bounding sets */
		CAP_CHOWN,        CAP_FOWNER, CAP_FSETID,  /* directories of sessions */
		CAP_DAC_OVERRIDE, /* what belongs to a session's root */
		CAP_MKNOD,        /* loop devices where /dev is static */
		CAP_KILL,         /* ending what runs in a session */
		CAP_SYS_RESOURCE, /* limits, where the host grants it */
	};
	uint64_t set = 0;

	for (size_t i = 0; i < ARRAY_LEN(caps); i++)
		set |= BIT(caps[i]);
	return set;
}

/* Under no_new_privs a program executed from here gets no more than what is
 * permitted here, root or not: so the parent keeps permitted what it does not
 * use. */
static int set_caps(uint64_t permitted, uint64_t effective, struct err *err)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	/* What this process itself was not given can't be kept. */
	if (syscall(SYS_capget, &head, data) < 0)
		return ERR(err, -errno, "capget: %m");
	for (unsigned i = 0; i < 2; i++) {
		data[i].permitted &= (uint32_t)(permitted >> (32 * i));
		data[i].effective = data[i].permitted & (uint32_t)(effective >> (32 * i));
		data[i].inheritable = 0;
	}
	if (syscall(SYS_capset, &head, data) < 0)
		return ERR(err, -errno, "capset: %m");
	return 0;
}

/* The bounding set: what a program that this one executes may get at most. */
static int cut_bounding(uint64_t caps, struct err *err)
{
	for (int cap = 0; cap < 64; cap++) {
		int has = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);

		if (has < 0)
			break; /* past the kernel's last one */
		if (has == 1 && !(caps & BIT(cap)) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return ERR(err, -errno, "dropping capability %d: %m", cap);
	}
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL)
		return ERR(err, -errno, "clearing ambient capabilities: %m");
	return 0;
}

static int set_limit(__rlimit_resource_t what, uint64_t value, const char *name,
                     struct err *err)
{
	struct rlimit had, want = { value, value };

	if (getrlimit(what, &had) < 0)
		return ERR(err, -errno, "getrlimit %s: %m", name);
	if (setrlimit(what, &want) == 0)
		return 0;
	/* More than our starter has, on a host that does not let root raise it. */
	if (errno != EPERM || had.rlim_max == RLIM_INFINITY || value <= had.rlim_max)
		return ERR(err, -errno, "setrlimit %s: %m", name);
	want.rlim_cur = want.rlim_max = had.rlim_max;
	if (setrlimit(what, &want) < 0)
		return ERR(err, -errno, "setrlimit %s: %m", name);
	return 0;
}

static int set_limits(const struct privileges *p, struct err *err)
{
	int r = set_limit(RLIMIT_CORE, 0, "core", err);

	if (r == 0 && p->files)
		r = set_limit(RLIMIT_NOFILE, p->files, "nofile", err);
	if (r == 0 && p->uid)
		r = set_limit(RLIMIT_NPROC, p->procs, "nproc", err);
#ifndef __SANITIZE_ADDRESS__ /* whose shadow is terabytes of address space */
	if (r == 0 && p->memory)
		r = set_limit(RLIMIT_AS, p->memory, "as", err);
#endif
	return r;
}

static int become(const struct privileges *p, struct err *err)
{
	if (p->root && (chroot(p->root) < 0 || chdir("/") < 0))
		return ERR(err, -errno, "chroot %s: %m", p->root);
	if (!p->uid)
		return set_caps(p->caps, p->effective, err);
	if (setgroups(0, NULL) < 0 || setresgid(p->uid, p->uid, p->uid) < 0 ||
	    setresuid(p->uid, p->uid, p->uid) < 0)
		return ERR(err, -errno, "becoming uid %d: %m", (int)p->uid);
	return set_caps(0, 0, err);
}

int privileges_drop(const struct privileges *p, struct err *err)
{
	struct err why = ERR_NONE;
	int r;

	r = set_limits(p, err);
	if (r == 0)
		r = cut_bounding(p->caps, err);
	if (r == 0)
		r = become(p, err);
	if (r < 0)
		return err_wrap(err, r, "%s", p->role);
	/* The change of uid has cleared what ties a role to its parent. */
	if (p->parent &&
	    (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != p->parent))
		return ERR(err, -EOWNERDEAD, "%s: the parent is gone", p->role);
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return ERR(err, -errno, "%s: prctl: %m", p->role);
	if (p->folders) {
		r = landlock_restrict(p->folders, p->readable, &why);
		/* One wall of several: old kernels do without. */
		if (r == -EOPNOTSUPP)
			log_err(LOG_WARN, "landlock", &why);
		else if (r < 0)
			return ERR(err, r, "%s: %s", p->role, why.msg);
	}
	return p->calls ? syscalls_apply(p->calls, p->mode, err) : 0;
}
