/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each process keeps (ARCHITECTURE.md, "Processes"). A role calls
 * privileges_drop() once, when it holds the descriptors it was given and
 * before it reads the first byte from anybody. There is no way back.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "daemon/syscalls.h"

struct privileges {
	const char *role;
	pid_t parent;       /* whose end is this process's end; 0: nobody's */
	uid_t uid;          /* uid and gid; 0: stays root */
	uint64_t caps;      /* bounding and permitted; bits as in linux/capability.h */
	uint64_t effective; /* what of them it uses itself; a uid that is not root has none */
	const char *root;   /* chroot there; NULL: not */
	/* Landlock: these folders (NULL-terminated array) and nothing else of
	 * the file system may be opened, no TCP port used; NULL: no Landlock. */
	const char *const *folders;
	const char *const *readable; /* further files, to read only; NULL: none */
	uint64_t files;              /* RLIMIT_NOFILE, cut to the hard limit */
	uint64_t memory;             /* RLIMIT_AS in bytes, 0: none */
	uint64_t procs; /* RLIMIT_NPROC: processes and threads of its uid; root has none */
	const struct syscalls_group *calls; /* NULL: no filter */
	enum syscalls_mode mode;
};

MUST_CHECK int privileges_drop(const struct privileges *p, struct err *err);
/* What the engine, and so everything above it, needs of root. */
uint64_t privileges_engine_caps(void);
