/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does, when asked, what a sanitizer must report: proof that the gate which
 * reads the reports of `make test` sees them. Never linked into anything.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static volatile int one = 1, most = INT_MAX;
static char *volatile lost;

int main(int argc, char **argv)
{
	const char *kind = argc == 2 ? argv[1] : "";

	if (strcmp(kind, "address") == 0) {
		char *p = malloc(8);
		int r = p ? p[8 * one] : 0;

		free(p);
		return r;
	}
	if (strcmp(kind, "undefined") == 0)
		most = most + one;
	if (strcmp(kind, "leak") == 0) {
		lost = malloc(64);
		lost = NULL;
	}
	return 0;
}
