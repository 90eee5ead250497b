/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session's network: a veth pair with a /31, one end on the host, the other
 * in the container's own network namespace, by rtnetlink. The pair dies with
 * the namespace. What may pass is the business of the engine's nft table.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct net_link {
	const char *ifname; /* host side */
	uint32_t host_ip;   /* host byte order; the session's is the next one */
	uint32_t mtu;       /* 0: as it comes */
	pid_t pid;          /* a process in the container's namespaces */
};

/* Both ends, up, with addresses and the session's default route. */
MUST_CHECK int net_link_make(const struct net_link *l, struct err *err);
bool net_link_exists(const char *ifname);
/* "rx_bytes" or "tx_bytes" of the host's side since it was made; 0: not known. */
uint64_t net_link_bytes(const char *ifname, const char *which);
