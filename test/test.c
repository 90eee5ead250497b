/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <dirent.h>

jmp_buf test_jmp_;

void test_fail_(const char *file, int line, const char *what)
{
	printf("# %s:%d: %s\n", file, line, what);
	longjmp(test_jmp_, 1);
}

void test_eq_(long long a, long long b, const char *what, const char *file, int line)
{
	if (a == b)
		return;
	printf("# %lld != %lld\n", a, b);
	test_fail_(file, line, what);
}

void test_streq_(const char *a, const char *b, const char *what, const char *file, int line)
{
	if (a && b && strcmp(a, b) == 0)
		return;
	printf("# \"%s\" != \"%s\"\n", a ? a : "(null)", b ? b : "(null)");
	test_fail_(file, line, what);
}

void test_memeq_(const void *a, size_t an, const void *b, size_t bn, const char *what,
                 const char *file, int line)
{
	if (an == bn && (an == 0 || memcmp(a, b, an) == 0))
		return;
	printf("# \"%.*s\" (%zu) != \"%.*s\" (%zu)\n", (int)(an > 400 ? 400 : an),
	       an ? (const char *)a : "", an, (int)(bn > 400 ? 400 : bn),
	       bn ? (const char *)b : "", bn);
	test_fail_(file, line, what);
}

int test_main_(const struct test_case *cases, size_t n, int argc, char **argv)
{
	volatile int failed = 0; /* lives through the longjmp */

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("1..%zu\n", n);
	for (size_t i = 0; i < n; i++) {
		if (argc > 1 && !strstr(cases[i].name, argv[1])) {
			printf("ok %zu - %s # SKIP not chosen\n", i + 1, cases[i].name);
			continue;
		}
		if (setjmp(test_jmp_) == 0) {
			cases[i].fn();
			printf("ok %zu - %s\n", i + 1, cases[i].name);
		} else {
			printf("not ok %zu - %s\n", i + 1, cases[i].name);
			failed++;
		}
	}
	return failed != 0;
}

int open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	if (!d)
		return -1;
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}
