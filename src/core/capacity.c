/* SPDX-License-Identifier: Apache-2.0 */
#include "core/capacity.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define GPUS_MAX 1024U
#define MILLION  UINT64_C(1000000)

static bool is_class(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c == '-' && i > 0)))
			return false;
	}
	return s.len > 0 && s.len < GPU_NAME_MAX;
}

static const struct gpu *find(const struct gpu *gpus, unsigned n, struct str class)
{
	for (unsigned i = 0; i < n; i++)
		if (str_is(class, gpus[i].class))
			return &gpus[i];
	return NULL;
}

int gpus_parse(struct str text, struct gpu ret[GPU_CLASSES_MAX], unsigned *ret_n,
               struct err *err)
{
	struct gpu found[GPU_CLASSES_MAX] = { 0 };
	struct str rest = text, word, class;
	unsigned n = 0;

	while (str_split(&rest, ' ', &word)) {
		size_t colon = str_chr(word, ':', 0);
		uint64_t count = 0;

		if (word.len == 0)
			continue;
		class = str_sub(word, 0, colon);
		if (!is_class(class) ||
		    str_to_u64(str_sub(word, colon + 1, word.len), 1, GPUS_MAX, &count) < 0)
			return ERR(err, -EINVAL,
			           "'%.*s' is not CLASS:COUNT, for example t4:2 (1 to %u of a "
			           "class of lower-case letters, digits and dashes)",
			           STR_ARG(word), GPUS_MAX);
		if (find(found, n, class) || n == GPU_CLASSES_MAX)
			return ERR(err, -EINVAL, "each class of GPU once, at most %d classes",
			           GPU_CLASSES_MAX);
		(void)snprintf(found[n].class, GPU_NAME_MAX, "%.*s", STR_ARG(class));
		found[n++].count = (uint32_t)count;
	}
	memcpy(ret, found, sizeof(found));
	*ret_n = n;
	return 0;
}

/* (have - reserve) × per cent, with no overflow: a host is far below 2^57. */
static uint64_t offered(uint64_t have, uint64_t reserve, uint32_t per_cent)
{
	uint64_t left = have > reserve ? have - reserve : 0;

	return left / 100 * per_cent + left % 100 * per_cent / 100;
}

struct capacity capacity_of(uint64_t cpu_milli, uint64_t memory_bytes, const struct gpu *gpus,
                            unsigned ngpus, const struct capacity_rules *rules)
{
	struct capacity c = { .ngpu = ngpus < GPU_CLASSES_MAX ? ngpus : GPU_CLASSES_MAX };

	c.total.of[RESOURCE_CPU] =
	    offered(cpu_milli, rules->cpu_reserve_milli, rules->cpu_overcommit);
	c.total.of[RESOURCE_MEMORY] =
	    offered(memory_bytes, rules->memory_reserve, rules->memory_overcommit);
	for (unsigned i = 0; i < c.ngpu; i++) {
		c.gpu[i] = gpus[i];
		c.total.of[RESOURCE_GPU + i] = gpus[i].count;
	}
	return c;
}

bool capacity_equal(const struct capacity *a, const struct capacity *b)
{
	if (memcmp(&a->total, &b->total, sizeof(a->total)) != 0 || a->ngpu != b->ngpu)
		return false;
	for (unsigned i = 0; i < a->ngpu; i++)
		if (strcmp(a->gpu[i].class, b->gpu[i].class) != 0)
			return false;
	return true;
}

struct amount capacity_need(const struct capacity *c, uint64_t cpu_milli, uint64_t memory_bytes,
                            const char *gpu_class, uint32_t gpu_count)
{
	struct amount a = { .of = { cpu_milli, memory_bytes } };
	const struct gpu *g;

	if (gpu_count == 0)
		return a;
	g = find(c->gpu, c->ngpu, str_of(gpu_class));
	a.of[g ? RESOURCE_GPU + (g - c->gpu) : RESOURCE_ABSENT] = gpu_count;
	return a;
}

bool amount_fits(const struct amount *total, const struct amount *used,
                 const struct amount *need)
{
	for (int i = 0; i < RESOURCE_MAX_; i++)
		if (need->of[i] &&
		    (used->of[i] > total->of[i] || need->of[i] > total->of[i] - used->of[i]))
			return false;
	return true;
}

void amount_add(struct amount *a, const struct amount *b)
{
	for (int i = 0; i < RESOURCE_MAX_; i++)
		if (__builtin_add_overflow(a->of[i], b->of[i], &a->of[i]))
			a->of[i] = UINT64_MAX;
}

void amount_sub(struct amount *a, const struct amount *b)
{
	for (int i = 0; i < RESOURCE_MAX_; i++)
		a->of[i] = a->of[i] > b->of[i] ? a->of[i] - b->of[i] : 0;
}

uint64_t amount_share(const struct amount *total, const struct amount *used)
{
	uint64_t most = 0;

	for (int i = 0; i < RESOURCE_MAX_; i++) {
		uint64_t part;

		if (used->of[i] == 0)
			continue;
		/* The very large are divided first, so that nothing overflows. */
		if (total->of[i] == 0)
			part = MILLION;
		else if (used->of[i] > UINT64_MAX / MILLION)
			part = used->of[i] / (total->of[i] / MILLION + 1);
		else
			part = used->of[i] * MILLION / total->of[i];
		if (part > most)
			most = part;
	}
	return most;
}
