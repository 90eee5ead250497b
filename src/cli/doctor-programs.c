/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>

#include "base/file.h"
#include "cli/doctor.h"

#define DEBIAN_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static const struct {
	const char *name, *remedy, *what;
	enum doctor_level level;
} programs[] = {
	{ "nft", "apt install nftables", "sessions can't be kept apart on the network",
	  DOCTOR_FAIL },
	{ "mkfs.ext4", "apt install e2fsprogs", "volumes can't be made", DOCTOR_FAIL },
	{ "mmdebstrap", "apt install mmdebstrap", "the default image can't be made",
	  DOCTOR_WARN },
	{ "python3", "apt install python3", "the default image can't be made", DOCTOR_WARN },
};

/* As the shell finds it, but sbin too: doctor may run as a plain user. */
static bool find_program(const char *name, char *ret, size_t size)
{
	const char *env = getenv("PATH");
	struct buf b = BUF((size_t)64 * 1024);
	struct str rest, dir;
	bool found = false;

	buf_printf(&b, "%s:" DEBIAN_PATH, env ? env : "");
	rest = buf_str(&b);
	while (!found && str_split(&rest, ':', &dir)) {
		int n = snprintf(ret, size, "%.*s/%s", STR_ARG(dir), name);

		found = dir.len && dir.ptr[0] == '/' && n > 0 && (size_t)n < size &&
		        access(ret, X_OK) == 0;
	}
	buf_fini(&b);
	return found;
}

/* What `path --version` says, the first 4 KiB. */
static int ask_version(const char *path, struct buf *b)
{
	char name[] = "runtime", flag[] = "--version";
	char *argv[] = { name, flag, NULL };
	int p[2], r, status;
	pid_t pid;

	if (pipe2(p, O_CLOEXEC) < 0)
		return -errno;
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		if (null >= 0 && dup2(null, STDIN_FILENO) >= 0 &&
		    dup2(null, STDERR_FILENO) >= 0 && dup2(p[1], STDOUT_FILENO) >= 0)
			(void)execv(path, argv);
		_exit(127);
	}
	close(p[1]);
	r = pid < 0 ? -errno : file_read_fd(p[0], b, NULL);
	close(p[0]);
	if (pid > 0 && waitpid(pid, &status, 0) == pid &&
	    !(WIFEXITED(status) && WEXITSTATUS(status) == 0))
		r = -EIO;
	return r;
}

static void runtime(struct doctor *d)
{
	struct buf said = BUF(4096), open = BUF(4096);
	unsigned v[3];
	char path[512];

	if (!find_program("crun", path, sizeof(path))) {
		doctor_add(d, "crun", DOCTOR_FAIL, "apt install crun",
		           "crun is not installed: no session can start");
		return;
	}
	if (ask_version(path, &said) < 0 || version_parse(buf_str(&said), v) < 0) {
		doctor_add(d, "crun", DOCTOR_FAIL, "apt install --reinstall crun",
		           "%s does not say its version", path);
	} else {
		runtime_advisories("crun", v, &open);
		if (buf_len(&open))
			doctor_add(d, "crun-advisories", DOCTOR_WARN,
			           "install a newer crun (a static one is on its releases "
			           "page) and set runtime = /path/to/crun in the "
			           "section [engine] of the configuration; until then, let "
			           "only people in whom you trust",
			           "%s %u.%u.%u has open advisories: %s", path, v[0], v[1],
			           v[2], buf_cstr(&open));
		else
			doctor_add(d, "crun", DOCTOR_OK, NULL,
			           "%s %u.%u.%u, no open advisory known", path, v[0], v[1],
			           v[2]);
	}
	buf_fini(&said);
	buf_fini(&open);
}

void doctor_programs(struct doctor *d)
{
	char path[512];

	runtime(d);
	for (size_t i = 0; i < ARRAY_LEN(programs); i++) {
		if (find_program(programs[i].name, path, sizeof(path)))
			doctor_add(d, programs[i].name, DOCTOR_OK, NULL, "%s", path);
		else
			doctor_add(d, programs[i].name, programs[i].level, programs[i].remedy,
			           "%s is not installed: %s", programs[i].name,
			           programs[i].what);
	}
}
