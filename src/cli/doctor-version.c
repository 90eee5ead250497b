/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of OCI runtimes and what is known to be open in them. Pure. */
#include <errno.h>

#include "cli/doctor.h"

/* Only what Debian 12's packages have not had back-ported. Newest first. */
static const struct {
	const char *runtime, *id;
	unsigned fixed[3];
} advisories[] = {
	{ "crun", "CVE-2026-47766", { 1, 28, 0 } },
	{ "crun", "CVE-2026-30892", { 1, 27, 0 } },
};

int version_parse(struct str s, unsigned ret[3])
{
	unsigned v[3] = { 0 };
	size_t i = 0, n = 0;

	while (i < s.len && (s.ptr[i] < '0' || s.ptr[i] > '9'))
		i++;
	while (n < 3 && i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9') {
		size_t end = i;
		uint64_t part;

		while (end < s.len && s.ptr[end] >= '0' && s.ptr[end] <= '9')
			end++;
		if (str_to_u64(str_sub(s, i, end), 0, 1000000, &part) < 0)
			return -EINVAL;
		v[n++] = (unsigned)part;
		if (end == s.len || s.ptr[end] != '.')
			break;
		i = end + 1;
	}
	if (n == 0)
		return -EINVAL;
	memcpy(ret, v, sizeof(v));
	return 0;
}

int version_cmp(const unsigned a[3], const unsigned b[3])
{
	for (size_t i = 0; i < 3; i++) {
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	}
	return 0;
}

void runtime_advisories(const char *runtime, const unsigned version[3], struct buf *b)
{
	for (size_t i = 0; i < ARRAY_LEN(advisories); i++) {
		if (!str_is(str_of(runtime), advisories[i].runtime) ||
		    version_cmp(version, advisories[i].fixed) >= 0)
			continue;
		buf_printf(b, "%s%s (fixed in %u.%u)", buf_len(b) ? ", " : "", advisories[i].id,
		           advisories[i].fixed[0], advisories[i].fixed[1]);
	}
}
