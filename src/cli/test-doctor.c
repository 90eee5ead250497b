/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/doctor.h"

#include <errno.h>

#include "test.h"

static void versions_are_read_and_ordered(void)
{
	unsigned a[3] = { 9, 9, 9 }, b[3];

	T_EQ(version_parse(STR("crun version 1.8.1\ncommit: f8a0"), a), 0);
	T_OK(a[0] == 1 && a[1] == 8 && a[2] == 1);
	T_EQ(version_parse(STR("6.1.0-18-amd64"), b), 0);
	T_OK(b[0] == 6 && b[1] == 1 && b[2] == 0);
	T_OK(version_cmp(a, b) < 0 && version_cmp(b, a) > 0 && version_cmp(a, a) == 0);
	T_EQ(version_parse(STR("1.28"), b), 0);
	T_OK(version_cmp(a, b) < 0); /* 8 < 28, not as text */
	T_EQ(version_parse(STR("none"), b), -EINVAL);
	T_EQ(version_parse(STR("99999999999"), b), -EINVAL);
	T_EQ(b[1], 28);
}

static void open_advisories_are_named(void)
{
	struct buf b = BUF(1000);

	runtime_advisories("crun", (unsigned[]){ 1, 8, 1 }, &b);
	T_STREQ(buf_cstr(&b), "CVE-2026-47766 (fixed in 1.28), CVE-2026-30892 (fixed in 1.27)");
	buf_clear(&b);
	runtime_advisories("crun", (unsigned[]){ 1, 27, 3 }, &b);
	T_STREQ(buf_cstr(&b), "CVE-2026-47766 (fixed in 1.28)");
	buf_clear(&b);
	runtime_advisories("crun", (unsigned[]){ 1, 28, 0 }, &b);
	runtime_advisories("other", (unsigned[]){ 0, 1, 0 }, &b);
	T_EQ(buf_len(&b), 0);
	buf_fini(&b);
}

static const struct finding *find(const struct doctor *d, const char *id)
{
	for (size_t i = 0; i < d->n; i++) {
		if (strcmp(d->found[i].id, id) == 0)
			return &d->found[i];
	}
	return NULL;
}

static void this_host_is_looked_at(void)
{
	const struct finding *disk, *port;
	static struct doctor d;

	d = (struct doctor){ .state_dir = "/no/such/folder", .port = 1 };
	doctor_kernel(&d);
	doctor_programs(&d);
	doctor_resources(&d);
	T_OK(find(&d, "kernel") && find(&d, "openat2") && find(&d, "user-namespaces"));
	disk = find(&d, "disk");
	port = find(&d, "port");
	T_OK(disk && strstr(disk->text, "/no/such/folder"));
	T_OK(port && port->level == DOCTOR_OK);
	for (size_t i = 0; i < d.n; i++) {
		T_OK(d.found[i].text[0]);
		/* What is wrong comes with what to do. */
		T_OK(d.found[i].level <= DOCTOR_INFO || d.found[i].remedy);
	}
}

TEST_MAIN({ "versions are read and ordered", versions_are_read_and_ordered },
          { "open advisories are named", open_advisories_are_named },
          { "this host is looked at", this_host_is_looked_at })
