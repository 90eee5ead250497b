/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a host has for sessions, and what a session takes of it, as one vector
 * of whole numbers: thousandths of a CPU, bytes of memory, GPUs by class. A
 * class that the host does not have counts in a place of its own, of which
 * there is nothing: so it never fits.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

#define GPU_NAME_MAX    32 /* with the NUL */
#define GPU_CLASSES_MAX 6

enum resource {
	RESOURCE_CPU,    /* thousandths */
	RESOURCE_MEMORY, /* bytes */
	RESOURCE_GPU,    /* the first class of the host's; the others follow */
	RESOURCE_ABSENT = RESOURCE_GPU + GPU_CLASSES_MAX,
	RESOURCE_MAX_,
};

struct amount {
	uint64_t of[RESOURCE_MAX_];
};

struct gpu {
	char class[GPU_NAME_MAX];
	uint32_t count;
};

struct capacity {
	struct amount total;
	struct gpu gpu[GPU_CLASSES_MAX]; /* names of the places from RESOURCE_GPU on */
	unsigned ngpu;
};

struct capacity_rules {
	uint32_t cpu_overcommit, memory_overcommit; /* per cent of what is left: */
	uint64_t cpu_reserve_milli, memory_reserve; /* kept for the host itself */
};

/* "t4:2 a100:1" into *ret, at most GPU_CLASSES_MAX classes of lower-case
 * letters, digits and dashes, 1 to 1024 of each. -EINVAL with what is wrong. */
MUST_CHECK int gpus_parse(struct str text, struct gpu ret[GPU_CLASSES_MAX], unsigned *ret_n,
                          struct err *err);
/* The host's facts by the site's rules; GPUs are not shared. */
struct capacity capacity_of(uint64_t cpu_milli, uint64_t memory_bytes, const struct gpu *gpus,
                            unsigned ngpus, const struct capacity_rules *rules);
bool capacity_equal(const struct capacity *a, const struct capacity *b);

struct amount capacity_need(const struct capacity *c, uint64_t cpu_milli, uint64_t memory_bytes,
                            const char *gpu_class, uint32_t gpu_count);
/* What `total` has beyond `used` is enough. A resource that is not needed is
 * not looked at, though there may be less of it than is used. */
bool amount_fits(const struct amount *total, const struct amount *used,
                 const struct amount *need);
void amount_add(struct amount *a, const struct amount *b); /* at most UINT64_MAX */
void amount_sub(struct amount *a, const struct amount *b); /* at least 0 */
/* The largest part of any resource, in millionths of the total. */
uint64_t amount_share(const struct amount *total, const struct amount *used);
