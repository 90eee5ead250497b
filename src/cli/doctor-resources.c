/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/statvfs.h>

#include "base/file.h"
#include "cli/doctor.h"
#include "cli/text.h"

#define GIB (UINT64_C(1) << 30)
/* The image takes 1.5 GiB, the first volume 5, sessions their scratch. */
#define DISK_GOOD  (10 * GIB)
#define DISK_LEAST (3 * GIB)

/* The state directory may not be there yet: then its nearest parent counts. */
static void disk(struct doctor *d)
{
	char path[4096], text[SIZE_TEXT_MAX];
	struct statvfs fs;
	uint64_t nfree;

	if (snprintf(path, sizeof(path), "%s", d->state_dir) >= (int)sizeof(path) || !path[0])
		(void)snprintf(path, sizeof(path), "/");
	while (statvfs(path, &fs) < 0) {
		char *slash = strrchr(path, '/');

		if (!slash || slash == path) {
			path[0] = '/';
			path[1] = 0;
			if (statvfs(path, &fs) < 0)
				return;
			break;
		}
		*slash = 0;
	}
	nfree = (uint64_t)fs.f_bavail * fs.f_frsize;
	size_text(nfree, text);
	doctor_add(d, "disk",
	           nfree < DISK_LEAST  ? DOCTOR_FAIL
	           : nfree < DISK_GOOD ? DOCTOR_WARN
	                               : DOCTOR_OK,
	           "free space, or put STATE on a larger file system", "%s free for %s", text,
	           d->state_dir);
}

static void forwarding(struct doctor *d)
{
	struct buf b = BUF(64);
	bool on = file_read(AT_FDCWD, "/proc/sys/net/ipv4/ip_forward", &b, NULL) == 0 &&
	          buf_len(&b) && buf_str(&b).ptr[0] == '1';

	buf_fini(&b);
	if (on)
		doctor_add(d, "ip-forward", DOCTOR_OK, NULL, "IPv4 forwarding is on");
	else
		doctor_add(d, "ip-forward", DOCTOR_WARN,
		           "sysctl -w net.ipv4.ip_forward=1 (and in /etc/sysctl.d, to keep it)",
		           "IPv4 forwarding is off: sessions reach no network until it is on");
}

/* Does a hub of ours answer there? */
static bool is_carrel(int fd, uint16_t port)
{
	char ask[128];
	int len = snprintf(
	    ask, sizeof(ask),
	    "GET /healthz HTTP/1.1\r\nHost: localhost:%u\r\nConnection: close\r\n\r\n", port);
	struct timeval patience = { .tv_sec = 2 };
	char answer[512] = { 0 };
	ssize_t n;

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (send(fd, ask, (size_t)len, MSG_NOSIGNAL) != len)
		return false;
	n = recv(fd, answer, sizeof(answer) - 1, 0);
	return n > 12 && strncmp(answer, "HTTP/1.1 200", 12) == 0;
}

static void port(struct doctor *d)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(d->port) };
	autoclose int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		doctor_add(d, "port", DOCTOR_OK, NULL, "port %u is free", d->port);
	else if (is_carrel(fd, d->port))
		doctor_add(d, "port", DOCTOR_OK, NULL, "port %u: a hub is running there",
		           d->port);
	else
		doctor_add(d, "port", DOCTOR_WARN,
		           "choose another: make run PORT=9000, or port = 9000 in the section "
		           "[server]; who has it: ss -ltnp",
		           "port %u is taken by another program", d->port);
}

void doctor_resources(struct doctor *d)
{
	disk(d);
	forwarding(d);
	port(d);
}
