/* SPDX-License-Identifier: Apache-2.0 */
/* What the engine has to know of its host, and to set on it. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "core/capacity.h"

/* Pure: IPv4 name servers of a resolv.conf, at most 3, separated by spaces;
 * those that only this host can reach are left out. */
void host_parse_resolv(struct str text, struct buf *ret);
/* The configured ones, else the host's. Empty if there are none. */
void host_dns(const char *configured, struct buf *ret);
/* MTU of the interface with the default route; 0 unknown. */
uint32_t host_mtu(void);
/* An executable by absolute path or on PATH. -ENOENT with what to do. */
MUST_CHECK int host_find_program(const char *name, char *ret, size_t n, struct err *err);
uint32_t host_cpu_milli(void);
uint64_t host_memory_bytes(void);
/* Pure: the lines of `nvidia-smi -L`, counted by class: "Tesla T4" is t4,
 * "NVIDIA A100-SXM4-80GB" is a100-sxm4-80gb. */
unsigned host_parse_gpus(struct str text, struct gpu ret[GPU_CLASSES_MAX]);
/* The configured ones, else those that nvidia-smi finds; how many classes.
 * Blocks for as long as that program takes, 10 s at most. */
unsigned host_gpus(const char *configured, struct gpu ret[GPU_CLASSES_MAX]);
/* [{"class","count"}] */
void host_put_gpus(struct jsonw *w, const struct gpu *gpus, unsigned n);
/* Turns forwarding on; the value before is noted in `note` unless that file
 * is there already. */
MUST_CHECK int host_forward(const char *note, struct err *err);
/* Puts it back, if it was us. */
void host_unforward(const char *note);
