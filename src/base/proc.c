/* SPDX-License-Identifier: Apache-2.0 */
#include "base/proc.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/file.h"

#define START_TIME 22 /* the field of /proc/PID/stat */

static uint64_t read_start(int at, const char *path)
{
	struct buf b = BUF(4096);
	struct str rest, field;
	uint64_t start = 0;
	size_t paren;

	if (file_read(at, path, &b, NULL) == 0) {
		rest = buf_str(&b);
		/* The command in parentheses may hold anything: look from the end. */
		for (paren = rest.len; paren > 0 && rest.ptr[paren - 1] != ')'; paren--)
			;
		rest = str_trim(str_sub(rest, paren, rest.len));
		for (unsigned i = 3; i <= START_TIME && str_split(&rest, ' ', &field); i++)
			if (i == START_TIME && str_to_u64(field, 0, UINT64_MAX, &start) < 0)
				start = 0;
	}
	buf_fini(&b);
	return start;
}

uint64_t proc_start_time(pid_t pid)
{
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	return read_start(AT_FDCWD, path);
}

uint64_t proc_start_time_at(int proc)
{
	return read_start(proc, "stat");
}
