/* SPDX-License-Identifier: Apache-2.0 */
#include "core/limit.h"

#include "base/sha256.h"

#define WAYS 8U /* slots that a key may be in */

void limit_init(struct limit *l, uint32_t burst, uint32_t per_minute, uint64_t seed)
{
	*l = (struct limit){ .burst = burst, .per_minute = per_minute, .seed = seed };
}

/* Keyed, so that nobody can choose keys that push another's bucket out. */
static uint64_t key_of(const struct limit *l, struct str key)
{
	uint8_t sum[SHA256_LEN];
	struct sha256 s;
	uint64_t k;

	sha256_init(&s);
	sha256_add(&s, (struct str){ (const char *)&l->seed, sizeof(l->seed) });
	sha256_add(&s, key);
	sha256_end(&s, sum);
	memcpy(&k, sum, sizeof(k));
	return k ? k : 1;
}

static void fill(const struct limit *l, struct limit_slot *s, mono_ms now)
{
	uint64_t milli = s->milli + (now - s->at_ms) * l->per_minute / 60;

	s->milli = milli > (uint64_t)l->burst * 1000U ? l->burst * 1000U : (uint32_t)milli;
	s->at_ms = now;
}

static struct limit_slot *slot_of(struct limit *l, struct str key, mono_ms now)
{
	uint64_t k = key_of(l, key);
	struct limit_slot *set = &l->slots[(k >> 20) % (LIMIT_SLOTS / WAYS) * (uint64_t)WAYS],
	                  *best = set;

	for (unsigned i = 0; i < WAYS; i++) {
		if (set[i].key == k) {
			fill(l, &set[i], now);
			return &set[i];
		}
	}
	for (unsigned i = 0; i < WAYS; i++) {
		if (set[i].key)
			fill(l, &set[i], now);
		if (!set[i].key || (best->key && set[i].milli > best->milli))
			best = &set[i];
	}
	*best = (struct limit_slot){ .key = k, .at_ms = now, .milli = l->burst * 1000U };
	return best;
}

bool limit_take(struct limit *l, struct str key, mono_ms now, unsigned *ret_wait_s)
{
	struct limit_slot *s = slot_of(l, key, now);

	if (s->milli < 1000) {
		*ret_wait_s = (1000 - s->milli) * 60 / (l->per_minute * 1000) + 1;
		return false;
	}
	s->milli -= 1000;
	return true;
}

void limit_refund(struct limit *l, struct str key, mono_ms now)
{
	struct limit_slot *s = slot_of(l, key, now);

	s->milli = s->milli + 1000 > l->burst * 1000U ? l->burst * 1000U : s->milli + 1000;
}
