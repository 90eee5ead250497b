/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rand.h"

#include "base/map.h"
#include "test.h"

static void ids_have_their_form_and_differ(void)
{
	struct map seen;
	char id[ID_MAX];

	map_init(&seen, 2000);
	for (int i = 0; i < 1000; i++) {
		void *old;

		rand_id(i % 2 ? "ws" : "sess", id);
		T_EQ(strlen(id), i % 2 ? 29 : 31);
		T_EQ(strspn(strchr(id, '_') + 1, "0123456789abcdefghjkmnpqrstvwxyz"), 26);
		T_EQ(map_set(&seen, str_of(id), &seen, &old), 0);
		T_OK(!old);
	}
	map_fini(&seen);
}

static void a_uuid_is_version_4(void)
{
	char id[37];

	for (int i = 0; i < 1000; i++) {
		rand_uuid(id);
		T_EQ(strlen(id), 36);
		T_OK(id[8] == '-' && id[13] == '-' && id[18] == '-' && id[23] == '-');
		T_EQ(id[14], '4');
		T_OK(strchr("89ab", id[19]));
	}
}

static void every_bit_moves(void)
{
	uint64_t ones = 0, zeros = UINT64_MAX;
	uint8_t many[5000] = { 0 };
	int nulls = 0;

	for (int i = 0; i < 200; i++) {
		uint64_t v = rand_u64();

		ones |= v;
		zeros &= v;
	}
	T_OK(ones == UINT64_MAX && zeros == 0);
	rand_bytes(many, sizeof(many));
	for (size_t i = 0; i < sizeof(many); i++)
		nulls += many[i] == 0;
	T_OK(nulls < 100);
}

TEST_MAIN({ "ids have their form and differ", ids_have_their_form_and_differ },
          { "a UUID is version 4", a_uuid_is_version_4 },
          { "every bit moves", every_bit_moves })
