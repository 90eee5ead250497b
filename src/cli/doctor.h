/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `carrel doctor` finds: an ordered list of findings, each with a remedy
 * if it is not fine. Probes change nothing on the host.
 */
#pragma once

#include "base/buf.h"

enum doctor_level { DOCTOR_OK, DOCTOR_INFO, DOCTOR_WARN, DOCTOR_FAIL };

struct finding {
	const char *id;
	enum doctor_level level;
	char text[256];
	const char *remedy; /* static; NULL if none is needed */
};

#define FINDINGS_MAX 48
struct doctor {
	const char *state_dir;
	uint16_t port;
	struct finding found[FINDINGS_MAX];
	size_t n;
};

void doctor_add(struct doctor *d, const char *id, enum doctor_level level, const char *remedy,
                const char *fmt, ...) PRINTF_LIKE(5, 6);
/* Kernel, cgroups, namespaces, devices. */
void doctor_kernel(struct doctor *d);
/* Programs on PATH, the OCI runtime and its open advisories. */
void doctor_programs(struct doctor *d);
/* Disk space, port, forwarding. */
void doctor_resources(struct doctor *d);

/* "1.8.1" out of "crun version 1.8.1\n…": up to three numbers, 0 for what is
 * not there; -EINVAL if there is none. */
MUST_CHECK int version_parse(struct str text, unsigned ret[3]);
int version_cmp(const unsigned a[3], const unsigned b[3]);
/* Advisories that a runtime ("crun", "runc") of that version has open, as
 * "CVE-… (fixed in 1.28), …"; empty if none is known. */
void runtime_advisories(const char *runtime, const unsigned version[3], struct buf *b);
