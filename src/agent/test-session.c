/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "agent/cond.h"
#include "agent/evidence.h"
#include "agent/run.h"
#include "test.h"

#define STATUS(caps, seccomp, nnp)                                                     \
	"Name:\tcarrel-agent\nUmask:\t0022\nCapInh:\t0000000000000000\nCapPrm:\t" caps \
	"\nCapEff:\t" caps "\nNoNewPrivs:\t" nnp "\nSeccomp:\t" seccomp                \
	"\nSeccomp_filters:\t1\n"

static void self_check(void)
{
	static const struct {
		const char *status;
		bool fine;
	} cases[] = {
		{ STATUS("00000000000000e0", "2", "1"), true },
		{ STATUS("000001ffffffffff", "2", "1"), false },
		{ STATUS("0000000000000000", "2", "1"), false },
		{ STATUS("00000000000000e1", "2", "1"), false },
		{ STATUS("00000000000000e0", "0", "1"), false },
		{ STATUS("00000000000000e0", "2", "0"), false },
		{ "", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = ERR_NONE;

		T_EQ(session_check_status(str_of(cases[i].status), &err),
		     cases[i].fine ? 0 : -EPERM);
	}
}

static void config(void)
{
	static const char good[] = "{\"session\":\"s_1\",\"workspace\":\"w\",\"root\":\"/home/"
	                           "carrel\",\"user\":{\"uid\":1000,\"gid\":1001,"
	                           "\"name\":\"carrel\",\"home\":\"/home/carrel\"},\"lab\":\"/"
	                           "opt/carrel/lab\",\"path\":\"/opt/venv/bin:/bin\","
	                           "\"env\":{\"LANG\":\"C.UTF-8\",\"PATH\":\"/evil\"}}";
	static const char *const bad[] = {
		"",
		"[",
		"{\"user\":{\"uid\":0}}",
		"{\"root\":\"relative\"}",
		"{\"env\":{\"A=B\":\"x\"}}",
		"{\"env\":{\"A\":3}}",
		"{\"user\":{\"uid\":-1}}",
		"{\"env\":{\"A\":\"x\\u0000y\"}}",
	};
	struct arena m = ARENA(1U << 20);
	struct agent_cfg c;

	T_EQ(session_config(&m, STR(good), &c, NULL), 0);
	T_STREQ(c.session_id, "s_1");
	T_EQ(c.gid, 1001);
	T_STREQ(c.env[0], "HOME=/home/carrel");
	T_STREQ(c.env[3], "PATH=/opt/venv/bin:/bin");
	T_STREQ(c.env[4], "LANG=C.UTF-8");
	T_OK(!c.env[5]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		T_EQ(session_config(&m, str_of(bad[i]), &c, NULL), -EINVAL);
	arena_fini(&m);
}

#define ARGV(s) ((struct str){ (s), sizeof(s) })

/* The rows of the idle truth table that concern terminals. */
static void jobs(void)
{
	T_OK(job_is_interactive(ARGV("bash")));
	T_OK(job_is_interactive(ARGV("-bash")));
	T_OK(job_is_interactive(ARGV("/usr/bin/top\0-d\0"
	                             "1")));
	T_OK(job_is_interactive(ARGV("less\0log.txt")));
	T_OK(job_is_interactive(ARGV("vim\0train.py")));
	T_OK(job_is_interactive(ARGV("python3")));
	T_OK(job_is_interactive(ARGV("python3.11\0-q")));
	T_OK(job_is_interactive(ARGV("ssh\0host")));
	T_OK(!job_is_interactive(ARGV("python\0train.py")));
	T_OK(!job_is_interactive(ARGV("python3\0-m\0http.server")));
	T_OK(!job_is_interactive(ARGV("bash\0./long.sh")));
	T_OK(!job_is_interactive(ARGV("sh\0-c\0sleep 5")));
	T_OK(!job_is_interactive(ARGV("make\0-j4")));
	T_OK(!job_is_interactive(ARGV("sleep\0"
	                              "3600")));
	T_OK(!job_is_interactive(STR_NONE));
}

static void ranges(void)
{
	static const struct {
		const char *field;
		uint64_t size;
		int r;
		uint64_t off, len;
	} cases[] = {
		{ "bytes=0-0", 10, 0, 0, 1 },
		{ "bytes=2-", 10, 0, 2, 8 },
		{ "bytes=-3", 10, 0, 7, 3 },
		{ "bytes=-30", 10, 0, 0, 10 },
		{ "bytes=5-100", 10, 0, 5, 5 },
		{ "bytes=10-", 10, -ERANGE, 0, 0 },
		{ "bytes=-0", 10, -ERANGE, 0, 0 },
		{ "bytes=0-", 0, -ERANGE, 0, 0 },
		{ "bytes=5-2", 10, -EINVAL, 0, 0 },
		{ "bytes=0-1,3-4", 10, -EINVAL, 0, 0 },
		{ "lines=1-2", 10, -EINVAL, 0, 0 },
		{ "bytes=a-b", 10, -EINVAL, 0, 0 },
		{ "", 10, -EINVAL, 0, 0 },
		{ "bytes=99999999999999999999-", 10, -EINVAL, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint64_t off = 0, len = 0;

		T_EQ(range_parse(str_of(cases[i].field), cases[i].size, &off, &len),
		     cases[i].r);
		T_EQ(off, cases[i].off);
		T_EQ(len, cases[i].len);
	}
}

TEST_MAIN({ "a container with other rights is refused", self_check },
          { "the configuration is read strictly", config },
          { "shells, editors and pagers are no jobs", jobs },
          { "byte ranges follow RFC 9110", ranges })
