/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "cli/pdf.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

#define PDF_MAX (64UL << 20)

static bool in_path(const char *name, char *ret, size_t room)
{
	const char *path = getenv("PATH");
	struct str rest = str_of(path ? path : "/usr/bin:/bin"), dir;

	while (str_split(&rest, ':', &dir)) {
		if (dir.len &&
		    (size_t)snprintf(ret, room, "%.*s/%s", STR_ARG(dir), name) < room &&
		    access(ret, X_OK) == 0)
			return true;
	}
	return false;
}

static bool find_chromium(char *ret, size_t room)
{
	static const char *const names[] = { "chromium", "chromium-browser", "google-chrome",
		                             "google-chrome-stable", "chrome-headless-shell" };
	const char *chosen = getenv("CARREL_CHROMIUM");

	if (chosen && *chosen)
		return strchr(chosen, '/') ? (size_t)snprintf(ret, room, "%s", chosen) < room &&
		                                 access(ret, X_OK) == 0
		                           : in_path(chosen, ret, room);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (in_path(names[i], ret, room))
			return true;
	return false;
}

#define PLACE_MAX 96 /* of the files in our own folder */

/* The page comes from the hub and has no script; it gets no network either.
 * Chromium's own sandbox does not work for root. */
static int run(char *chromium, const char *dir)
{
	char flags[][48] = { "--headless",
		             "--disable-gpu",
		             "--no-first-run",
		             "--disable-dev-shm-usage",
		             "--no-pdf-header-footer",
		             "--host-resolver-rules=MAP * ~NOTFOUND",
		             "--no-sandbox" };
	char profile[PLACE_MAX], out[PLACE_MAX], page[PLACE_MAX];
	char *argv[ARRAY_LEN(flags) + 5] = { chromium, profile, out, page };
	int status = -1, null;
	size_t n = 4;
	pid_t pid;

	(void)snprintf(profile, sizeof(profile), "--user-data-dir=%s/profile", dir);
	(void)snprintf(out, sizeof(out), "--print-to-pdf=%s/page.pdf", dir);
	(void)snprintf(page, sizeof(page), "file://%s/page.html", dir);
	for (size_t i = 0; i < ARRAY_LEN(flags) - (geteuid() != 0); i++)
		argv[n++] = flags[i];
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0 &&
		    dup2(null, STDERR_FILENO) >= 0)
			(void)execv(chromium, argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static int print(struct cli *c, char *chromium, const char *dir, struct str html,
                 const char *path)
{
	char page[PLACE_MAX], out[PLACE_MAX];
	struct buf pdf = BUF(PDF_MAX);
	struct err err = ERR_NONE;
	int r, status;

	(void)snprintf(page, sizeof(page), "%s/page.html", dir);
	(void)snprintf(out, sizeof(out), "%s/page.pdf", dir);
	r = file_write_atomic(AT_FDCWD, page, html, 0600, &err);
	if (r == 0) {
		status = run(chromium, dir);
		r = file_read(AT_FDCWD, out, &pdf, NULL);
		if (r < 0 || !str_starts(buf_str(&pdf), STR("%PDF-")))
			r = ERR(&err, -EIO, "%s made no PDF (exit status %d)", chromium,
			        status);
	}
	if (r == 0)
		r = file_write_atomic(AT_FDCWD, path, buf_str(&pdf), 0644, &err);
	buf_fini(&pdf);
	return r == 0 ? CLI_OK : cli_say(c, CLI_FAILED, "%s: %s", path, err.msg);
}

int pdf_print(struct cli *c, struct str html, const char *path)
{
	char chromium[PATH_MAX], dir[] = "/tmp/carrel-invoice-XXXXXX";
	struct err err = ERR_NONE;
	int r;

	if (!find_chromium(chromium, sizeof(chromium)))
		return cli_say(
		    c, CLI_FAILED,
		    "no Chromium is found on this machine to print with: install "
		    "chromium, name one in CARREL_CHROMIUM, or save the page with --html "
		    "FILE and print it from a browser");
	if (!mkdtemp(dir))
		return cli_say(c, CLI_FAILED, "no folder for the page can be made in /tmp: %s",
		               strerror(errno));
	r = print(c, chromium, dir, html, path);
	if (file_remove_tree(AT_FDCWD, dir, &err) < 0)
		cli_note(c, "%s is left behind: %s", dir, err.msg);
	return r;
}
