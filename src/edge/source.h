/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom a request comes from, as core is told: an address, "local" (a unix
 * socket), or "forwarded": somebody behind a proxy, nobody knows who. A
 * proxy's word is taken only if the configuration names it.
 */
#pragma once

#include "http/head.h"
#include "net/ip.h"

enum source_kind {
	SOURCE_KNOWN,
	SOURCE_ODD,      /* a proxy of ours does not say whom it speaks for */
	SOURCE_STRANGER, /* a proxy on this machine that the configuration doesn't name */
};

/* ret: an address, "local" or "forwarded". */
enum source_kind source_of(const struct ip_nets *proxies, const struct addr *peer,
                           const struct http_head *h, char ret[IP_TEXT_MAX]);
