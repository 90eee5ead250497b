/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include <errno.h>
#include <stdio.h>

#include "test.h"

#define N 700

static int values[N];

static struct str key_of(int i, char text[16])
{
	return (struct str){ text, (size_t)snprintf(text, 16, "k%d", i) };
}

static void set_get_replace_delete(void)
{
	void *old = &values[9];
	struct map m;

	map_init(&m, 10);
	T_OK(!map_get(&m, STR("a")));
	T_EQ(map_set(&m, STR("a"), &values[0], &old), 0);
	T_OK(!old);
	T_EQ(map_set(&m, STR("a\0b"), &values[1], NULL), 0);
	T_EQ(map_set(&m, STR(""), &values[2], NULL), 0);
	T_OK(map_get(&m, STR("a")) == &values[0]);
	T_OK(map_get(&m, STR("a\0b")) == &values[1]);
	T_OK(map_get(&m, STR_NONE) == &values[2]);
	T_EQ(map_set(&m, STR("a"), &values[3], &old), 0);
	T_OK(old == &values[0] && map_count(&m) == 3);
	T_OK(map_del(&m, STR("a")) == &values[3]);
	T_OK(!map_del(&m, STR("a")) && !map_get(&m, STR("a")));
	T_EQ(map_count(&m), 2);
	map_fini(&m);
	map_fini(&m);
}

static void the_maximum_holds(void)
{
	struct map m;
	char text[16];

	map_init(&m, 3);
	for (int i = 0; i < 3; i++)
		T_EQ(map_set(&m, key_of(i, text), &values[i], NULL), 0);
	T_EQ(map_set(&m, STR("more"), &values[4], NULL), -E2BIG);
	T_EQ(map_set(&m, STR("k0"), &values[5], NULL), 0); /* no new key */
	T_OK(map_del(&m, STR("k1")));
	T_EQ(map_set(&m, STR("more"), &values[4], NULL), 0);
	map_fini(&m);
}

/* Against a plain array, through many rebuilds and tombstones. */
static void random_use_agrees_with_an_array(void)
{
	bool in[N] = { 0 };
	unsigned seed = 11;
	size_t n = 0;
	struct map m;
	char text[16];

	map_init(&m, N);
	for (int step = 0; step < 60000; step++) {
		int i;

		seed = seed * 1103515245 + 12345;
		i = (int)(seed / 65536 % N);
		if (seed & 0x4000) {
			T_EQ(map_set(&m, key_of(i, text), &values[i], NULL), 0);
			n += !in[i];
			in[i] = true;
		} else {
			T_OK(map_del(&m, key_of(i, text)) == (in[i] ? &values[i] : NULL));
			n -= in[i];
			in[i] = false;
		}
		T_EQ(map_count(&m), n);
	}
	for (int i = 0; i < N; i++)
		T_OK(map_get(&m, key_of(i, text)) == (in[i] ? &values[i] : NULL));
	T_OK(m.cap_ <= 2048);
	map_fini(&m);
}

static void a_walk_meets_each_once_even_when_it_deletes(void)
{
	struct map m;
	char text[16];
	size_t at = 0, met = 0;
	struct str key;
	void *value;

	map_init(&m, N);
	memset(values, 0, sizeof(values));
	for (int i = 0; i < N; i++)
		T_EQ(map_set(&m, key_of(i, text), &values[i], NULL), 0);
	while (map_next(&m, &at, &key, &value)) {
		*(int *)value += 1;
		met++;
		if (met % 2)
			T_OK(map_del(&m, key) == value);
	}
	T_EQ(met, N);
	T_EQ(map_count(&m), N / 2);
	for (int i = 0; i < N; i++)
		T_EQ(values[i], 1);
	map_fini(&m);
	at = 0;
	T_OK(!map_next(&m, &at, NULL, NULL));
}

TEST_MAIN({ "set, get, replace, delete", set_get_replace_delete },
          { "the maximum holds", the_maximum_holds },
          { "random use agrees with an array", random_use_agrees_with_an_array },
          { "a walk meets each once, even when it deletes",
            a_walk_meets_each_once_even_when_it_deletes })
