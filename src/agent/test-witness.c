/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/witness.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

static char root[64], file[96], other[96];

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	T_OK(fd >= 0);
	T_EQ(write(fd, text, strlen(text)), strlen(text));
	T_EQ(close(fd), 0);
}

static void setup(void)
{
	(void)snprintf(root, sizeof(root), "/tmp/test-witness-XXXXXX");
	T_OK(mkdtemp(root));
	(void)snprintf(file, sizeof(file), "%s/file", root);
	(void)snprintf(other, sizeof(other), "%s/other", root);
	put(file, "one");
}

static void cleanup(void)
{
	(void)unlink(file);
	(void)unlink(other);
	T_EQ(rmdir(root), 0);
}

static void look(struct witness *w)
{
	witness_init(w, time_wall_us() + 3600000000LL); /* long after the files were made */
	witness_add(w, root);
	witness_add(w, file);
	witness_add(w, other);
}

static void nothing_changed(void)
{
	struct witness w;

	setup();
	look(&w);
	T_OK(witness_good(&w));
	T_OK(witness_same(&w));
	witness_fini(&w);
	cleanup();
}

static void a_write_in_place_shows(void)
{
	struct witness w;

	setup();
	look(&w);
	(void)usleep(20000); /* more than the kernel's tick */
	put(file, "two");
	T_OK(!witness_same(&w));
	witness_fini(&w);
	cleanup();
}

static void a_file_that_comes_and_one_that_goes_show(void)
{
	struct witness w;

	setup();
	look(&w);
	put(other, "");
	T_OK(!witness_same(&w));
	witness_fini(&w);
	look(&w);
	T_EQ(unlink(other), 0);
	T_OK(!witness_same(&w));
	witness_fini(&w);
	cleanup();
}

static void one_put_in_its_place_shows(void)
{
	struct witness w;

	setup();
	put(other, "new");
	look(&w);
	T_EQ(rename(other, file), 0);
	T_OK(!witness_same(&w));
	witness_fini(&w);
	cleanup();
}

static void what_was_just_written_is_not_kept(void)
{
	struct witness w;

	setup();
	witness_init(&w, time_wall_us());
	witness_add(&w, file);
	T_OK(!witness_good(&w));
	witness_fini(&w);
	cleanup();
}

TEST_MAIN({ "nothing changed", nothing_changed },
          { "a write in place shows", a_write_in_place_shows },
          { "a file that comes and one that goes show",
            a_file_that_comes_and_one_that_goes_show },
          { "one put in its place shows", one_put_in_its_place_shows },
          { "what was just written is not kept", what_was_just_written_is_not_kept })
