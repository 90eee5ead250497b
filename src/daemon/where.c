/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/where.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

int where_lib(char *ret, size_t size)
{
	static const char *const places[] = { "../../lib", "../lib/carrel" };
	char exe[PATH_MAX], path[PATH_MAX + 32], found[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (n < 0)
		return -errno;
	exe[n] = '\0';
	*(strrchr(exe, '/') + 1) = '\0';
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		(void)snprintf(path, sizeof(path), "%s%s/carrel-shim", exe, places[i]);
		if (access(path, X_OK) < 0 || !realpath(path, found))
			continue;
		*strrchr(found, '/') = '\0';
		if ((size_t)snprintf(ret, size, "%s", found) >= size)
			return -ENAMETOOLONG;
		return 0;
	}
	return -ENOENT;
}
