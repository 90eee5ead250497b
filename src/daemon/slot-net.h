/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A slot's addresses and interfaces belong to the network namespace, and that
 * may be shared by roots with a /run each (a chroot, a container on the host's
 * network), whose slot files do not see each other. So the parent also holds a
 * name that is unique in the namespace: an abstract unix socket.
 */
#pragma once

#include "base/err.h"

/* *ret_fd is held for as long as the slot is. -EADDRINUSE: another root's
 * carreld holds it. A name that somebody else than root took counts as free,
 * *ret_fd is -1 then: no user may keep Carrel from starting. */
MUST_CHECK int slot_net_take(unsigned slot, int *ret_fd, struct err *err);
