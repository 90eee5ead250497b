/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/slot.h"

#include <errno.h>

#define USERNS_FIRST    0x100000U
#define USERNS_STEP     0x10000U
#define USERNS_SESSIONS 1000U
#define BLOCK           1024U /* addresses of a slot */

uint32_t slot_userns_base(unsigned slot, unsigned index)
{
	return USERNS_FIRST + (slot * USERNS_SESSIONS + index) * USERNS_STEP;
}

bool slot_of_userns(uint32_t base, unsigned slot, unsigned *ret_index)
{
	uint32_t first = slot_userns_base(slot, 0);

	if (base < first || (base - first) % USERNS_STEP != 0 ||
	    (base - first) / USERNS_STEP >= SLOT_SESSIONS)
		return false;
	*ret_index = (base - first) / USERNS_STEP;
	return true;
}

uint32_t slot_host_ip(uint32_t network, unsigned slot, unsigned index)
{
	return network + slot * BLOCK + 2 * index;
}

void slot_ifname(unsigned slot, unsigned index, char ret[16])
{
	(void)snprintf(ret, 16, "cv%02x%03x", slot, index);
}

bool slot_of_ifname(struct str ifname, unsigned slot, unsigned *ret_index)
{
	char name[16];

	if (ifname.len != 7)
		return false;
	for (unsigned i = 0; i < SLOT_SESSIONS; i++) {
		slot_ifname(slot, i, name);
		if (str_is(ifname, name)) {
			*ret_index = i;
			return true;
		}
	}
	return false;
}

int slot_parse_ip(struct str s, uint32_t *ret)
{
	uint32_t ip = 0;
	struct str part;
	unsigned n = 0;
	uint64_t v;

	if (s.len == 0 || s.ptr[s.len - 1] == '.')
		return -EINVAL;
	while (str_split(&s, '.', &part)) {
		if (str_to_u64(part, 0, 255, &v) < 0 || part.len > 3 || ++n > 4)
			return -EINVAL;
		ip = ip << 8 | (uint32_t)v;
	}
	if (n != 4)
		return -EINVAL;
	*ret = ip;
	return 0;
}

void slot_format_ip(uint32_t ip, char ret[16])
{
	(void)snprintf(ret, 16, "%u.%u.%u.%u", ip >> 24, ip >> 16 & 255, ip >> 8 & 255,
	               ip & 255);
}

int slot_network(struct str cidr, uint32_t *ret, struct err *err)
{
	size_t slash = str_chr(cidr, '/', 0);
	uint32_t ip;

	if (!str_is(str_sub(cidr, slash, cidr.len), "/16") ||
	    slot_parse_ip(str_sub(cidr, 0, slash), &ip) < 0 || (ip & 0xffff) != 0)
		return ERR(err, -EINVAL,
		           "network = %.*s: must be an IPv4 /16 such as 10.86.0.0/16",
		           STR_ARG(cidr));
	*ret = ip;
	return 0;
}
