/* SPDX-License-Identifier: Apache-2.0 */
/* Everything numeric of a session, computed from (slot, index): contracts
 * section 1. */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

#define SLOTS         64U
#define SLOT_SESSIONS 512U /* addresses end before ids do */

/* First host id of the session's user namespace. */
uint32_t slot_userns_base(unsigned slot, unsigned index);
/* Host side of the /31, in host byte order; the session's is the next one. */
uint32_t slot_host_ip(uint32_t network, unsigned slot, unsigned index);
/* "cv<slot hex 2><index hex 3>" */
void slot_ifname(unsigned slot, unsigned index, char ret[16]);
/* The index of an interface of this slot; false if it is none. */
bool slot_of_ifname(struct str ifname, unsigned slot, unsigned *ret_index);
/* The index of a range of this slot. */
bool slot_of_userns(uint32_t base, unsigned slot, unsigned *ret_index);
/* "10.86.0.0/16" → 0x0a560000. */
MUST_CHECK int slot_network(struct str cidr, uint32_t *ret, struct err *err);
/* Dotted quad, in host byte order. */
MUST_CHECK int slot_parse_ip(struct str s, uint32_t *ret);
void slot_format_ip(uint32_t ip, char ret[16]);
