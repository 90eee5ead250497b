/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers questions on standard input, a line each, for tests that know the
 * answers from elsewhere:
 *
 *   ZONE utc SECONDS           -> "OFFSET YEAR MONTH DAY HOUR MINUTE SECOND"
 *   ZONE local Y M D H M S     -> "once|gap|fold SECONDS"
 */
#include <stdio.h>

#include "base/tz.h"

#define US INT64_C(1000000)

static const struct tz *zone(struct str name)
{
	static struct tz *z;
	struct err err = ERR_NONE;

	if (z && str_is(name, z->name))
		return z;
	free(z);
	z = NULL;
	if (tz_load(name, &z, &err) < 0)
		printf("error %s\n", err.msg);
	return z;
}

static int64_t number(struct str *rest)
{
	struct str word = STR_NONE;
	int64_t v = 0;

	CHECK(str_split(rest, ' ', &word));
	CHECK(str_to_i64(word, INT64_MIN / US, INT64_MAX / US, &v) == 0);
	return v;
}

static void answer(struct str line)
{
	static const char *const kinds[] = { "once", "gap", "fold" };
	struct str name = STR_NONE, verb = STR_NONE;
	const struct tz *z;

	(void)str_split(&line, ' ', &name);
	(void)str_split(&line, ' ', &verb);
	z = zone(name);
	if (!z)
		return;
	if (str_is(verb, "utc")) {
		wall_us t = number(&line) * US;
		struct tz_local l = tz_local_of(z, t);

		printf("%d %d %d %d %d %d %d\n", (int)tz_offset_s(z, t), l.year, l.month, l.day,
		       l.hour, l.minute, l.second);
	} else {
		struct tz_local l = { 0 };
		int *const parts[] = {
			&l.year, &l.month, &l.day, &l.hour, &l.minute, &l.second
		};
		enum tz_kind kind;
		wall_us t;

		for (size_t i = 0; i < ARRAY_LEN(parts); i++)
			*parts[i] = (int)number(&line);
		kind = tz_from_local(z, &l, &t);
		printf("%s %lld\n", kinds[kind], (long long)(t / US));
	}
}

int main(void)
{
	char line[256];

	while (fgets(line, sizeof(line), stdin))
		answer((struct str){ line, strcspn(line, "\n") });
	return 0;
}
