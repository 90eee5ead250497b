/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open addressing with linear probing. A deleted slot becomes a tombstone, so
 * that map_del of the current key leaves an iteration intact; tombstones go
 * when the table is rebuilt, which happens when three quarters are in use.
 */
#include "base/map.h"

#include <errno.h>

#include "base/rand.h"

#define FIRST_CAP 16U

struct map_slot {
	char *key; /* NULL: never used; tombstone: deleted */
	size_t len;
	uint64_t hash;
	void *value;
};

static char tombstone[1];

static uint64_t rol(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rol(v[1], 13) ^ v[0];
	v[0] = rol(v[0], 32);
	v[2] += v[3];
	v[3] = rol(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rol(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rol(v[1], 17) ^ v[2];
	v[2] = rol(v[2], 32);
}

static uint64_t load_le(const char *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v |= (uint64_t)(uint8_t)p[i] << (8 * i);
	return v;
}

/* SipHash-2-4 (Aumasson, Bernstein 2012). */
static uint64_t hash_of(const uint64_t key[2], struct str s)
{
	uint64_t v[4] = { key[0] ^ 0x736f6d6570736575U, key[1] ^ 0x646f72616e646f6dU,
		          key[0] ^ 0x6c7967656e657261U, key[1] ^ 0x7465646279746573U };
	uint64_t m;
	size_t i = 0;

	for (; s.len - i >= 8; i += 8) {
		m = load_le(s.ptr + i, 8);
		v[3] ^= m;
		sip_round(v);
		sip_round(v);
		v[0] ^= m;
	}
	m = (uint64_t)s.len << 56 | load_le(s.ptr + i, s.len - i);
	v[3] ^= m;
	sip_round(v);
	sip_round(v);
	v[0] ^= m;
	v[2] ^= 0xff;
	for (unsigned r = 0; r < 4; r++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static bool is_live(const struct map_slot *s)
{
	return s->key && s->key != tombstone;
}

void map_init(struct map *m, size_t max)
{
	*m = (struct map){ .max_ = max };
	rand_bytes(m->key_, sizeof(m->key_));
}

void map_fini(struct map *m)
{
	for (size_t i = 0; i < m->cap_; i++) {
		if (is_live(&m->slots_[i]))
			free(m->slots_[i].key);
	}
	free(m->slots_);
	m->slots_ = NULL;
	m->cap_ = m->n_ = m->used_ = 0;
}

static struct map_slot *find(const struct map *m, struct str key)
{
	uint64_t hash;

	if (m->n_ == 0 || !m->slots_)
		return NULL;
	hash = hash_of(m->key_, key);
	for (size_t i = (size_t)hash & (m->cap_ - 1);; i = (i + 1) & (m->cap_ - 1)) {
		struct map_slot *s = &m->slots_[i];

		if (!s->key)
			return NULL;
		if (s->key != tombstone && s->hash == hash &&
		    str_eq((struct str){ s->key, s->len }, key))
			return s;
	}
}

/* The slot where a new key goes; there is always one that is not live. */
static struct map_slot *place(struct map_slot *slots, size_t cap, uint64_t hash)
{
	size_t i = (size_t)hash & (cap - 1);

	while (is_live(&slots[i]))
		i = (i + 1) & (cap - 1);
	return &slots[i];
}

/* Room for one more key. Without tombstones in the way the table doubles. */
static int rebuild(struct map *m)
{
	size_t cap = m->cap_ ? m->cap_ : FIRST_CAP;
	struct map_slot *slots;

	if (m->cap_ && m->n_ + 1 > m->cap_ / 2)
		cap *= 2;
	slots = calloc(cap, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; m->slots_ && i < m->cap_; i++) {
		if (is_live(&m->slots_[i]))
			*place(slots, cap, m->slots_[i].hash) = m->slots_[i];
	}
	free(m->slots_);
	m->slots_ = slots;
	m->cap_ = cap;
	m->used_ = m->n_;
	return 0;
}

void *map_get(const struct map *m, struct str key)
{
	const struct map_slot *s = find(m, key);

	return s ? s->value : NULL;
}

int map_set(struct map *m, struct str key, void *value, void **old)
{
	struct map_slot *s = find(m, key);
	uint64_t hash;
	char *copy;
	int r;

	if (s) {
		if (old)
			*old = s->value;
		s->value = value;
		return 0;
	}
	if (m->n_ >= m->max_)
		return -E2BIG;
	if (!m->slots_ || m->used_ + 1 > m->cap_ / 4 * 3) {
		r = rebuild(m);
		if (r < 0)
			return r;
	}
	copy = malloc(key.len ? key.len : 1);
	if (!copy)
		return -ENOMEM;
	if (key.len)
		memcpy(copy, key.ptr, key.len);
	hash = hash_of(m->key_, key);
	s = place(m->slots_, m->cap_, hash);
	m->used_ += !s->key;
	m->n_++;
	*s = (struct map_slot){ copy, key.len, hash, value };
	if (old)
		*old = NULL;
	return 0;
}

void *map_del(struct map *m, struct str key)
{
	struct map_slot *s = find(m, key);
	void *value;

	if (!s)
		return NULL;
	value = s->value;
	free(s->key);
	*s = (struct map_slot){ .key = tombstone };
	m->n_--;
	return value;
}

size_t map_count(const struct map *m)
{
	return m->n_;
}

bool map_next(const struct map *m, size_t *at, struct str *key, void **value)
{
	while (*at < m->cap_) {
		const struct map_slot *s = &m->slots_[(*at)++];

		if (!is_live(s))
			continue;
		if (key)
			*key = (struct str){ s->key, s->len };
		if (value)
			*value = s->value;
		return true;
	}
	return false;
}
