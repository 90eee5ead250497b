/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/port-owner.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "base/file.h"

#define TABLE_MAX  (8 * 1024 * 1024)
#define INODES_MAX 8

/*
 * A line of /proc/net/tcp, as in proc(5): "sl local_address rem_address st
 * tx:rx tr:when retrnsmt uid timeout inode …"; state 0A is listening.
 */
static bool listening_inode(struct str line, uint16_t port, uint64_t *ret)
{
	struct str part, field[10];
	uint8_t got[2];
	size_t n = 0, colon;

	while (n < ARRAY_LEN(field) && str_split(&line, ' ', &part))
		if (part.len > 0)
			field[n++] = part;
	if (n < ARRAY_LEN(field) || !str_is(field[3], "0A"))
		return false;
	colon = str_chr(field[1], ':', 0);
	if (hex_get(str_sub(field[1], colon + 1, field[1].len), got, sizeof(got)) < 0)
		return false;
	if (((unsigned)got[0] << 8 | got[1]) != port)
		return false;
	return str_to_u64(field[9], 1, UINT64_MAX, ret) == 0;
}

static size_t find_inodes(const char *table, uint16_t port, uint64_t *inodes, size_t n)
{
	struct buf b = BUF(TABLE_MAX);
	struct str rest, line;

	if (file_read(AT_FDCWD, table, &b, NULL) == 0) {
		rest = buf_str(&b);
		while (n < INODES_MAX && str_split(&rest, '\n', &line))
			if (listening_inode(line, port, &inodes[n]))
				n++;
	}
	buf_fini(&b);
	return n;
}

static bool holds(const char *pid, const uint64_t *inodes, size_t n)
{
	char dir[32], link[64], want[64];
	bool found = false;
	DIR *d;

	(void)snprintf(dir, sizeof(dir), "/proc/%.10s/fd", pid);
	d = opendir(dir);
	if (!d)
		return false;
	for (struct dirent *e; !found && (e = readdir(d));) {
		ssize_t len = readlinkat(dirfd(d), e->d_name, link, sizeof(link) - 1);

		if (len <= 0)
			continue;
		link[len] = '\0';
		for (size_t i = 0; i < n; i++) {
			(void)snprintf(want, sizeof(want), "socket:[%llu]",
			               (unsigned long long)inodes[i]);
			found = found || strcmp(link, want) == 0;
		}
	}
	(void)closedir(d);
	return found;
}

static void read_name(const char *pid, const char *file, char *ret, size_t size)
{
	struct buf b = BUF(65536);
	char path[48];
	size_t n;

	(void)snprintf(path, sizeof(path), "/proc/%.10s/%s", pid, file);
	ret[0] = '\0';
	if (file_read(AT_FDCWD, path, &b, NULL) == 0) {
		n = buf_len(&b) < size - 1 ? buf_len(&b) : size - 1;
		for (size_t i = 0; i < n; i++) {
			char c = buf_str(&b).ptr[i];

			ret[i] = (char)((unsigned char)c < 0x20 ? ' ' : c);
		}
		while (n > 0 && ret[n - 1] == ' ')
			n--;
		ret[n] = '\0';
	}
	buf_fini(&b);
}

bool port_owner_find(uint16_t port, struct port_owner *ret)
{
	uint64_t inodes[INODES_MAX], pid;
	bool found = false;
	size_t n;
	DIR *d;

	n = find_inodes("/proc/net/tcp", port, inodes, 0);
	n = find_inodes("/proc/net/tcp6", port, inodes, n);
	d = n > 0 ? opendir("/proc") : NULL;
	if (!d)
		return false;
	for (struct dirent *e; !found && (e = readdir(d));) {
		if (str_to_u64(str_of(e->d_name), 1, INT_MAX, &pid) < 0 ||
		    !holds(e->d_name, inodes, n))
			continue;
		*ret = (struct port_owner){ .pid = (pid_t)pid };
		read_name(e->d_name, "comm", ret->command, sizeof(ret->command));
		read_name(e->d_name, "cmdline", ret->line, sizeof(ret->line));
		found = true;
	}
	(void)closedir(d);
	return found;
}
