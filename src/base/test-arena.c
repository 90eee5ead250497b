/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include "test.h"

static void what_is_made_is_zeroed_and_aligned(void)
{
	struct arena a = ARENA(1 << 20);

	for (size_t n = 0; n < 3000; n += 7) {
		unsigned char *p = arena_alloc(&a, n);

		T_OK(p && (uintptr_t)p % _Alignof(max_align_t) == 0);
		for (size_t i = 0; i < n; i++)
			T_EQ(p[i], 0);
		memset(p, 0xff, n);
	}
	T_OK(!arena_failed(&a));
	arena_fini(&a);
	arena_fini(&a);
	T_OK(arena_alloc(&a, 1)); /* usable again */
	arena_fini(&a);
}

static void allocations_do_not_overlap(void)
{
	struct arena a = ARENA(4 << 20);
	struct str all[400];

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		all[i] = arena_printf(&a, "%zu:%*s", i, (int)(i * i % 9000), "");
		T_OK(all[i].ptr);
		T_EQ(all[i].ptr[all[i].len], 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		uint64_t v = 0;

		T_EQ(str_to_u64(str_sub(all[i], 0, str_chr(all[i], ':', 0)), 0, 1000, &v), 0);
		T_EQ(v, i);
	}
	arena_fini(&a);
}

static void the_maximum_holds_and_the_failure_is_sticky(void)
{
	struct arena a = ARENA(1000);

	T_OK(arena_alloc(&a, 900));
	T_OK(!arena_alloc(&a, 200));
	T_OK(arena_failed(&a));
	T_OK(!arena_alloc(&a, 1));
	T_OK(!arena_str(&a, STR("x")).ptr);
	arena_fini(&a);
	T_OK(!arena_failed(&a));
	T_OK(!arena_alloc(&a, SIZE_MAX));
	arena_fini(&a);
	T_OK(!arena_calloc(&a, SIZE_MAX / 2, 3));
	T_OK(arena_failed(&a));
	arena_fini(&a);
}

static void copies_end_in_nul_and_a_nul_inside_is_refused(void)
{
	struct arena a = ARENA(1000);

	T_STREQ(arena_str(&a, STR("abc")).ptr, "abc");
	T_STREQ(arena_str(&a, STR_NONE).ptr, "");
	T_STREQ(arena_strz(&a, STR("abc")), "abc");
	T_OK(!arena_strz(&a, STR("a\0c")));
	T_OK(!arena_failed(&a));
	arena_fini(&a);
}

TEST_MAIN({ "what is made is zeroed and aligned", what_is_made_is_zeroed_and_aligned },
          { "allocations do not overlap", allocations_do_not_overlap },
          { "the maximum holds and the failure is sticky",
            the_maximum_holds_and_the_failure_is_sticky },
          { "copies end in NUL, and a NUL inside is refused",
            copies_end_in_nul_and_a_nul_inside_is_refused })
