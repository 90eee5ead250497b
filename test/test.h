/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The unit-test harness: TAP on stdout, one executable for each test-x.c. A
 * test's name is a sentence about behaviour. A failed check prints where and
 * what, and ends that test, not the program.
 */
#pragma once

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct test_case {
	const char *name;
	void (*fn)(void);
};

extern jmp_buf test_jmp_;
/* Prints "# file:line: what" and leaves the test. */
_Noreturn void test_fail_(const char *file, int line, const char *what);
void test_eq_(long long a, long long b, const char *what, const char *file, int line);
void test_streq_(const char *a, const char *b, const char *what, const char *file, int line);
void test_memeq_(const void *a, size_t an, const void *b, size_t bn, const char *what,
                 const char *file, int line);
int test_main_(const struct test_case *cases, size_t n, int argc, char **argv);
/* Open descriptors of this process: the same before and after, or it leaks. */
int open_fds(void);

#define T_OK(x)                                             \
	do {                                                \
		if (!(x))                                   \
			test_fail_(__FILE__, __LINE__, #x); \
	} while (0)
#define T_EQ(a, b)    test_eq_((long long)(a), (long long)(b), #a " == " #b, __FILE__, __LINE__)
#define T_STREQ(a, b) test_streq_((a), (b), #a " == " #b, __FILE__, __LINE__)
/* Two struct str. */
#define T_STR(a, b)                                                                     \
	do {                                                                            \
		struct str ta_ = (a), tb_ = (b);                                        \
		test_memeq_(ta_.ptr, ta_.len, tb_.ptr, tb_.len, #a " == " #b, __FILE__, \
		            __LINE__);                                                  \
	} while (0)

#define TEST_MAIN(...)                                                                  \
	int main(int argc, char **argv)                                                 \
	{                                                                               \
		static const struct test_case cases[] = { __VA_ARGS__ };                \
		return test_main_(cases, sizeof(cases) / sizeof(cases[0]), argc, argv); \
	}
