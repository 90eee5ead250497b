/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/slot.h"

#include <errno.h>

#include "test.h"

static void test_numbers(void)
{
	char name[16];
	unsigned i = 9;

	T_EQ(slot_userns_base(0, 0), 0x100000);
	T_EQ(slot_userns_base(63, 511), 0x100000U + (63 * 1000 + 511) * 0x10000U);
	T_EQ(slot_host_ip(0x0a560000, 0, 0), 0x0a560000);
	T_EQ(slot_host_ip(0x0a560000, 2, 3), 0x0a560000 + 2048 + 6);
	/* the last of the last slot stays inside the /16 */
	T_EQ(slot_host_ip(0x0a560000, 63, 511) | 1, 0x0a56ffff);
	slot_ifname(63, 511, name);
	T_STREQ(name, "cv3f1ff");
	T_OK(slot_of_ifname(STR("cv3f1ff"), 63, &i));
	T_EQ(i, 511);
	T_OK(!slot_of_ifname(STR("cv3f1ff"), 62, &i));
	T_OK(!slot_of_ifname(STR("cv3f200"), 63, &i));
	T_OK(!slot_of_ifname(STR("eth0"), 0, &i));
	T_OK(slot_of_userns(slot_userns_base(5, 7), 5, &i));
	T_EQ(i, 7);
	T_OK(!slot_of_userns(slot_userns_base(6, 0), 5, &i));
	T_OK(!slot_of_userns(slot_userns_base(5, 7) + 1, 5, &i));
}

static void test_ranges_do_not_meet(void)
{
	for (unsigned s = 0; s + 1 < SLOTS; s++) {
		T_OK(slot_userns_base(s, SLOT_SESSIONS - 1) + 0xffff <
		     slot_userns_base(s + 1, 0));
		T_OK(slot_host_ip(0, s, SLOT_SESSIONS - 1) + 1 < slot_host_ip(0, s + 1, 0));
	}
}

static void test_network(void)
{
	static const char *const bad[] = { "",
		                           "10.86.0.0",
		                           "10.86.0.0/15",
		                           "10.86.1.0/16",
		                           "10.86.0/16",
		                           "10.86.0.0.0/16",
		                           "10.86.0.256/16",
		                           "10.86.0.0/16 ",
		                           "10.86..0/16",
		                           "fe80::/16" };
	uint32_t ip = 7;

	T_EQ(slot_network(STR("10.86.0.0/16"), &ip, NULL), 0);
	T_EQ(ip, 0x0a560000);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		T_EQ(slot_network(str_of(bad[i]), &ip, NULL), -EINVAL);
	T_EQ(ip, 0x0a560000);
}

TEST_MAIN({ "ids, addresses and names follow from slot and index", test_numbers },
          { "ranges of slots do not meet", test_ranges_do_not_meet },
          { "a network is a /16, written exactly", test_network })
