/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stand-in for the agent as PID 1, for the engine's tests. It tells the shim
 * that it is ready, keeps the line to it, and runs on agent.sock what a test
 * asks for, one request a connection:
 *
 *   "u <shell command>"   as the user, without any right; answers the output
 *                         and a last line "status N"
 *   "r <shell command>"   as the session's root
 *   "a <busy> <ms ago>"   says so to the shim as activity
 *   "o"                   asks the shim about memory; answers three numbers
 *   "x <status>"          exits
 *   "i <0|1>"             ignore (1) or obey (0) what ends it
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int shim = -1, ignore_stop;

static void put32(char *p, uint32_t v)
{
	memcpy(p, &v, 4);
}

static uint64_t boot_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* u32 length · u16 type · u16 flags · u32 seq · fields */
static void tell(uint16_t type, uint32_t seq, const void *fields, uint32_t n)
{
	char b[2048] = { 0 };

	put32(b, 8 + n);
	memcpy(b + 4, &type, 2);
	put32(b + 8, seq);
	memcpy(b + 12, fields, n);
	if (shim >= 0)
		(void)!send(shim, b, 12 + n, MSG_NOSIGNAL);
}

static void to_shim(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "/run/carrel/shim.sock" };

	shim = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (connect(shim, (struct sockaddr *)&a, sizeof(a)) < 0) {
		close(shim);
		shim = -1;
		return;
	}
	tell(70, 0, "", 0);
}

static void activity(unsigned busy, unsigned long ago_ms)
{
	static const char evidence[] =
	    "{\"last\":{\"what\":\"run\",\"at\":\"2026-01-01T00:00:00Z\"}}";
	uint64_t last = boot_ns() - ago_ms * 1000000;
	char f[256];

	memcpy(f, &last, 8);
	put32(f + 8, busy);
	put32(f + 12, sizeof(evidence) - 1);
	memcpy(f + 16, evidence, sizeof(evidence) - 1);
	tell(71, 0, f, 16 + sizeof(evidence) - 1);
}

static void oom(int c)
{
	char b[4096];
	uint64_t limit, peak;
	uint32_t kills;

	tell(72, 9, "", 0);
	for (;;) {
		ssize_t n = recv(shim, b, sizeof(b), 0);

		if (n <= 0)
			return;
		if (b[4] == 82)
			break;
	}
	memcpy(&kills, b + 12, 4);
	memcpy(&limit, b + 16, 8);
	memcpy(&peak, b + 24, 8);
	dprintf(c, "%u %llu %llu\n", kills, (unsigned long long)limit,
	        (unsigned long long)peak);
}

static void run(int c, int user, const char *command)
{
	static char *const env[] = {
		"PATH=/home/carrel/.local/bin:/opt/venv/bin:/usr/bin:/bin:/usr/sbin",
		"HOME=/home/carrel", "LANG=C.UTF-8",
		"PIP_CERT=/etc/ssl/certs/ca-certificates.crt", NULL
	};
	int status;
	pid_t p = fork();

	if (p == 0) {
		gid_t g = 1000;

		setsid();
		dup2(c, 1);
		dup2(c, 2);
		if (user && (setgroups(1, &g) || setresgid(1000, 1000, 1000) ||
		             setresuid(1000, 1000, 1000) || chdir("/home/carrel")))
			_exit(125);
		execle("/bin/bash", "bash", "-c", command, NULL, env);
		_exit(126);
	}
	waitpid(p, &status, 0);
	dprintf(c, "\nstatus %d\n",
	        WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static void serve(int c)
{
	char in[65536];
	size_t n = 0;
	ssize_t got;

	while (n < sizeof(in) - 1 && (got = read(c, in + n, sizeof(in) - 1 - n)) > 0)
		n += (size_t)got;
	in[n] = 0;
	if (in[0] == 'a') {
		unsigned busy = 0;
		unsigned long ago = 0;

		sscanf(in + 1, "%u %lu", &busy, &ago);
		activity(busy, ago);
	} else if (in[0] == 'o') {
		oom(c);
	} else if (in[0] == 'i') {
		ignore_stop = in[2] == '1';
	} else if (in[0] == 'x') {
		_exit(atoi(in + 1));
	} else if (in[0] == 'u' || in[0] == 'r') {
		if (fork() == 0) {
			run(c, in[0] == 'u', in + 2);
			_exit(0);
		}
	}
	close(c);
}

static void from_shim(void)
{
	char b[4096];
	ssize_t n = recv(shim, b, sizeof(b), MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		close(shim);
		shim = -1;
		return;
	}
	if (b[4] == 81) { /* SHIM_STOPPING */
		int f;

		setfsgid(1000);
		setfsuid(1000);
		f = open("/home/carrel/stopping", O_CREAT | O_WRONLY | O_TRUNC, 0644);
		setfsuid(0);
		setfsgid(0);

		if (f >= 0)
			close(f);
		if (!ignore_stop)
			_exit(0);
	}
}

int main(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "/run/carrel/agent.sock" };
	int l = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	signal(SIGPIPE, SIG_IGN);
	unlink(a.sun_path);
	if (bind(l, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(l, 64) < 0) {
		perror("agent.sock");
		return 3;
	}
	chmod(a.sun_path, 0666);
	fprintf(stderr, "stand-in is up\n");
	for (;;) {
		struct pollfd p[2] = { { .fd = l, .events = POLLIN }, { .events = POLLIN } };

		if (shim < 0)
			to_shim();
		p[1].fd = shim;
		if (poll(p, 2, shim < 0 ? 200 : 1000) > 0) {
			if (p[1].revents)
				from_shim();
			if (p[0].revents) {
				int c = accept4(l, NULL, NULL, SOCK_CLOEXEC);

				if (c >= 0)
					serve(c);
			}
		}
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}
