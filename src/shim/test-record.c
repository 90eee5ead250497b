/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "shim/shim.h"

#include <fcntl.h>
#include <poll.h>

#include "base/file.h"
#include "test.h"

static void test_evidence(void)
{
	char out[64];

	record_evidence("", out, sizeof(out));
	T_STREQ(out, "");
	record_evidence("{\"busy\":[]}", out, sizeof(out));
	T_STREQ(out, "{\"busy\":[]}");
	record_evidence("{\"busy\":[{\"kernel\":\"0123456789012345678901234567890123456789\"}],"
	                "\"last\":{\"what\":\"save\"}}",
	                out, sizeof(out));
	T_STREQ(out, "{\"last\":{\"what\":\"save\"}}");
	record_evidence(
	    "{\"last\":{\"what\":\"0123456789012345678901234567890123456789012345678\"}}", out,
	    sizeof(out));
	T_STREQ(out, "");
}

/* A run ends when nothing of it lives any more, not when the disk takes the record. */
static void test_late_stop(void)
{
	struct shim *s = xcalloc(1, sizeof(*s));
	char tmp[] = "/tmp/test-record-XXXXXX";
	boot_ns asked;
	int fd;

	T_OK(mkdtemp(tmp));
	s->engine.fd = s->exit_status = -1;
	(void)snprintf(s->conf.session, sizeof(s->conf.session), "s_1");
	(void)snprintf(s->boot_id, sizeof(s->boot_id), "b");
	T_EQ(jfile_open(&s->journal, tmp, "s_1", 1, NULL), 0);
	T_EQ(record_start(s, NULL), 0);
	fd = s->journal.fd;
	s->journal.fd = open("/dev/null", O_RDONLY | O_CLOEXEC); /* it takes nothing */
	T_OK(record_stop(s, NULL) < 0);
	asked = time_boot_ns();
	own_close(&s->journal.fd);
	s->journal.fd = fd;
	(void)poll(NULL, 0, 20);
	T_EQ(record_stop(s, NULL), 0);
	T_OK(!s->journal.running && s->journal.last.kind == JOURNAL_STOP);
	T_OK(s->journal.last.boottime_ns <= asked);
	jfile_close(&s->journal);
	T_EQ(file_remove_tree(AT_FDCWD, tmp, NULL), 0);
	free(s);
}

TEST_MAIN({ "evidence is cut at a whole value", test_evidence },
          { "a stop that is written late says when it was", test_late_stop })
