/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>

#include "base/encode.h"
#include "test.h"

static int saved, pipe_fd[2];

static void begin(void)
{
	T_EQ(pipe2(pipe_fd, O_CLOEXEC | O_NONBLOCK), 0);
	(void)fcntl(pipe_fd[1], F_SETFL, 0); /* a blocking pipe, as in real life */
	saved = dup(STDERR_FILENO);
	T_OK(dup2(pipe_fd[1], STDERR_FILENO) >= 0);
	log_init("test", LOG_INFO);
}

static void end(void)
{
	(void)dup2(saved, STDERR_FILENO);
	close(saved);
	close(pipe_fd[0]);
	close(pipe_fd[1]);
}

static const char *line(void)
{
	static char text[8192];
	ssize_t n = read(pipe_fd[0], text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = 0;
	return text;
}

static void a_line_has_level_event_and_values(void)
{
	const char *s;

	begin();
	log_event(LOG_WARN, "session_start", LZ("s", "s_1"), LI("port", -3), LZ("empty", ""),
	          LZ("why", "two words"), LS("bad", STR("a\"b\\\n\x1b\xff=")));
	s = line();
	T_OK(strncmp(s, "level=warn event=session_start prog=test at=20", 46) == 0);
	T_OK(strstr(s, " s=s_1 port=-3 empty=\"\" why=\"two words\" "
	               "bad=\"a\\\"b\\\\\\n\\x1b\\xff=\"\n"));
	log_event(LOG_DEBUG, "quiet", LI("x", 1));
	T_STREQ(line(), "");
	end();
}

static void values_are_cut_and_lines_too(void)
{
	static char text[1000];
	struct str t = { text, sizeof(text) };
	const char *s;

	begin();
	memset(text, 'x', sizeof(text));
	memcpy(text + 255, "\xc3\xa9", 2);
	log_event(LOG_INFO, "e", LS("v", t));
	s = line();
	T_EQ(strlen(strstr(s, " v=")), 3 + 255 + 1);
	memset(text, '\1', sizeof(text)); /* four bytes each */
	log_event(LOG_INFO, "e", LS("a", t), LS("b", t), LS("c", t), LS("d", t), LS("e", t));
	s = line();
	T_OK(strlen(s) <= 4096 && strlen(s) > 3000);
	T_OK(strstr(s, " cut=1\n"));
	end();
}

static void a_full_pipe_drops_and_counts(void)
{
	struct err err = ERR_NONE;
	int lines = 0;

	begin();
	for (int i = 0; i < 3000; i++)
		log_event(LOG_INFO, "flood",
		          LZ("v", "0123456789012345678901234567890123456789"));
	for (const char *s = line(); *s; s = line()) {
		for (; (s = strchr(s, '\n')); s++)
			lines++;
	}
	T_OK(lines > 100 && lines < 3000);
	(void)ERR(&err, -EIO, "it broke");
	log_err(LOG_ERROR, "after", &err);
	const char *s = line(), *at = strstr(s, " dropped=");
	uint64_t n = 0;

	T_OK(at);
	T_EQ(str_to_u64(str_sub(str_of(at + 9), 0, str_chr(str_of(at + 9), ' ', 0)), 1, 3000,
	                &n),
	     0);
	T_EQ(n, 3000 - lines);
	T_OK(strstr(s, "level=error event=after") && strstr(s, " message=\"it broke\" "));
	end();
}

TEST_MAIN({ "a line has level, event and values", a_line_has_level_event_and_values },
          { "values are cut, and lines too", values_are_cut_and_lines_too },
          { "a full pipe drops and counts", a_full_pipe_drops_and_counts })
