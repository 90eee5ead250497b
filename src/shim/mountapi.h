/* SPDX-License-Identifier: Apache-2.0 */
/* The mount system calls that libc does not wrap, for the launcher. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* A mount namespace of our own, from which nothing leaks to the host's. Also
 * leaves a chroot whose "/" is no mount: inside one the kernel refuses user
 * namespaces; the same tree then is the namespace's root. */
MUST_CHECK int mount_private_namespace(struct err *err);
/* The tree at `from`, read-only, without set-uid and devices, appears at
 * `to`, its owners shifted by the user namespace. */
MUST_CHECK int mount_idmapped(const char *from, const char *to, int userns, struct err *err);
/* The same where nothing can be executed: a volume's home, which may be written
 * to, or an image, which may not. */
MUST_CHECK int mount_idmapped_files(const char *from, const char *to, int userns, bool write,
                                    struct err *err);
/* A user namespace that maps 0… to base…, as a descriptor. */
MUST_CHECK int userns_open(uint32_t base, uint32_t count, int *ret_fd, struct err *err);
